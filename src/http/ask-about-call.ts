// Who may ask about a call in words of its own, and what it hands over: a server or proxy about its callers, a caller about itself,
// and, to have a refusal explained, administrators and owners (rule 16).
import type { Socket } from 'node:net'
import { decideAsker } from '../access/decide.ts'
import type { Allowed, ExplainedStep, Route } from '../access/decision.ts'
import type { CertificateFacts } from '../access/facts.ts'
import { asked as askedDeployment, mentionedDeployments, resolveRoute } from '../access/route.ts'
import { instantText } from '../domain/instant-text.ts'
import { RecentlyUsed } from '../domain/recently-used.ts'
import { EnrollmentRefused } from '../enrollment/errors.ts'
import { isOwner, notPermitted } from '../enrollment/second-look.ts'
import type { JudgedCall } from '../proxies/judged-call.ts'
import { outwardReason } from '../proxies/decision-status.ts'
import { presentedCredentials, type PresentedCredential } from '../proxies/presented-credentials.ts'
import { acceptedPlaces } from '../proxies/read-call.ts'
import { headersOfRaw, readToldHeaders } from '../proxies/told-headers.ts'
import { parsePem, PemRejected } from '../x509/pem.ts'
import { administers } from './administrator-only.ts'
import { nowOf, shownFacts } from './authenticate.ts'
import type { ApiParts } from './parts.ts'
import { HttpRefused } from './problem.ts'
import { type ApiContext, callerIn, pemOrDer } from './route.ts'

/** Throws `HttpRefused` unless the server on this connection may hand over what its callers showed for this route. */
export async function trustAsker(parts: ApiParts, socket: Socket, route: Route): Promise<void> {
  const shown = shownFacts(parts, socket)
  if (shown === 'absent') throw new HttpRefused('unauthenticated')
  let asker = decideAsker(parts.snapshot, shown, route, nowOf(parts))
  if (asker.kind === 'refused' && (asker.reason === 'SUBJECT_UNKNOWN' || asker.reason === 'PEP_UNTRUSTED')) {
    await parts.refresh()
    asker = decideAsker(parts.snapshot, shown, route, nowOf(parts))
  }
  if (asker.kind === 'trusted') return
  const { reason } = asker
  if (reason === 'PEP_UNTRUSTED') throw new HttpRefused('asker_untrusted', { reason })
  if (reason === 'SNAPSHOT_STALE' || reason === 'PDP_UNAVAILABLE') {
    throw new HttpRefused('temporarily_unavailable', { reason }, { 'retry-after': '1' })
  }
  throw new HttpRefused('client_certificate_refused', { reason })
}

/** Throws `HttpRefused`, `EnrollmentRefused` unless whoever asks may see why, names of other people included. */
export async function mayBeTold(parts: ApiParts, c: ApiContext, route: Route): Promise<void> {
  const { context } = parts
  const caller = await callerIn(parts, c)
  if (caller.kind === 'anonymous') throw new HttpRefused('unauthenticated')
  // Everybody may ask here, so no permission of the route has looked at what the key is for.
  if (caller.kind === 'api-key' && !caller.scopes.has('ADMIN')) {
    throw new EnrollmentRefused('scope_missing', { scope: 'ADMIN' })
  }
  if (await administers(parts, caller)) return
  const meant = mentionedDeployments(parts.snapshot, route)
  const owns = await context.acts.run(async (tx) => {
    for (const { project } of meant) if (!(await isOwner(tx, caller, project, context.clock.now()))) return false
    return meant.length > 0
  })
  if (!owns) throw notPermitted(caller)
}

/** All that this very request presents beside its certificate. Throws `HttpRefused`. */
export function presentedHere(parts: ApiParts, c: ApiContext, route: Route): readonly PresentedCredential[] {
  if (c.req.header('authorization') === undefined) return []
  const headers = readToldHeaders(headersOfRaw(c.env.incoming.rawHeaders), new Set())
  if (headers.kind === 'ambiguous') throw new HttpRefused('request_ambiguous', { header: headers.header })
  const deployment = askedDeployment(resolveRoute(parts.snapshot, route, { kind: 'untold' }))
  const { places, bearerPassphrase } = acceptedPlaces(parts.snapshot, deployment)
  // Headers, cookies and the query of this request are Signet's own.
  const inAuthorization = places.filter((place) => place.in === 'authorization')
  return presentedCredentials(headers, undefined, { places: inAuthorization, bearerPassphrase })
}

export function handedCertificate(parts: ApiParts, text: string | undefined): CertificateFacts | 'absent' {
  if (text === undefined) return 'absent'
  const known = DECODED.get(text)
  if (known !== undefined) return parts.clientCertificates.verify(known)
  const der = certificateDer(text)
  const facts = parts.clientCertificates.verify(der)
  if (facts.kind === 'verified') DECODED.put(text, der)
  return facts
}

/** Certificates that were handed over before, by their very text: those of busy callers are decoded once. About 3 KiB each. */
const DECODED = new RecentlyUsed<string, Uint8Array>(32_768)

/** What cannot be read as one PEM block is judged as the bytes it is: malformed, which is an answer and no error. */
function certificateDer(text: string): Uint8Array {
  try {
    const given = pemOrDer(text)
    return typeof given === 'string' ? parsePem(given, 'CERTIFICATE') : given
  } catch (error) {
    if (error instanceof PemRejected || error instanceof HttpRefused) return new Uint8Array()
    throw error
  }
}

/** What is not there is undefined, which JSON leaves out. */
export function decisionBody({ decision, retryAfterSeconds }: Pick<JudgedCall, 'decision' | 'retryAfterSeconds'>) {
  const { subject, resource, policyRevision, groupsAsOf } = decision
  const { matchedRule, validUntil } = decision.decision === 'allow' ? decision : NOTHING_ALLOWED
  return {
    decision: decision.decision,
    reason: outwardReason(decision.reason),
    subject,
    // A stranger who names a deployment is not told whether there is one.
    resource: subject === undefined ? undefined : resource,
    policyRevision,
    groupsAsOf: groupsAsOf === undefined ? undefined : instantText(groupsAsOf),
    retryAfterSeconds,
    matchedRule,
    validUntil: validUntil === undefined ? undefined : instantText(validUntil),
  }
}

const NOTHING_ALLOWED: Partial<Pick<Allowed, 'matchedRule' | 'validUntil'>> = {}

export function explainedStepBody({ step, title, outcome, saw }: ExplainedStep) {
  return { step, title, outcome: typeof outcome === 'string' ? outcome : `allow:${outcome.allow}`, saw: { ...saw } }
}
