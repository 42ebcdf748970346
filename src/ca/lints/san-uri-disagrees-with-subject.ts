// Two names in one certificate that mean different people let two programs see different people.
import { agreeOnNames } from '../stated-names.ts'
import type { Lint } from '../lint.ts'

export const sanUriDisagreesWithSubject: Lint = {
  name: 'san_uri_disagrees_with_subject',
  cites: 'CP §3.1; SPIFFE X.509-SVID §2',
  passes: agreeOnNames,
}
