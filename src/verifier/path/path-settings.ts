// What a path is asked for (RFC 5280 §6.1.1). Nothing has a default whose absence would weaken it: whoever wants less says so.
import type { SignatureScheme } from '../../x509/algorithm-identifier.ts'
import type { PathLimits } from './path-work.ts'
import type { PolicySettings } from './policy-settings.ts'
import type { RevocationSetting } from './revocation-check.ts'

export type AcceptedSignature = Exclude<SignatureScheme['kind'], 'weak' | 'unknown'>

/** All that is verified at all. MD5, SHA-1, SHA-224 and what is not known have no name here, and never hold. */
export const ACCEPTED_SIGNATURES: ReadonlySet<AcceptedSignature> = new Set([
  'ec',
  'rsa',
  'rsa-pss',
  'ed25519',
  'ml-dsa',
] as const)

export interface PathSettings {
  readonly at: Date
  /** Dotted OID that the leaf, and each CA, must have if it lists purposes; `any`: the caller looks itself. */
  readonly purpose: string
  readonly policy: PolicySettings
  /**
   * `required`: certificates must also keep what RFC 5280 §4 demands of conforming CAs, beyond the algorithm of §6.1: key
   * identifiers, criticality, serial numbers, the syntax of names. `waived`: §6.1 alone, for certificates of others.
   */
  readonly conformance: 'required' | 'waived'
  readonly revocation: RevocationSetting
  readonly signatures: ReadonlySet<AcceptedSignature>
  /** Most CA certificates below the anchor that are not self-issued; never over MAX_INTERMEDIATES. */
  readonly maxIntermediates: number
  readonly limits: PathLimits
}
