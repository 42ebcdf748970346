// What statements that end many credentials at once have in common: what they write, and what they tell of each. Which rows is
// each statement's own to say.
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { Schema } from './schema.ts'

/** Revokes, whatever `where` says of them; one on hold keeps the date of its hold (CP §4.9). */
export function revokeCertificates(db: Kysely<Schema>, p: { readonly at: number; readonly reason: RevocationReason }) {
  return db
    .updateTable('certificates')
    .set((row) => ({ status: 'revoked', reason: p.reason, revoked_at: row.fn.coalesce('revoked_at', row.val(p.at)) }))
    .returning([
      'serial',
      'issuer',
      'identity',
      'status',
      'reason',
      'revoked_at',
      'not_before',
      'not_after',
      'crl_partition',
    ])
}

/** Those that are in their time and not revoked. */
export function revokeTokens(db: Kysely<Schema>, p: { readonly at: number }) {
  return db
    .updateTable('tokens')
    .set({ revoked_at: p.at })
    .where('expires_at', '>', p.at)
    .where('revoked_at', 'is', null)
    .returning(['jti', 'expires_at'])
}

/** Serials of all that a CA has signed. */
export function certifiedBy(issuer: IssuerId): RawBuilder<string> {
  return sql<string>`(select serial from certificates where issuer = ${issuer})`
}
