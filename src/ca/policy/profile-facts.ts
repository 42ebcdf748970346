// What is known when a certificate of each profile is made, and therefore what the templates of its profile may name.
import type { ProfileName } from '../../domain/profile-name.ts'
import type { Placeholder } from './name-template.ts'

const OF_AUTHORITY = ['organization', 'authorityName', 'generation'] as const

export const PROFILE_FACTS = {
  root: OF_AUTHORITY,
  'issuing-ca': OF_AUTHORITY,
  'project-user': ['project', 'user', 'trustDomain'],
  job: ['project', 'user', 'jobId', 'trustDomain'],
  'service-account': ['project', 'account', 'trustDomain'],
  'account-job': ['project', 'account', 'jobId', 'trustDomain'],
  service: ['name', 'systemUser', 'trustDomain'],
  'signet-server': ['commonName', 'trustDomain'],
  admin: ['user', 'trustDomain'],
  'ocsp-responder': ['issuer', 'trustDomain'],
  'snapshot-signer': ['organization', 'trustDomain'],
} as const satisfies Readonly<Record<ProfileName, readonly Placeholder[]>>
