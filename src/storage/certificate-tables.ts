// The inventory (ca/inventory.ts): certificates, and the keys that they were made for.
import { sql, type SqlBool } from 'kysely'
import type { CertificateRecord, Inventory } from '../ca/inventory.ts'
import { KeyRefused } from '../domain/key-refused.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import type { Validity } from '../domain/validity.ts'
import { type CertificateRow, END_OF_SECOND, listCertificates } from './certificate-list.ts'
import { instantOf, optionalInstant, present, presentInstant } from './columns.ts'
import { RecordExists, RecordMissing } from './errors.ts'
import type { Session } from './session.ts'

/** Written out, because an index of a part of the table is used only when the text of its condition is there. */
const OF_AN_ACCOUNT = sql<SqlBool>`profile = 'service-account'`

export function certificateTables(session: Session): Inventory {
  return {
    ...certificateTable(session),
    ...replacements(session),
    ...sightings(session),
    ...keyTable(session),
    listCertificates: (filter, at, page) => listCertificates(session, { filter, at, page }, certificateOf),
  }
}

/** What a certificate is issued with. */
type NewRow = Omit<CertificateRow, 'replaced_by' | 'revoke_at'>

function certificateTable(session: Session) {
  const insert = session.prepareChange((p: NewRow) =>
    session.sql
      .insertInto('certificates')
      .values({
        serial: p.serial,
        issuer: p.issuer,
        profile: p.profile,
        identity: p.identity,
        common_name: p.common_name,
        project: p.project,
        key_fingerprint: p.key_fingerprint,
        not_before: p.not_before,
        not_after: p.not_after,
        requester: p.requester,
        obtained_with: p.obtained_with,
        renew_until: p.renew_until,
        issued_at: p.issued_at,
        status: p.status,
        revoked_at: p.revoked_at,
        reason: p.reason,
        der: p.der,
        crl_partition: p.crl_partition,
      })
      .onConflict((conflict) => conflict.column('serial').doNothing()),
  )
  const find = session.prepareRead((p: { serial: SerialNumber }) =>
    session.sql.selectFrom('certificates').selectAll().where('serial', '=', p.serial),
  )
  const standing = session.prepareRead((p: { serial: SerialNumber }) =>
    session.sql
      .selectFrom('certificates')
      .select(['status', 'not_before', 'not_after', 'renew_until', 'replaced_by'])
      .where('serial', '=', p.serial),
  )
  const update = session.prepareChange((p: Pick<CertificateRow, 'serial' | 'status' | 'revoked_at' | 'reason'>) =>
    session.sql
      .updateTable('certificates')
      .set({ status: p.status, revoked_at: p.revoked_at, reason: p.reason })
      .where('serial', '=', p.serial),
  )
  const live = session.prepareRead((p: { identity: string; endsAfter: number }) =>
    session.sql
      .selectFrom('certificates')
      .selectAll()
      .where('identity', '=', p.identity)
      .where('status', 'in', ['good', 'held'])
      .where('not_after', '>', p.endsAfter)
      .orderBy('position'),
  )
  const ofAccountsBy = session.prepareRead((p: { requester: string; endsAfter: number }) =>
    session.sql
      .selectFrom('certificates')
      .selectAll()
      .where(OF_AN_ACCOUNT)
      .where('requester', '=', p.requester)
      .where('status', 'in', ['good', 'held'])
      .where('not_after', '>', p.endsAfter)
      .orderBy('position'),
  )
  return {
    insertCertificate: async (record) => {
      const kept = await insert(certificateRow(record))
      if (kept === 0) throw new RecordExists('certificate', record.serial)
    },
    certificate: async (serial, lock) => {
      const [row] = await find(lock, { serial })
      return row && certificateOf(row)
    },
    certificateStanding: async (serial, lock) => {
      const [row] = await standing(lock, { serial })
      if (row === undefined) return undefined
      const optional = { ...presentInstant('renewUntil', row.renew_until), ...present('replacedBy', row.replaced_by) }
      return { status: row.status, validity: validityOf(row), ...optional }
    },
    updateRevocation: async ({ serial, status, revokedAt, reason }) => {
      const kept = await update({ serial, status, revoked_at: optionalInstant(revokedAt), reason: reason ?? null })
      if (kept === 0) throw new RecordMissing('certificate', serial)
    },
    liveCertificatesOf: async (identity, at) => {
      const rows = await live('update', { identity, endsAfter: at.getTime() - END_OF_SECOND })
      return rows.map(certificateOf)
    },
    liveAccountCertificatesBy: async (requester, at) => {
      const rows = await ofAccountsBy('update', { requester, endsAfter: at.getTime() - END_OF_SECOND })
      return rows.map(certificateOf)
    },
  } satisfies Partial<Inventory>
}

/** Written out, because an index of a part of the table is used only when the text of its condition is there. */
const IS_TO_REVOKE = sql<SqlBool>`revoke_at is not null and status <> 'revoked'`

