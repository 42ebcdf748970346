// The kind of a certificate is told by its issuer: no other than the one that lists the profile may issue it.
import type { Lint } from '../lint.ts'

export const issuerMayNotIssueProfile: Lint = {
  name: 'issuer_may_not_issue_profile',
  cites: 'CP §1.3.1; RFC 5280 §6.1.3',
  passes: ({ signatory, profile }) =>
    profile.issuedBy === 'itself'
      ? signatory.authority.profile === profile.name
      : signatory.authority.issues.includes(profile.name),
}
