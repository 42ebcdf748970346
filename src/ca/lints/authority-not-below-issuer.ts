// A CA stands where the hierarchy has it: under its parent, with the profile of its entry.
import type { Lint } from '../lint.ts'

export const authorityNotBelowIssuer: Lint = {
  name: 'authority_not_below_issuer',
  cites: 'CP §1.3.1; RFC 5280 §6.1',
  passes: ({ certified, profile, signatory }) =>
    certified?.profile === profile.name &&
    (certified.parent === null ? certified.name : certified.parent) === signatory.authority.name,
}
