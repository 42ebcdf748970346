// FreshestCRL (RFC 5280 §5.2.6 in a CRL, §4.2.1.15 in a certificate), never critical: where the delta CRL is. It has the form
// of CRLDistributionPoints.
import { ExtensionRejected, makeExtension, type Extension } from '../extension.ts'
import { OID } from '../oid.ts'
import { encodeDistributionPoints, parseDistributionPoints, type DistributionPoint } from './crl-distribution-points.ts'

/** One distribution point: the same delta CRL at each of the URIs. */
export function freshestCrl(uris: readonly string[]): Extension {
  if (uris.length === 0) throw new ExtensionRejected('extension_malformed', { oid: OID.freshestCrl })
  return makeExtension(OID.freshestCrl, 'non-critical', encodeDistributionPoints(uris))
}

export function parseFreshestCrl(value: Uint8Array): readonly DistributionPoint[] {
  return parseDistributionPoints(value, OID.freshestCrl)
}
