// What of the certification policy (`ca/`) a consumer of certificates needs, as constants: the package has no files of data. A test
// holds them to `ca/`, so that a policy which was changed here is changed there.
//
// Which kinds an issuing CA may certify is not among them: its own certificate lists their policies, signed by the root (CP §7.1.2).
import type { NameRules } from '../../domain/name-rules.ts'
import type { ProfileName } from '../../domain/profile-name.ts'

const ARC = '2.25.88805599207476776364421019267525894493.1'

/** By the OID of its certificate policy, what a certificate makes of its holder (CP §1.2). */
export const PROFILES: ReadonlyMap<string, ProfileName> = new Map<string, ProfileName>([
  [`${ARC}.1`, 'root'],
  [`${ARC}.2`, 'issuing-ca'],
  [`${ARC}.3`, 'project-user'],
  [`${ARC}.4`, 'job'],
  [`${ARC}.5`, 'service-account'],
  [`${ARC}.6`, 'service'],
  [`${ARC}.7`, 'signet-server'],
  [`${ARC}.8`, 'admin'],
  [`${ARC}.9`, 'ocsp-responder'],
  [`${ARC}.10`, 'snapshot-signer'],
  [`${ARC}.11`, 'account-job'],
])

/** CP §3.1. */
export const NAMES: NameRules = {
  project: { pattern: /^(?!.*__)[A-Za-z][A-Za-z0-9_]*[A-Za-z0-9]$/, minLength: 2, maxLength: 24 },
  user: { pattern: /^(?!.*__)[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/, minLength: 1, maxLength: 48 },
  serviceAccount: { pattern: /^(?!.*__)sa-[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/, minLength: 4, maxLength: 48 },
  systemUser: { pattern: /^(?!.*__)[a-z_][a-z0-9_-]{0,31}$/, minLength: 1, maxLength: 32 },
  dnsName: {
    pattern: /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    minLength: 1,
    maxLength: 253,
  },
  deployment: { pattern: /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/, minLength: 1, maxLength: 63 },
  commonNameMaxLength: 64,
  serviceAccountPrefix: 'sa-',
  reservedDnsNames: ['localhost'],
}
