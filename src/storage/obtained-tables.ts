// What a requester obtained (enrollment/obtained-store.ts), found and ended many rows at a time.
import { sql, type SqlBool } from 'kysely'
import type { ObtainedStore } from '../enrollment/obtained-store.ts'
import { CALLER_PROFILES } from '../domain/profile-name.ts'
import type { Requester } from '../domain/requester.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import { revokeCertificates } from './bulk-ending.ts'
import { END_OF_SECOND } from './certificate-list.ts'
import { instantOf } from './columns.ts'
import { changedCertificate, finishedJob } from './ending-tables.ts'
import type { Session } from './session.ts'

/** What a statement is told. `at` and `endsAfter` in milliseconds. */
export interface Obtained {
  readonly requester: Requester
  readonly at: number
  /** Certificates that end later than this have not ended at `at`. */
  readonly endsAfter: number
}

export function obtainedBy(requester: Requester, at: Date): Obtained {
  return { requester, at: at.getTime(), endsAfter: at.getTime() - END_OF_SECOND }
}

export function obtainedTables(session: Session): ObtainedStore {
  const ends = endings(session)
  const count = counts(session)
  return {
    countObtainedBy: async (requester, at) => {
      const [row] = await count(obtainedBy(requester, at))
      return row ?? { certificates: 0, tokens: 0, jobs: 0, enrolmentTokens: 0, apiKeys: 0 }
    },
    endObtainedBy: async (requester, reason, at) => {
      const obtained = obtainedBy(requester, at)
      // In the order of whoever ends a single one: the job, then its certificates in the order of their issue.
      await ends.holdJobs('update', obtained)
      await ends.holdCertificates('update', obtained)
      const certificates = await ends.revoke({ ...obtained, reason })
      const tokens = await ends.revokeTokens(obtained)
      return {
        certificates: certificates.map(changedCertificate),
        tokens: tokens.map(({ jti, expires_at }) => ({ jti, expiresAt: instantOf(expires_at) })),
        enrolmentTokens: await ends.voidEnrolmentTokens(obtained),
        jobs: (await ends.finishJobs(obtained)).map(finishedJob),
      }
    },
  }
}

function endings(session: Session) {
  const holdJobs = session.prepareRead((p: Obtained) =>
    session.sql.selectFrom('jobs').select('id').where(jobsOf(p)).orderBy('position'),
  )
  const holdCertificates = session.prepareRead((p: Obtained) =>
    session.sql.selectFrom('certificates').select('serial').where(certificatesOf(p)).orderBy('position'),
  )
  const revoke = session.prepare((p: Obtained & { readonly reason: RevocationReason }) =>
    revokeCertificates(session.sql, p).where(certificatesOf(p)),
  )
  const revokeTokens = session.prepare((p: Obtained) =>
    session.sql.updateTable('tokens').set({ revoked_at: p.at }).where(tokensOf(p)).returning(['jti', 'expires_at']),
  )
  const voidEnrolmentTokens = session.prepareChange((p: Obtained) =>
    session.sql.updateTable('enrolment_tokens').set({ voided_at: p.at }).where(enrolmentTokensOf(p)),
  )
  const finishJobs = session.prepare((p: Obtained) =>
    session.sql
      .updateTable('jobs')
      .set({ status: 'finished', finished_at: sql<number>`case when ends_at < ${p.at} then ends_at else ${p.at} end` })
      .where(jobsOf(p))
      .returning(['id', 'project', 'user_name', 'finished_at']),
  )
  return { holdJobs, holdCertificates, revoke, revokeTokens, voidEnrolmentTokens, finishJobs }
}

function counts(session: Session) {
  const rows = (table: string, condition: ReturnType<typeof jobsOf>) =>
    sql<number>`(select count(*) from ${sql.table(table)} where ${condition})`
  return session.prepare((p: Obtained) =>
    session.sql
      .selectFrom('lease_state')
      .where('only_row', '=', 1)
      .select([
        rows('certificates', certificatesOf(p)).as('certificates'),
        rows('tokens', tokensOf(p)).as('tokens'),
        rows('jobs', jobsOf(p)).as('jobs'),
        rows('enrolment_tokens', enrolmentTokensOf(p)).as('enrolmentTokens'),
        rows('api_keys', apiKeysOf(p)).as('apiKeys'),
      ]),
  )
}

const LIST_OF_PROFILES = sql.join(CALLER_PROFILES.map((name) => sql.lit(name)))

/** Never those of CAs, responders and Signet itself: whoever set up the installation asked for them. */
function certificatesOf(p: Obtained) {
  return sql<SqlBool>`status in ('good', 'held') and not_after > ${p.endsAfter} and profile in (${LIST_OF_PROFILES})
    and serial in (${chain(p)} select serial from obtained)`
}

function tokensOf(p: Obtained) {
  return sql<SqlBool>`expires_at > ${p.at} and revoked_at is null
    and (requester = ${p.requester} or certificate_serial in (${chain(p)} select serial from obtained))`
}

/** Started by them, or with a certificate that they obtained. */
function jobsOf(p: Obtained) {
  return sql<SqlBool>`status = 'active'
    and ('service:' || launcher = ${p.requester} or 'job:' || id in (${chain(p)} select identity from obtained))`
}

function enrolmentTokensOf(p: Obtained) {
  return sql<SqlBool>`spent_at is null and voided_at is null and expires_at > ${p.at}
    and (created_by = ${p.requester} or created_with in (${chain(p)} select serial from obtained))`
}

export function apiKeysOf(p: Obtained) {
  return sql<SqlBool>`ended_at is null and expires_at > ${p.at}
    and (created_by = ${p.requester} or created_with in (${chain(p)} select serial from obtained))`
}

/**
 * `obtained`: what they asked for, and step by step what was bought with it. A renewal is of the same identity; what was asked for
 * on behalf of another names the asker as requester. Of what has ended only the kinds that renew in their own name can lead on.
 */
function chain({ requester, endsAfter }: Obtained) {
  const leadsOn = sql`(not_after > ${endsAfter} or profile in ('project-user', 'service', 'admin'))`
  return sql`with recursive obtained (serial, identity) as (
    select serial, identity from certificates where identity = ${requester} and requester = identity and ${leadsOn}
    union select serial, identity from certificates where requester = ${requester} and requester <> identity and ${leadsOn}
    union select next.serial, next.identity from obtained join certificates as next
      on next.obtained_with = 'certificate:' || obtained.serial
      and (next.identity = obtained.identity or (next.requester = obtained.identity and next.requester <> next.identity))
  )`
}
