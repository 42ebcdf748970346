// The roles of OpenSearch that Signet knows, and what they permit: actions of its ML plugin by their names there (rows OS38 to
// OS40). Who holds a role is for the caller to say.
import { ALL_ACCESS } from '../domain/access-policy.ts'

export const ML_ROLES = [ALL_ACCESS, 'ml_full_access', 'ml_read_access', 'ml_readonly_access'] as const
export type MlRole = (typeof ML_ROLES)[number]

export function isMlRole(name: string): name is MlRole {
  return (ML_ROLES as readonly string[]).includes(name)
}

const PREFIX = 'cluster:admin/opensearch/ml/'

export type MlAction =
  | 'register_model_group'
  | 'update_model_group'
  | 'model_groups/get'
  | 'model_groups/delete'
  | 'model_groups/search'
  | 'register_model'
  | 'update_model'
  | 'models/get'
  | 'models/delete'
  | 'models/search'
  | 'deploy_model'
  | 'undeploy_model'
  | 'predict'

const READS: ReadonlySet<MlAction> = new Set<MlAction>([
  'model_groups/get',
  'model_groups/search',
  'models/get',
  'models/search',
])

export function permissionName(action: MlAction): string {
  return PREFIX + action
}

/** The code calls the reading role `ml_read_access`, the documents `ml_readonly_access`: either is it. */
export function rolesPermit(roles: ReadonlySet<MlRole>, action: MlAction): boolean {
  if (roles.has(ALL_ACCESS) || roles.has('ml_full_access')) return true
  return READS.has(action) && (roles.has('ml_read_access') || roles.has('ml_readonly_access'))
}
