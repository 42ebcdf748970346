// Keys that the platform keeps for members (enrollment/custody-store.ts). They stand here sealed, never in clear.
import { sql } from 'kysely'
import type { CustodyStore, KeptKey } from '../enrollment/custody-store.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import { revokeCertificates, revokeTokens } from './bulk-ending.ts'
import { END_OF_SECOND } from './certificate-list.ts'
import { instantOf, optionalInstant, presentInstant } from './columns.ts'
import { changedCertificate } from './ending-tables.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

type Row = Schema['member_keys']
type OfMember = Pick<Row, 'project' | 'user_name'>

export function custodyTables(session: Session): CustodyStore {
  return { ...projectTable(session), ...keyTable(session) }
}

function projectTable(session: Session) {
  const find = session.prepare((p: { project: ProjectName }) =>
    session.sql.selectFrom('custody_projects').select('project').where('project', '=', p.project),
  )
  const insert = session.prepareChange((p: Schema['custody_projects']) =>
    session.sql
      .insertInto('custody_projects')
      .values({ project: p.project, since: p.since })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const remove = session.prepareChange((p: { project: ProjectName }) =>
    session.sql.deleteFrom('custody_projects').where('project', '=', p.project),
  )
  const removeKeys = session.prepareChange((p: { project: ProjectName }) =>
    session.sql.deleteFrom('member_keys').where('project', '=', p.project),
  )
  const { revoke, revokeBought } = endings(session)
  return {
    custodyOf: async (project) => (await find({ project })).length > 0,
    beginCustody: async (project, at) => {
      await insert({ project, since: at.getTime() })
    },
    endCustody: async (project, reason, at) => {
      const ofProject = { project, at: at.getTime() }
      const certificates = await revoke({ ...ofProject, reason, endsAfter: ofProject.at - END_OF_SECOND })
      const tokens = await revokeBought(ofProject)
      await remove({ project })
      return {
        certificates: certificates.map(changedCertificate),
        tokens: tokens.map(({ jti, expires_at }) => ({ jti, expiresAt: instantOf(expires_at) })),
        keys: await removeKeys({ project }),
      }
    },
  } satisfies Partial<CustodyStore>
}

function endings(session: Session) {
  const keysOf = (project: ProjectName) =>
    sql<string>`(select key_fingerprint from member_keys where project = ${project})`
  const revoke = session.prepare(
    (p: { project: ProjectName; at: number; reason: RevocationReason; endsAfter: number }) =>
      revokeCertificates(session.sql, p)
        .where('project', '=', p.project)
        .where('status', 'in', ['good', 'held'])
        .where('not_after', '>', p.endsAfter)
        .where('key_fingerprint', 'in', keysOf(p.project)),
  )
  const revokeBought = session.prepare((p: { project: ProjectName; at: number }) =>
    revokeTokens(session.sql, p).where(
      'certificate_serial',
      'in',
      sql<string>`(select serial from certificates
        where project = ${p.project} and key_fingerprint in ${keysOf(p.project)})`,
    ),
  )
  return { revoke, revokeBought }
}

function keyTable(session: Session) {
  const put = session.prepareChange((p: Row) => {
    const { project, user_name, ...rest } = {
      project: p.project,
      user_name: p.user_name,
      key_fingerprint: p.key_fingerprint,
      serial: p.serial,
      requester: p.requester,
      renew_until: p.renew_until,
      renew_at: p.renew_at,
      sealed_key: p.sealed_key,
      created_at: p.created_at,
      handed_over_at: p.handed_over_at,
    }
    return session.sql
      .insertInto('member_keys')
      .values({ project, user_name, ...rest })
      .onConflict((conflict) => conflict.columns(['project', 'user_name']).doUpdateSet(rest))
  })
  const find = session.prepareRead((p: OfMember) =>
    session.sql
      .selectFrom('member_keys')
      .selectAll()
      .where('project', '=', p.project)
      .where('user_name', '=', p.user_name),
  )
  const renew = session.prepareChange(
    (p: OfMember & { seen: SerialNumber; serial: SerialNumber; renew_at: number | null }) =>
      session.sql
        .updateTable('member_keys')
        .set({ serial: p.serial, renew_at: p.renew_at })
        .where('project', '=', p.project)
        .where('user_name', '=', p.user_name)
        .where('serial', '=', p.seen),
  )
  const due = session.prepare((p: { at: number; limit: number }) =>
    session.sql
      .selectFrom('member_keys')
      .selectAll()
      .where('renew_at', 'is not', null)
      .where('renew_at', '<=', p.at)
      .orderBy('renew_at')
      .limit(p.limit),
  )
  const remove = session.prepareChange((p: OfMember) =>
    session.sql.deleteFrom('member_keys').where('project', '=', p.project).where('user_name', '=', p.user_name),
  )
  return {
    putKeptKey: async (key) => {
      await put(rowOf(key))
    },
    keptKey: async (project, user, lock) => {
      const [row] = await find(lock, { project, user_name: user })
      return row && keyOf(row)
    },
    renewKeptKey: async ({ project, user, serial: seen }, { serial, renewAt }) =>
      (await renew({ project, user_name: user, seen, serial, renew_at: optionalInstant(renewAt) })) === 1,
    keysToRenew: async (at, limit) => (await due({ at: at.getTime(), limit })).map(keyOf),
    deleteKeptKey: async (project, user) => {
      await remove({ project, user_name: user })
    },
    ...termOf(session),
  } satisfies Partial<CustodyStore>
}

function termOf(session: Session) {
  const ofKey = session.prepareChange((p: OfMember & { at: number; renew_until: number }) =>
    session.sql
      .updateTable('member_keys')
      .set({ handed_over_at: p.at, renew_until: p.renew_until })
      .where('project', '=', p.project)
      .where('user_name', '=', p.user_name),
  )
  const ofCertificates = session.prepareChange((p: { identity: string; fingerprint: string; renew_until: number }) =>
    session.sql
      .updateTable('certificates')
      .set({ renew_until: p.renew_until })
      .where('identity', '=', p.identity)
      .where('key_fingerprint', '=', p.fingerprint),
  )
  return {
    handOverUntil: async ({ project, user, keyFingerprint: fingerprint }: KeptKey, at: Date, renewUntil: Date) => {
      const renew_until = renewUntil.getTime()
      await ofKey({ project, user_name: user, at: at.getTime(), renew_until })
      await ofCertificates({ identity: `member:${project}__${user}`, fingerprint, renew_until })
    },
  }
}

function rowOf(key: KeptKey): Row {
  return {
    project: key.project,
    user_name: key.user,
    key_fingerprint: key.keyFingerprint,
    serial: key.serial,
    requester: key.requester,
    renew_until: key.renewUntil.getTime(),
    renew_at: optionalInstant(key.renewAt),
    sealed_key: key.sealedKey,
    created_at: key.createdAt.getTime(),
    handed_over_at: optionalInstant(key.handedOverAt),
  }
}

function keyOf(row: Row): KeptKey {
  return {
    project: row.project,
    user: row.user_name,
    keyFingerprint: row.key_fingerprint,
    serial: row.serial,
    requester: row.requester,
    renewUntil: instantOf(row.renew_until),
    ...presentInstant('renewAt', row.renew_at),
    sealedKey: row.sealed_key,
    createdAt: instantOf(row.created_at),
    ...presentInstant('handedOverAt', row.handed_over_at),
  }
}
