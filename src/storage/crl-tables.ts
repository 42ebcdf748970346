// Published CRLs (revocation/crl-store.ts): the latest one of each scope, and of every one what it was.
import { CrlSuperseded } from '../domain/crl-superseded.ts'
import { type CrlScopeKey, crlScopeKey, parseCrlScopeKey } from '../domain/crl-scope.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { CrlContent, CrlRecord, CrlStore } from '../revocation/crl-store.ts'
import { END_OF_SECOND, NOT_GOOD, PLAIN_NOT_AFTER } from './certificate-list.ts'
import { instantOf } from './columns.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export function crlTables(session: Session): CrlStore {
  const latest = session.prepare((p: { scope: CrlScopeKey }) =>
    session.sql.selectFrom('crls').selectAll().where('scope', '=', p.scope),
  )
  const ofIssuer = session.prepare((p: { issuer: IssuerId }) =>
    session.sql.selectFrom('crls').selectAll().where('issuer', '=', p.issuer).orderBy('scope'),
  )
  const advance = advancing(session)
  const record = session.prepare((p: Schema['crl_history']) =>
    session.sql.insertInto('crl_history').values({
      scope: p.scope,
      number: p.number,
      issuer: p.issuer,
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
    latestCrl: async (scope) => {
      const [row] = await latest({ scope: crlScopeKey(scope) })
      return row && crlOf(row)
    },
    latestCrls: async (issuer) => (await ofIssuer({ issuer })).map(crlOf),
    advanceCrl: async (seenNumber, next) => {
      const row = crlRow(next)
      if (!(await advance(seenNumber, row))) throw new CrlSuperseded(row.scope, next.number)
      await record(row)
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
      .values({ scope: p.scope, issuer: p.issuer, ...columnsOf(p) })
      .onConflict((conflict) => conflict.column('scope').doNothing()),
  )
  const swap = session.prepareChange((p: Schema['crls'] & { seen: number }) =>
    session.sql
      .updateTable('crls')
      .set(columnsOf(p))
      .where('scope', '=', p.scope)
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

/** Written out, because a prepared statement looks at each of its parameters once. */
function columnsOf(p: Schema['crls']): Omit<Schema['crls'], 'scope' | 'issuer'> {
  return {
    number: p.number,
    this_update: p.this_update,
    next_update: p.next_update,
    covers_revision: p.covers_revision,
    ended_before: p.ended_before,
    base_number: p.base_number,
    base_revision: p.base_revision,
    length: p.length,
    sha256: p.sha256,
    signature: p.signature,
    der: p.der,
  }
}

function crlRow(crl: CrlRecord): Schema['crls'] {
  const { content } = crl
  return {
    scope: crlScopeKey(crl.scope),
    issuer: crl.scope.issuer,
    number: crl.number,
    this_update: crl.thisUpdate.getTime(),
    next_update: crl.nextUpdate.getTime(),
    covers_revision: crl.coversRevision,
    ended_before: crl.endedBefore.getTime(),
    base_number: crl.base?.number ?? null,
    base_revision: crl.base?.coversRevision ?? null,
    length: crl.length,
    sha256: crl.sha256,
    signature: content.kind === 'rebuilt' ? content.signature : null,
    der: content.kind === 'whole' ? content.der : null,
  }
}

function crlOf(row: Schema['crls']): CrlRecord {
  const { base_number: number, base_revision: coversRevision } = row
  return {
    scope: parseCrlScopeKey(row.scope),
    number: row.number,
    thisUpdate: instantOf(row.this_update),
    nextUpdate: instantOf(row.next_update),
    coversRevision: row.covers_revision,
    endedBefore: instantOf(row.ended_before),
    base: number === null || coversRevision === null ? undefined : { number, coversRevision },
    length: row.length,
    sha256: row.sha256,
    content: contentOf(row),
  }
}

function contentOf({ der, signature }: Schema['crls']): CrlContent {
  if (der !== null) return { kind: 'whole', der }
  return signature === null ? { kind: 'gone' } : { kind: 'rebuilt', signature }
}
