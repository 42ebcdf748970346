// Paths from a leaf up to an anchor, the likeliest first, depth first (RFC 4158 §3). A step is taken only where the
// signature holds: of a hundred CAs of one name a forger cannot make a hundred ways to go on from each.
import type { IssuerPool } from './issuer-pool.ts'
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

/** Throws `WorkExceeded`. */
export function buildPaths(leaf: PathCertificate, building: PathBuilding): Generator<CandidatePath> {
  return extend([leaf], leaf, building)
}

function* extend(
  path: readonly PathCertificate[],
  tip: PathCertificate,
  building: PathBuilding,
): Generator<CandidatePath> {
  for (const { kind, certificate } of building.pool.issuersOf(tip)) {
    building.run.work.spend('candidate')
    if (kind === 'anchor') {
      yield { certificates: path, anchor: certificate }
      continue
    }
    if (isRepeated(certificate, path)) continue
    const refusal = stepRefusal(path, tip, certificate, building.run)
    if (refusal === undefined) yield* extend([...path, certificate], certificate, building)
    else building.reject(refusal)
  }
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
  if (path.length > MAX_INTERMEDIATES) return refused('path-length', path.length)
  if (issuer.basicConstraints?.authority !== true) return refused('not-authority', path.length)
  const fault = signatures.fault(tip, issuer)
  return fault === undefined ? undefined : refused(fault, path.length - 1)
}
