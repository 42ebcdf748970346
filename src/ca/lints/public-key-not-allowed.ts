// Curves and sizes are those of the profile: a weaker key forges the identity, an absurd one stalls its verifiers.
import { isKeyAllowed } from '../allowed-key.ts'
import type { Lint } from '../lint.ts'

export const publicKeyNotAllowed: Lint = {
  name: 'public_key_not_allowed',
  cites: 'CP §6.1.5; RFC 5280 §4.1.2.7',
  passes: ({ tbs, profile }) => isKeyAllowed(tbs.publicKey, profile),
}
