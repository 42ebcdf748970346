// The sealed keys of every table, for a rotation of the master key (enrollment/sealed-key-store.ts).
import { sql, type SqlBool } from 'kysely'
import type {
  CertifiedPlace,
  SealedKeyStore,
  SealedKind,
  SealedPlace,
  SealedRow,
} from '../enrollment/sealed-key-store.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

/** One kind: its pages, and the swap of one row. */
interface SealedTable<Place extends SealedPlace> {
  readonly page: (after: Place | undefined, limit: number) => Promise<readonly SealedRow[]>
  readonly swap: (place: Place, seen: Uint8Array, sealedKey: Uint8Array) => Promise<number>
}

type PlaceOf<Kind extends SealedKind> = Extract<SealedPlace, { kind: Kind }>

export function sealedTables(session: Session): SealedKeyStore {
  const tables = {
    issuer: issuers(session),
    server: certifiedKeys(session, 'server_keys', (place) => ({ kind: 'server', ...place })),
    snapshot: certifiedKeys(session, 'snapshot_keys', (place) => ({ kind: 'snapshot', ...place })),
    responder: certifiedKeys(session, 'responder_keys', (place) => ({ kind: 'responder', ...place })),
    token: tokenKeys(session),
    member: memberKeys(session),
    connector: modelCredentials(session),
  }
  return {
    sealedKeys: (kind, after, limit) => pageOf(tables, kind, after, limit),
    replaceSealedKey: async ({ place, sealedKey: seen }, sealedKey) =>
      (await swapIn(tables, place, seen, sealedKey)) === 1,
  }
}

type SealedTables = { readonly [Kind in SealedKind]: SealedTable<PlaceOf<Kind>> }

function pageOf(tables: SealedTables, kind: SealedKind, after: SealedPlace | undefined, limit: number) {
  switch (kind) {
    case 'issuer':
      return tables.issuer.page(after?.kind === kind ? after : undefined, limit)
    case 'server':
      return tables.server.page(after?.kind === kind ? after : undefined, limit)
    case 'snapshot':
      return tables.snapshot.page(after?.kind === kind ? after : undefined, limit)
    case 'responder':
      return tables.responder.page(after?.kind === kind ? after : undefined, limit)
    case 'token':
      return tables.token.page(after?.kind === kind ? after : undefined, limit)
    case 'member':
      return tables.member.page(after?.kind === kind ? after : undefined, limit)
    case 'connector':
      return tables.connector.page(after?.kind === kind ? after : undefined, limit)
    default:
      return kind satisfies never
  }
}

function swapIn(tables: SealedTables, place: SealedPlace, seen: Uint8Array, sealedKey: Uint8Array): Promise<number> {
  switch (place.kind) {
    case 'issuer':
      return tables.issuer.swap(place, seen, sealedKey)
    case 'server':
      return tables.server.swap(place, seen, sealedKey)
    case 'snapshot':
      return tables.snapshot.swap(place, seen, sealedKey)
    case 'responder':
      return tables.responder.swap(place, seen, sealedKey)
    case 'token':
      return tables.token.swap(place, seen, sealedKey)
    case 'member':
      return tables.member.swap(place, seen, sealedKey)
    case 'connector':
      return tables.connector.swap(place, seen, sealedKey)
    default:
      return place satisfies never
  }
}

function issuers(session: Session): SealedTable<PlaceOf<'issuer'>> {
  const page = session.prepare((p: { after: string; limit: number }) =>
    session.sql
      .selectFrom('issuers')
      .select(['id', 'sealed_key'])
      .where('sealed_key', 'is not', null)
      .where(sql<SqlBool>`id > ${p.after}`)
      .orderBy('id')
      .limit(p.limit),
  )
  const swap = session.prepareChange((p: Pick<Schema['issuers'], 'id'> & Swap) =>
    session.sql
      .updateTable('issuers')
      .set({ sealed_key: p.sealed_key })
      .where('id', '=', p.id)
      .where('sealed_key', '=', p.seen),
  )
  return {
    page: async (after, limit) =>
      (await page({ after: after?.id ?? '', limit })).flatMap(({ id, sealed_key: sealedKey }) =>
        sealedKey === null ? [] : [{ place: { kind: 'issuer', id }, sealedKey }],
      ),
    swap: ({ id }, seen, sealed_key) => swap({ id, seen, sealed_key }),
  }
}

interface Swap {
  readonly seen: Uint8Array
  readonly sealed_key: Uint8Array
}

