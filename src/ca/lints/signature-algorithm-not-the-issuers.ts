// The algorithm inside the signed bytes is the one that the issuer signs with, or the certificate can never verify.
import { signatureAlgorithmIdentifier } from '../../x509/algorithm-identifier.ts'
import type { Lint } from '../lint.ts'

export const signatureAlgorithmNotTheIssuers: Lint = {
  name: 'signature_algorithm_not_the_issuers',
  cites: 'CP §7.1.3; RFC 5280 §4.1.2.3',
  passes: ({ tbs, signatory }) =>
    Buffer.compare(tbs.signatureAlgorithm.encoded, signatureAlgorithmIdentifier(signatory.algorithm)) === 0,
}