function replacements(session: Session) {
  const mark = session.prepareChange((p: Pick<CertificateRow, 'serial' | 'replaced_by' | 'revoke_at'>) =>
    session.sql
      .updateTable('certificates')
      .set({ replaced_by: p.replaced_by, revoke_at: p.revoke_at })
      .where('serial', '=', p.serial),
  )
  const due = session.prepareRead((p: { at: number; limit: number }) =>
    session.sql
      .selectFrom('certificates')
      .selectAll()
      .where(IS_TO_REVOKE)
      .where('revoke_at', '<=', p.at)
      .orderBy('revoke_at')
      .limit(p.limit),
  )
  const next = session.prepare(() =>
    session.sql.selectFrom('certificates').select('revoke_at').where(IS_TO_REVOKE).orderBy('revoke_at').limit(1),
  )
  const first = session.prepare((p: { identity: string; fingerprint: string }) =>
    session.sql
      .selectFrom('certificates')
      .select('issued_at')
      .where('identity', '=', p.identity)
      .where('key_fingerprint', '=', p.fingerprint)
      .orderBy('position')
      .limit(1),
  )
  return {
    markReplaced: async ({ serial, replacedBy, revokeAt }) => {
      const kept = await mark({ serial, replaced_by: replacedBy ?? null, revoke_at: optionalInstant(revokeAt) })
      if (kept === 0) throw new RecordMissing('certificate', serial)
    },
    replacedUntil: async (at, limit) => (await due('update', { at: at.getTime(), limit })).map(certificateOf),
    nextRevokeAt: async () => {
      const at = (await next({}))[0]?.revoke_at ?? undefined
      return at === undefined ? undefined : instantOf(at)
    },
    firstIssueOf: async (identity, fingerprint) => {
      const [row] = await first({ identity, fingerprint })
      return row && instantOf(row.issued_at)
    },
  } satisfies Partial<Inventory>
}

function sightings(session: Session) {
  const record = session.prepareChange((p: { serial: SerialNumber; seen_at: number }) =>
    session.sql
      .insertInto('certificate_sightings')
      .values({ serial: p.serial, seen_at: p.seen_at })
      .onConflict((conflict) =>
        conflict
          .column('serial')
          .doUpdateSet((row) => ({ seen_at: row.ref('excluded.seen_at') }))
          .whereRef('excluded.seen_at', '>', 'certificate_sightings.seen_at'),
      ),
  )
  return {
    recordSightings: async (seen) => {
      // In one order, so that two processes do not deadlock.
      for (const [serial, at] of [...seen].sort(([one], [other]) => (one < other ? -1 : 1))) {
        await record({ serial, seen_at: at.getTime() })
      }
    },
    sightingsOf: async (serials) => {
      if (serials.length === 0) return new Map()
      const rows = await session.query(
        session.sql.selectFrom('certificate_sightings').selectAll().where('serial', 'in', serials),
      )
      return new Map(rows.map(({ serial, seen_at }) => [serial, instantOf(seen_at)]))
    },
  } satisfies Partial<Inventory>
}

function keyTable(session: Session) {
  // The unique row decides: of two claims at once the second waits here, and finds the first one's.
  const claim = session.prepareChange((p: { fingerprint: string; identity: string }) =>
    session.sql
      .insertInto('certified_keys')
      .values({ fingerprint: p.fingerprint, identity: p.identity, compromised: 0 })
      .onConflict((conflict) => conflict.column('fingerprint').doNothing()),
  )
  const find = session.prepareRead((p: { fingerprint: string }) =>
    session.sql.selectFrom('certified_keys').selectAll().where('fingerprint', '=', p.fingerprint),
  )
  const compromise = session.prepare((p: { fingerprint: string }) =>
    session.sql
      .insertInto('certified_keys')
      // A key that nobody had certified is nobody's; no identity is the empty text.
      .values({ fingerprint: p.fingerprint, identity: '', compromised: 1 })
      .onConflict((conflict) => conflict.column('fingerprint').doUpdateSet({ compromised: 1 })),
  )
  return {
    claimKey: async (fingerprint, identity) => {
      if ((await claim({ fingerprint, identity })) > 0) return
      const [row] = await find('share', { fingerprint })
      if (row?.compromised !== 0) throw new KeyRefused('key_compromised', fingerprint)
      if (row.identity !== identity) throw new KeyRefused('key_of_another_identity', fingerprint)
    },
    holdKey: async (fingerprint) => {
      await find('update', { fingerprint })
    },
    markKeyCompromised: async (fingerprint) => {
      await compromise({ fingerprint })
    },
  } satisfies Partial<Inventory>
}

function certificateRow(record: CertificateRecord): NewRow {
  const { serial, issuer, profile, identity, requester, status, der } = record
  return {
    serial,
    issuer,
    profile,
    identity,
    common_name: record.commonName,
    project: record.project ?? null,
    key_fingerprint: record.keyFingerprint,
    not_before: record.validity.notBefore.getTime(),
    not_after: record.validity.notAfter.getTime(),
    requester,
    obtained_with: record.obtainedWith,
    renew_until: optionalInstant(record.renewUntil),
    issued_at: record.issuedAt.getTime(),
    status,
    revoked_at: optionalInstant(record.revokedAt),
    reason: record.reason ?? null,
    der,
    crl_partition: record.crlPartition ?? null,
  }
}

function validityOf(row: Pick<CertificateRow, 'not_before' | 'not_after'>): Validity {
  return { notBefore: instantOf(row.not_before), notAfter: instantOf(row.not_after) }
}

function certificateOf(row: CertificateRow): CertificateRecord {
  const { serial, issuer, profile, identity, requester, status, der } = row
  return {
    serial,
    issuer,
    profile,
    identity,
    commonName: row.common_name,
    ...present('project', row.project),
    keyFingerprint: row.key_fingerprint,
    validity: validityOf(row),
    ...present('crlPartition', row.crl_partition),
    der,
    requester,
    obtainedWith: row.obtained_with,
    ...presentInstant('renewUntil', row.renew_until),
    issuedAt: instantOf(row.issued_at),
    status,
    ...presentInstant('revokedAt', row.revoked_at),
    ...present('reason', row.reason),
    ...present('replacedBy', row.replaced_by),
    ...presentInstant('revokeAt', row.revoke_at),
  }
}
