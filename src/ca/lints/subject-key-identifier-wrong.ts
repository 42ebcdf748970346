// Chains are found by it, and revocation of keys is traced by it.
import type { Lint } from '../lint.ts'

export const subjectKeyIdentifierWrong: Lint = {
  name: 'subject_key_identifier_wrong',
  cites: 'CP §7.1.2; RFC 5280 §4.2.1.2',
  passes: ({ tbs }) =>
    tbs.subjectKeyIdentifier !== undefined &&
    Buffer.compare(tbs.subjectKeyIdentifier, tbs.publicKey.keyIdentifier) === 0,
}
