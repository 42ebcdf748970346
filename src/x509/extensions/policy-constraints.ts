// PolicyMappings, PolicyConstraints and InhibitAnyPolicy (RFC 5280 §4.2.1.5, §4.2.1.11, §4.2.1.14), read only: Signet
// issues none of them, its verifier meets them in chains of others.
import { contextPrimitive, DerReader, TAG } from '../der-reader.ts'
import { ExtensionRejected } from '../extension.ts'
import { OID } from '../oid.ts'

export interface PolicyMapping {
  readonly issuerDomainPolicy: string
  readonly subjectDomainPolicy: string
}

/** Numbers of further certificates in the path before the constraint holds; undefined: no such constraint. */
export interface PolicyConstraints {
  readonly requireExplicitPolicy: number | undefined
  readonly inhibitPolicyMapping: number | undefined
}

export function parsePolicyMappings(value: Uint8Array): readonly PolicyMapping[] {
  const mappings = DerReader.whole(value, (reader) => reader.readEach(TAG.sequence, parseMapping))
  if (mappings.length === 0) throw new ExtensionRejected('extension_malformed', { oid: OID.policyMappings })
  return mappings
}

function parseMapping(reader: DerReader): PolicyMapping {
  const fields = reader.readSequence()
  const mapping = { issuerDomainPolicy: fields.readOid(), subjectDomainPolicy: fields.readOid() }
  fields.end()
  return mapping
}

export function parsePolicyConstraints(value: Uint8Array): PolicyConstraints {
  return DerReader.whole(value, (reader) => {
    const fields = reader.readSequence()
    // §4.2.1.11: never an empty sequence.
    if (fields.atEnd) throw new ExtensionRejected('extension_malformed', { oid: OID.policyConstraints })
    const requireExplicitPolicy = optionalCount(fields, contextPrimitive(0))
    const inhibitPolicyMapping = optionalCount(fields, contextPrimitive(1))
    fields.end()
    return { requireExplicitPolicy, inhibitPolicyMapping }
  })
}

function optionalCount(fields: DerReader, tag: number): number | undefined {
  return fields.peekTag() === tag ? fields.readSmallInteger(tag) : undefined
}

export function parseInhibitAnyPolicy(value: Uint8Array): number {
  return DerReader.whole(value, (reader) => reader.readSmallInteger())
}
