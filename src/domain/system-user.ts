// The operating-system user of a service: the L of its certificate and the name it may act as (CP §3.1).
import { checkName, type NameRules } from './name-rules.ts'

export type SystemUser = string & { readonly __brand: 'SystemUser' }

/** The only way to a SystemUser. Throws `NameRejected`. */
export function parseSystemUser(input: string, rules: NameRules): SystemUser {
  checkName('system user', input, rules.systemUser)
  return input as SystemUser
}
