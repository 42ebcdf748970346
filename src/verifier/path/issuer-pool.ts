// Certificates from which paths are built: anchors that are trusted, and CA certificates that merely may help, found by
// the name of the issuer that is looked for. Key identifiers order the candidates and exclude none: they are hints
// (RFC 5280 §4.2.1.1, RFC 4158 §3.5.12), which anyone writes.
import type { PathCertificate } from './path-certificate.ts'

export interface IssuerCandidate {
  readonly kind: 'anchor' | 'intermediate'
  readonly certificate: PathCertificate
}

export interface IssuerSource {
  readonly anchors: readonly PathCertificate[]
  readonly intermediates: readonly PathCertificate[]
}

export class IssuerPool {
  readonly #bySubject = new Map<string, IssuerCandidate[]>()

  constructor({ anchors, intermediates }: IssuerSource) {
    for (const certificate of anchors) this.#add({ kind: 'anchor', certificate })
    for (const certificate of intermediates) this.#add({ kind: 'intermediate', certificate })
  }

  #add(candidate: IssuerCandidate): void {
    const { subject } = candidate.certificate
    const known = this.#bySubject.get(subject)
    if (known === undefined) this.#bySubject.set(subject, [candidate])
    else known.push(candidate)
  }

  /** Those whose subject is the certificate's issuer: by key identifier first, anchors before intermediates. */
  issuersOf(certificate: PathCertificate): readonly IssuerCandidate[] {
    const candidates = this.#bySubject.get(certificate.issuer) ?? []
    const ranked = candidates.map((candidate) => ({ candidate, rank: rankOf(candidate, certificate) }))
    return ranked.toSorted((a, b) => a.rank - b.rank).map(({ candidate }) => candidate)
  }
}

/** Lower is likelier. */
function rankOf({ kind, certificate: issuer }: IssuerCandidate, certificate: PathCertificate): number {
  const wanted = certificate.authorityKeyIdentifier?.keyIdentifier
  const offered = issuer.subjectKeyIdentifier
  const ofKind = kind === 'anchor' ? 0 : 1
  if (wanted === undefined || offered === undefined) return 2 + ofKind
  return (Buffer.compare(wanted, offered) === 0 ? 0 : 4) + ofKind
}
