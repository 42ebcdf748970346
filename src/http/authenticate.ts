// Who is on the other end of this TLS connection. The certificate is read from the connection, judged by our own verifier
// with issuers from our own store, and looked at again for every request: its time, its revocation, its subject. What TLS
// said of it (`authorized`) counts for nothing, and is stale on a resumed session.
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { recogniseCaller } from '../access/recognise.ts'
import type { CertificateFacts, VerifiedCertificate } from '../access/facts.ts'
import type { Caller, CallerCertificate, CertifiedCaller, JobHolder } from '../domain/caller.ts'
import type { ApiParts } from './parts.ts'
import { HttpRefused } from './problem.ts'

/** What a connection shows; it cannot change while the connection lasts, since renegotiation is off. */
const shown = new WeakMap<Socket, Uint8Array | 'none'>()

/** The client certificate of a connection in DER, or undefined when none was shown. */
export function shownCertificate(socket: Socket): Uint8Array | undefined {
  let der = shown.get(socket)
  if (der === undefined) {
    der = socket instanceof TLSSocket ? (socket.getPeerX509Certificate()?.raw ?? 'none') : 'none'
    shown.set(socket, der)
  }
  return der === 'none' ? undefined : der
}

export function shownFacts(parts: ApiParts, socket: Socket): CertificateFacts | 'absent' {
  const der = shownCertificate(socket)
  return der === undefined ? 'absent' : parts.clientCertificates.verify(der)
}

/**
 * The caller of this request. A connection without certificate is anonymous; one with a certificate that does not hold is
 * refused, never anonymous. Throws `HttpRefused`.
 */
export async function callerOf(
  parts: ApiParts,
  socket: Socket,
): Promise<CertifiedCaller | Extract<Caller, { readonly kind: 'anonymous' }>> {
  const facts = shownFacts(parts, socket)
  if (facts === 'absent') return { kind: 'anonymous' }
  let recognised = recogniseCaller(parts.snapshot, facts, nowOf(parts))
  if (recognised.kind === 'refused' && recognised.reason === 'SUBJECT_UNKNOWN') {
    await parts.refresh()
    recognised = recogniseCaller(parts.snapshot, facts, nowOf(parts))
  }
  if (recognised.kind === 'recognised') {
    const { profile, serial } = recognised.certificate
    if (profile === 'service') parts.sightings.saw(serial, parts.context.clock.now())
    return callerFrom(recognised.certificate)
  }
  const { reason } = recognised
  if (reason === 'SNAPSHOT_STALE' || reason === 'PDP_UNAVAILABLE') {
    throw new HttpRefused('temporarily_unavailable', { reason }, { 'retry-after': '1' })
  }
  throw new HttpRefused('client_certificate_refused', { reason })
}

export function nowOf({ context }: Pick<ApiParts, 'context'>): { readonly wall: Date; readonly monotonic: number } {
  return { wall: context.clock.now(), monotonic: context.clock.monotonicMilliseconds() }
}

/** Without a look at the directory: whoever asks for it has looked, or need not. */
export function callerFrom(facts: VerifiedCertificate): CertifiedCaller {
  const certificate: CallerCertificate = {
    issuer: facts.issuer,
    serial: facts.serial,
    notAfter: facts.validity.notAfter,
    fingerprint: facts.fingerprint,
  }
  switch (facts.profile) {
    case 'project-user':
      return { kind: 'member', project: facts.project, user: facts.user, certificate }
    case 'job':
      return jobCaller(facts, { kind: 'member', user: facts.user }, certificate)
    case 'account-job':
      return jobCaller(facts, { kind: 'account', account: facts.account }, certificate)
    case 'service-account':
      return { kind: 'account', project: facts.project, account: facts.account, certificate }
    case 'service':
      return { kind: 'service', name: facts.service, systemUser: facts.systemUser, certificate }
    case 'admin':
      return { kind: 'admin', user: facts.user, certificate }
    default:
      return facts satisfies never
  }
}

function jobCaller(
  { project, job: jobId }: Extract<VerifiedCertificate, { readonly job: string }>,
  runsAs: JobHolder,
  certificate: CallerCertificate,
): CertifiedCaller {
  return { kind: 'job', project, runsAs, jobId, certificate }
}
