// Published CRLs (revocation/crl-store.ts): the bytes of the latest one of each issuer, and of every one what it was.
import { createHash } from 'node:crypto'
import { CrlSuperseded } from '../domain/crl-superseded.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { CrlStore, PublishedCrl } from '../revocation/crl-store.ts'
import { END_OF_SECOND, NOT_GOOD, PLAIN_NOT_AFTER } from './certificate-list.ts'
import { instantOf } from './columns.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export function crlTables(session: Session): CrlStore {
  const latest = session.prepare((p: { issuer: IssuerId }) =>
    session.sql.selectFrom('crls').selectAll().where('issuer', '=', p.issuer),
  )
  const advance = advancing(session)
  const record = session.prepare((p: Schema['crl_history']) =>
    session.sql.insertInto('crl_history').values({
      issuer: p.issuer,
      number: p.number,
      this_update: p.this_update,
      next_update: p.next_update,
      covers_revision: p.covers_revision,
      sha256: p.sha256,
    }),
  )
  const revoked = session.prepare((p: { issuer: IssuerId; endsAfter: number }) =>
    session.sql
      .selectFrom('certificates')
      .select(['serial', 'revoked_at', 'reason', 'not_after'])
      .where(NOT_GOOD)
      .where(PLAIN_NOT_AFTER, '>', p.endsAfter)
      .where('issuer', '=', p.issuer)
      .orderBy('serial'),
  )
  return {
    latestCrl: async (issuer) => {
      const [row] = await latest({ issuer })
      return row && crlOf(row)
    },
    advanceCrl: async (seenNumber, next) => {
      const { der, ...facts } = crlRow(next)
      if (!(await advance(seenNumber, { ...facts, der }))) throw new CrlSuperseded(next.issuer, next.number)
      await record({ ...facts, sha256: createHash('sha256').update(der).digest('hex') })
    },
    revokedCertificates: async (issuer, endsAfter) => {
      const rows = await revoked({ issuer, endsAfter: endsAfter.getTime() - END_OF_SECOND })
      return rows.map(({ serial, revoked_at, reason, not_after }) => ({
        serial,
        // A held or revoked certificate has both: `updateRevocation` writes them together.
        revokedAt: instantOf(revoked_at ?? 0),
        reason: reason ?? 'unspecified',
        notAfter: instantOf(not_after),
      }))
    },
  }
}

/** Compare and swap: whether `next` is now the latest. */
function advancing(session: Session): (seenNumber: number, next: Schema['crls']) => Promise<boolean> {
  const first = session.prepareChange((p: Schema['crls']) =>
    session.sql
      .insertInto('crls')
      .values({
        issuer: p.issuer,
        number: p.number,
        this_update: p.this_update,
        next_update: p.next_update,
        covers_revision: p.covers_revision,
        der: p.der,
      })
      .onConflict((conflict) => conflict.column('issuer').doNothing()),
  )
  const swap = session.prepareChange((p: Schema['crls'] & { seen: number }) =>
    session.sql
      .updateTable('crls')
      .set({
        number: p.number,
        this_update: p.this_update,
        next_update: p.next_update,
        covers_revision: p.covers_revision,
        der: p.der,
      })
      .where('issuer', '=', p.issuer)
      .where('number', '=', p.seen)
      .where('number', '<', p.number)
      .where('this_update', '<', p.this_update)
      .where('covers_revision', '<=', p.covers_revision),
  )
  return async (seen, next) => {
    if (next.number <= seen) return false
    const kept = seen === 0 ? await first(next) : await swap({ ...next, seen })
    return kept > 0
  }
}

function crlRow(crl: PublishedCrl): Schema['crls'] {
  return {
    issuer: crl.issuer,
    number: crl.number,
    this_update: crl.thisUpdate.getTime(),
    next_update: crl.nextUpdate.getTime(),
    covers_revision: crl.coversRevision,
    der: crl.der,
  }
}

function crlOf(row: Schema['crls']): PublishedCrl {
  return {
    issuer: row.issuer,
    number: row.number,
    thisUpdate: instantOf(row.this_update),
    nextUpdate: instantOf(row.next_update),
    coversRevision: row.covers_revision,
    der: row.der,
  }
}
