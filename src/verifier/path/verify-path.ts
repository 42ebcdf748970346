// Whether a certificate holds under some anchor: paths are built and judged one after another, until one holds or all work
// that is allowed is done. What is said of a certificate that does not hold is the fault of the likeliest path.
import { CertificateRejected } from '../../x509/tbs-certificate.ts'
import { buildPaths } from './build-paths.ts'
import { IssuerPool } from './issuer-pool.ts'
import { type PathCertificate, readPathCertificate } from './path-certificate.ts'
import type { PathSettings } from './path-settings.ts'
import { type PathRefusal, type PathVerdict, refused } from './path-verdict.ts'
import { judgePath, type PathRun, startRun, withinLimits } from './validate-path.ts'

/** Most certificates of a peer that are read at all. */
export const MAX_SENT_CERTIFICATES = 100

/**
 * `sent`: as a peer sends them, DER, the leaf first and the others in any order. Of those, one that cannot be read helps
 * nobody, and is passed over.
 */
export function verifyChain(
  sent: readonly Uint8Array[],
  anchors: readonly PathCertificate[],
  settings: PathSettings,
): PathVerdict {
  const [leafDer, ...others] = sent
  const leaf = leafDer === undefined ? undefined : readOrNone(leafDer)
  if (leaf === undefined) return refused('certificate-malformed', 0)
  if (sent.length > MAX_SENT_CERTIFICATES) return refused('too-much-work', 0, 'certificates')
  const intermediates = others.map(readOrNone).filter((each) => each !== undefined)
  return verifyPath(leaf, new IssuerPool({ anchors, intermediates }), settings)
}

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

function readOrNone(der: Uint8Array): PathCertificate | undefined {
  try {
    return readPathCertificate(der)
  } catch (error) {
    if (error instanceof CertificateRejected) return undefined
    throw error
  }
}
