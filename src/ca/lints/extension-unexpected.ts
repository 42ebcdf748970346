// An extension that the profile does not have grants what nobody decided, and an unknown critical one is refused by
// all.
import type { Lint } from '../lint.ts'

export const extensionUnexpected: Lint = {
  name: 'extension_unexpected',
  cites: 'CP §7.1.2; RFC 5280 §4.2',
  passes: ({ tbs, expectedExtensions }) => [...tbs.extensions.keys()].every((oid) => expectedExtensions.has(oid)),
}
