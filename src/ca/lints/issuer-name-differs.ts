// Chains are built by comparing names, and some programs compare bytes.
import type { Lint } from '../lint.ts'

export const issuerNameDiffers: Lint = {
  name: 'issuer_name_differs',
  cites: 'CP §7.1.4; RFC 5280 §4.1.2.4',
  passes: ({ tbs, signatory }) => Buffer.compare(tbs.issuerEncoded, signatory.subject) === 0,
}
