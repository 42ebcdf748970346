// Answers OCSP requests (RFC 6960, RFC 5019) for the CAs whose key is online: what was signed before while nothing has
// changed, and what has a nonce afresh. It knows nothing of HTTP; it says `good` of nothing that it is not sure of.
import type { RevocationPolicy } from '../ca/policy/revocation-policy.ts'
import { Turns } from '../domain/next-turn.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import { OcspRejected } from '../x509/ocsp-rejected.ts'
import type { CertId } from '../x509/ocsp-cert-id.ts'
import { type OcspRequest, parseOcspRequest } from '../x509/ocsp-request.ts'
import type { StatedCertStatus } from '../x509/ocsp-response-data.ts'
import { shelved } from './crl-shelf.ts'
import { makeOcspResponse, ocspDates } from './make-ocsp-response.ts'
import type { KeptAnswer, OcspAnswer, OcspEntry, OcspError } from './ocsp-answers.ts'
import type { OcspIssuer, OcspIssuers } from './ocsp-issuers.ts'
import { ATTEMPTS, type Judged, OcspJudge, type OcspJudgeParts, serialOf } from './ocsp-judge.ts'

export interface OcspResponderParts extends OcspJudgeParts {
  readonly policy: RevocationPolicy['ocsp']
  /** Read each time: an issuing CA may be added while the service runs. */
  readonly issuers: () => OcspIssuers
  /** Answers that are being made at once; what is over is told to come again. */
  readonly maxRunning: number
  readonly onFailure: (error: unknown) => void
}

/** Signatures on P-256 that are made before the event loop goes on: some milliseconds. */
const MOST_IN_A_TURN = 64

const TRY_LATER: OcspError = { kind: 'error', status: 'tryLater' }
const MALFORMED: OcspError = { kind: 'error', status: 'malformedRequest' }
const UNAUTHORIZED: OcspError = { kind: 'error', status: 'unauthorized' }

/** What a request comes to. */
type Asked =
  /** About one certificate that may be ours, without a nonce: its answer is for all who ask the same. */
  OneAsked | { readonly kind: 'afresh'; readonly issuer: OcspIssuer } | OcspError

/** What is said of one CertID. */
interface SaidStatus {
  readonly certId: Uint8Array
  readonly status: StatedCertStatus
}

/** What may be given again. */
interface Sayable {
  readonly serial: SerialNumber
  readonly certId: CertId
  readonly status: StatedCertStatus & { readonly kind: 'good' | 'revoked' }
  readonly entry: OcspEntry
}

interface OneAsked {
  readonly kind: 'one'
  readonly issuer: OcspIssuer
  readonly serial: SerialNumber
  readonly certId: CertId
}

export class OcspResponder {
  readonly #parts: OcspResponderParts
  readonly #judge: OcspJudge
  readonly #turns = new Turns(MOST_IN_A_TURN)
  #running = 0

  constructor(parts: OcspResponderParts) {
    this.#parts = parts
    this.#judge = new OcspJudge(parts)
  }

  /** Answers that are being made. */
  get running(): number {
    return this.#running
  }

  /** Never rejects: what goes wrong is an answer too. */
  async answer(der: Uint8Array): Promise<OcspAnswer> {
    const request = this.request(der)
    if ('kind' in request) return request
    const answer = this.kept(request)
    return answer === undefined ? this.answerTo(request) : { kind: 'kept', answer, from: 'memory' }
  }

  /** What stands in `der`, or what is said of it when that is no request. Never throws. */
  request(der: Uint8Array): OcspRequest | OcspError {
    try {
      return parseOcspRequest(der)
    } catch (error) {
      return error instanceof OcspRejected ? MALFORMED : this.#failed(error)
    }
  }

  /** What was signed before for this very request and still holds; undefined where an answer has to be made. Never throws. */
  kept(request: OcspRequest): KeptAnswer | undefined {
    if (request.nonce !== undefined) return undefined
    try {
      const asked = this.#asked(request)
      return asked.kind === 'one' ? this.#keptAnswer(asked) : undefined
    } catch {
      // `answerTo` meets it too, and has a word for it.
      return undefined
    }
  }

  /** Whether an answer that was given before may be given again to who asks the same. */
  holds(answer: KeptAnswer): boolean {
    const { answers, clock, remembered, standing } = this.#parts
    const { issuer, serial, entry, kind, reuseUntil } = answer
    if (!answers.isCurrent(serial, entry) || clock.now() >= reuseUntil) return false
    const stands = standing()
    if (stands === 'stale') return false
    if (kind === 'good' && (stands !== 'current' || remembered(issuer, serial) !== undefined)) return false
    entry.wasUsed = true
    return true
  }

  /** Never rejects. */
  async answerTo(request: OcspRequest): Promise<OcspAnswer> {
    try {
      return await this.#answerAsked(this.#asked(request), request)
    } catch (error) {
      return this.#failed(error)
    }
  }

