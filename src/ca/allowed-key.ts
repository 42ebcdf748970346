// Which keys a profile certifies (CP §6.1.5), and that a chain keeps to one family of algorithms.
import { CodedError } from '../domain/coded-error.ts'
import { KEY_ALGORITHMS, type KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { type PublicKey, refuseWeakKey } from '../x509/public-key.ts'
import type { LintContext } from './lint.ts'
import type { Policy } from './policy/policy.ts'
import type { Profile } from './policy/profile.ts'

export type KeyRefusalCode = 'key_algorithm_not_allowed' | 'key_is_a_ca_key'

/** A sound key that is not for this certificate. */
export class KeyNotAllowed extends CodedError<KeyRefusalCode> {}

/**
 * Refuses what can be told from the key alone (CP §6.1.5, §6.1.6): an algorithm or size outside the profile or the family
 * of the issuer, the key of a CA, a weak key. That it was never revoked for compromise nor certified for somebody else is
 * for the inventory to say. Throws `KeyNotAllowed`, `KeyRejected`.
 */
export function refuseKey(key: PublicKey, context: LintContext, caKeyFingerprints: ReadonlySet<string>): void {
  const { profile, signatory, policy } = context
  if (!isKeyAllowed(key, profile) || !isOfFamily(key, signatory.algorithm, policy)) {
    throw new KeyNotAllowed('key_algorithm_not_allowed', {
      algorithm: key.algorithm,
      ...(key.kind === 'rsa' ? { bits: key.bits } : {}),
      profile: profile.name,
    })
  }
  if (caKeyFingerprints.has(key.fingerprint))
    throw new KeyNotAllowed('key_is_a_ca_key', { keyFingerprint: key.fingerprint })
  refuseWeakKey(key)
}

export function isKeyAllowed(key: PublicKey, { subjectKeys }: Profile): boolean {
  switch (key.kind) {
    case 'ec':
      return subjectKeys.ecCurves.includes(key.curve)
    case 'rsa':
      return key.bits >= subjectKeys.rsaBits.min && key.bits <= subjectKeys.rsaBits.max
    case 'ed25519':
      return subjectKeys.ed25519
    case 'ml-dsa': {
      const algorithm = KEY_ALGORITHMS.get(key.algorithm)
      return subjectKeys.mlDsaParameterSets.some(
        (set) => algorithm?.kind === 'ml-dsa' && algorithm.parameterSet === set,
      )
    }
    default:
      key satisfies never
      return false
  }
}

/** Whether the key is of the family of its issuer's (CP §6.1.5). */
export function isOfFamily(key: PublicKey, issuerAlgorithm: KeyAlgorithmName, { hierarchy }: Policy): boolean {
  const family = hierarchy.keyFamilies.find(({ algorithms }) => algorithms.includes(issuerAlgorithm))
  return family?.algorithms.includes(namedAlgorithm(key)) ?? false
}

/** Every length of RSA is of one family. */
function namedAlgorithm(key: PublicKey): KeyAlgorithmName {
  return key.algorithm === 'rsa' ? 'rsa-2048' : key.algorithm
}
