// Paths from a leaf up to an anchor, the likeliest first (RFC 4158 §3): those whose key identifiers agree before others, and
// short ones before long ones. A step is taken only where the signature holds: of a hundred CAs of one name a forger cannot
// make a hundred ways to go on from each.
import type { IssuerCandidate, IssuerPool } from './issuer-pool.ts'
import type { PathCertificate } from './path-certificate.ts'
import { type CandidatePath, type PathRefusal, refused } from './path-verdict.ts'
import { MAX_INTERMEDIATES } from './path-work.ts'
import type { PathRun } from './validate-path.ts'

export interface PathBuilding {
  readonly pool: IssuerPool
  readonly run: PathRun
  /** Told why an issuer that was offered is none. */
  readonly reject: (refusal: PathRefusal) => void
}

/** One search: the paths of one length, with or without a step against the key identifiers. */
interface Search extends PathBuilding {
  readonly length: number
  readonly hints: 'followed' | 'contradicted'
  /** Some path could have gone on. */
  wasCut: boolean
}

/** Throws `WorkExceeded`. */
export function* buildPaths(leaf: PathCertificate, building: PathBuilding): Generator<CandidatePath> {
  for (const hints of ['followed', 'contradicted'] as const) {
    let wasCut = true
    for (let length = 1; wasCut && length <= MAX_INTERMEDIATES + 1; length++) {
      const search: Search = { ...building, length, hints, wasCut: false }
      yield* extend([leaf], leaf, 'followed', search)
      wasCut = search.wasCut
    }
    if (wasCut) building.reject(refused('path-length', MAX_INTERMEDIATES))
  }
}

function* extend(
  path: readonly PathCertificate[],
  tip: PathCertificate,
  hints: Search['hints'],
  search: Search,
): Generator<CandidatePath> {
  for (const candidate of search.pool.issuersOf(tip)) {
    // Those that contradict stand last.
    if (candidate.hint === 'contradicts' && search.hints === 'followed') return
    search.run.work.spend('candidate')
    const soFar = candidate.hint === 'contradicts' ? 'contradicted' : hints
    if (candidate.kind === 'intermediate') yield* stepTo(candidate, path, tip, soFar, search)
    else if (path.length === search.length && soFar === search.hints) {
      yield { certificates: path, anchor: candidate.certificate }
    }
  }
}

function* stepTo(
  { certificate }: IssuerCandidate,
  path: readonly PathCertificate[],
  tip: PathCertificate,
  hints: Search['hints'],
  search: Search,
): Generator<CandidatePath> {
  if (isRepeated(certificate, path)) return
  if (path.length === search.length) {
    search.wasCut = true
    return
  }
  const refusal = stepRefusal(path, tip, certificate, search.run)
  if (refusal === undefined) yield* extend([...path, certificate], certificate, hints, search)
  else search.reject(refusal)
}

/** A CA twice, by name and key, proves nothing new, and could go on for ever. */
function isRepeated(candidate: PathCertificate, path: readonly PathCertificate[]): boolean {
  const { spki } = candidate.certificate.tbs
  return path.some(
    ({ subject, certificate }) => subject === candidate.subject && Buffer.compare(certificate.tbs.spki, spki) === 0,
  )
}

function stepRefusal(
  path: readonly PathCertificate[],
  tip: PathCertificate,
  issuer: PathCertificate,
  { signatures }: PathRun,
): PathRefusal | undefined {
  if (issuer.basicConstraints?.authority !== true) return refused('not-authority', path.length)
  const fault = signatures.fault(tip, issuer)
  return fault === undefined ? undefined : refused(fault, path.length - 1)
}
