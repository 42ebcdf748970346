// Enrolment tokens (by their hash) and idempotency keys (enrollment/enrolment-store.ts).
import { hash } from 'node:crypto'
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
import { FORGOTTEN_AT_ONCE } from './upkeep.ts'

export interface IdempotencyUpkeep {
  /** Deletes some of those that have expired at `at`, and tells how many. */
  forgetIdempotencyKeys(at: Date): Promise<number>
}

export function enrolmentTables(session: Session): EnrolmentStore & IdempotencyUpkeep {
  return { ...enrolmentTokenTable(session), ...idempotencyTable(session) }
}

function enrolmentTokenTable(session: Session) {
  const insert = session.prepareChange((p: Omit<Schema['enrolment_tokens'], 'spent_at' | 'voided_at'>) =>
    session.sql
      .insertInto('enrolment_tokens')
      .values({
        hash: p.hash,
        identity: p.identity,
        created_by: p.created_by,
        created_with: p.created_with,
        created_at: p.created_at,
        expires_at: p.expires_at,
      })
      .onConflict((conflict) => conflict.column('hash').doNothing()),
  )
  const find = session.prepareRead((p: { hash: string }) =>
    session.sql.selectFrom('enrolment_tokens').selectAll().where('hash', '=', p.hash),
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
    insertEnrolmentToken: async ({ hash, identity, createdBy, createdWith, createdAt, expiresAt }) => {
      const instants = { created_at: createdAt.getTime(), expires_at: expiresAt.getTime() }
      const kept = await insert({ hash, identity, created_by: createdBy, created_with: createdWith, ...instants })
      if (kept === 0) throw new RecordExists('enrolment token', hash)
    },
    enrolmentToken: async (hash) => {
      const [row] = await find('share', { hash })
      return row && enrolmentTokenOf(row)
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
  const claim = session.prepareChange((p: Omit<IdempotencyRow, 'response'>) =>
    session.sql
      .insertInto('idempotency_keys')
      .values({ scope: p.scope, body_digest: p.body_digest, expires_at: p.expires_at })
      .onConflict((conflict) => conflict.column('scope').doNothing()),
  )
  const find = session.prepareRead((p: { scope: string }) =>
    session.sql.selectFrom('idempotency_keys').selectAll().where('scope', '=', p.scope),
  )
  const forgetOne = session.prepareChange((p: { scope: string; at: number }) =>
    session.sql.deleteFrom('idempotency_keys').where('scope', '=', p.scope).where('expires_at', '<=', p.at),
  )
  const save = session.prepareChange((p: Omit<IdempotencyRow, 'expires_at'>) =>
    session.sql
      .updateTable('idempotency_keys')
      .set({ response: p.response })
      .where('scope', '=', p.scope)
      .where('body_digest', '=', p.body_digest),
  )
  const forget = session.prepare((p: { at: number }) =>
    session.sql
      .deleteFrom('idempotency_keys')
      .where('position', 'in', (rows) =>
        rows.selectFrom('idempotency_keys').select('position').orderBy('position').limit(FORGOTTEN_AT_ONCE),
      )
      .where('expires_at', '<=', p.at)
      .returning('position'),
  )
  return {
    claimIdempotencyKey: async (scope, at, expiresAt): Promise<IdempotencyClaim> => {
      const row = { scope: digestOf(scope), body_digest: scope.bodyDigest, expires_at: expiresAt.getTime() }
      // Of two that find one expired row, one claims it anew; the other goes round, and finds the new row.
      for (;;) {
        if ((await claim(row)) > 0) return { kind: 'new' }
        const [before] = await find('update', row)
        if (before !== undefined && before.expires_at > at.getTime()) return claimedBefore(before, scope)
        // A new row, so that the rows stay in the order in which they expire.
        await forgetOne({ scope: row.scope, at: at.getTime() })
      }
    },
    saveIdempotentResponse: async (scope, response) => {
      const kept = await save({ scope: digestOf(scope), body_digest: scope.bodyDigest, response })
      if (kept === 0) throw new RecordMissing('idempotency key', scope.key)
    },
    forgetIdempotencyKeys: async (at) => (await forget({ at: at.getTime() })).length,
  } satisfies Partial<EnrolmentStore & IdempotencyUpkeep>
}

function claimedBefore({ body_digest, response }: IdempotencyRow, { bodyDigest }: IdempotencyScope): IdempotencyClaim {
  return body_digest === bodyDigest ? { kind: 'replay', response: response ?? '' } : { kind: 'other-body' }
}

type IdempotencyRow = Omit<Schema['idempotency_keys'], 'position'>

/** One short unique key, wherever the request went. JSON keeps the parts apart. */
function digestOf({ principal, method, path, key }: IdempotencyScope): string {
  return hash('sha256', JSON.stringify([principal, method, path, key]), 'base64url')
}

function enrolmentTokenOf(row: Schema['enrolment_tokens']): EnrolmentTokenRecord {
  return {
    hash: row.hash,
    identity: row.identity,
    createdBy: row.created_by,
    createdWith: row.created_with,
    createdAt: instantOf(row.created_at),
    expiresAt: instantOf(row.expires_at),
  }
}
