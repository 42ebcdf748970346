// `PROJECT__USER`, the common name of a project member, job or service account (CP §3.1): joined and split in one way.
import { NameRejected, type NameRules, SEPARATOR } from './name-rules.ts'
import { parseProjectName, type ProjectName } from './project-name.ts'
import { parseServiceAccountName, parseUserName, type ServiceAccountName, type UserName } from './user-name.ts'

export type ProjectUserName = string & { readonly __brand: 'ProjectUserName' }

/** The common name of `user` in `project`. Throws `NameRejected` when it is longer than a common name may be. */
export function projectUserName(
  project: ProjectName,
  user: UserName | ServiceAccountName,
  rules: NameRules,
): ProjectUserName {
  const name = `${project}${SEPARATOR}${user}`
  if (name.length > rules.commonNameMaxLength) {
    throw new NameRejected('common name', `at most ${rules.commonNameMaxLength} characters`, name)
  }
  return name as ProjectUserName
}

/** Splits at the first (and only) separator. Throws `NameRejected` for anything that `projectUserName` cannot have made. */
export function parseProjectUserName(
  input: string,
  rules: NameRules,
): { readonly project: ProjectName; readonly user: UserName | ServiceAccountName } {
  const at = input.indexOf(SEPARATOR)
  if (at < 0) throw new NameRejected('common name', `contains "${SEPARATOR}"`, input)
  const project = parseProjectName(input.slice(0, at), rules)
  const rest = input.slice(at + SEPARATOR.length)
  const user = rest.startsWith(rules.serviceAccountPrefix)
    ? parseServiceAccountName(rest, rules)
    : parseUserName(rest, rules)
  projectUserName(project, user, rules)
  return { project, user }
}
