// How policies name whoever calls: a member or service account of a project, a service, or a person of a provider.
import { parseServiceName, type ServiceName } from './dns-name.ts'
import { NameRejected, type NameRules, SEPARATOR } from './name-rules.ts'
import { parseProjectUserName } from './project-user-name.ts'

/** Provider or trusted issuer, and what it calls the person. */
const EXTERNAL = /^[a-z][a-z0-9-]{0,31}\|[^\p{Cc}]{1,255}$/u

/** `PROJECT__USER`, `PROJECT__sa-NAME`, the name of a service, or `PROVIDER|SUBJECT`. Throws `NameRejected`. */
export function parsePrincipalName(input: string, rules: NameRules): string {
  if (!input.includes('|')) return parseInsiderName(input, rules)
  if (EXTERNAL.test(input)) return input
  throw new NameRejected(
    'principal',
    'PROJECT__USER, PROJECT__sa-NAME, the name of a service or PROVIDER|SUBJECT',
    input,
  )
}

/**
 * Of a service, where users and accounts have names too (owners, role mappings): a name without a dot could be a user's, who would
 * own what the service owns.
 */
export function ownerNameOfService(name: ServiceName): string {
  return name.includes('.') ? name : `service:${name}`
}

/** One that Signet certifies. Throws `NameRejected`. */
export function parseInsiderName(input: string, rules: NameRules): string {
  if (!input.includes(SEPARATOR)) return parseServiceName(input, rules)
  parseProjectUserName(input, rules)
  return input
}
