// The shape of names, as `ca/names.json` fixes it (CP §3.1). The parsers of this folder take these rules as an argument.
// What no policy can change is in the parsers themselves: `__` never occurs inside a name, so that `PROJECT__USER`
// splits in exactly one way.
import { CodedError } from './coded-error.ts'

/** One kind of name: a regular expression for all of it and its length in characters (names are ASCII, so octets too). */
export interface NameRule {
  readonly pattern: RegExp
  readonly minLength: number
  readonly maxLength: number
}

export interface NameRules {
  readonly project: NameRule
  readonly user: NameRule
  readonly serviceAccount: NameRule
  readonly systemUser: NameRule
  readonly dnsName: NameRule
  readonly deployment: NameRule
  /** Longest common name, in characters: `ub-common-name` of RFC 5280 appendix A.1. */
  readonly commonNameMaxLength: number
  /** What every service-account name begins with and no user name does, in any letter case. */
  readonly serviceAccountPrefix: string
  /** DNS names that no service may have, lower case: Signet's own and `localhost`. */
  readonly reservedDnsNames: readonly string[]
}

/** What stands between project and user in a common name, and therefore in no name. */
export const SEPARATOR = '__'

export type NameKind =
  | 'project'
  | 'user'
  | 'service account'
  | 'system user'
  | 'dns name'
  | 'deployment'
  | 'path'
  | 'principal'
  | 'proxy'
  | 'sidecar'
  | 'common name'
  | 'trust domain'
  | 'service owner'
  | 'requester'

export class NameRejected extends CodedError<'name_rejected'> {
  constructor(kind: NameKind, rule: string, input: string) {
    super('name_rejected', { kind, rule, input: printable(input) })
  }
}

/** Checks `input` against one rule. Throws `NameRejected`; the name itself is never trimmed or folded. */
export function checkName(kind: NameKind, input: string, rule: NameRule): void {
  if (input.length < rule.minLength) throw new NameRejected(kind, `at least ${rule.minLength} characters`, input)
  if (input.length > rule.maxLength) throw new NameRejected(kind, `at most ${rule.maxLength} characters`, input)
  if (!rule.pattern.test(input)) throw new NameRejected(kind, `matches ${rule.pattern.source}`, input)
  if (input.includes(SEPARATOR)) throw new NameRejected(kind, `never contains "${SEPARATOR}"`, input)
}

function printable(input: string): string {
  return JSON.stringify(input.slice(0, 80)).slice(1, -1)
}
