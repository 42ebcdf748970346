// Enrolment tokens (by their hash) and idempotency keys (enrollment/enrolment-store.ts).
import type {
  EnrolmentStore,
  EnrolmentTokenRecord,
  IdempotencyClaim,
  IdempotencyScope,
} from '../enrollment/enrolment-store.ts'
import { instantOf } from './columns.ts'
import { RecordExists, RecordMissing } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export interface IdempotencyUpkeep {
  /** Deletes some of those that have expired at `at`, and tells how many. */
  forgetIdempotencyKeys(at: Date): Promise<number>
}

/** Rows that are deleted in one transaction: acts wait meanwhile. */
const FORGOTTEN_AT_ONCE = 500

export function enrolmentTables(session: Session): EnrolmentStore & IdempotencyUpkeep {
  return { ...enrolmentTokenTable(session), ...idempotencyTable(session) }
}

function enrolmentTokenTable(session: Session) {
  const insert = session.prepare((p: Omit<Schema['enrolment_tokens'], 'spent_at' | 'voided_at'>) =>
    session.sql
      .insertInto('enrolment_tokens')
      .values({
        hash: p.hash,
        identity: p.identity,
        created_by: p.created_by,
        created_at: p.created_at,
        expires_at: p.expires_at,
      })
      .onConflict((conflict) => conflict.column('hash').doNothing())
      .returning('hash'),
  )
  // One statement decides who spends it: of two at once, the second finds it spent.
  const spend = session.prepare((p: { hash: string; at: number }) =>
    session.sql
      .updateTable('enrolment_tokens')
      .set({ spent_at: p.at })
      .where('hash', '=', p.hash)
      .where('spent_at', 'is', null)
      .where('voided_at', 'is', null)
      .where('expires_at', '>', p.at)
      .returningAll(),
  )
  const end = session.prepare((p: { identity: string; at: number }) =>
    session.sql
      .updateTable('enrolment_tokens')
      .set({ voided_at: p.at })
      .where('identity', '=', p.identity)
      .where('spent_at', 'is', null)
      .where('voided_at', 'is', null),
  )
  return {
    insertEnrolmentToken: async ({ hash, identity, createdBy, createdAt, expiresAt }) => {
      const instants = { created_at: createdAt.getTime(), expires_at: expiresAt.getTime() }
      const kept = await insert({ hash, identity, created_by: createdBy, ...instants })
      if (kept.length === 0) throw new RecordExists('enrolment token', hash)
    },
    spendEnrolmentToken: async (hash, at) => {
      const [row] = await spend({ hash, at: at.getTime() })
      return row && enrolmentTokenOf(row)
    },
    voidEnrolmentTokens: async (identity, at) => {
      await end({ identity, at: at.getTime() })
    },
  } satisfies Partial<EnrolmentStore>
}

function idempotencyTable(session: Session) {
  const claim = session.prepare((p: ScopeRow & { expires_at: number }) =>
    session.sql
      .insertInto('idempotency_keys')
      .values({
        principal: p.principal,
        method: p.method,
        path: p.path,
        key: p.key,
        body_digest: p.body_digest,
        expires_at: p.expires_at,
      })
      .onConflict((conflict) => conflict.columns(['principal', 'method', 'path', 'key']).doNothing())
      .returning('key'),
  )
  const find = session.prepareRead((p: ScopeRow) =>
    session.sql
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('principal', '=', p.principal)
      .where('method', '=', p.method)
      .where('path', '=', p.path)
      .where('key', '=', p.key),
  )
  const claimAgain = session.prepare((p: ScopeRow & { expires_at: number }) =>
    session.sql
      .updateTable('idempotency_keys')
      .set({ body_digest: p.body_digest, expires_at: p.expires_at, response: null })
      .where('principal', '=', p.principal)
      .where('method', '=', p.method)
      .where('path', '=', p.path)
      .where('key', '=', p.key),
  )
  const save = session.prepare((p: ScopeRow & { response: string }) =>
    session.sql
      .updateTable('idempotency_keys')
      .set({ response: p.response })
      .where('principal', '=', p.principal)
      .where('method', '=', p.method)
      .where('path', '=', p.path)
      .where('key', '=', p.key)
      .where('body_digest', '=', p.body_digest)
      .returning('key'),
  )
  const expired = session.prepare((p: { at: number }) =>
    session.sql
      .selectFrom('idempotency_keys')
      .select(['principal', 'method', 'path', 'key', 'expires_at'])
      .where('expires_at', '<=', p.at)
      .orderBy('expires_at')
      .limit(FORGOTTEN_AT_ONCE),
  )
  const forget = session.prepare((p: Omit<Schema['idempotency_keys'], 'body_digest' | 'response'>) =>
    session.sql
      .deleteFrom('idempotency_keys')
      .where('principal', '=', p.principal)
      .where('method', '=', p.method)
      .where('path', '=', p.path)
      .where('key', '=', p.key)
      // Somebody may have claimed it anew.
      .where('expires_at', '=', p.expires_at),
  )
  return {
    claimIdempotencyKey: async (scope, at, expiresAt): Promise<IdempotencyClaim> => {
      const row = scopeRow(scope)
      const expires_at = expiresAt.getTime()
      if ((await claim({ ...row, expires_at })).length > 0) return { kind: 'new' }
      const [before] = await find('update', row)
      if (before === undefined || before.expires_at <= at.getTime()) {
        // Undefined: it has just been forgotten, because it had expired.
        await (before === undefined ? claim : claimAgain)({ ...row, expires_at })
        return { kind: 'new' }
      }
      if (before.body_digest !== scope.bodyDigest) return { kind: 'other-body' }
      return { kind: 'replay', response: before.response ?? '' }
    },
    saveIdempotentResponse: async (scope, response) => {
      const kept = await save({ ...scopeRow(scope), response })
      if (kept.length === 0) throw new RecordMissing('idempotency key', scope.key)
    },
    forgetIdempotencyKeys: async (at) => {
      const rows = await expired({ at: at.getTime() })
      for (const row of rows) await forget(row)
      return rows.length
    },
  } satisfies Partial<EnrolmentStore & IdempotencyUpkeep>
}

type ScopeRow = Omit<Schema['idempotency_keys'], 'expires_at' | 'response'>

function scopeRow({ principal, method, path, key, bodyDigest: body_digest }: IdempotencyScope): ScopeRow {
  return { principal, method, path, key, body_digest }
}

function enrolmentTokenOf(row: Schema['enrolment_tokens']): EnrolmentTokenRecord {
  return {
    hash: row.hash,
    identity: row.identity,
    createdBy: row.created_by,
    createdAt: instantOf(row.created_at),
    expiresAt: instantOf(row.expires_at),
  }
}
