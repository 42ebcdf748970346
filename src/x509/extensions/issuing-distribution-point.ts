// IssuingDistributionPoint (RFC 5280 §5.2.5), always critical: which certificates a CRL speaks for.
import { contextPrimitive, DerReader } from '../der-reader.ts'
import { implicitPrimitive, sequence, type Der } from '../der-writer.ts'
import { ExtensionRejected, makeExtension, type Extension } from '../extension.ts'
import { OID } from '../oid.ts'
import type { RevocationReason } from '../../domain/revocation-reason.ts'
import {
  encodeDistributionPointName,
  parseOptionalDistributionPointName,
  parseOptionalReasons,
  type DistributionPointName,
} from './distribution-point-name.ts'

/** What Signet's own CRLs say of themselves. */
export interface CrlScope {
  /** As in the certificates' distribution point, byte for byte (RFC 5280 §6.3.3 b). */
  readonly uris: readonly string[]
  readonly certificates: 'all' | 'user' | 'authority'
}

export interface IssuingDistributionPoint {
  readonly name: DistributionPointName | undefined
  readonly onlyUserCertificates: boolean
  readonly onlyAuthorityCertificates: boolean
  readonly onlySomeReasons: ReadonlySet<RevocationReason> | undefined
  readonly indirect: boolean
  readonly onlyAttributeCertificates: boolean
}

const TRUE = Uint8Array.of(0xff)

/** Throws `ExtensionRejected` for a scope that says nothing: the sequence must not be empty. */
export function issuingDistributionPoint({ uris, certificates }: CrlScope): Extension {
  const parts: Der[] = uris.length > 0 ? [encodeDistributionPointName(uris)] : []
  if (certificates === 'user') parts.push(implicitPrimitive(1, TRUE))
  if (certificates === 'authority') parts.push(implicitPrimitive(2, TRUE))
  if (parts.length === 0) throw malformed()
  return makeExtension(OID.issuingDistributionPoint, 'critical', sequence(...parts))
}

export function parseIssuingDistributionPoint(value: Uint8Array): IssuingDistributionPoint {
  return DerReader.whole(value, (reader) => {
    const fields = reader.readSequence()
    if (fields.atEnd) throw malformed()
    const point = parseFields(fields)
    fields.end()
    const only = [point.onlyUserCertificates, point.onlyAuthorityCertificates, point.onlyAttributeCertificates]
    // §5.2.5: at most one of the three.
    if (only.filter(Boolean).length > 1) throw malformed()
    return point
  })
}

function parseFields(fields: DerReader): IssuingDistributionPoint {
  return {
    name: parseOptionalDistributionPointName(fields),
    onlyUserCertificates: fields.readDefaultFalse(contextPrimitive(1)),
    onlyAuthorityCertificates: fields.readDefaultFalse(contextPrimitive(2)),
    onlySomeReasons: parseOptionalReasons(fields, contextPrimitive(3)),
    indirect: fields.readDefaultFalse(contextPrimitive(4)),
    onlyAttributeCertificates: fields.readDefaultFalse(contextPrimitive(5)),
  }
}

function malformed(): ExtensionRejected {
  return new ExtensionRejected('extension_malformed', { oid: OID.issuingDistributionPoint })
}
