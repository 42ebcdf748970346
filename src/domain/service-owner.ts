// Who answers for a service: a person, or the owners of a project. Written as `user:alice` or `project:vision`.
import { NameRejected, type NameRules } from './name-rules.ts'
import { parseProjectName, type ProjectName } from './project-name.ts'
import { parseUserName, type UserName } from './user-name.ts'

export type ServiceOwner =
  { readonly kind: 'user'; readonly user: UserName } | { readonly kind: 'project'; readonly project: ProjectName }

/** The only way to a ServiceOwner. Throws `NameRejected`. */
export function parseServiceOwner(input: string, rules: NameRules): ServiceOwner {
  const [kind = '', name = '', ...more] = input.split(':')
  if (kind === 'user' && more.length === 0) return { kind, user: parseUserName(name, rules) }
  if (kind === 'project' && more.length === 0) return { kind, project: parseProjectName(name, rules) }
  throw new NameRejected('service owner', 'is user:NAME or project:NAME', input)
}

export function textOfOwner(owner: ServiceOwner): string {
  return owner.kind === 'user' ? `user:${owner.user}` : `project:${owner.project}`
}
