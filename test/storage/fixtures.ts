// Entities for storage tests. Names are not checked here: storage stores what the parsers of `domain/` let through.
import { DEFAULT_DEPLOYMENT_POLICY } from '../../src/domain/access-policy.ts'
import { createHash } from 'node:crypto'
import type { Deployment } from '../../src/directory/deployment-store.ts'
import type { CertificateRecord } from '../../src/ca/inventory.ts'
import type { Job, Member, Project, Service, User } from '../../src/directory/entities.ts'
import type { AuditEvent } from '../../src/domain/audit-event.ts'
import type { Change } from '../../src/domain/change.ts'
import { fullScope } from '../../src/domain/crl-scope.ts'
import type { DeploymentName } from '../../src/domain/deployment-name.ts'
import type { DnsName } from '../../src/domain/dns-name.ts'
import type { IssuerId } from '../../src/domain/issuer-id.ts'
import type { JournalEntry } from '../../src/domain/journal-entry.ts'
import type { ProjectName } from '../../src/domain/project-name.ts'
import type { SerialNumber } from '../../src/domain/serial-number.ts'
import type { SystemUser } from '../../src/domain/system-user.ts'
import type { UserName } from '../../src/domain/user-name.ts'
import { type CrlRecord, wholeCrl } from '../../src/revocation/crl-store.ts'
import type { TokenRecord } from '../../src/tokens/token-store.ts'
import { type JournalLine, readJournal } from '../../src/storage/journal.ts'
import type { StorageTx } from '../../src/storage/tables.ts'
import { NOW } from './databases.ts'

export const FRAUD = 'FRAUD' as ProjectName
export const ANN = 'ann' as UserName
export const BOB = 'bob' as UserName
export const USERS_1 = 'users-1' as IssuerId
export const MODEL = 'model.internal' as DnsName
export const LAUNCHER = 'launcher.internal' as DnsName

export const seconds = (count: number): Date => new Date(NOW.getTime() + count * 1000)
export const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
export const serial = (n: number): SerialNumber => `01${digest(String(n)).slice(0, 32)}` as SerialNumber
export const dnsName = (name: string): DnsName => name as DnsName

export const user = (name: string, more: Partial<User> = {}): User => ({
  id: `id of ${name}`,
  name: name as UserName,
  status: 'active',
  platformRole: 'user',
  createdAt: NOW,
  ...more,
})

export const project = (name: string, more: Partial<Project> = {}): Project => ({
  id: `id of ${name}`,
  name: name as ProjectName,
  status: 'active',
  createdAt: NOW,
  ...more,
})

export const member = (projectName: string, userName: string, more: Partial<Member> = {}): Member => ({
  id: `id of ${projectName} ${userName}`,
  project: projectName as ProjectName,
  user: userName as UserName,
  role: 'scientist',
  status: 'active',
  createdAt: NOW,
  ...more,
})

export const service = (name: string, more: Partial<Service> = {}): Service => ({
  id: `id of ${name}`,
  name: dnsName(name),
  dnsNames: [dnsName(name)],
  systemUser: 'mlserver' as SystemUser,
  roles: [],
  projects: [],
  status: 'active',
  createdAt: NOW,
  ...more,
})

export const job = (id: string, more: Partial<Job> = {}): Job => ({
  id,
  kind: 'job',
  leaseSeconds: 120,
  leaseUntil: 120_000,
  project: FRAUD,
  user: ANN,
  launcher: LAUNCHER,
  status: 'active',
  startedAt: NOW,
  endsAt: seconds(3600),
  ...more,
})

export const deployment = (name: string, more: Partial<Deployment> = {}): Deployment => ({
  name: name as DeploymentName,
  project: FRAUD,
  host: dnsName(`${name}.host.internal`),
  service: MODEL,
  serviceCallers: [],
  policy: DEFAULT_DEPLOYMENT_POLICY,
  status: 'active',
  ...more,
})

export const certificate = (n: number, more: Partial<CertificateRecord> = {}): CertificateRecord => ({
  serial: serial(n),
  issuer: USERS_1,
  profile: 'project-user',
  identity: 'member:FRAUD__ann',
  commonName: 'FRAUD__ann',
  project: FRAUD,
  keyFingerprint: digest(`key ${n}`),
  validity: { notBefore: seconds(-300), notAfter: seconds(86_400) },
  der: Buffer.from(`certificate ${n}`),
  requester: 'member:FRAUD__ann',
  obtainedWith: 'enrolment:0123',
  issuedAt: NOW,
  status: 'good',
  ...more,
})

export const token = (jti: string, more: Partial<TokenRecord> = {}): TokenRecord => ({
  jti,
  subject: 'member:FRAUD__ann',
  audience: 'model-1',
  issuedAt: NOW,
  expiresAt: seconds(900),
  requester: 'member:FRAUD__ann',
  ...more,
})

export const event = (object: string): AuditEvent => ({
  at: NOW,
  actor: 'system',
  act: 'user.add',
  object,
  requestId: 'request-1',
  details: { names: ['a', 'b'], count: 2, sure: true },
})

export const userChange = (name: string): Change => ({
  kind: 'user',
  name: name as UserName,
  status: 'active',
  platformRole: 'user',
})

export const revokedEntry = (n: number): JournalEntry => ({
  kind: 'revoked',
  issuer: USERS_1,
  serial: serial(n),
  reason: 'superseded',
  at: NOW.toISOString(),
})

/** FRAUD with its owner ann and its member bob, and two services. */
export async function addPeople(tx: StorageTx): Promise<void> {
  await tx.insertUser(user('ann'))
  await tx.insertUser(user('bob'))
  await tx.insertProject(project('FRAUD'))
  await tx.insertMember(member('FRAUD', 'ann', { role: 'owner' }))
  await tx.insertMember(member('FRAUD', 'bob'))
  await tx.insertService(service(MODEL))
  await tx.insertService(service(LAUNCHER, { roles: ['launcher'], projects: [FRAUD] }))
}

/** The code that a promise is refused with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code)
    throw error
  }
  return 'none'
}

/** Lets a test decide when an act goes on. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  return { opened: promise.then(() => undefined), open: () => resolve(undefined) }
}

export async function linesOf(journal: string): Promise<readonly JournalLine[]> {
  const lines: JournalLine[] = []
  for await (const line of readJournal(journal)) lines.push(line)
  return lines
}

/** A CRL as the tables keep it; its bytes say nothing. */
export const crl = (number: number, more: Partial<CrlRecord> = {}): CrlRecord => ({
  ...wholeCrl(
    {
      scope: fullScope(USERS_1),
      number,
      thisUpdate: seconds(number),
      nextUpdate: seconds(86_400 + number),
      coversRevision: number,
      endedBefore: new Date(0),
      base: undefined,
    },
    Buffer.from(`crl ${number}`),
  ),
  ...more,
})
