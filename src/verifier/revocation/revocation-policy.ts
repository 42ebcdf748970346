// What evidence of revocation must be like to be relied on, where RFC 5280 and RFC 6960 leave it to whoever verifies.
import { verifyEvidence, type VerifyEvidence } from './evidence-signature.ts'

export interface RevocationPolicy {
  /** Whether CRLs and OCSP answers must say until when they hold. `optional`: `maxAgeSeconds` alone bounds those that do not. */
  readonly nextUpdate: 'required' | 'optional'
  /** Oldest evidence that is taken, by its thisUpdate; Infinity where nextUpdate is enough. */
  readonly maxAgeSeconds: number
  /** Whether a CRL must have a number, which conforming issuers MUST give it (RFC 5280 §5.2.3). */
  readonly crlNumber: 'required' | 'optional'
  /**
   * `issuer-key`: only the key that signed the certificate may sign the CRL. `same-anchor`: any CA of the CRL's issuer name
   * whose path holds under the same anchor, as RFC 5280 §6.3.3 (f) has it, after a change of keys say.
   */
  readonly crlSigners: 'issuer-key' | 'same-anchor'
  /** Whether a CRL that lists certificates of several issuers (§5.2.5 indirectCRL) is taken. */
  readonly indirectCrls: 'refused' | 'accepted'
  /** `verifyEvidence`, unless old evidence of others is judged by rules of its time. */
  readonly verify: VerifyEvidence
}

/** What hierarchies of Signet need, and no more. */
export const STRICT_REVOCATION: RevocationPolicy = {
  nextUpdate: 'required',
  maxAgeSeconds: Infinity,
  crlNumber: 'required',
  crlSigners: 'issuer-key',
  indirectCrls: 'refused',
  verify: verifyEvidence,
}

/** All of RFC 5280 §6.3, for hierarchies of others. */
export const RFC5280_REVOCATION: RevocationPolicy = {
  nextUpdate: 'required',
  maxAgeSeconds: Infinity,
  crlNumber: 'required',
  crlSigners: 'same-anchor',
  indirectCrls: 'accepted',
  verify: verifyEvidence,
}
