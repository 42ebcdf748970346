// What an API key may be used for. The names are those that Hopsworks' clients send; the privileged ones are for
// administrators alone.

export const API_SCOPES = [
  'JOB',
  'DATASET_VIEW',
  'DATASET_CREATE',
  'DATASET_DELETE',
  'SERVING',
  'FEATURESTORE',
  'PROJECT',
  'KAFKA',
  'MODELREGISTRY',
  'USER',
  'GIT',
  'PYTHON_LIBRARIES',
  'ADMIN',
  'ADMINISTER_USERS',
  'ADMINISTER_USERS_REGISTER',
  'AUTH',
] as const

export type ApiScope = (typeof API_SCOPES)[number]

export const PRIVILEGED_SCOPES: ReadonlySet<ApiScope> = new Set<ApiScope>([
  'ADMIN',
  'ADMINISTER_USERS',
  'ADMINISTER_USERS_REGISTER',
  'AUTH',
])
