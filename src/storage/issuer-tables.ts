// Issuing keys and the keys of Signet's own server (ca/issuer-store.ts). Private keys stand here sealed, never in clear.
import type { IssuerRecord, IssuerStore, ServerKeyRecord } from '../ca/issuer-store.ts'
import { instantOf, present } from './columns.ts'
import { RecordExists } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export function issuerTables(session: Session): IssuerStore {
  return { ...issuerTable(session), ...serverKeyTable(session) }
}

function issuerTable(session: Session) {
  const insert = session.prepareChange((p: Schema['issuers']) =>
    session.sql
      .insertInto('issuers')
      .values({
        id: p.id,
        authority: p.authority,
        generation: p.generation,
        certificate: p.certificate,
        sealed_key: p.sealed_key,
        created_at: p.created_at,
      })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const all = session.prepare(() =>
    session.sql.selectFrom('issuers').selectAll().orderBy('authority').orderBy('generation'),
  )
  return {
    insertIssuer: async ({ sealedKey, createdAt, ...issuer }) => {
      const kept = await insert({ ...issuer, sealed_key: sealedKey ?? null, created_at: createdAt.getTime() })
      if (kept === 0) throw new RecordExists('issuer', issuer.id)
    },
    issuers: async () => (await all({})).map(issuerOf),
  } satisfies Partial<IssuerStore>
}

function serverKeyTable(session: Session) {
  const insert = session.prepareChange((p: Schema['server_keys']) =>
    session.sql
      .insertInto('server_keys')
      .values({ serial: p.serial, sealed_key: p.sealed_key, certificate: p.certificate, created_at: p.created_at })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const latest = session.prepare(() =>
    session.sql.selectFrom('server_keys').selectAll().orderBy('created_at', 'desc').orderBy('serial').limit(1),
  )
  return {
    insertServerKey: async ({ serial, sealedKey: sealed_key, certificate, createdAt }) => {
      const kept = await insert({ serial, sealed_key, certificate, created_at: createdAt.getTime() })
      if (kept === 0) throw new RecordExists('server key', serial)
    },
    latestServerKey: async () => {
      const [row] = await latest({})
      return row && serverKeyOf(row)
    },
  } satisfies Partial<IssuerStore>
}

function issuerOf({ sealed_key, created_at, ...issuer }: Schema['issuers']): IssuerRecord {
  return { ...issuer, ...present('sealedKey', sealed_key), createdAt: instantOf(created_at) }
}

function serverKeyOf({ sealed_key: sealedKey, created_at, ...key }: Schema['server_keys']): ServerKeyRecord {
  return { ...key, sealedKey, createdAt: instantOf(created_at) }
}
