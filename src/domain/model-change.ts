// What the change log says of model groups and models: what a decision looks at, and nothing of the rest.
import type { Change } from './change.ts'

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { readonly kind: Kind }>
type GroupChange = ChangeOf<'model-group'>
type ModelChange = ChangeOf<'model'>

export function changeOfGroup(group: Omit<GroupChange, 'kind' | 'status'>, status: GroupChange['status']): GroupChange {
  const { id, name, owner, access, roles } = group
  return { kind: 'model-group', id, name, ...(owner === undefined ? {} : { owner }), access, roles, status }
}

export function changeOfModel(model: Omit<ModelChange, 'kind' | 'status'>, status: ModelChange['status']): ModelChange {
  const { id, name, version, group, creator, hidden, enabled } = model
  return {
    kind: 'model',
    id,
    name,
    version,
    ...(group === undefined ? {} : { group }),
    creator,
    hidden,
    enabled,
    status,
  }
}
