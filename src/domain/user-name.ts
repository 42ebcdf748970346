// The name of a user, and of a service account: one namespace, told apart by a prefix (CP §3.1, §3.2).
import { checkName, NameRejected, type NameRules } from './name-rules.ts'

export type UserName = string & { readonly __brand: 'UserName' }
export type ServiceAccountName = string & { readonly __brand: 'ServiceAccountName' }

/** The only way to a UserName: never begins like a service account, in any letter case. Throws `NameRejected`. */
export function parseUserName(input: string, rules: NameRules): UserName {
  checkName('user', input, rules.user)
  if (input.toLowerCase().startsWith(rules.serviceAccountPrefix)) {
    throw new NameRejected('user', `does not begin with "${rules.serviceAccountPrefix}"`, input)
  }
  return input as UserName
}

/** Of a name that was parsed before. */
export function isServiceAccountName(
  name: UserName | ServiceAccountName,
  rules: NameRules,
): name is ServiceAccountName {
  return name.startsWith(rules.serviceAccountPrefix)
}

/** The only way to a ServiceAccountName, which includes its prefix. Throws `NameRejected`. */
export function parseServiceAccountName(input: string, rules: NameRules): ServiceAccountName {
  checkName('service account', input, rules.serviceAccount)
  if (!input.startsWith(rules.serviceAccountPrefix)) {
    throw new NameRejected('service account', `begins with "${rules.serviceAccountPrefix}"`, input)
  }
  return input as ServiceAccountName
}
