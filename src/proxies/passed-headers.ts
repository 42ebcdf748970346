// The headers in which a model server is told who calls, and the names of those that must not reach it. What is set is not in the
// list of what is removed: Envoy removes after it has set.
import type { Allowed, Question } from '../access/decision.ts'
import { instantText } from '../domain/instant-text.ts'
import { SEPARATOR } from '../domain/name-rules.ts'
import { CERTIFICATE_HEADERS } from './certificate-headers.ts'
import { type EmittedIdentityHeader, identityHeadersToRemove } from './identity-headers.ts'
import type { PassedIdentity } from './identity-token.ts'

export type IdentityHeader = readonly [name: EmittedIdentityHeader, value: string]

/** Undefined where nobody was asked for: then no identity is passed on. */
export function passedIdentity(allowed: Allowed, question: Question): PassedIdentity | undefined {
  const { subject, resource, validUntil } = allowed
  if (subject === undefined) return undefined
  const { certificate } = question.credentials
  return {
    subject: subject.name,
    kind: subject.kind,
    project: projectOf(subject),
    actingUser: actingUserOf(subject.name, question),
    deployment: resource,
    fingerprint: certificate !== 'absent' && certificate.kind === 'verified' ? certificate.fingerprint : undefined,
    validUntil,
  }
}

export function identityHeaders(
  identity: PassedIdentity,
  { policyRevision, groupsAsOf }: Allowed,
  token: string | undefined,
): readonly IdentityHeader[] {
  const { subject, kind, project, actingUser, deployment } = identity
  const headers: IdentityHeader[] = [
    ['signet-subject', headerText(subject)],
    ['signet-subject-kind', kind],
    ['signet-acting-user', headerText(actingUser)],
    ['signet-deployment', deployment],
    ['signet-policy-revision', String(policyRevision)],
  ]
  if (project !== undefined) headers.push(['signet-project', project])
  if (groupsAsOf !== undefined) headers.push(['signet-groups-as-of', instantText(groupsAsOf)])
  if (token !== undefined) headers.push(['signet-identity', token])
  return headers
}

/** `present`: identity and certificate headers of this very call. */
export function headersToRemove(present: readonly string[], set: readonly IdentityHeader[]): readonly string[] {
  const kept = set.map(([name]) => name)
  if (present.every((name) => KNOWN.has(name))) return alwaysWithout(kept)
  return [...new Set([...ALWAYS, ...present])].filter((name) => !kept.some((each) => each === name))
}

/** What is set are few sets of names of ours. */
const WITHOUT = new Map<string, readonly string[]>()

function alwaysWithout(kept: readonly EmittedIdentityHeader[]): readonly string[] {
  const key = kept.join()
  const known = WITHOUT.get(key)
  if (known !== undefined) return known
  const names = ALWAYS.filter((name) => !kept.some((each) => each === name))
  WITHOUT.set(key, names)
  return names
}

const ALWAYS: readonly string[] = [...new Set([...identityHeadersToRemove([]), ...CERTIFICATE_HEADERS])]
const KNOWN: ReadonlySet<string> = new Set(ALWAYS)

/** `PROJECT__USER` and `PROJECT__sa-x`: no project's name holds the separator. */
function projectOf({ kind, name }: NonNullable<Allowed['subject']>): string | undefined {
  return kind === 'member' || kind === 'account' ? name.slice(0, name.indexOf(SEPARATOR)) : undefined
}

/** As whom the call goes on: the member it was delegated for, the name that was compared, or the credential's own. */
function actingUserOf(subject: string, { delegatedFor, actingUser, credentials }: Question): string {
  if (delegatedFor !== undefined) return delegatedFor
  if (actingUser.kind === 'named') return actingUser.name
  const { certificate } = credentials
  const isService = certificate !== 'absent' && certificate.kind === 'verified' && certificate.profile === 'service'
  return isService ? certificate.systemUser : subject
}

/** Visible ASCII as it is; everything else, and the percent sign, percent-encoded in UTF-8 (RFC 3986 §2.1). */
function headerText(text: string): string {
  if (/^[!-$&-~]*$/.test(text)) return text
  return text.toWellFormed().replace(/[^!-$&-~]+/g, (part) => encodeURIComponent(part).replace(/[ !'()*]/g, escaped))
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
