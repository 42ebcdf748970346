// The kinds of certificate that the policy knows; each has a file in `ca/profiles/` and a policy OID of its own (CP §1.2).

export const PROFILE_NAMES = [
  'root',
  'issuing-ca',
  'project-user',
  'job',
  'service-account',
  'account-job',
  'service',
  'signet-server',
  'admin',
  'ocsp-responder',
  'snapshot-signer',
] as const

/** The kinds whose holders call anything. */
export const CALLER_PROFILES = [
  'project-user',
  'job',
  'service-account',
  'account-job',
  'service',
  'admin',
] as const satisfies readonly ProfileName[]

export type ProfileName = (typeof PROFILE_NAMES)[number]
