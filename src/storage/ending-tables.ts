// What ends with a service or a project, many rows at a time (enrollment/ending-store.ts).
import { sql } from 'kysely'
import type { ChangedCertificate, DeploymentChange, EndingStore, FinishedJob } from '../enrollment/ending-store.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import { certifiedBy, revokeCertificates, revokeTokens } from './bulk-ending.ts'
import { END_OF_SECOND } from './certificate-list.ts'
import { instantOf, present, presentInstant } from './columns.ts'
import { deploymentOf } from './deployment-table.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'
import { FOR_ANOTHER } from './token-tables.ts'

export function endingTables(session: Session): EndingStore {
  const members = memberEndings(session)
  const accounts = accountEndings(session)
  const jobs = jobEndings(session)
  const credentials = credentialEndings(session)
  const deployments = deploymentEndings(session)
  return {
    endTokensBoughtUnder: async (issuer, at) => {
      const tokens = await credentials.revokeTokensUnder({ issuer, at: at.getTime() })
      return tokens.map(({ jti, expires_at }) => ({ jti, expiresAt: instantOf(expires_at) }))
    },
    deleteDeploymentsServedBy: async (service) => (await deployments.ofService({ service })).map(deploymentChange),
    endEverythingOf: async (project, reason, at) => {
      const ofProject = { project, at: at.getTime() }
      // Jobs are held first: whoever finishes one holds it and then its certificates, and two orders deadlock.
      await jobs.hold('update', ofProject)
      const certificates = await credentials.revoke({ ...ofProject, reason, endsAfter: ofProject.at - END_OF_SECOND })
      // Tokens are those of active jobs, of members and of accounts, so all of them end after them.
      const tokens = [
        ...(await credentials.revokeOwnTokens(ofProject)),
        ...(await credentials.revokeTokensForOthers(ofProject)),
      ]
      await credentials.voidEnrolmentTokens(ofProject)
      return {
        jobs: (await jobs.finish(ofProject)).map(finishedJob),
        members: await members.remove(ofProject),
        keptKeys: await members.removeKeys(ofProject),
        accounts: await accounts.remove(ofProject),
        certificates: certificates.map(changedCertificate),
        tokens: tokens.map(({ jti, expires_at }) => ({ jti, expiresAt: instantOf(expires_at) })),
        deployments: (await deployments.ofProject(ofProject)).map(deploymentChange),
      }
    },
  }
}

interface OfProject {
  readonly project: ProjectName
  readonly at: number
}

function memberEndings(session: Session) {
  const remove = session.prepareChange((p: OfProject) =>
    session.sql
      .updateTable('members')
      .set({ status: 'removed' })
      .where('project', '=', p.project)
      .where('status', '=', 'active'),
  )
  const removeKeys = session.prepareChange((p: OfProject) =>
    session.sql.deleteFrom('member_keys').where('project', '=', p.project),
  )
  return { remove, removeKeys }
}

function accountEndings(session: Session) {
  const remove = session.prepareChange((p: OfProject) =>
    session.sql
      .updateTable('service_accounts')
      .set({ status: 'deleted' })
      .where('project', '=', p.project)
      .where('status', '=', 'active'),
  )
  return { remove }
}

function jobEndings(session: Session) {
  const hold = session.prepareRead((p: OfProject) =>
    session.sql.selectFrom('jobs').select('id').where('project', '=', p.project).where('status', '=', 'active'),
  )
  const finish = session.prepare((p: OfProject) =>
    session.sql
      .updateTable('jobs')
      .set({ status: 'finished', finished_at: sql<number>`case when ends_at < ${p.at} then ends_at else ${p.at} end` })
      .where('project', '=', p.project)
      .where('status', '=', 'active')
      .returning(['id', 'project', 'user_name', 'finished_at']),
  )
  return { hold, finish }
}

