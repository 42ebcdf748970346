// AuthorityInfoAccessSyntax (RFC 5280 §4.2.2.1), never critical: where the issuer's certificate and its OCSP are.
import { DerReader, TAG } from '../der-reader.ts'
import { oid, sequence } from '../der-writer.ts'
import { ExtensionRejected, makeExtension, type Extension } from '../extension.ts'
import { encodeGeneralName, parseGeneralName } from '../general-name.ts'
import { OID } from '../oid.ts'

/** URIs by access method. */
export interface AuthorityInformationAccess {
  readonly caIssuers: readonly string[]
  readonly ocsp: readonly string[]
}

export function authorityInformationAccess({ ocsp, caIssuers }: AuthorityInformationAccess): Extension {
  const descriptions = [
    ...ocsp.map((uri) => encodeDescription(OID.ocsp, uri)),
    ...caIssuers.map((uri) => encodeDescription(OID.caIssuers, uri)),
  ]
  if (descriptions.length === 0) throw none()
  return makeExtension(OID.authorityInformationAccess, 'non-critical', sequence(...descriptions))
}

function encodeDescription(method: string, uri: string): Uint8Array {
  return sequence(oid(method), encodeGeneralName({ kind: 'uri', value: uri }))
}

/** Other methods, and locations that are no URIs, are left out: nothing here can follow them. */
export function parseAuthorityInformationAccess(value: Uint8Array): AuthorityInformationAccess {
  const descriptions = DerReader.whole(value, (reader) => reader.readEach(TAG.sequence, parseDescription))
  if (descriptions.length === 0) throw none()
  const urisOf = (method: string): string[] => descriptions.flatMap((d) => (d.method === method ? d.uris : []))
  return { caIssuers: urisOf(OID.caIssuers), ocsp: urisOf(OID.ocsp) }
}

function parseDescription(reader: DerReader): { readonly method: string; readonly uris: readonly string[] } {
  const fields = reader.readSequence()
  const method = fields.readOid()
  const location = parseGeneralName(fields)
  fields.end()
  return { method, uris: location.kind === 'uri' ? [location.value] : [] }
}

function none(): ExtensionRejected {
  return new ExtensionRejected('extension_malformed', { oid: OID.authorityInformationAccess, why: 'none' })
}
