// What a consumer of certificates is told of the peer on a TLS connection: who it is, or why it is refused. Plain data, whose types need
// nothing but the language: this is the interface of the published package.
import { type Reason, type ReasonCategory, REASONS } from '../../access/reasons.ts'

/** What the peer is, by issuing CA and certificate policy, never by a text in the subject. */
export type PeerKind = 'member' | 'job' | 'account' | 'account-job' | 'service' | 'admin'

interface Certified {
  /** The name it acts as: the common name, of a service its system user (the certificate's one L). */
  readonly actingName: string
  /** The one common name: `vision__alice`, `triton.internal`. */
  readonly commonName: string
  readonly spiffeId: string
  /** The issuing CA, as Signet names it (`users-1`) where its certificate tells. */
  readonly issuer: string
  /** Lower-case hexadecimal. With `issuer` it names the certificate. */
  readonly serial: string
  /** SHA-256 of the certificate, lower-case hexadecimal: `x5t#S256` of a bound token is the same in base64url. */
  readonly fingerprint: string
  /** What certificate and issuers have in common. */
  readonly notBefore: Date
  readonly notAfter: Date
  /** Until when what is known of revocation holds without news; `not-checked` where nobody asked for it, or it was too old. */
  readonly revocation: { readonly kind: 'checked'; readonly goodUntil: Date } | { readonly kind: 'not-checked' }
}

export type PeerIdentity = Certified &
  (
    | { readonly kind: 'member'; readonly project: string; readonly user: string }
    | { readonly kind: 'job'; readonly project: string; readonly user: string; readonly job: string }
    | { readonly kind: 'account'; readonly project: string; readonly account: string }
    | { readonly kind: 'account-job'; readonly project: string; readonly account: string; readonly job: string }
    | { readonly kind: 'service'; readonly service: string; readonly systemUser: string }
    | { readonly kind: 'admin'; readonly user: string }
  )

/** The reasons of Signet's own decision that a certificate alone can give; docs/errors.md has them all. */
export type PeerRefusalCode =
  | 'REQUEST_AMBIGUOUS'
  | 'CREDENTIAL_MISSING'
  | 'CERT_MALFORMED'
  | 'CERT_UNTRUSTED'
  | 'CERT_EXPIRED'
  | 'CERT_NOT_YET_VALID'
  | 'CERT_EKU'
  | 'CERT_AMBIGUOUS_CN'
  | 'CERT_REVOKED'
  | 'REVOCATION_STALE'
  | 'CERT_CN_MISMATCH'
  | 'CERT_L_MISMATCH'
  | 'ADMIN_NO_DATA'
  | 'PROJECT_BOUNDARY'
  | 'NOT_MEMBER'
  | 'PDP_UNAVAILABLE'

export interface PeerRefusal {
  readonly kind: 'refused'
  readonly code: PeerRefusalCode
  /** What exactly, for a log: not for whoever was refused. */
  readonly fault: string
  /** For an answer over HTTP: 400, 401, 403 or 503. */
  readonly status: number
  /** One sentence for whoever was refused: what to do about it. */
  readonly advice: string
}

export type PeerVerdict = { readonly kind: 'verified'; readonly identity: PeerIdentity } | PeerRefusal

const STATUS = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  unavailable: 503,
} as const satisfies Partial<Record<ReasonCategory, number>>

type Category = (typeof REASONS)[PeerRefusalCode & Reason]['category']

export function refused(code: PeerRefusalCode, fault: string): PeerRefusal {
  const { category, advice } = REASONS[code]
  return { kind: 'refused', code, fault, status: statusOf(category), advice }
}

/** Whatever is no category of the reasons above is a fault of ours. */
function statusOf(category: Category): number {
  return new Map<string, number>(Object.entries(STATUS)).get(category) ?? 503
}
