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

export type ProfileName = (typeof PROFILE_NAMES)[number]
