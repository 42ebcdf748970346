// The URI is the unambiguous form of the name: a path of another shape is another identity.
import { urisOf } from '../../x509/general-name.ts'
import { statedFacts } from '../stated-names.ts'
import type { Lint } from '../lint.ts'

export const sanUriOffTemplate: Lint = {
  name: 'san_uri_off_template',
  cites: 'CP §3.1; SPIFFE-ID §2',
  passes: (subject) => {
    const template = subject.profile.subjectAltName.uri
    const uris = urisOf(subject.alternativeNames)
    return template === null || uris.every((uri) => statedFacts(template, uri, subject) !== undefined)
  },
}
