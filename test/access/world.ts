// A small world for tests of the decision: project `fraud` with alice (owner) and bob and the service account `sa-etl`, project `churn` with alice and
// carol, a launcher, a model server and one deployment for each project. Everything in it would be allowed.
import { DEFAULT_DEPLOYMENT_POLICY } from '../../src/domain/access-policy.ts'
import { type Question, type Route, UNTOLD_CALL } from '../../src/access/decision.ts'
import {
  certificateAlone,
  type CertificateFacts,
  type CertificateRecital,
  type VerifiedCertificate,
} from '../../src/access/facts.ts'
import { LiveSnapshot } from '../../src/access/live-snapshot.ts'
import type { Change, NumberedChange } from '../../src/domain/change.ts'

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>

/** A text as a name of any kind: tests also need names that no parser would let through. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller's type says which name it is
export function named<Name extends string>(text: string): Name {
  return text as Name
}

export const NOW = new Date('2026-03-01T12:00:00Z')
export const MONOTONIC = 1_000_000
export const AT = { wall: NOW, monotonic: MONOTONIC }
export const VALIDITY = { notBefore: new Date('2026-03-01T06:00:00Z'), notAfter: new Date('2026-03-02T06:00:00Z') }

export const user = (name: string, more: Partial<ChangeOf<'user'>> = {}): Change => ({
  kind: 'user',
  name: named(name),
  status: 'active',
  platformRole: 'user',
  ...more,
})
export const project = (name: string, status: 'active' | 'deleted' = 'active'): Change => ({
  kind: 'project',
  name: named(name),
  status,
})
export const member = (projectName: string, userName: string, status: 'active' | 'removed' = 'active'): Change => ({
  kind: 'member',
  project: named(projectName),
  user: named(userName),
  role: 'scientist',
  status,
})
export const account = (projectName: string, name: string, status: 'active' | 'deleted' = 'active'): Change => ({
  kind: 'account',
  project: named(projectName),
  account: named(name),
  status,
})
export const service = (name: string, systemUser: string, more: Partial<ChangeOf<'service'>> = {}): Change => ({
  kind: 'service',
  name: named(name),
  systemUser: named(systemUser),
  dnsNames: [named(name)],
  roles: [],
  projects: [],
  status: 'active',
  ...more,
})
export const deployment = (name: string, ofProject: string, more: Partial<ChangeOf<'deployment'>> = {}): Change => ({
  kind: 'deployment',
  name: named(name),
  project: named(ofProject),
  host: named(`${name}.models.internal`),
  service: named('models.internal'),
  serviceCallers: [named('batch.internal')],
  policy: DEFAULT_DEPLOYMENT_POLICY,
  status: 'active',
  ...more,
})
export const revocation = (serial: string, status: 'revoked' | 'held' | 'released', more = {}): Change => ({
  kind: 'revocation',
  issuer: named('users-1'),
  serial: named(serial),
  status,
  revokedAt: NOW.getTime(),
  reason: 'superseded',
  notAfter: VALIDITY.notAfter.getTime(),
  ...more,
})

export const WORLD: readonly Change[] = [
  user('alice'),
  user('bob'),
  user('carol'),
  user('root_admin', { platformRole: 'admin' }),
  project('fraud'),
  project('churn'),
  member('fraud', 'alice'),
  member('fraud', 'bob'),
  member('churn', 'alice'),
  member('churn', 'carol'),
  account('fraud', 'sa-etl'),
  service('models.internal', 'serving'),
  service('other.internal', 'other'),
  service('batch.internal', 'batch'),
  deployment('scorer', 'fraud'),
  deployment('churner', 'churn'),
]

export function numbered(changes: readonly Change[], after = 0): NumberedChange[] {
  return changes.map((change, index) => ({ seq: after + index + 1, change }))
}

/** The world with these changes on top, confirmed a second ago. */
export function snapshotOf(...more: readonly Change[]): LiveSnapshot {
  const snapshot = new LiveSnapshot()
  snapshot.apply(numbered([...WORLD, ...more]))
  snapshot.confirm(MONOTONIC - 1_000)
  return snapshot
}

export const SERIAL = `01${'5e'.repeat(16)}`

const recital = (spiffePath: string, issuer = 'users-1'): Omit<CertificateRecital, 'commonName'> => ({
  kind: 'verified',
  issuer: named(issuer),
  serial: named(SERIAL),
  localities: [],
  organizationalUnits: [],
  spiffeId: named(`spiffe://signet.test/${spiffePath}`),
  validity: VALIDITY,
  fingerprint: 'ab'.repeat(32),
})

export const memberCertificate = (projectName = 'fraud', userName = 'alice'): VerifiedCertificate => ({
  ...recital(`project/${projectName}/user/${userName}`),
  profile: 'project-user',
  project: named(projectName),
  user: named(userName),
  commonName: `${projectName}__${userName}`,
})
export const jobCertificate = (projectName = 'fraud', userName = 'alice'): VerifiedCertificate => ({
  ...recital(`project/${projectName}/user/${userName}/job/j1`),
  profile: 'job',
  project: named(projectName),
  user: named(userName),
  job: 'j1',
  organizationalUnits: ['j1'],
  commonName: `${projectName}__${userName}`,
})
export const accountCertificate = (projectName = 'fraud', accountName = 'sa-etl'): VerifiedCertificate => ({
  ...recital(`project/${projectName}/account/${accountName}`),
  profile: 'service-account',
  project: named(projectName),
  account: named(accountName),
  commonName: `${projectName}__${accountName}`,
})
export const accountJobCertificate = (projectName = 'fraud', accountName = 'sa-etl'): VerifiedCertificate => ({
  ...recital(`project/${projectName}/account/${accountName}/job/j1`),
  profile: 'account-job',
  project: named(projectName),
  account: named(accountName),
  job: 'j1',
  organizationalUnits: ['j1'],
  commonName: `${projectName}__${accountName}`,
})
export const serviceCertificate = (
  name = 'batch.internal',
  systemUser = 'batch',
  localities: readonly string[] = [systemUser],
): VerifiedCertificate => ({
  ...recital(`service/${name}/${systemUser}`, 'services-1'),
  profile: 'service',
  service: named(name),
  systemUser: named(systemUser),
  localities,
  commonName: name,
})
export const adminCertificate = (userName = 'root_admin'): VerifiedCertificate => ({
  ...recital(`admin/${userName}`),
  profile: 'admin',
  user: named(userName),
  organizationalUnits: ['signet-admin'],
  commonName: userName,
})

export function routeTo({ deployment, host, models = [] }: Partial<Route>): Route {
  return { deployment, host, models }
}

/** Alice of `fraud` calls its deployment in her own name. */
export function question(certificate: CertificateFacts = memberCertificate(), more: Partial<Question> = {}): Question {
  const name = certificate.kind === 'verified' ? actingNameOf(certificate) : 'fraud__alice'
  return {
    asker: 'self',
    call: UNTOLD_CALL,
    route: routeTo({ deployment: 'scorer' }),
    action: 'infer',
    credentials: certificateAlone(certificate),
    actingUser: { kind: 'named', name },
    delegatedFor: undefined,
    callsThisMinute: 0,
    ...more,
  }
}

function actingNameOf(certificate: VerifiedCertificate): string {
  return certificate.profile === 'service' ? (certificate.localities[0] ?? 'batch') : certificate.commonName
}
