// The path of each CA that was given, up to a pinned root (RFC 5280 §6.1). Whether it holds at the time of a request is asked with each
// request, and so is revocation: a path is one that holds at some time.
//
// Paths go over CAs that hold themselves, and over nothing else that was given: anyone can make a thousand certificates that bear the
// name of a CA, and each of them costs no more than a look at the few that are one.
import { IssuerPool } from '../path/issuer-pool.ts'
import type { PathCertificate } from '../path/path-certificate.ts'
import { ACCEPTED_SIGNATURES, type PathSettings } from '../path/path-settings.ts'
import type { CandidatePath } from '../path/path-verdict.ts'
import { MAX_INTERMEDIATES, PATH_LIMITS } from '../path/path-work.ts'
import { ANY_POLICY } from '../path/policy-settings.ts'
import { verifyPath } from '../path/verify-path.ts'

export type AuthorityPath =
  | { readonly kind: 'path'; readonly path: CandidatePath }
  /** Nothing that holds is above it, as far as is known. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'refused'; readonly why: string }

/** Most beginnings that are tried for one CA: paths of ours have two certificates. */
const MAX_TIMES = 8

export class AuthorityPaths {
  readonly #anchors: readonly PathCertificate[]
  readonly #holding: PathCertificate[] = []
  #pool: IssuerPool

  constructor(anchors: readonly PathCertificate[]) {
    this.#anchors = anchors
    this.#pool = new IssuerPool({ anchors, intermediates: [] })
  }

  /** Others may be below it. */
  hold(authority: PathCertificate): void {
    this.#holding.push(authority)
    this.#pool = new IssuerPool({ anchors: this.#anchors, intermediates: this.#holding })
  }

  of(authority: PathCertificate): AuthorityPath {
    let first: AuthorityPath | undefined
    for (const at of this.#timesOf(authority)) {
      const found = this.#at(authority, at)
      // Time changes nothing about who is above it.
      if (found.kind !== 'refused') return found
      first ??= found
    }
    return first ?? { kind: 'elsewhere' }
  }

  /** If there is an instant at which all of a path holds, the beginning of one of its certificates is one. */
  #timesOf(authority: PathCertificate): readonly Date[] {
    const beginningOf = ({ certificate }: PathCertificate): number => certificate.tbs.validity.notBefore.getTime()
    const own = beginningOf(authority)
    const above = [...this.#anchors, ...this.#holding].map(beginningOf).filter((each) => each > own)
    return [own, ...new Set(above.sort((one, other) => one - other))].slice(0, MAX_TIMES).map((each) => new Date(each))
  }

  #at(authority: PathCertificate, at: Date): AuthorityPath {
    const verdict = verifyPath(authority, this.#pool, settingsAt(at))
    if (verdict.kind === 'valid') return { kind: 'path', path: verdict.path }
    if (verdict.code === 'issuer-unknown') return { kind: 'elsewhere' }
    const { code, detail } = verdict
    return { kind: 'refused', why: detail === undefined ? code : `${code}: ${detail}` }
  }
}

function settingsAt(at: Date): PathSettings {
  return {
    at,
    purpose: 'any',
    policy: ANY_POLICY,
    conformance: 'required',
    revocation: { kind: 'none' },
    signatures: ACCEPTED_SIGNATURES,
    maxIntermediates: MAX_INTERMEDIATES,
    limits: PATH_LIMITS,
  }
}
