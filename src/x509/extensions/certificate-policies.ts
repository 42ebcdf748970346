// CertificatePolicies (RFC 5280 §4.2.1.4): policy OIDs. Signet writes no qualifiers.
import { DerReader, TAG } from '../der-reader.ts'
import { oid, sequence } from '../der-writer.ts'
import { ExtensionRejected, makeExtension, type Criticality, type Extension } from '../extension.ts'
import { OID } from '../oid.ts'

export function certificatePolicies(policies: readonly string[], criticality: Criticality): Extension {
  const information = refuseUnlessDistinct(policies).map((policy) => sequence(oid(policy)))
  return makeExtension(OID.certificatePolicies, criticality, sequence(...information))
}

export function parseCertificatePolicies(value: Uint8Array): readonly string[] {
  return refuseUnlessDistinct(DerReader.whole(value, (reader) => reader.readEach(TAG.sequence, parsePolicyInformation)))
}

function parsePolicyInformation(reader: DerReader): string {
  const fields = reader.readSequence()
  const policy = fields.readOid()
  if (!fields.atEnd) fields.readEncoded(TAG.sequence)
  fields.end()
  return policy
}

/** OIDs of the qualifiers of all policies, for whoever must know whether it understands them. Throws `DerRejected`. */
export function policyQualifiers(value: Uint8Array): readonly string[] {
  return DerReader.whole(value, (reader) => reader.readEach(TAG.sequence, parseQualifiers)).flat()
}

function parseQualifiers(reader: DerReader): readonly string[] {
  const fields = reader.readSequence()
  fields.readOid()
  return fields.atEnd ? [] : fields.readEach(TAG.sequence, (each) => each.readSequence().readOid())
}

/** §4.2.1.4: at least one, and none more than once. */
function refuseUnlessDistinct(policies: readonly string[]): readonly string[] {
  if (policies.length > 0 && new Set(policies).size === policies.length) return policies
  throw new ExtensionRejected('extension_malformed', { oid: OID.certificatePolicies })
}
