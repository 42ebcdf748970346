// Models, one version at a time. What a superadmin registers is hidden: nobody else manages it or learns that it is there, and
// everybody who may predict may call it. What a connector needs to be let in is sealed before it is kept, and never read back.
import { isGroupRefusal } from '../access/model-group-rights.ts'
import { changeOfModel } from '../domain/model-change.ts'
import { keptAsJson } from './idempotency.ts'
import { actOnModels, type AskedOfModels, auditModels, type ModelAct, type ModelContext } from './model-act.ts'
import { makeModelId, presentGroup, removeModelGroup, standingTo } from './model-groups.ts'
import { ModelRefused } from './model-refused.ts'
import type { Model, ModelDetails, ModelGroup } from './model-store.ts'
import { modelCredentialContext } from './sealed-keys.ts'

export type Credentials = Readonly<Record<string, string>>

export interface WantedModel {
  readonly name: string
  readonly group?: string | undefined
  readonly enabled: boolean
  readonly state: Model['state']
  readonly details: ModelDetails
  readonly credentials?: Credentials | undefined
}

const KEPT_MODEL = keptAsJson<Model>('createdAt', 'updatedAt')

export async function registerModel(context: ModelContext, asked: AskedOfModels & WantedModel): Promise<Model> {
  return actOnModels(context, asked, 'register_model', KEPT_MODEL, async (act) => {
    const group = asked.group === undefined ? undefined : await usableGroup(act, asked.group)
    const hidden = act.actor.standing === 'superadmin'
    // Whoever was told of a hidden model calls it by its name.
    const id = hidden ? hiddenId(asked.name) : makeModelId(context)
    const version = (group?.latestVersion ?? 0) + 1
    const model: Model = {
      id,
      name: asked.name,
      version,
      ...(group === undefined ? {} : { group: group.id }),
      creator: act.actor.principal,
      hidden,
      enabled: asked.enabled,
      state: asked.state,
      details: asked.details,
      createdAt: act.at,
      updatedAt: act.at,
    }
    await act.tx.insertModel(model, await sealed(act, id, asked.credentials))
    if (group !== undefined) await act.tx.updateModelGroup({ ...group, latestVersion: version, updatedAt: act.at })
    await recordModel(act, 'model.register', model, 'active')
    return model
  })
}

function hiddenId(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) throw new ModelRefused('hidden_name_rejected')
  return name
}

/** For every version of its own: whom the group lets in. */
async function usableGroup(act: ModelAct, id: string): Promise<ModelGroup> {
  const group = await presentGroup(act, id, 'update')
  if (isGroupRefusal(standingTo(act, group))) throw new ModelRefused('model_group_forbidden', { group: id })
  return group
}

export interface ModelUpdate {
  readonly id: string
  readonly name?: string | undefined
  readonly enabled?: boolean | undefined
  readonly details?: Partial<ModelDetails> | undefined
  readonly credentials?: Credentials | undefined
}

export async function updateModel(context: ModelContext, asked: AskedOfModels & ModelUpdate): Promise<Model> {
  return actOnModels(context, asked, 'update_model', KEPT_MODEL, async (act) => {
    const before = await manageableModel(act, asked.id)
    const { name = before.name, enabled = before.enabled } = asked
    const model: Model = {
      ...before,
      name,
      enabled,
      details: { ...before.details, ...asked.details },
      updatedAt: act.at,
    }
    await act.tx.updateModel(model)
    // A new connector comes with its own credentials, or with none: the old ones were for where the old one led.
    if (asked.details?.connector !== undefined) {
      await act.tx.putSealedCredential(model.id, await sealed(act, model.id, asked.credentials))
    }
    await recordModel(act, 'model.update', model, 'active')
    return model
  })
}

export async function setModelState(
  context: ModelContext,
  asked: AskedOfModels & { readonly id: string; readonly state: Model['state'] },
): Promise<Model> {
  const action = asked.state === 'deployed' ? 'deploy_model' : 'undeploy_model'
  return actOnModels(context, asked, action, KEPT_MODEL, async (act) => {
    const model: Model = { ...(await manageableModel(act, asked.id)), state: asked.state, updatedAt: act.at }
    await act.tx.updateModel(model)
    await recordModel(act, asked.state === 'deployed' ? 'model.deploy' : 'model.undeploy', model, 'active')
    return model
  })
}

/** The last version takes its group along (row OS36). */
export async function deleteModel(
  context: ModelContext,
  asked: AskedOfModels & { readonly id: string },
): Promise<Model> {
  return actOnModels(context, asked, 'models/delete', KEPT_MODEL, async (act) => {
    const model = await manageableModel(act, asked.id)
    if (model.state === 'deployed') throw new ModelRefused('model_deployed', { model: model.id })
    await act.tx.deleteModel(model.id)
    await recordModel(act, 'model.delete', model, 'deleted')
    const group = model.group === undefined ? undefined : await act.tx.modelGroup(model.group, 'update')
    if (group !== undefined && (await act.tx.countModelsOf(group.id)) === 0) await removeModelGroup(act, group)
    return model
  })
}

/** Hidden ones are not there but for superadmins. Throws `ModelRefused`. */
async function manageableModel(act: ModelAct, id: string): Promise<Model> {
  const found = await act.tx.model(id, 'none')
  // The group first, as everywhere: whoever deletes the last version holds it.
  const group = found?.group === undefined ? undefined : await act.tx.modelGroup(found.group, 'update')
  const model = await act.tx.model(id, 'update')
  if (model === undefined || (model.hidden && act.actor.standing !== 'superadmin')) {
    throw new ModelRefused('model_unknown', { model: id })
  }
  if (group !== undefined && isGroupRefusal(standingTo(act, group)))
    throw new ModelRefused('model_forbidden', { model: id })
  return model
}

async function recordModel(
  act: ModelAct,
  what: 'model.register' | 'model.update' | 'model.deploy' | 'model.undeploy' | 'model.delete',
  model: Model,
  status: 'active' | 'deleted',
): Promise<void> {
  const { id, name, version, group = '', hidden, enabled } = model
  await act.tx.change(changeOfModel(model, status))
  await auditModels(act, what, `model:${id}`, { name, version, group, hidden, enabled })
}

/** With the key that seals, held for the act. */
async function sealed(
  { context, tx }: ModelAct,
  model: string,
  credentials: Credentials | undefined,
): Promise<Uint8Array | undefined> {
  if (credentials === undefined || Object.keys(credentials).length === 0) return undefined
  const { keyStore, installation } = context.vault
  const secret = Buffer.from(JSON.stringify(credentials))
  const bytes = keyStore.sealEntrusted(
    secret,
    modelCredentialContext(installation, model),
    await tx.sealingKey('share'),
  )
  secret.fill(0)
  return bytes
}
