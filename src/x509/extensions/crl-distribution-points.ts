// CRLDistributionPoints (RFC 5280 §4.2.1.13), not critical as §4.2.1.13 advises. FreshestCRL has the same form.
import { contextConstructed, contextPrimitive, DerReader, TAG } from '../der-reader.ts'
import { sequence, type Der } from '../der-writer.ts'
import { ExtensionRejected, makeExtension, type Extension } from '../extension.ts'
import { parseGeneralNames, urisOf, type GeneralName } from '../general-name.ts'
import { OID } from '../oid.ts'
import type { RevocationReason } from '../../domain/revocation-reason.ts'
import {
  encodeDistributionPointName,
  parseOptionalDistributionPointName,
  parseOptionalReasons,
  type DistributionPointName,
} from './distribution-point-name.ts'

export interface DistributionPoint {
  readonly name: DistributionPointName | undefined
  /** Undefined: all reasons. */
  readonly reasons: ReadonlySet<RevocationReason> | undefined
  /** Who issues the CRL, when it is not the certificate's issuer. */
  readonly crlIssuer: readonly GeneralName[] | undefined
}

/** One distribution point: the same CRL at each of the URIs. */
export function crlDistributionPoints(uris: readonly string[]): Extension {
  if (uris.length === 0) throw malformed(OID.crlDistributionPoints)
  return makeExtension(OID.crlDistributionPoints, 'non-critical', encodeDistributionPoints(uris))
}

export function encodeDistributionPoints(uris: readonly string[]): Der {
  return sequence(sequence(encodeDistributionPointName(uris)))
}

export function parseCrlDistributionPoints(value: Uint8Array): readonly DistributionPoint[] {
  return parseDistributionPoints(value, OID.crlDistributionPoints)
}

/** `oid`: the extension that has this form, for the refusal. */
export function parseDistributionPoints(value: Uint8Array, oid: string): readonly DistributionPoint[] {
  const points = DerReader.whole(value, (reader) =>
    reader.readEach(TAG.sequence, (each) => parseDistributionPoint(each, oid)),
  )
  if (points.length === 0) throw malformed(oid)
  return points
}

/** Every URI of every distribution point, in order. */
export function crlUris(points: readonly DistributionPoint[]): string[] {
  return points.flatMap(({ name }) => (name?.kind === 'full' ? urisOf(name.names) : []))
}

function parseDistributionPoint(reader: DerReader, oid: string): DistributionPoint {
  const fields = reader.readSequence()
  const name = parseOptionalDistributionPointName(fields)
  const reasons = parseOptionalReasons(fields, contextPrimitive(1))
  const issuerTag = contextConstructed(2)
  const crlIssuer = fields.peekTag() === issuerTag ? parseGeneralNames(fields, issuerTag) : undefined
  fields.end()
  // §4.2.1.13: a point MUST NOT consist of reasons alone.
  if (name === undefined && crlIssuer === undefined) throw malformed(oid)
  return { name, reasons, crlIssuer }
}

function malformed(oid: string): ExtensionRejected {
  return new ExtensionRejected('extension_malformed', { oid })
}
