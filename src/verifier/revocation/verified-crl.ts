// A CRL whose signature was verified with the key of a CA that may sign CRLs (RFC 5280 §6.3.3 (f), (g)): the type is the
// proof. That the CA itself holds is known to whoever names it as a candidate.
import type { Crl } from '../../x509/crl.ts'
import type { PathCertificate } from '../path/path-certificate.ts'
import { type KnownCrl, knownCrl } from './known-crl.ts'
import type { RevocationPolicy } from './revocation-policy.ts'
import type { RevocationFault } from './revocation-status.ts'

/** Most keys that one CRL is tried with: CAs of one name are few, and a signature over 40 MB takes a tenth of a second. */
export const MAX_SIGNERS = 8

export type CrlVerification =
  | { readonly kind: 'verified'; readonly crl: VerifiedCrl }
  | { readonly kind: 'refused'; readonly code: RevocationFault }

export class VerifiedCrl {
  readonly known: KnownCrl
  readonly signer: PathCertificate
  /** Equal for CRLs of one issuer, key and scope: of two such the later counts. */
  readonly series: string

  private constructor(known: KnownCrl, signer: PathCertificate) {
    this.known = known
    this.signer = signer
    this.series = JSON.stringify([known.issuer, signer.certificate.tbs.publicKey.fingerprint, known.scope])
  }

  get crl(): Crl {
    return this.known.crl
  }

  /** `candidates` hold as CAs; those of other names are passed over. */
  static verify(crl: Crl, candidates: readonly PathCertificate[], policy: RevocationPolicy): CrlVerification {
    const known = knownCrl(crl)
    if (known.unknownCritical.length > 0) return { kind: 'refused', code: 'crl-extension-unknown' }
    if (crl.number === undefined && policy.crlNumber === 'required')
      return { kind: 'refused', code: 'crl-number-missing' }
    const named = candidates.filter(({ subject }) => subject === known.issuer)
    if (named.length === 0) return { kind: 'refused', code: 'crl-issuer-other' }
    const entitled = named.filter(maySignCrls)
    if (entitled.length === 0) return { kind: 'refused', code: 'crl-signer-may-not' }
    const likely = likeliestFirst(crl, entitled).slice(0, MAX_SIGNERS)
    const signer = likely.find((candidate) => policy.verify(crl, candidate))
    if (signer === undefined) return { kind: 'refused', code: 'crl-signature-invalid' }
    return { kind: 'verified', crl: new VerifiedCrl(known, signer) }
  }
}

/** §6.3.3 (f): a key usage, if there is one, must say so. */
function maySignCrls(signer: PathCertificate): boolean {
  return signer.keyUsage?.has('cRLSign') !== false
}

/** By key identifier, which anyone can write: a hint, no more. */
function likeliestFirst(crl: Crl, candidates: readonly PathCertificate[]): readonly PathCertificate[] {
  const wanted = crl.authorityKeyIdentifier?.keyIdentifier
  const isWanted = ({ subjectKeyIdentifier: offered }: PathCertificate): boolean =>
    wanted !== undefined && offered !== undefined && Buffer.compare(wanted, offered) === 0
  return candidates.toSorted((a, b) => Number(isWanted(b)) - Number(isWanted(a)))
}
