// AuthorityKeyIdentifier (RFC 5280 §4.2.1.1, §5.2.1), never critical. Signet writes the key identifier alone: issuer and
// serial would tie a certificate to one of several certificates of the same issuer key.
import { contextConstructed, contextPrimitive, DerReader } from '../der-reader.ts'
import { implicitPrimitive, sequence } from '../der-writer.ts'
import { ExtensionRejected, makeExtension, type Extension } from '../extension.ts'
import { parseGeneralNames, type GeneralName } from '../general-name.ts'
import { OID } from '../oid.ts'

export interface AuthorityKeyIdentifier {
  readonly keyIdentifier: Uint8Array | undefined
  readonly issuer: readonly GeneralName[] | undefined
  /** Content octets. */
  readonly serialNumber: Uint8Array | undefined
}

export function authorityKeyIdentifier(keyIdentifier: Uint8Array): Extension {
  return makeExtension(OID.authorityKeyIdentifier, 'non-critical', sequence(implicitPrimitive(0, keyIdentifier)))
}

export function parseAuthorityKeyIdentifier(value: Uint8Array): AuthorityKeyIdentifier {
  return DerReader.whole(value, (reader) => {
    const fields = reader.readSequence()
    const keyIdentifier = fields.readOptionalContents(contextPrimitive(0))
    const hasIssuer = fields.peekTag() === contextConstructed(1)
    const issuer = hasIssuer ? parseGeneralNames(fields, contextConstructed(1)) : undefined
    const hasSerial = fields.peekTag() === contextPrimitive(2)
    const serialNumber = hasSerial ? fields.readIntegerBytes(contextPrimitive(2)) : undefined
    fields.end()
    // §4.2.1.1: issuer and serial come both or not at all.
    if (hasIssuer !== hasSerial) throw new ExtensionRejected('extension_malformed', { oid: OID.authorityKeyIdentifier })
    return { keyIdentifier, issuer, serialNumber }
  })
}
