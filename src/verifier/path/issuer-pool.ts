// Certificates from which paths are built: anchors that are trusted, and CA certificates that merely may help, found by
// the name of the issuer that is looked for. Key identifiers order the candidates and exclude none: they are hints
// (RFC 5280 §4.2.1.1, RFC 4158 §3.5.12), which anyone writes.
import type { PathCertificate } from './path-certificate.ts'

/** What the key identifiers of a certificate and its possible issuer say about each other. */
export type Hint = 'agrees' | 'silent' | 'contradicts'

export interface IssuerCandidate {
  readonly kind: 'anchor' | 'intermediate'
  readonly certificate: PathCertificate
  readonly hint: Hint
}

export interface IssuerSource {
  readonly anchors: readonly PathCertificate[]
  readonly intermediates: readonly PathCertificate[]
}

type Pooled = Omit<IssuerCandidate, 'hint'>

const HINTS: readonly Hint[] = ['agrees', 'silent', 'contradicts']

export class IssuerPool {
  readonly #bySubject = new Map<string, Pooled[]>()
  readonly #ranked = new WeakMap<PathCertificate, readonly IssuerCandidate[]>()

  constructor({ anchors, intermediates }: IssuerSource) {
    for (const certificate of anchors) this.#add({ kind: 'anchor', certificate })
    for (const certificate of intermediates) this.#add({ kind: 'intermediate', certificate })
  }

  #add(pooled: Pooled): void {
    const { subject } = pooled.certificate
    const known = this.#bySubject.get(subject)
    if (known === undefined) this.#bySubject.set(subject, [pooled])
    else known.push(pooled)
  }

  /** Those whose subject is the certificate's issuer, the likeliest first, and of equals the anchors. */
  issuersOf(certificate: PathCertificate): readonly IssuerCandidate[] {
    const ranked = this.#ranked.get(certificate) ?? this.#rank(certificate)
    this.#ranked.set(certificate, ranked)
    return ranked
  }

  #rank(certificate: PathCertificate): readonly IssuerCandidate[] {
    const pooled = this.#bySubject.get(certificate.issuer) ?? []
    const candidates = pooled.map((each) => ({ ...each, hint: hintOf(each.certificate, certificate) }))
    // Anchors stand first in the pool, and the order of equals is kept.
    return candidates.toSorted((a, b) => HINTS.indexOf(a.hint) - HINTS.indexOf(b.hint))
  }
}

function hintOf(issuer: PathCertificate, certificate: PathCertificate): Hint {
  const wanted = certificate.authorityKeyIdentifier?.keyIdentifier
  const offered = issuer.subjectKeyIdentifier
  if (wanted === undefined || offered === undefined) return 'silent'
  return Buffer.compare(wanted, offered) === 0 ? 'agrees' : 'contradicts'
}
