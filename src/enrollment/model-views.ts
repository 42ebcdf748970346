// What is read of model groups and models, each reader as far as the groups let them in. A hidden model is not there but for
// superadmins, and in no list for anybody (row OS44).
import type { MlAction } from '../access/ml-permissions.ts'
import { isGroupRefusal } from '../access/model-group-rights.ts'
import type { AccessRules } from '../domain/access-policy.ts'
import type { Page, PageRequest } from '../domain/transactions.ts'
import { type ModelActor, type ModelAsker, modelActorOf, requirePermission, type RightsView } from './model-asker.ts'
import { standingTo } from './model-groups.ts'
import { ModelRefused } from './model-refused.ts'
import type { AccessSwitch, Model, ModelGroup } from './model-store.ts'

export interface ModelReading {
  readonly view: RightsView
  readonly actor: ModelActor
  readonly control: AccessSwitch
  readonly rules: AccessRules
}

/** Throws `ModelRefused` (`model_permission_missing`). */
export async function openReading(
  view: RightsView,
  asker: ModelAsker,
  rules: AccessRules,
  action: MlAction,
): Promise<ModelReading> {
  const actor = await modelActorOf(view, asker, rules)
  requirePermission(actor, action)
  return { view, actor, control: await view.accessSwitch('none'), rules }
}

function isVisible(reading: ModelReading, group: ModelGroup): boolean {
  return !isGroupRefusal(standingTo(reading, group))
}

/** Throws `ModelRefused`. */
export async function readModelGroup(reading: ModelReading, id: string): Promise<ModelGroup> {
  const group = await reading.view.modelGroup(id, 'none')
  if (group === undefined) throw new ModelRefused('model_group_unknown', { group: id })
  const standing = standingTo(reading, group)
  if (isGroupRefusal(standing)) throw new ModelRefused('model_group_forbidden', { group: id, reason: standing })
  return group
}

/** Throws `ModelRefused`. */
export async function readModel(reading: ModelReading, id: string): Promise<Model> {
  const model = await reading.view.model(id, 'none')
  if (model === undefined || (model.hidden && reading.actor.standing !== 'superadmin')) {
    throw new ModelRefused('model_unknown', { model: id })
  }
  if (!(await isOpen(reading, model))) throw new ModelRefused('model_forbidden', { model: id })
  return model
}

/** A model without a group is everybody's. */
async function isOpen(reading: ModelReading, { group: id }: Model): Promise<boolean> {
  if (id === undefined) return true
  const group = await reading.view.modelGroup(id, 'none')
  return group !== undefined && isVisible(reading, group)
}

export function listModelGroups(reading: ModelReading, request: PageRequest): Promise<Page<ModelGroup>> {
  return reading.view.listModelGroups({ ...request, shows: (group) => isVisible(reading, group) })
}

export function listModels(reading: ModelReading, request: PageRequest): Promise<Page<Model>> {
  return reading.view.listModels({ ...request, shows: (model) => !model.hidden && isOpen(reading, model) })
}

/** Every page, one after the other. */
export async function everyPage<Item>(list: (request: PageRequest) => Promise<Page<Item>>): Promise<readonly Item[]> {
  const all: Item[] = []
  let cursor: string | undefined
  do {
    const page = await list({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) })
    all.push(...page.items)
    cursor = page.cursor
  } while (cursor !== undefined)
  return all
}
