// A certificate that ends before it begins is valid never, and programs differ in how they say so.
import type { Lint } from '../lint.ts'

export const validityReversed: Lint = {
  name: 'validity_reversed',
  cites: 'CP §6.3.2; RFC 5280 §4.1.2.5',
  passes: ({ tbs }) => tbs.validity.notBefore.getTime() <= tbs.validity.notAfter.getTime(),
}
