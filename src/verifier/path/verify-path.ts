// Whether a certificate holds under some anchor: paths are built and judged one after another, until one holds or all work
// that is allowed is done. What is said of a certificate that does not hold is the fault of the likeliest path.
import { buildPaths } from './build-paths.ts'
import type { IssuerPool } from './issuer-pool.ts'
import type { PathCertificate } from './path-certificate.ts'
import type { PathSettings } from './path-settings.ts'
import { type PathRefusal, type PathVerdict, refused } from './path-verdict.ts'
import { judgePath, type PathRun, startRun, withinLimits } from './validate-path.ts'

export function verifyPath(leaf: PathCertificate, pool: IssuerPool, settings: PathSettings): PathVerdict {
  return verifyPathWithin(leaf, pool, startRun(settings))
}

/** As `verifyPath`, for whoever counts the work. */
export function verifyPathWithin(leaf: PathCertificate, pool: IssuerPool, run: PathRun): PathVerdict {
  return withinLimits(() => firstValid(leaf, pool, run))
}

function firstValid(leaf: PathCertificate, pool: IssuerPool, run: PathRun): PathVerdict {
  let told: PathRefusal | undefined
  let rejected: PathRefusal | undefined
  const reject = (refusal: PathRefusal): void => void (rejected ??= refusal)
  for (const path of buildPaths(leaf, { pool, run, reject })) {
    const verdict = judgePath(path, run)
    if (verdict.kind === 'valid') return verdict
    told ??= verdict
  }
  return told ?? rejected ?? refused('issuer-unknown', 0)
}
