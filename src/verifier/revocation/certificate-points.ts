// Where a certificate says that its revocation is published (RFC 5280 §4.2.1.13), made ready for comparing once.
import { CodedError } from '../../domain/coded-error.ts'
import { canonicalName } from '../../x509/distinguished-name.ts'
import type { DistributionPoint } from '../../x509/extensions/crl-distribution-points.ts'
import type { TbsCertificate } from '../../x509/tbs-certificate.ts'
import type { PathCertificate } from '../path/path-certificate.ts'
import { directoryKey, generalNameKey, pointNameKeys } from './point-names.ts'
import { ALL_REASONS, reasonMask } from './reason-mask.ts'
import type { RevocationFault } from './revocation-status.ts'

/** Most distribution points of a certificate that are looked at: each is held against each CRL. Ours have one. */
export const MAX_POINTS = 32

export interface CertificatePoint {
  /** Keys of its names: of cRLIssuer where it has none of its own (§6.3.3 (b)(2)(i)). */
  readonly names: readonly string[]
  readonly reasons: number
  /** Canonical names of cRLIssuer; undefined: the certificate's own issuer. */
  readonly crlIssuers: readonly string[] | undefined
}

export type CertificatePoints =
  | { readonly kind: 'points'; readonly points: readonly CertificatePoint[] }
  | { readonly kind: 'fault'; readonly code: RevocationFault }

const known = new WeakMap<PathCertificate, CertificatePoints>()

export function pointsOf(certificate: PathCertificate): CertificatePoints {
  const points = known.get(certificate) ?? readPoints(certificate)
  known.set(certificate, points)
  return points
}

function readPoints({ certificate, issuer }: PathCertificate): CertificatePoints {
  const points = decodePoints(certificate.tbs)
  if (points === 'malformed') return { kind: 'fault', code: 'distribution-points-malformed' }
  if (points.length > MAX_POINTS) return { kind: 'fault', code: 'distribution-points-too-many' }
  const read = points.map((point) => readPoint(point, certificate.tbs))
  // §6.3.3, last paragraph: then CRLs of the certificate's issuer that no point names. Not where the issuer has handed its
  // revocations to another: what it lists itself then says nothing.
  const hasOtherIssuer = read.some(({ crlIssuers }) => crlIssuers !== undefined)
  const implied = { names: [directoryKey(issuer)], reasons: ALL_REASONS, crlIssuers: undefined }
  return { kind: 'points', points: hasOtherIssuer ? read : [...read, implied] }
}

function decodePoints(tbs: TbsCertificate): readonly DistributionPoint[] | 'malformed' {
  try {
    return tbs.crlDistributionPoints ?? []
  } catch (error) {
    if (error instanceof CodedError) return 'malformed'
    throw error
  }
}

function readPoint({ name, reasons, crlIssuer }: DistributionPoint, tbs: TbsCertificate): CertificatePoint {
  const directories = crlIssuer?.flatMap((each) => (each.kind === 'directory' ? [each.name] : []))
  const own = name === undefined ? undefined : pointNameKeys(name, directories?.[0] ?? tbs.issuer)
  return {
    names: own ?? crlIssuer?.map(generalNameKey) ?? [],
    reasons: reasonMask(reasons),
    crlIssuers: directories?.map(canonicalName),
  }
}
