// A leaf with the key of its CA would sign certificates; a root alone certifies the key that signs it.
import type { Lint } from '../lint.ts'

export const subjectKeyIsTheIssuers: Lint = {
  name: 'subject_key_is_the_issuers',
  cites: 'CP §6.1.6; RFC 5280 §4.1.2.7',
  passes: ({ tbs, signatory, profile }) =>
    (Buffer.compare(tbs.spki, signatory.publicKey.spki) === 0) === (profile.issuedBy === 'itself'),
}
