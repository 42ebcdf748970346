// Names read back from a certificate through the templates of its profile, and judged by the same parsers that made them.
import { CodedError } from '../domain/coded-error.ts'
import { parseDnsName } from '../domain/dns-name.ts'
import type { NameRule, NameRules } from '../domain/name-rules.ts'
import { parseProjectName } from '../domain/project-name.ts'
import { parseTrustDomain } from '../domain/spiffe-id.ts'
import { parseSystemUser } from '../domain/system-user.ts'
import { parseServiceAccountName, parseUserName } from '../domain/user-name.ts'
import { attributeValues } from '../x509/distinguished-name.ts'
import { urisOf } from '../x509/general-name.ts'
import type { LintContext, LintSubject } from './lint.ts'
import {
  type NameFacts,
  type NameTemplate,
  type Placeholder,
  PLACEHOLDERS,
  readNameTemplate,
} from './policy/name-template.ts'
import { attributeType } from './subject.ts'

/** Throws a `CodedError` when `text` is no name of its kind. */
type Check = (text: string, context: LintContext) => unknown

class NotStated extends CodedError<'not_stated'> {
  constructor(text: string) {
    super('not_stated', { text })
  }
}

const byRules =
  (parse: (text: string, rules: NameRules) => unknown): Check =>
  (text, { policy }) =>
    parse(text, policy.names)

const CHECKS: Readonly<Record<Placeholder, Check>> = {
  project: byRules(parseProjectName),
  user: byRules(parseUserName),
  account: byRules(parseServiceAccountName),
  systemUser: byRules(parseSystemUser),
  name: byRules(parseDnsName),
  commonName: byRules(parseDnsName),
  trustDomain: (text) => parseTrustDomain(text),
  jobId: (text, { policy }) => requireRule(text, policy.names.jobId),
  organization: (text, { policy }) => requireRule(text, policy.names.organization),
  generation: (text) => require(/^[1-9][0-9]{0,5}$/.test(text), text),
  issuer: (text, { signatory }) => require(text === signatory.id, text),
  authorityName: (text, context) => {
    const { certified } = context
    require(certified !== undefined && statedFacts(certified.commonName, text, context) !== undefined, text)
  },
}

/** The facts that `text` states by `template`; `undefined` when it has another shape or a fact is no name of its kind. */
export function statedFacts(template: NameTemplate, text: string, context: LintContext): NameFacts | undefined {
  const facts = readNameTemplate(template, text)
  if (facts === undefined) return undefined
  const isNamed = template.placeholders.every((placeholder) => {
    const fact = facts[placeholder]
    return fact !== undefined && isName(placeholder, fact, context)
  })
  return isNamed ? facts : undefined
}

function isName(placeholder: Placeholder, fact: string, context: LintContext): boolean {
  try {
    CHECKS[placeholder](fact, context)
    return true
  } catch (error) {
    if (error instanceof CodedError) return false
    throw error
  }
}

function requireRule(text: string, rule: NameRule): void {
  require(text.length >= rule.minLength && text.length <= rule.maxLength && rule.pattern.test(text), text)
}

function require(holds: boolean, text: string): void {
  if (!holds) throw new NotStated(text)
}

/** Whether `text` is a DNS name by the rules of the policy. */
export function statedDnsName(text: string, context: LintContext): boolean {
  return isName('name', text, context)
}

/** Whether subject and URI state the same wherever both state the same kind of name. */
export function agreeOnNames(subject: LintSubject): boolean {
  const { tbs, profile } = subject
  const template = profile.subjectAltName.uri
  const uris = template === null ? [] : urisOf(subject.alternativeNames)
  const inUris = uris.map((uri) => (template === null ? undefined : readNameTemplate(template, uri)) ?? {})
  const inSubject = profile.subject.flatMap(({ attribute, template: part }) =>
    attributeValues(tbs.subject, attributeType(attribute)).map((value) => readNameTemplate(part, value) ?? {}),
  )
  return inUris.every((uri) => inSubject.every((facts) => agree(uri, facts)))
}

function agree(some: NameFacts, others: NameFacts): boolean {
  return PLACEHOLDERS.every((placeholder) => {
    const one = some[placeholder]
    const other = others[placeholder]
    return one === undefined || other === undefined || one === other
  })
}