/** Keys that stand beside their certificate. */
function certifiedKeys<Place extends PlaceOf<'server'> | PlaceOf<'snapshot'> | PlaceOf<'responder'>>(
  session: Session,
  table: 'server_keys' | 'snapshot_keys' | 'responder_keys',
  placeOf: (place: CertifiedPlace) => Place,
): SealedTable<Place> {
  const page = session.prepare((p: { after: string; limit: number }) =>
    session.sql
      .selectFrom(table)
      .select(['serial', 'certificate', 'sealed_key'])
      .where(sql<SqlBool>`serial > ${p.after}`)
      .orderBy('serial')
      .limit(p.limit),
  )
  const swap = session.prepareChange((p: Pick<Schema['server_keys'], 'serial'> & Swap) =>
    session.sql
      .updateTable(table)
      .set({ sealed_key: p.sealed_key })
      .where('serial', '=', p.serial)
      .where('sealed_key', '=', p.seen),
  )
  return {
    page: async (after, limit) =>
      (await page({ after: after?.serial ?? '', limit })).map(({ serial, certificate, sealed_key: sealedKey }) => ({
        place: placeOf({ serial, certificate }),
        sealedKey,
      })),
    swap: ({ serial }, seen, sealed_key) => swap({ serial, seen, sealed_key }),
  }
}

function tokenKeys(session: Session): SealedTable<PlaceOf<'token'>> {
  const page = session.prepare((p: { after: string; limit: number }) =>
    session.sql
      .selectFrom('token_keys')
      .select(['kid', 'sealed_key'])
      .where('kid', '>', p.after)
      .orderBy('kid')
      .limit(p.limit),
  )
  const swap = session.prepareChange((p: Pick<Schema['token_keys'], 'kid'> & Swap) =>
    session.sql
      .updateTable('token_keys')
      .set({ sealed_key: p.sealed_key })
      .where('kid', '=', p.kid)
      .where('sealed_key', '=', p.seen),
  )
  return {
    page: async (after, limit) =>
      (await page({ after: after?.kid ?? '', limit })).map(({ kid, sealed_key: sealedKey }) => ({
        place: { kind: 'token', kid },
        sealedKey,
      })),
    swap: ({ kid }, seen, sealed_key) => swap({ kid, seen, sealed_key }),
  }
}

function memberKeys(session: Session): SealedTable<PlaceOf<'member'>> {
  const page = session.prepare((p: { project: string; user: string; limit: number }) =>
    session.sql
      .selectFrom('member_keys')
      .select(['project', 'user_name', 'key_fingerprint', 'sealed_key'])
      .where(sql<SqlBool>`(project, user_name) > (${p.project}, ${p.user})`)
      .orderBy('project')
      .orderBy('user_name')
      .limit(p.limit),
  )
  const swap = session.prepareChange((p: Pick<Schema['member_keys'], 'project' | 'user_name'> & Swap) =>
    session.sql
      .updateTable('member_keys')
      .set({ sealed_key: p.sealed_key })
      .where('project', '=', p.project)
      .where('user_name', '=', p.user_name)
      .where('sealed_key', '=', p.seen),
  )
  return {
    page: async (after, limit) => {
      const rows = await page({ project: after?.project ?? '', user: after?.user ?? '', limit })
      return rows.map(({ project, user_name: user, key_fingerprint: keyFingerprint, sealed_key: sealedKey }) => ({
        place: { kind: 'member', project, user, keyFingerprint },
        sealedKey,
      }))
    },
    swap: ({ project, user }, seen, sealed_key) => swap({ project, user_name: user, seen, sealed_key }),
  }
}

function modelCredentials(session: Session): SealedTable<PlaceOf<'connector'>> {
  const page = session.prepare((p: { after: string; limit: number }) =>
    session.sql
      .selectFrom('models')
      .select(['id', 'sealed_credential'])
      .where('sealed_credential', 'is not', null)
      .where(sql<SqlBool>`id > ${p.after}`)
      .orderBy('id')
      .limit(p.limit),
  )
  const swap = session.prepareChange((p: { id: string } & Swap) =>
    session.sql
      .updateTable('models')
      .set({ sealed_credential: p.sealed_key })
      .where('id', '=', p.id)
      .where('sealed_credential', '=', p.seen),
  )
  return {
    page: async (after, limit) =>
      (await page({ after: after?.model ?? '', limit })).flatMap(({ id: model, sealed_credential: sealedKey }) =>
        sealedKey === null ? [] : [{ place: { kind: 'connector', model }, sealedKey }],
      ),
    swap: ({ model }, seen, sealed_key) => swap({ id: model, seen, sealed_key }),
  }
}
