// Issuing keys and the keys of Signet's own server (ca/issuer-store.ts). Private keys stand here sealed, never in clear.
import type { IssuerRecord, IssuerStore, OwnKeyRecord } from '../ca/issuer-store.ts'
import { instantOf, present } from './columns.ts'
import { RecordExists } from './errors.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

export function issuerTables(session: Session): IssuerStore {
  return { ...issuerTable(session), ...serverKeyTable(session), ...responderKeyTable(session) }
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
  const server = keyTable(session, 'server_keys', 'server key')
  const snapshot = keyTable(session, 'snapshot_keys', 'snapshot key')
  return {
    insertServerKey: server.insert,
    latestServerKey: server.latest,
    insertSnapshotKey: snapshot.insert,
    latestSnapshotKey: snapshot.latest,
  } satisfies Partial<IssuerStore>
}

/** Keys of the service's own, each with its certificate. */
function keyTable(session: Session, table: 'server_keys' | 'snapshot_keys', what: string) {
  const insert = session.prepareChange((p: Schema['server_keys']) =>
    session.sql
      .insertInto(table)
      .values({ serial: p.serial, sealed_key: p.sealed_key, certificate: p.certificate, created_at: p.created_at })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const latest = session.prepare(() =>
    session.sql.selectFrom(table).selectAll().orderBy('created_at', 'desc').orderBy('serial').limit(1),
  )
  return {
    insert: async ({ serial, sealedKey: sealed_key, certificate, createdAt }: OwnKeyRecord): Promise<void> => {
      const kept = await insert({ serial, sealed_key, certificate, created_at: createdAt.getTime() })
      if (kept === 0) throw new RecordExists(what, serial)
    },
    latest: async (): Promise<OwnKeyRecord | undefined> => {
      const [row] = await latest({})
      return row && serverKeyOf(row)
    },
  }
}

/** As those above, for each issuer. */
function responderKeyTable(session: Session) {
  const insert = session.prepareChange((p: Schema['responder_keys']) =>
    session.sql
      .insertInto('responder_keys')
      .values({
        serial: p.serial,
        issuer: p.issuer,
        sealed_key: p.sealed_key,
        certificate: p.certificate,
        created_at: p.created_at,
      })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const latest = session.prepare((p: Pick<Schema['responder_keys'], 'issuer'>) =>
    session.sql
      .selectFrom('responder_keys')
      .select(['serial', 'sealed_key', 'certificate', 'created_at'])
      .where('issuer', '=', p.issuer)
      .orderBy('created_at', 'desc')
      .orderBy('serial')
      .limit(1),
  )
  return {
    insertResponderKey: async (issuer, { serial, sealedKey: sealed_key, certificate, createdAt }) => {
      const kept = await insert({ serial, issuer, sealed_key, certificate, created_at: createdAt.getTime() })
      if (kept === 0) throw new RecordExists('responder key', serial)
    },
    latestResponderKey: async (issuer) => {
      const [row] = await latest({ issuer })
      return row && serverKeyOf(row)
    },
  } satisfies Partial<IssuerStore>
}

function issuerOf({ sealed_key, created_at, ...issuer }: Schema['issuers']): IssuerRecord {
  return { ...issuer, ...present('sealedKey', sealed_key), createdAt: instantOf(created_at) }
}

function serverKeyOf({ sealed_key: sealedKey, created_at, ...key }: Schema['server_keys']): OwnKeyRecord {
  return { ...key, sealedKey, createdAt: instantOf(created_at) }
}
