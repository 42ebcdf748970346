// What is said about a path: it holds, and under which policies; or why it does not, and for which of its certificates.
import type { PathCertificate } from './path-certificate.ts'
import type { PathFault } from './path-fault.ts'
import type { RevocationVerdict } from './revocation-check.ts'

/** Leaf first; the anchor is not among the certificates. */
export interface CandidatePath {
  readonly certificates: readonly PathCertificate[]
  readonly anchor: PathCertificate
}

export interface PathRefusal {
  readonly kind: 'refused'
  readonly code: PathFault
  /** Whose fault: 0 is the leaf, the number of certificates is the anchor. */
  readonly depth: number
  /** The rule that was broken, the extension that is unknown, the limit that was met: for logs. */
  readonly detail?: string
  /** Of `revoked` and `revocation-unknown`. */
  readonly revocation?: RevocationVerdict
}

export interface ValidPath {
  readonly kind: 'valid'
  readonly path: CandidatePath
  /** The user-constrained policy set of RFC 9618 §5.6: `any` when all CAs leave it open and nothing was asked for. */
  readonly policies: ReadonlySet<string> | 'any'
}

export type PathVerdict = ValidPath | PathRefusal

export function refused(code: PathFault, depth: number, detail?: string): PathRefusal {
  return detail === undefined ? { kind: 'refused', code, depth } : { kind: 'refused', code, depth, detail }
}
