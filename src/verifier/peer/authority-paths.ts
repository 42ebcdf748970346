// The path of each CA that was given, up to a pinned root (RFC 5280 §6.1). Whether it holds at the time of a request is asked with each
// request, and so is revocation: a path is one that holds at some time.
import { IssuerPool } from '../path/issuer-pool.ts'
import type { PathCertificate } from '../path/path-certificate.ts'
import { ACCEPTED_SIGNATURES, type PathSettings } from '../path/path-settings.ts'
import type { CandidatePath } from '../path/path-verdict.ts'
import { MAX_INTERMEDIATES, PATH_LIMITS } from '../path/path-work.ts'
import { ANY_POLICY } from '../path/policy-settings.ts'
import { verifyPath } from '../path/verify-path.ts'

export type AuthorityPath =
  | { readonly kind: 'path'; readonly path: CandidatePath }
  /** Nothing at hand is above it. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'refused'; readonly why: string }

/** Most beginnings that are tried for one CA: paths of ours have two certificates. */
const MAX_TIMES = 16

export class AuthorityPaths {
  readonly #pool: IssuerPool
  readonly #beginnings: readonly Date[]

  constructor(anchors: readonly PathCertificate[], given: readonly PathCertificate[]) {
    this.#pool = new IssuerPool({ anchors, intermediates: given })
    const all = [...anchors, ...given].map(({ certificate }) => certificate.tbs.validity.notBefore)
    this.#beginnings = all.toSorted((one, other) => one.getTime() - other.getTime())
  }

  of(authority: PathCertificate): AuthorityPath {
    let first: AuthorityPath | undefined
    for (const at of this.#timesOf(authority)) {
      const found = this.#at(authority, at)
      if (found.kind === 'path') return found
      first ??= found
    }
    return first ?? { kind: 'elsewhere' }
  }

  /** If there is an instant at which all of a path holds, the beginning of one of its certificates is one. */
  #timesOf({ certificate }: PathCertificate): readonly Date[] {
    const own = certificate.tbs.validity.notBefore
    const later = this.#beginnings.filter((each) => each > own)
    return [own, ...new Map(later.map((each) => [each.getTime(), each])).values()].slice(0, MAX_TIMES)
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
