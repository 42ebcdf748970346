// A chain is as strong as its weakest key, and must not look stronger: one family from root to leaf.
import { isOfFamily } from '../allowed-key.ts'
import type { Lint } from '../lint.ts'

export const keyFamilyDiffers: Lint = {
  name: 'key_family_differs',
  cites: 'CP §6.1.5; RFC 9881 §1',
  passes: ({ tbs, signatory, policy }) => isOfFamily(tbs.publicKey, signatory.algorithm, policy),
}
