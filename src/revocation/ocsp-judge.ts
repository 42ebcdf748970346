// What OCSP says of the certificates that a request asks about: read once and remembered (ocsp-answers.ts), judged each time with what
// this process knows now (ocsp-status.ts).
import type { Clock } from '../domain/clock.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { parseSerialNumber, type SerialNumber, SerialRejected } from '../domain/serial-number.ts'
import type { CertId } from '../x509/ocsp-cert-id.ts'
import type { OcspAnswers, OcspEntry } from './ocsp-answers.ts'
import type { OcspIssuer } from './ocsp-issuers.ts'
import { type OcspFacts, type OcspRecord, type OcspStanding, type OcspVerdict, ocspVerdict } from './ocsp-status.ts'

export interface OcspJudgeParts {
  readonly clock: Clock
  readonly answers: OcspAnswers
  readonly readRecord: (serial: SerialNumber) => Promise<OcspRecord | undefined>
  readonly remembered: (issuer: IssuerId, serial: SerialNumber) => 'revoked' | 'held' | undefined
  readonly standing: () => OcspStanding
}

/** One certificate with what is said of it. */
export interface Judged {
  readonly certId: CertId
  /** Undefined for a number that no certificate of ours has: nothing is kept of it. */
  readonly serial: SerialNumber | undefined
  readonly entry: OcspEntry | undefined
  readonly status: OcspVerdict
}

const NEVER_ISSUED: OcspFacts = { record: undefined, authority: undefined }

/** What was read changes under us once in a great while, and not again and again. */
export const ATTEMPTS = 4

export class OcspJudge {
  readonly #parts: OcspJudgeParts

  constructor(parts: OcspJudgeParts) {
    this.#parts = parts
  }

  async judgeAsked(issuer: OcspIssuer, certId: CertId): Promise<Judged> {
    const serial = serialOf(certId)
    if (serial !== undefined) return { certId, serial, ...(await this.judge(issuer, serial)) }
    return { certId, serial, entry: undefined, status: this.#verdict(issuer, undefined, NEVER_ISSUED) }
  }

  /** With the entry of that serial, which is kept on where what was read says something. */
  async judge(issuer: OcspIssuer, serial: SerialNumber): Promise<{ entry: OcspEntry; status: OcspVerdict }> {
    const { answers } = this.#parts
    let entry = answers.entry(serial)
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const status = this.#verdict(issuer, serial, await this.#factsOf(issuer, serial, entry))
      if (answers.isCurrent(serial, entry)) {
        this.#forgetSilent(serial, entry, status)
        return { entry, status }
      }
      // What happened while it was read is committed: it is read again.
      entry = answers.entry(serial)
    }
    return { entry, status: { kind: 'doubt' } }
  }

  /** Whether nothing happened to it since. `unknown` is not kept: nothing can happen to it. */
  stillStands({ serial, status, entry }: Judged): boolean {
    if (serial === undefined || entry === undefined || status.kind === 'unknown') return true
    return this.#parts.answers.isCurrent(serial, entry)
  }

  /** What is issued is not in the change log, and it may be issued the next moment; and strangers ask about what they like. */
  #forgetSilent(serial: SerialNumber, entry: OcspEntry, { kind }: OcspVerdict): void {
    if (kind === 'unknown') this.#parts.answers.drop(serial, entry)
    if (kind === 'doubt') this.#parts.answers.dropUnsaid(serial, entry)
  }

  #factsOf(issuer: OcspIssuer, serial: SerialNumber, entry: OcspEntry): Promise<OcspFacts> {
    if (entry.facts !== undefined) {
      entry.wasUsed = true
      return entry.facts
    }
    entry.facts = this.#readFacts(issuer, serial).catch((error: unknown) => {
      entry.facts = undefined
      this.#parts.answers.dropUnsaid(serial, entry)
      throw error
    })
    return entry.facts
  }

  #verdict(issuer: OcspIssuer, serial: SerialNumber | undefined, facts: OcspFacts): OcspVerdict {
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
}

/** Undefined for a number that no certificate of ours has. */
export function serialOf({ serialHex }: CertId): SerialNumber | undefined {
  try {
    return parseSerialNumber(serialHex)
  } catch (error) {
    if (error instanceof SerialRejected) return undefined
    throw error
  }
}
