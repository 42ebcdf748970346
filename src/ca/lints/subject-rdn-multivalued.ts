// Programs that walk a name take the first attribute of an RDN and pass over the rest.
import type { Lint } from '../lint.ts'

export const subjectRdnMultivalued: Lint = {
  name: 'subject_rdn_multivalued',
  cites: 'CP §7.1.4; RFC 5280 §4.1.2.4',
  passes: ({ tbs }) => tbs.subject.every((rdn) => rdn.length === 1),
}
