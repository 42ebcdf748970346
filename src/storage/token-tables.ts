// Tokens that were issued and the keys that sign them (tokens/token-store.ts). A token itself is stored nowhere.
import { sql, type SqlBool } from 'kysely'
import type { TokenKeyRecord, TokenRecord, TokenStore } from '../tokens/token-store.ts'
import { instantOf, optionalInstant, present, presentInstant } from './columns.ts'
import { readPage } from './cursor.ts'
import { RecordExists, RecordMissing } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

type TokenRow = Omit<Schema['tokens'], 'position'>

export function tokenTables(session: Session): TokenStore {
  return { ...tokenTable(session), ...tokenKeyTable(session) }
}

/** Written out, because an index of a part of the table is used only when the text of its condition is there. */
export const FOR_ANOTHER = sql<SqlBool>`requester <> subject`

function tokenTable(session: Session) {
  const insert = session.prepareChange((p: TokenRow) =>
    session.sql
      .insertInto('tokens')
      .values({
        jti: p.jti,
        subject: p.subject,
        audience: p.audience,
        issued_at: p.issued_at,
        expires_at: p.expires_at,
        requester: p.requester,
        certificate_serial: p.certificate_serial,
        revoked_at: p.revoked_at,
      })
      .onConflict((conflict) => conflict.column('jti').doNothing()),
  )
  const find = session.prepare((p: { jti: string }) =>
    session.sql.selectFrom('tokens').selectAll().where('jti', '=', p.jti),
  )
  const revoke = session.prepareChange((p: { jti: string; at: number }) =>
    session.sql
      .updateTable('tokens')
      .set((row) => ({ revoked_at: row.fn.coalesce('revoked_at', row.val(p.at)) }))
      .where('jti', '=', p.jti),
  )
  const live = session.prepare((p: { subject: string; at: number }) =>
    session.sql
      .selectFrom('tokens')
      .selectAll()
      .where('subject', '=', p.subject)
      .where('expires_at', '>', p.at)
      .where('revoked_at', 'is', null)
      .orderBy('expires_at'),
  )
  const forOthers = session.prepare((p: { requester: string; at: number }) =>
    session.sql
      .selectFrom('tokens')
      .selectAll()
      .where(FOR_ANOTHER)
      .where('requester', '=', p.requester)
      .where('expires_at', '>', p.at)
      .where('revoked_at', 'is', null)
      .orderBy('expires_at'),
  )
  const audiences = session.prepare((p: { at: number }) =>
    session.sql
      .selectFrom('tokens')
      .select('audience')
      .distinct()
      .where('expires_at', '>', p.at)
      .where('revoked_at', 'is', null)
      .orderBy('audience'),
  )
  const list = session.prepare((p: { requester: string; before: number; limit: number }) =>
    session.sql
      .selectFrom('tokens')
      .selectAll()
      .where('requester', '=', p.requester)
      .where('position', '<', p.before)
      .orderBy('position', 'desc')
      .limit(p.limit),
  )
  return {
    insertToken: async (record) => {
      const kept = await insert(tokenRow(record))
      if (kept === 0) throw new RecordExists('token', record.jti)
    },
    token: async (jti) => {
      const [row] = await find({ jti })
      return row && tokenOf(row)
    },
    revokeToken: async (jti, at) => {
      const kept = await revoke({ jti, at: at.getTime() })
      if (kept === 0) throw new RecordMissing('token', jti)
    },
    liveTokensOf: async (subject, at) => (await live({ subject, at: at.getTime() })).map(tokenOf),
    liveTokensForOthers: async (requester, at) => (await forOthers({ requester, at: at.getTime() })).map(tokenOf),
    liveTokenAudiences: async (at) => (await audiences({ at: at.getTime() })).map(({ audience }) => audience),
    listTokens: (requester, page) =>
      readPage(page, {
        name: `tokens ${requester}`,
        start: [Number.MAX_SAFE_INTEGER] as const,
        fetch: ([before], limit) => list({ requester, before, limit }),
        keyOf: (row) => [row.position] as const,
        itemOf: tokenOf,
      }),
  } satisfies Partial<TokenStore>
}

function tokenKeyTable(session: Session) {
  const insert = session.prepareChange((p: Schema['token_keys']) =>
    session.sql
      .insertInto('token_keys')
      .values({
        kid: p.kid,
        algorithm: p.algorithm,
        public_jwk: p.public_jwk,
        sealed_key: p.sealed_key,
        created_at: p.created_at,
        signs_from: p.signs_from,
        signs_until: p.signs_until,
        published_until: p.published_until,
      })
      .onConflict((conflict) => conflict.column('kid').doNothing()),
  )
  const setLife = session.prepareChange(
    (p: Pick<Schema['token_keys'], 'kid' | 'signs_from' | 'signs_until' | 'published_until'>) =>
      session.sql
        .updateTable('token_keys')
        .set({ signs_from: p.signs_from, signs_until: p.signs_until, published_until: p.published_until })
        .where('kid', '=', p.kid),
  )
  const published = session.prepare((p: { at: number }) =>
    session.sql
      .selectFrom('token_keys')
      .selectAll()
      .where('published_until', '>', p.at)
      .orderBy('created_at')
      .orderBy('kid'),
  )
  return {
    insertTokenKey: async (record) => {
      const kept = await insert(tokenKeyRow(record))
      if (kept === 0) throw new RecordExists('token key', record.kid)
    },
    setTokenKeyLife: async ({ kid, signsFrom, signsUntil, publishedUntil }) => {
      const kept = await setLife({
        kid,
        signs_from: signsFrom.getTime(),
        signs_until: signsUntil.getTime(),
        published_until: publishedUntil.getTime(),
      })
      if (kept === 0) throw new RecordMissing('token key', kid)
    },
    tokenKeys: async (at) => (await published({ at: at.getTime() })).map(tokenKeyOf),
  } satisfies Partial<TokenStore>
}

function tokenRow(record: TokenRecord): TokenRow {
  const { jti, subject, audience, requester } = record
  return {
    jti,
    subject,
    audience,
    requester,
    issued_at: record.issuedAt.getTime(),
    expires_at: record.expiresAt.getTime(),
    certificate_serial: record.certificateSerial ?? null,
    revoked_at: optionalInstant(record.revokedAt),
  }
}

function tokenOf({ jti, subject, audience, requester, ...row }: TokenRow): TokenRecord {
  return {
    jti,
    subject,
    audience,
    issuedAt: instantOf(row.issued_at),
    expiresAt: instantOf(row.expires_at),
    requester,
    ...present('certificateSerial', row.certificate_serial),
    ...presentInstant('revokedAt', row.revoked_at),
  }
}

function tokenKeyRow(record: TokenKeyRecord): Schema['token_keys'] {
  return {
    kid: record.kid,
    algorithm: record.algorithm,
    public_jwk: record.publicJwk,
    sealed_key: record.sealedKey,
    created_at: record.createdAt.getTime(),
    signs_from: record.signsFrom.getTime(),
    signs_until: record.signsUntil.getTime(),
    published_until: record.publishedUntil.getTime(),
  }
}

function tokenKeyOf(row: Schema['token_keys']): TokenKeyRecord {
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    publicJwk: row.public_jwk,
    sealedKey: row.sealed_key,
    createdAt: instantOf(row.created_at),
    signsFrom: instantOf(row.signs_from),
    signsUntil: instantOf(row.signs_until),
    publishedUntil: instantOf(row.published_until),
  }
}
