// Answers OCSP requests (RFC 6960, RFC 5019) for the CAs whose key is online: what was signed before while nothing has
// changed, and what has a nonce afresh. It knows nothing of HTTP; it says `good` of nothing that it is not sure of.
import type { RevocationPolicy } from '../ca/policy/revocation-policy.ts'
import type { Clock } from '../domain/clock.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { parseSerialNumber, SerialRejected, type SerialNumber } from '../domain/serial-number.ts'
import { OcspRejected } from '../x509/ocsp-rejected.ts'
import type { CertId } from '../x509/ocsp-cert-id.ts'
import { type OcspRequest, parseOcspRequest } from '../x509/ocsp-request.ts'
import type { StatedCertStatus } from '../x509/ocsp-response-data.ts'
import { shelved } from './crl-shelf.ts'
import { makeOcspResponse, ocspDates } from './make-ocsp-response.ts'
import type { KeptAnswer, OcspAnswer, OcspAnswers, OcspEntry } from './ocsp-answers.ts'
import type { OcspIssuer, OcspIssuers } from './ocsp-issuers.ts'
import { type OcspFacts, type OcspRecord, type OcspStanding, ocspVerdict } from './ocsp-status.ts'

export interface OcspResponderParts {
  readonly clock: Clock
  readonly policy: RevocationPolicy['ocsp']
  readonly answers: OcspAnswers
  /** Read each time: an issuing CA may be added while the service runs. */
  readonly issuers: () => OcspIssuers
  readonly readRecord: (serial: SerialNumber) => Promise<OcspRecord | undefined>
  readonly remembered: (issuer: IssuerId, serial: SerialNumber) => 'revoked' | 'held' | undefined
  readonly standing: () => OcspStanding
  /** Answers that are being made at once; what is over is told to come again. */
  readonly maxRunning: number
  readonly onFailure: (error: unknown) => void
}

const TRY_LATER: OcspAnswer = { kind: 'error', status: 'tryLater' }
const NEVER_ISSUED: OcspFacts = { record: undefined, authority: undefined }

/** What was read changes under us once in a great while, and not again and again. */
const ATTEMPTS = 4

export class OcspResponder {
  readonly #parts: OcspResponderParts
  #running = 0

  constructor(parts: OcspResponderParts) {
    this.#parts = parts
  }

  /** Answers that are being made. */
  get running(): number {
    return this.#running
  }

  /** What was signed before for this very request and still holds; undefined where an answer has to be made. */
  kept(request: OcspRequest): KeptAnswer | undefined {
    if (request.unknownCriticalExtensions.length > 0 || request.nonce !== undefined) return undefined
    const { issuers, standing, clock } = this.#parts
    const [only, ...others] = request.certIds
    const issuer = issuers().issuerOf(request.certIds)
    if (only === undefined || others.length > 0 || issuer === undefined || issuer.notAfter < clock.now())
      return undefined
    const serial = serialOf(only)
    if (serial === undefined || standing() === 'stale') return undefined
    return this.#keptAnswer(issuer, serial, only)
  }

  /** Never rejects: what goes wrong is an answer too. */
  async answer(der: Uint8Array): Promise<OcspAnswer> {
    try {
      const request = parseOcspRequest(der)
      return await this.#answerRequest(request)
    } catch (error) {
      if (error instanceof OcspRejected) return { kind: 'error', status: 'malformedRequest' }
      this.#parts.onFailure(error)
      // §2.3: temporarily unable. What a client can do about it is the same, whatever it was.
      return TRY_LATER
    }
  }

