// Facts of certificates that were seen before, so that a busy caller's is parsed and verified once. Facts hold for ever;
// revocation and time are not among them, so nothing here can go stale. A change of trust needs a new cache.
//
// Refusals are not kept: strangers can make as many certificates as they like, and would push out those in use.
import { hash } from 'node:crypto'
import type { CertificateFacts, VerifiedCertificate } from '../access/facts.ts'
import { RecentlyUsed } from '../domain/recently-used.ts'
import { verifyClientCertificate } from './client-certificate.ts'
import type { Trust } from './trust.ts'

/** Facts take about 1 KiB each. */
const DEFAULT_CAPACITY = 32_768

export class ClientCertificateCache {
  readonly #trust: Trust
  /** By SHA-256 of the DER. */
  readonly #facts: RecentlyUsed<string, VerifiedCertificate>
  /** Of bytes that were seen before, as this very object: those of a connection that lasts. */
  readonly #seen = new WeakMap<Uint8Array, VerifiedCertificate>()

  constructor(trust: Trust, capacity: number = DEFAULT_CAPACITY) {
    this.#trust = trust
    this.#facts = new RecentlyUsed(capacity)
  }

  /** As `verifyClientCertificate`. `der` is not changed afterwards. */
  verify(der: Uint8Array): CertificateFacts {
    const seen = this.#seen.get(der)
    if (seen !== undefined) return seen
    const facts = this.#look(der)
    if (facts.kind === 'verified') this.#seen.set(der, facts)
    return facts
  }

  #look(der: Uint8Array): CertificateFacts {
    const fingerprint = hash('sha256', der, 'base64')
    const known = this.#facts.get(fingerprint)
    if (known !== undefined) return known
    const facts = verifyClientCertificate(der, this.#trust)
    if (facts.kind === 'verified') this.#facts.put(fingerprint, facts)
    return facts
  }
}
