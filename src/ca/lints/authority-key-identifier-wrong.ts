// Generations of one CA are told apart by it; issuer and serial beside it would tie the chain to one certificate.
import { parseAuthorityKeyIdentifier } from '../../x509/extensions/authority-key-identifier.ts'
import { OID } from '../../x509/oid.ts'
import type { ExtensionLint } from '../lint.ts'

export const authorityKeyIdentifierWrong: ExtensionLint = {
  name: 'authority_key_identifier_wrong',
  cites: 'CP §7.1.2; RFC 5280 §4.2.1.1',
  extension: OID.authorityKeyIdentifier,
  passesValue: (value, { signatory, profile }) => {
    const identifier = value && parseAuthorityKeyIdentifier(value)
    if (profile.issuedBy === 'itself') return true
    if (identifier?.keyIdentifier === undefined || identifier.issuer !== undefined) return false
    return Buffer.compare(identifier.keyIdentifier, signatory.keyIdentifier) === 0
  },
}
