// What may be said of a model group's access, when it is registered and when it is updated: the rules of OpenSearch's ML plugin in its
// order (rows OS2 to OS15, OS27 to OS31). Pure; who may ask at all was looked at before.
import { GROUP_ACCESS_MODES, type GroupAccessMode } from '../domain/access-policy.ts'
import { isAdministrator, type ModelActor } from './model-asker.ts'
import { ModelRefused } from './model-refused.ts'
import type { AccessSwitch, ModelGroup } from './model-store.ts'

/** As it was sent. */
export interface WantedAccess {
  readonly accessMode?: string | undefined
  readonly backendRoles?: readonly string[] | undefined
  readonly addAllBackendRoles?: boolean | undefined
}

export type GroupAccess = Pick<ModelGroup, 'access' | 'roles'>

export function saysAccess({ accessMode, backendRoles, addAllBackendRoles }: WantedAccess): boolean {
  return accessMode !== undefined || backendRoles !== undefined || addAllBackendRoles !== undefined
}

/** Of a new group. Throws `ModelRefused`. */
export function accessOfNew(wanted: WantedAccess, actor: ModelActor, control: AccessSwitch): GroupAccess {
  if (control === 'disabled') {
    if (saysAccess(wanted)) throw new ModelRefused('access_control_off')
    return { access: 'public', roles: [] }
  }
  const access = parseAccessMode(wanted.accessMode) ?? (namesRoles(wanted) ? 'restricted' : 'private')
  if (access !== 'restricted') return open(access, wanted)
  return { access, roles: restrictedRoles(wanted, actor, 'register') }
}

/** Of a group that is there; undefined when nothing was said. Throws `ModelRefused`. */
export function accessOfUpdated(
  wanted: WantedAccess,
  before: GroupAccess,
  actor: ModelActor,
  control: AccessSwitch,
): GroupAccess | undefined {
  if (!saysAccess(wanted)) return undefined
  if (control === 'disabled') throw new ModelRefused('access_control_off')
  const mode = parseAccessMode(wanted.accessMode)
  if (mode === 'public' || mode === 'private') return open(mode, wanted)
  if (!namesRoles(wanted)) {
    if (wanted.addAllBackendRoles === false) throw new ModelRefused('add_all_needs_roles')
    // What is restricted already keeps its roles.
    if (before.access === 'restricted' && before.roles.length > 0) return before
    throw new ModelRefused('backend_roles_missing')
  }
  return { access: 'restricted', roles: restrictedRoles(wanted, actor, 'update') }
}

function parseAccessMode(text: string | undefined): GroupAccessMode | undefined {
  if (text === undefined) return undefined
  const mode = GROUP_ACCESS_MODES.find((known) => known === text)
  // OpenSearch takes an unknown word for `private`: whoever wrote `pubilc` would never learn of it.
  if (mode === undefined) throw new ModelRefused('access_mode_rejected', { modes: GROUP_ACCESS_MODES })
  return mode
}

function namesRoles({ backendRoles = [], addAllBackendRoles }: WantedAccess): boolean {
  return addAllBackendRoles === true || backendRoles.length > 0
}

function open(access: 'public' | 'private', wanted: WantedAccess): GroupAccess {
  if (namesRoles(wanted)) throw new ModelRefused('backend_roles_out_of_place')
  return { access, roles: [] }
}

function restrictedRoles(
  { backendRoles = [], addAllBackendRoles }: WantedAccess,
  actor: ModelActor,
  act: 'register' | 'update',
): readonly string[] {
  const addsAll = addAllBackendRoles === true
  if (addsAll && backendRoles.length > 0) throw new ModelRefused('backend_roles_twice')
  const roles = [...new Set(backendRoles)]
  if (isAdministrator(actor)) {
    if (addsAll) throw new ModelRefused('administrator_adds_all')
    if (roles.length === 0) throw new ModelRefused('backend_roles_missing')
    return roles
  }
  // Before it is asked which roles are wanted (row OS8).
  if (act === 'register' && actor.backendRoles.size === 0) throw new ModelRefused('backend_role_missing')
  if (addsAll && actor.backendRoles.size === 0) throw new ModelRefused('backend_roles_none')
  if (addsAll) return [...actor.backendRoles]
  if (roles.length === 0) throw new ModelRefused('backend_roles_missing')
  if (!roles.every((role) => actor.backendRoles.has(role))) throw new ModelRefused('backend_role_not_held')
  return roles
}