function credentialEndings(session: Session) {
  // Members, accounts and jobs alike: a certificate names the project that it is of.
  const revoke = session.prepare((p: OfProject & { readonly reason: RevocationReason; readonly endsAfter: number }) =>
    revokeCertificates(session.sql, p)
      .where('project', '=', p.project)
      .where('status', 'in', ['good', 'held'])
      .where('not_after', '>', p.endsAfter),
  )
  const revokeOwnTokens = session.prepare((p: OfProject) =>
    revokeTokens(session.sql, p).where('subject', 'in', identities(p.project)),
  )
  // What they hold in the name of somebody of another project.
  const revokeTokensForOthers = session.prepare((p: OfProject) =>
    revokeTokens(session.sql, p).where(FOR_ANOTHER).where('requester', 'in', identities(p.project)),
  )
  const revokeTokensUnder = session.prepare((p: { issuer: IssuerId; at: number }) =>
    revokeTokens(session.sql, p).where('certificate_serial', 'in', certifiedBy(p.issuer)),
  )
  const voidEnrolmentTokens = session.prepareChange((p: OfProject) =>
    session.sql
      .updateTable('enrolment_tokens')
      .set({ voided_at: p.at })
      .where('spent_at', 'is', null)
      .where('voided_at', 'is', null)
      .where('identity', 'in', sql<string>`(${memberIdentities(p.project)})`),
  )
  return { revoke, revokeOwnTokens, revokeTokensForOthers, revokeTokensUnder, voidEnrolmentTokens }
}

/** Of its members, accounts and active jobs. */
function identities(project: ProjectName) {
  return sql<string>`(${memberIdentities(project)} union all ${accountIdentities(project)} union all
    select 'job:' || id from jobs where project = ${project} and status = 'active')`
}

/** As `member:PROJECT__USER`. */
function memberIdentities(project: ProjectName) {
  return sql`select 'member:' || project || '__' || user_name from members where project = ${project}`
}

/** As `account:PROJECT__sa-NAME`. */
function accountIdentities(project: ProjectName) {
  return sql`select 'account:' || project || '__' || name from service_accounts where project = ${project}`
}

function deploymentEndings(session: Session) {
  const active = () =>
    session.sql.updateTable('deployments').set({ status: 'deleted' }).where('status', '=', 'active').returningAll()
  const named = () => session.sql.selectFrom('deployments').select('name')
  const freeHosts = () => session.sql.deleteFrom('deployment_hosts')
  const freeHostsOfService = session.prepareChange((p: { service: ServiceName }) =>
    freeHosts().where('deployment', 'in', named().where('service', '=', p.service)),
  )
  const freeHostsOfProject = session.prepareChange((p: OfProject) =>
    freeHosts().where('deployment', 'in', named().where('project', '=', p.project)),
  )
  const ofService = session.prepare((p: { service: ServiceName }) => active().where('service', '=', p.service))
  const ofProject = session.prepare((p: OfProject) => active().where('project', '=', p.project))
  return {
    ofService: async (p: { service: ServiceName }) => {
      await freeHostsOfService(p)
      return ofService(p)
    },
    ofProject: async (p: OfProject) => {
      await freeHostsOfProject(p)
      return ofProject(p)
    },
  }
}

/** A job that an UPDATE gave back. */
export function finishedJob(row: Pick<Schema['jobs'], 'id' | 'project' | 'user_name' | 'finished_at'>): FinishedJob {
  const { id, project, user_name: user } = row
  return { id, project, user, finishedAt: instantOf(row.finished_at ?? 0) }
}

/** A certificate that an UPDATE gave back. */
export function changedCertificate(
  row: Pick<
    Schema['certificates'],
    'serial' | 'issuer' | 'identity' | 'status' | 'reason' | 'revoked_at' | 'not_before' | 'not_after' | 'crl_partition'
  >,
): ChangedCertificate {
  const { serial, issuer, identity, status } = row
  return {
    serial,
    issuer,
    identity,
    status,
    validity: { notBefore: instantOf(row.not_before), notAfter: instantOf(row.not_after) },
    ...present('reason', row.reason),
    ...presentInstant('revokedAt', row.revoked_at),
    ...present('crlPartition', row.crl_partition),
  }
}

function deploymentChange(row: Schema['deployments']): DeploymentChange {
  return { kind: 'deployment', ...deploymentOf(row) }
}
