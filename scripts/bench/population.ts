// Fills the database of an installation by the acts that a service would run, many to a transaction: members, certificates
// (their bytes are all the same; rows, keys and serial numbers are their own) and revocations, with audit and journal.
import { randomBytes } from 'node:crypto'
import type { CertificateRecord } from '../../src/ca/inventory.ts'
import { addSeconds, systemRandom } from '../../src/domain/clock.ts'
import { issuerId } from '../../src/domain/issuer-id.ts'
import type { NameRules } from '../../src/domain/name-rules.ts'
import { parseProjectName, type ProjectName } from '../../src/domain/project-name.ts'
import { makeSerialNumber } from '../../src/domain/serial-number.ts'
import { parseUserName, type UserName } from '../../src/domain/user-name.ts'
import { recordRevocation } from '../../src/enrollment/end-identity.ts'
import { recordCertificate } from '../../src/enrollment/issue-certificate.ts'
import type { UnitOfWork } from '../../src/enrollment/unit-of-work.ts'
import { openInstallation } from '../../src/main/installation.ts'
import { revokeRecord } from '../../src/revocation/revocation.ts'
import type { BenchInstallation } from './installation.ts'

export interface Population {
  readonly members: number
  readonly certificates: number
  /** Of the certificates. */
  readonly revoked: number
}

/** Of a member's certificate with one URI, CRLDP and AIA. */
const CERTIFICATE_BYTES = 840
const LIFETIME_SECONDS = 86_400
const ROWS_PER_ACT = 500
const ORIGIN = { requestId: 'bench' }
const ACTOR = 'operator'

/** The service must not run. */
export async function populate(installation: BenchInstallation, population: Population): Promise<void> {
  const { storage, policy } = await openInstallation(installation.configuration)
  try {
    const project = parseProjectName('bench', policy.names)
    const users = await storage.run((tx) => addMembers(tx, project, population.members, policy.names))
    for (let done = 0; done < population.certificates; done += ROWS_PER_ACT) {
      const rows = Math.min(ROWS_PER_ACT, population.certificates - done)
      await storage.run((tx) => addCertificates(tx, { project, users, from: done, rows, revoked: population.revoked }))
    }
  } finally {
    await storage.close()
  }
}

async function addMembers(
  tx: UnitOfWork,
  project: ProjectName,
  count: number,
  names: NameRules,
): Promise<readonly UserName[]> {
  const createdAt = new Date()
  await tx.insertProject({ id: 'bench', name: project, status: 'active', createdAt })
  const users = Array.from({ length: count }, (_, number) => parseUserName(`member${number}`, names))
  for (const name of users) {
    await tx.insertUser({ id: `user-${name}`, name, status: 'active', platformRole: 'user', createdAt })
    const member = {
      id: `member-${name}`,
      project,
      user: name,
      role: 'scientist',
      status: 'active',
      createdAt,
    } as const
    await tx.insertMember(member)
    await tx.change({ kind: 'user', name, status: 'active', platformRole: 'user' })
  }
  return users
}

interface Batch {
  readonly project: ProjectName
  readonly users: readonly UserName[]
  readonly from: number
  readonly rows: number
  readonly revoked: number
}

async function addCertificates(tx: UnitOfWork, { project, users, from, rows, revoked }: Batch): Promise<void> {
  for (let number = from; number < from + rows; number += 1) {
    const user = users[number % users.length]
    if (user === undefined) throw new Error('no members')
    const record = certificateOf(project, user)
    await recordCertificate(tx, record, ORIGIN)
    if (number >= revoked) continue
    const outcome = revokeRecord(record, 'superseded', record.issuedAt)
    await recordRevocation(tx, outcome.record, { at: record.issuedAt, actor: ACTOR, origin: ORIGIN })
  }
}

const der = randomBytes(CERTIFICATE_BYTES)

function certificateOf(project: ProjectName, user: UserName): CertificateRecord {
  const issuedAt = new Date()
  const commonName = `${project}__${user}`
  return {
    serial: makeSerialNumber(systemRandom),
    issuer: issuerId('users', 1),
    profile: 'project-user',
    identity: `member:${commonName}`,
    commonName,
    project,
    keyFingerprint: randomBytes(32).toString('hex'),
    validity: { notBefore: issuedAt, notAfter: addSeconds(issuedAt, LIFETIME_SECONDS) },
    der,
    requester: `member:${commonName}`,
    obtainedWith: 'bench',
    issuedAt,
    status: 'good',
  }
}
