// Model groups and models (enrollment/model-store.ts). Rows go when what they tell of is deleted: who had what is in the audit record.
import { NameTaken } from '../domain/name-taken.ts'
import type { Model, ModelDetails, ModelGroup, ModelStore } from '../enrollment/model-store.ts'
import { decodeList, encodeList, instantOf, present } from './columns.ts'
import { readPage } from './cursor.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

type GroupRow = Schema['model_groups']
type ModelRow = Omit<Schema['models'], 'sealed_credential'>

export function modelTables(session: Session) {
  return { ...groupTable(session), ...modelTable(session), ...credentialColumn(session) } satisfies Partial<ModelStore>
}

function groupTable(session: Session) {
  const find = session.prepareRead((p: { id: string }) =>
    session.sql.selectFrom('model_groups').selectAll().where('id', '=', p.id),
  )
  const named = session.prepare((p: { name: string }) =>
    session.sql.selectFrom('model_groups').selectAll().where('name', '=', p.name),
  )
  const insert = session.prepareChange((p: GroupRow) =>
    session.sql
      .insertInto('model_groups')
      .values({
        id: p.id,
        name: p.name,
        description: p.description,
        owner: p.owner,
        access: p.access,
        roles: p.roles,
        latest_version: p.latest_version,
        created_at: p.created_at,
        updated_at: p.updated_at,
      })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const update = session.prepareChange((p: GroupRow) =>
    session.sql
      .updateTable('model_groups')
      .set({
        name: p.name,
        description: p.description,
        access: p.access,
        roles: p.roles,
        latest_version: p.latest_version,
        updated_at: p.updated_at,
      })
      .where('id', '=', p.id),
  )
  const remove = session.prepareChange((p: { id: string }) =>
    session.sql.deleteFrom('model_groups').where('id', '=', p.id),
  )
  const list = session.prepare((p: { after: string; limit: number }) =>
    session.sql.selectFrom('model_groups').selectAll().where('id', '>', p.after).orderBy('id').limit(p.limit),
  )
  return {
    modelGroup: async (id, lock) => {
      const [row] = await find(lock, { id })
      return row && groupOf(row)
    },
    modelGroupNamed: async (name) => {
      const [row] = await named({ name })
      return row && groupOf(row)
    },
    insertModelGroup: async (group) => {
      if ((await insert(groupRow(group))) === 0) throw new NameTaken('model_group_exists', { name: group.name })
    },
    updateModelGroup: async (group) => {
      try {
        await update(groupRow(group))
      } catch (error) {
        throw session.isDuplicate(error) ? new NameTaken('model_group_exists', { name: group.name }) : error
      }
    },
    deleteModelGroup: async (id) => {
      await remove({ id })
    },
    listModelGroups: (page) =>
      readPage<GroupRow, ModelGroup, readonly [string]>(page, {
        name: 'model groups',
        start: [''],
        fetch: ([after], limit) => list({ after, limit }),
        keyOf: (row) => [row.id],
        itemOf: groupOf,
      }),
  } satisfies Partial<ModelStore>
}

/** All but what is sealed: a list has no business with it. */
export const MODEL_COLUMNS = [
  'id',
  'name',
  'version',
  'group_id',
  'creator',
  'hidden',
  'enabled',
  'state',
  'details',
  'created_at',
  'updated_at',
] as const

function modelTable(session: Session) {
  const find = session.prepareRead((p: { id: string }) =>
    session.sql.selectFrom('models').select(MODEL_COLUMNS).where('id', '=', p.id),
  )
  const count = session.prepare((p: { group: string }) =>
    session.sql
      .selectFrom('models')
      .select((row) => row.fn.countAll().as('models'))
      .where('group_id', '=', p.group),
  )
  const insert = session.prepareChange((p: Schema['models']) =>
    session.sql
      .insertInto('models')
      .values({
        id: p.id,
        name: p.name,
        version: p.version,
        group_id: p.group_id,
        creator: p.creator,
        hidden: p.hidden,
        enabled: p.enabled,
        state: p.state,
        details: p.details,
        sealed_credential: p.sealed_credential,
        created_at: p.created_at,
        updated_at: p.updated_at,
      })
      .onConflict((conflict) => conflict.doNothing()),
  )
  // What a model was registered as stays: who made it, and whether it is hidden (row OS41).
  const update = session.prepareChange((p: ModelRow) =>
    session.sql
      .updateTable('models')
      .set({ name: p.name, enabled: p.enabled, state: p.state, details: p.details, updated_at: p.updated_at })
      .where('id', '=', p.id),
  )
  const remove = session.prepareChange((p: { id: string }) => session.sql.deleteFrom('models').where('id', '=', p.id))
  const list = session.prepare((p: { after: string; limit: number }) =>
    session.sql.selectFrom('models').select(MODEL_COLUMNS).where('id', '>', p.after).orderBy('id').limit(p.limit),
  )
  return {
    model: async (id, lock) => {
      const [row] = await find(lock, { id })
      return row && modelOf(row)
    },
    countModelsOf: async (group) => Number((await count({ group }))[0]?.models ?? 0),
    insertModel: async (model, sealed) => {
      const row = { ...modelRow(model), sealed_credential: sealed ?? null }
      if ((await insert(row)) === 0) throw new NameTaken('model_exists', { model: model.id })
    },
    updateModel: async (model) => {
      await update(modelRow(model))
    },
    deleteModel: async (id) => {
      await remove({ id })
    },
    listModels: (page) =>
      readPage<ModelRow, Model, readonly [string]>(page, {
        name: 'models',
        start: [''],
        fetch: ([after], limit) => list({ after, limit }),
        keyOf: (row) => [row.id],
        itemOf: modelOf,
      }),
  } satisfies Partial<ModelStore>
}

function credentialColumn(session: Session) {
  const find = session.prepare((p: { id: string }) =>
    session.sql.selectFrom('models').select('sealed_credential').where('id', '=', p.id),
  )
  const put = session.prepareChange((p: { id: string; sealed: Uint8Array | null }) =>
    session.sql.updateTable('models').set({ sealed_credential: p.sealed }).where('id', '=', p.id),
  )
  return {
    sealedCredential: async (id) => (await find({ id }))[0]?.sealed_credential ?? undefined,
    putSealedCredential: async (id, sealed) => {
      await put({ id, sealed: sealed ?? null })
    },
  } satisfies Partial<ModelStore>
}

function groupRow({ owner, roles, latestVersion, createdAt, updatedAt, ...group }: ModelGroup): GroupRow {
  return {
    ...group,
    owner: owner ?? null,
    roles: encodeList(roles),
    latest_version: latestVersion,
    created_at: createdAt.getTime(),
    updated_at: updatedAt.getTime(),
  }
}

export function groupOf({ owner, roles, latest_version, created_at, updated_at, ...row }: GroupRow): ModelGroup {
  return {
    ...row,
    ...present('owner', owner),
    roles: decodeList(roles),
    latestVersion: latest_version,
    createdAt: instantOf(created_at),
    updatedAt: instantOf(updated_at),
  }
}

function modelRow({ group, hidden, enabled, details, createdAt, updatedAt, ...model }: Model): ModelRow {
  return {
    ...model,
    group_id: group ?? null,
    hidden: hidden ? 1 : 0,
    enabled: enabled ? 1 : 0,
    details: JSON.stringify(details),
    created_at: createdAt.getTime(),
    updated_at: updatedAt.getTime(),
  }
}

/** `details` were written by `modelRow`. */
export function modelOf({ group_id, hidden, enabled, details, created_at, updated_at, ...row }: ModelRow): Model {
  return {
    ...row,
    ...present('group', group_id),
    hidden: hidden === 1,
    enabled: enabled === 1,
    details: JSON.parse(details) as ModelDetails,
    createdAt: instantOf(created_at),
    updatedAt: instantOf(updated_at),
  }
}
