// Signatures within one run of path validation: each pair of certificate and key is verified once, however many paths it
// is part of, and each time costs. The key is judged before it is used: a weak one proves nothing, a huge one takes long.
import { hexOf } from '../../x509/hex.ts'
import { verifySignature } from '../../x509/certificate.ts'
import { DerRejected } from '../../x509/der-rejected.ts'
import { KeyRejected, type PublicKey, refuseWeakKey } from '../../x509/public-key.ts'
import type { PathCertificate } from './path-certificate.ts'
import type { PathSettings } from './path-settings.ts'
import type { PathFault } from './path-fault.ts'
import type { PathWork } from './path-work.ts'

export type SignatureFault = Extract<PathFault, 'signature-invalid' | 'algorithm-unacceptable' | 'key-unacceptable'>

export class SignatureChecks {
  readonly #work: PathWork
  readonly #accepted: ReadonlySet<string>
  readonly #known = new Map<PathCertificate, Map<string, SignatureFault | 'valid'>>()
  readonly #keys = new Map<PathCertificate, boolean>()

  constructor(work: PathWork, accepted: PathSettings['signatures']) {
    this.#work = work
    this.#accepted = accepted
  }

  /** Undefined when the issuer's key signed the certificate, with an algorithm that is accepted. */
  fault(certificate: PathCertificate, issuer: PathCertificate): SignatureFault | undefined {
    const byKey = this.#known.get(certificate) ?? new Map<string, SignatureFault | 'valid'>()
    this.#known.set(certificate, byKey)
    const key = hexOf(issuer.certificate.tbs.spki)
    const result = byKey.get(key) ?? this.#verify(certificate, issuer)
    byKey.set(key, result)
    return result === 'valid' ? undefined : result
  }

  /** Of a kind and size that we take, a point on its curve, and nothing that is known to be weak. */
  acceptsKey(certificate: PathCertificate): boolean {
    const known = this.#keys.get(certificate) ?? hasAcceptableKey(certificate)
    this.#keys.set(certificate, known)
    return known
  }

  #verify({ certificate }: PathCertificate, issuer: PathCertificate): SignatureFault | 'valid' {
    if (!this.#accepted.has(certificate.signatureAlgorithm.scheme.kind)) return 'algorithm-unacceptable'
    if (!this.acceptsKey(issuer)) return 'key-unacceptable'
    const { publicKey } = issuer.certificate.tbs
    this.#work.spend('signature', costOf(publicKey))
    return verifySignature(certificate, publicKey) ? 'valid' : 'signature-invalid'
  }
}

export function hasAcceptableKey({ certificate }: PathCertificate): boolean {
  try {
    refuseWeakKey(certificate.tbs.publicKey)
    return true
  } catch (error) {
    if (error instanceof KeyRejected || error instanceof DerRejected) return false
    throw error
  }
}

/** Signatures of RSA with 2048 bits, and of curves, that one takes as long as: it grows with the square of the length. */
function costOf(key: PublicKey): number {
  return key.kind === 'rsa' ? Math.ceil(2 * (key.bits / 4096) ** 2) : 1
}
