// Model groups: registered by whoever holds the role for it, owned by them, changed and deleted by whom their access lets in. The texts
// of OpenSearch are the edge's (http/opensearch/); the order in which something is refused is here.
import { groupStanding, type GroupStanding, isGroupRefusal } from '../access/model-group-rights.ts'
import { changeOfGroup } from '../domain/model-change.ts'
import { accessOfNew, accessOfUpdated, saysAccess, type WantedAccess } from './group-access.ts'
import { keptAsJson } from './idempotency.ts'
import { actOnModels, type AskedOfModels, auditModels, type ModelAct, type ModelContext } from './model-act.ts'
import { ModelRefused } from './model-refused.ts'
import type { ModelGroup } from './model-store.ts'
import { NameTaken } from '../domain/name-taken.ts'

/** As OpenSearch makes them: 120 random bits, base64url. */
const ID_BYTES = 15

const KEPT_GROUP = keptAsJson<ModelGroup>('createdAt', 'updatedAt')

export function makeModelId({ random }: Pick<ModelContext, 'random'>): string {
  return Buffer.from(random(ID_BYTES)).toString('base64url')
}

/** Who the caller is to a group; with the switch off everybody may everything. */
export function standingTo(
  { actor, rules, control }: Pick<ModelAct, 'actor' | 'rules' | 'control'>,
  group: ModelGroup,
): GroupStanding {
  return control === 'disabled' ? 'public' : groupStanding(group, actor, rules)
}

export async function registerModelGroup(
  context: ModelContext,
  asked: AskedOfModels & WantedAccess & { readonly name: string; readonly description: string },
): Promise<ModelGroup> {
  return actOnModels(context, asked, 'register_model_group', KEPT_GROUP, async (act) => {
    const { tx, actor, control, at } = act
    const access = accessOfNew(asked, actor, control)
    await refuseTakenName(act, asked.name)
    const group: ModelGroup = {
      id: makeModelId(context),
      name: asked.name,
      description: asked.description,
      ...(control === 'disabled' ? {} : { owner: actor.name }),
      ...access,
      latestVersion: 0,
      createdAt: at,
      updatedAt: at,
    }
    await tx.insertModelGroup(group)
    await tx.change(changeOfGroup(group, 'active'))
    await auditModels(act, 'model-group.register', `model-group:${group.id}`, factsOf(group))
    return group
  })
}

export async function updateModelGroup(
  context: ModelContext,
  asked: AskedOfModels &
    WantedAccess & {
      readonly id: string
      readonly name?: string | undefined
      readonly description?: string | undefined
    },
): Promise<ModelGroup> {
  return actOnModels(context, asked, 'update_model_group', KEPT_GROUP, async (act) => {
    const before = await presentGroup(act, asked.id, 'update')
    requireChangeable(act, before, asked)
    if (asked.name !== undefined && asked.name !== before.name) await refuseTakenName(act, asked.name)
    const access = accessOfUpdated(asked, before, act.actor, act.control)
    const { name = before.name, description = before.description } = asked
    const group: ModelGroup = { ...before, name, description, ...access, updatedAt: act.at }
    await act.tx.updateModelGroup(group)
    await act.tx.change(changeOfGroup(group, 'active'))
    await auditModels(act, 'model-group.update', `model-group:${group.id}`, factsOf(group))
    return group
  })
}

export interface GroupDeletion {
  readonly id: string
  readonly result: 'deleted' | 'not_found'
}

/** What is not there is deleted for administrators, and unknown to others (row OS35). */
export async function deleteModelGroup(
  context: ModelContext,
  asked: AskedOfModels & { readonly id: string },
): Promise<GroupDeletion> {
  return actOnModels(context, asked, 'model_groups/delete', keptAsJson<GroupDeletion>(), async (act) => {
    const { tx, actor, control } = act
    const { id } = asked
    const group = await tx.modelGroup(id, 'update')
    if (group === undefined) {
      if (actor.manages === 'own' && control === 'enabled') throw new ModelRefused('model_group_unknown', { group: id })
      return { id, result: 'not_found' }
    }
    if (isGroupRefusal(standingTo(act, group))) throw new ModelRefused('model_group_undeletable', { group: id })
    if ((await tx.countModelsOf(id)) > 0) throw new ModelRefused('model_group_in_use', { group: id })
    await removeModelGroup(act, group)
    return { id, result: 'deleted' }
  })
}

export async function removeModelGroup(act: ModelAct, group: ModelGroup): Promise<void> {
  await act.tx.deleteModelGroup(group.id)
  await act.tx.change(changeOfGroup(group, 'deleted'))
  await auditModels(act, 'model-group.delete', `model-group:${group.id}`, { name: group.name })
}

/** Throws `ModelRefused` (`model_group_unknown`). */
export async function presentGroup({ tx }: ModelAct, id: string, lock: 'share' | 'update'): Promise<ModelGroup> {
  const group = await tx.modelGroup(id, lock)
  if (group === undefined) throw new ModelRefused('model_group_unknown', { group: id })
  return group
}

/** Whoever the group lets in changes its name and its description; its access its owner and administrators alone. */
function requireChangeable(act: ModelAct, group: ModelGroup, wanted: WantedAccess): void {
  const standing = standingTo(act, group)
  if (act.control === 'enabled' && saysAccess(wanted) && standing !== 'owner' && standing !== 'manager') {
    throw isOwnerWithoutRole(act, group)
      ? ownerWithoutRole(group)
      : new ModelRefused(isGroupRefusal(standing) ? 'model_group_access_closed' : 'model_group_owner_only', {
          group: group.id,
        })
  }
  if (isGroupRefusal(standing)) {
    throw isOwnerWithoutRole(act, group)
      ? ownerWithoutRole(group)
      : new ModelRefused('model_group_unchangeable', { group: group.id })
  }
  // It is public for ever: a mode of access would say what does not hold.
  if (group.owner === undefined && saysAccess(wanted) && act.control === 'enabled') {
    throw new ModelRefused('model_group_access_fixed', { group: group.id })
  }
}

function isOwnerWithoutRole({ actor }: ModelAct, group: ModelGroup): boolean {
  return group.access === 'restricted' && group.owner === actor.name
}

function ownerWithoutRole(group: ModelGroup): ModelRefused {
  return new ModelRefused('owner_without_role', { group: group.id })
}

/** Whose the name is, is told to those who see it alone (row OS12). */
async function refuseTakenName(act: ModelAct, name: string): Promise<void> {
  const holder = await act.tx.modelGroupNamed(name)
  if (holder === undefined) return
  const isSeen = !isGroupRefusal(standingTo(act, holder))
  throw new NameTaken('model_group_exists', { name, ...(isSeen ? { group: holder.id } : {}) })
}

function factsOf({ name, owner = '', access, roles }: ModelGroup) {
  return { name, owner, access, roles }
}