  #failed(error: unknown): OcspError {
    this.#parts.onFailure(error)
    // §2.3: temporarily unable. What a client can do about it is the same, whatever it was.
    return TRY_LATER
  }

  #asked({ certIds, nonce, unknownCriticalExtensions }: OcspRequest): Asked {
    // §4.4: a critical extension that is not understood must not be ignored.
    if (unknownCriticalExtensions.length > 0) return MALFORMED
    const { issuers, standing, clock } = this.#parts
    const issuer = issuers().issuerOf(certIds)
    // RFC 5019 §2.2.3: of this issuer we cannot speak. The key of one that has ended signs nothing more.
    if (issuer === undefined || issuer.notAfter < clock.now()) return UNAUTHORIZED
    if (standing() === 'stale') return TRY_LATER
    const [certId, ...others] = certIds
    if (certId === undefined || others.length > 0 || nonce !== undefined) return { kind: 'afresh', issuer }
    const serial = serialOf(certId)
    return serial === undefined ? { kind: 'afresh', issuer } : { kind: 'one', issuer, serial, certId }
  }

  #answerAsked(asked: Asked, request: OcspRequest): OcspAnswer | Promise<OcspAnswer> {
    switch (asked.kind) {
      case 'one': {
        const answer = this.#keptAnswer(asked)
        return answer === undefined ? this.#keepAnswer(asked) : { kind: 'kept', answer, from: 'memory' }
      }
      case 'afresh':
        return this.#bounded(() => this.#signFresh(asked.issuer, request))
      case 'error':
        return asked
      default:
        return asked satisfies never
    }
  }

  #keptAnswer({ serial, certId }: OneAsked): KeptAnswer | undefined {
    const answer = this.#parts.answers.get(serial)?.answers.get(keyOf(certId))
    return answer !== undefined && this.holds(answer) ? answer : undefined
  }

  /** Whoever asks the same meanwhile waits for the one signature; what changes meanwhile takes the entry away. */
  #keepAnswer(asked: OneAsked): OcspAnswer | Promise<OcspAnswer> {
    const { answers, maxRunning } = this.#parts
    const key = keyOf(asked.certId)
    const known = answers.get(asked.serial)?.making.get(key)
    if (known !== undefined) return known
    // Before anything is kept of it.
    if (this.#running >= maxRunning) return TRY_LATER
    const { making } = answers.entry(asked.serial)
    const made = this.#bounded(() => this.#signKept(asked)).finally(() => making.delete(key))
    making.set(key, made)
    return made
  }

  async #signKept({ issuer, serial, certId }: OneAsked): Promise<OcspAnswer> {
    const { answers } = this.#parts
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { entry, status } = await this.#judge.judge(issuer, serial)
      if (status.kind === 'doubt') return TRY_LATER
      if (status.kind === 'unknown') {
        return this.#signStatuses(issuer, [{ certId: certId.encoded, status }], { nonce: undefined, after: undefined })
      }
      const answer = await this.#signed(issuer, { serial, certId, status, entry })
      // A revocation that came while it was signed: it is not kept, and not given out either.
      if (!answers.isCurrent(serial, entry)) continue
      entry.answers.set(keyOf(certId), answer)
      return { kind: 'kept', answer, from: 'signature' }
    }
    return TRY_LATER
  }

  async #signFresh(issuer: OcspIssuer, { certIds, nonce }: OcspRequest): Promise<OcspAnswer> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const judged: Judged[] = []
      for (const certId of certIds) judged.push(await this.#judge.judgeAsked(issuer, certId))
      const statuses: SaidStatus[] = []
      let after: Date | undefined
      for (const { certId, status, entry } of judged) {
        if (status.kind === 'doubt') return TRY_LATER
        statuses.push({ certId: certId.encoded, status })
        const before = entry?.latestThisUpdate
        if (before !== undefined && (after === undefined || before > after)) after = before
      }
      const answer = await this.#signStatuses(issuer, statuses, { nonce, after })
      if (judged.every((each) => this.#judge.stillStands(each))) return answer
    }
    return TRY_LATER
  }

  async #signStatuses(
    issuer: OcspIssuer,
    statuses: readonly SaidStatus[],
    { nonce, after }: { readonly nonce: Uint8Array | undefined; readonly after: Date | undefined },
  ): Promise<OcspAnswer> {
    const signer = await issuer.signer()
    const { clock, policy } = this.#parts
    const dates = ocspDates(clock.now(), after, signer.endsAt, policy)
    return { kind: 'fresh', body: await makeOcspResponse({ ...dates, statuses, nonce }, signer) }
  }

  async #signed(issuer: OcspIssuer, { serial, certId, status, entry }: Sayable): Promise<KeptAnswer> {
    const { clock, policy } = this.#parts
    const signer = await issuer.signer()
    const now = clock.now()
    const dates = ocspDates(now, entry.latestThisUpdate, signer.endsAt, policy)
    const statuses = [{ certId: certId.encoded, status }]
    const body = new Uint8Array(await makeOcspResponse({ ...dates, statuses, nonce: undefined }, signer))
    entry.latestThisUpdate = dates.thisUpdate
    const { notAfter } = (await entry.facts)?.record?.validity ?? { notAfter: dates.nextUpdate }
    const reuse = now.getTime() + policy.reuseSeconds * 1000
    const ends = [dates.nextUpdate, notAfter, issuer.notAfter].map((end) => end.getTime())
    const reuseUntil = new Date(Math.min(reuse, ...ends))
    const about = { issuer: issuer.id, serial, entry, kind: status.kind }
    return { ...about, body, shelved: shelved(body, dates.thisUpdate, dates.nextUpdate), reuseUntil }
  }

  async #bounded(make: () => Promise<OcspAnswer>): Promise<OcspAnswer> {
    if (this.#running >= this.#parts.maxRunning) return TRY_LATER
    this.#running += 1
    try {
      // All that has arrived is made side by side: a signature between other things costs three times what it costs among its like.
      await this.#turns.next()
      return await make()
    } finally {
      this.#running -= 1
    }
  }
}

function keyOf({ encoded }: CertId): string {
  return Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length).toString('latin1')
}