  async #answerRequest(request: OcspRequest): Promise<OcspAnswer> {
    // §4.4: a critical extension that is not understood must not be ignored.
    if (request.unknownCriticalExtensions.length > 0) return { kind: 'error', status: 'malformedRequest' }
    const { issuers, standing, clock } = this.#parts
    const issuer = issuers().issuerOf(request.certIds)
    // RFC 5019 §2.2.3: of this issuer we cannot speak. The key of one that has ended signs nothing more.
    if (issuer === undefined || issuer.notAfter < clock.now()) return { kind: 'error', status: 'unauthorized' }
    if (standing() === 'stale') return TRY_LATER
    const [only, ...others] = request.certIds
    const serial = only === undefined || others.length > 0 ? undefined : serialOf(only)
    if (only === undefined || serial === undefined || request.nonce !== undefined) {
      return this.#bounded(() => this.#signFresh(issuer, request))
    }
    const answer = this.#keptAnswer(issuer, serial, only)
    return answer === undefined ? this.#keepAnswer(issuer, serial, only) : { kind: 'kept', answer, from: 'memory' }
  }

  #keptAnswer(issuer: OcspIssuer, serial: SerialNumber, certId: CertId): KeptAnswer | undefined {
    const { answers, clock, remembered, standing } = this.#parts
    const answer = answers.get(serial)?.answers.get(keyOf(certId))
    if (answer === undefined || clock.now() >= answer.reuseUntil) return undefined
    const isInDoubt = standing() !== 'current' || remembered(issuer.id, serial) !== undefined
    return answer.kind === 'good' && isInDoubt ? undefined : answer
  }

  /** Whoever asks the same meanwhile waits for the one signature; what changes meanwhile takes the entry away. */
  #keepAnswer(issuer: OcspIssuer, serial: SerialNumber, certId: CertId): Promise<OcspAnswer> {
    const { making } = this.#parts.answers.entry(serial)
    const key = keyOf(certId)
    const known = making.get(key)
    if (known !== undefined) return known
    const made = this.#bounded(() => this.#signKept(issuer, serial, certId)).finally(() => making.delete(key))
    making.set(key, made)
    return made
  }

  async #signKept(issuer: OcspIssuer, serial: SerialNumber, certId: CertId): Promise<OcspAnswer> {
    const { answers } = this.#parts
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const entry = answers.entry(serial)
      const status = await this.#statusOf(issuer, serial, entry)
      if (!answers.isCurrent(serial, entry)) continue
      if (status.kind === 'doubt') return TRY_LATER
      if (status.kind === 'unknown') return this.#signUnknown(issuer, serial, certId, entry)
      const answer = await this.#signed(issuer, certId, status, entry)
      // A revocation that came while it was signed: it is not kept, and not given out either.
      if (!answers.isCurrent(serial, entry)) continue
      entry.answers.set(keyOf(certId), answer)
      return { kind: 'kept', answer, from: 'signature' }
    }
    return TRY_LATER
  }

  /** Not kept: what is issued is not in the change log, and it may be issued the next moment. */
  async #signUnknown(issuer: OcspIssuer, serial: SerialNumber, certId: CertId, entry: OcspEntry): Promise<OcspAnswer> {
    this.#parts.answers.drop(serial, entry)
    return this.#signStatuses(issuer, [{ certId: certId.encoded, status: { kind: 'unknown' } }], undefined, undefined)
  }

  async #signFresh(issuer: OcspIssuer, { certIds, nonce }: OcspRequest): Promise<OcspAnswer> {
    const { answers } = this.#parts
    const statuses: { certId: Uint8Array; status: StatedCertStatus }[] = []
    let after: Date | undefined
    for (const certId of certIds) {
      const serial = serialOf(certId)
      const entry = serial === undefined ? undefined : answers.entry(serial)
      const status = await this.#freshStatus(issuer, serial, entry)
      if (status.kind === 'doubt') return TRY_LATER
      const before = entry?.latestThisUpdate
      if (before !== undefined && (after === undefined || before > after)) after = before
      if (serial !== undefined && entry !== undefined && status.kind === 'unknown') answers.drop(serial, entry)
      statuses.push({ certId: certId.encoded, status })
    }
    return this.#signStatuses(issuer, statuses, nonce, after)
  }

  async #freshStatus(issuer: OcspIssuer, serial: SerialNumber | undefined, entry: OcspEntry | undefined) {
    if (serial === undefined || entry === undefined) return this.#verdict(issuer, undefined, NEVER_ISSUED)
    const status = await this.#statusOf(issuer, serial, entry)
    // Read again once: what changed meanwhile is committed.
    return this.#parts.answers.isCurrent(serial, entry)
      ? status
      : this.#statusOf(issuer, serial, this.#parts.answers.entry(serial))
  }

  async #signStatuses(
    issuer: OcspIssuer,
    statuses: readonly { certId: Uint8Array; status: StatedCertStatus }[],
    nonce: Uint8Array | undefined,
    after: Date | undefined,
  ): Promise<OcspAnswer> {
    const signer = await issuer.signer()
    const { clock, policy } = this.#parts
    const dates = ocspDates(clock.now(), after, signer.endsAt, policy)
    return { kind: 'fresh', body: await makeOcspResponse({ ...dates, statuses, nonce }, signer) }
  }

  async #signed(
    issuer: OcspIssuer,
    certId: CertId,
    status: StatedCertStatus & { readonly kind: 'good' | 'revoked' },
    entry: OcspEntry,
  ): Promise<KeptAnswer> {
    const { clock, policy } = this.#parts
    const signer = await issuer.signer()
    const now = clock.now()
    const dates = ocspDates(now, entry.latestThisUpdate, signer.endsAt, policy)
    const statuses = [{ certId: certId.encoded, status }]
    const body = new Uint8Array(await makeOcspResponse({ ...dates, statuses, nonce: undefined }, signer))
    entry.latestThisUpdate = dates.thisUpdate
    const { notAfter } = (await entry.facts)?.record?.validity ?? { notAfter: dates.nextUpdate }
    const reuse = now.getTime() + policy.reuseSeconds * 1000
    const reuseUntil = new Date(Math.min(reuse, dates.nextUpdate.getTime(), notAfter.getTime()))
    return { body, shelved: shelved(body, dates.thisUpdate, dates.nextUpdate), kind: status.kind, reuseUntil }
  }

  async #statusOf(issuer: OcspIssuer, serial: SerialNumber, entry: OcspEntry) {
    entry.facts ??= this.#readFacts(issuer, serial).catch((error: unknown) => {
      entry.facts = undefined
      throw error
    })
    return this.#verdict(issuer, serial, await entry.facts)
  }

  #verdict(issuer: OcspIssuer, serial: SerialNumber | undefined, facts: OcspFacts) {
    const { remembered, standing, clock } = this.#parts
    return ocspVerdict(facts, {
      issuer: issuer.id,
      remembered: serial === undefined ? undefined : remembered(issuer.id, serial),
      standing: standing(),
      now: clock.now(),
    })
  }

  async #readFacts(issuer: OcspIssuer, serial: SerialNumber): Promise<OcspFacts> {
    const { readRecord } = this.#parts
    const [record, authority] = await Promise.all([readRecord(serial), readRecord(issuer.serial)])
    return { record, authority }
  }

  async #bounded(make: () => Promise<OcspAnswer>): Promise<OcspAnswer> {
    if (this.#running >= this.#parts.maxRunning) return TRY_LATER
    this.#running += 1
    try {
      return await make()
    } finally {
      this.#running -= 1
    }
  }
}

function keyOf({ encoded }: CertId): string {
  return Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length).toString('latin1')
}

/** Undefined for a number that no certificate of ours has. */
function serialOf({ serialHex }: CertId): SerialNumber | undefined {
  try {
    return parseSerialNumber(serialHex)
  } catch (error) {
    if (error instanceof SerialRejected) return undefined
    throw error
  }
}
