// The seam between path validation and whoever knows about revocation (RFC 5280 §6.1.3 (a)(3)). Path validation asks once
// for each certificate below the anchor, from the anchor downwards, when all else about the path was found to hold.
import type { RevocationReason } from '../../domain/revocation-reason.ts'
import type { PathCertificate } from './path-certificate.ts'
import type { CandidatePath } from './path-verdict.ts'

export type RevocationVerdict =
  | { readonly kind: 'good' }
  | { readonly kind: 'revoked'; readonly at: Date; readonly reason: RevocationReason | undefined }
  /** Nothing that speaks for this certificate now. `code`: why. */
  | { readonly kind: 'unknown'; readonly code: string }

export interface RevocationQuestion {
  readonly certificate: PathCertificate
  /** The one above it in the path: its key signed `certificate`, and holds as a CA. */
  readonly issuer: PathCertificate
  readonly path: CandidatePath
  readonly at: Date
}

/** Must not wait: what it needs is fetched before. */
export type CheckRevocation = (question: RevocationQuestion) => RevocationVerdict

/** `none`: whoever asks looks revocation up itself. */
export type RevocationSetting =
  | { readonly kind: 'none' }
  | { readonly kind: 'checked'; readonly check: CheckRevocation; readonly unknown: 'refuse' | 'allow' }
