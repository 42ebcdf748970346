// Generations of one CA are told apart by it; issuer and serial beside it would tie the chain to one certificate.
import type { Lint } from '../lint.ts'

export const authorityKeyIdentifierWrong: Lint = {
  name: 'authority_key_identifier_wrong',
  cites: 'CP §7.1.2; RFC 5280 §4.2.1.1',
  passes: ({ tbs, signatory, profile }) => {
    const identifier = tbs.authorityKeyIdentifier
    if (profile.issuedBy === 'itself') return true
    if (identifier?.keyIdentifier === undefined || identifier.issuer !== undefined) return false
    return Buffer.compare(identifier.keyIdentifier, signatory.keyIdentifier) === 0
  },
}
