// Of two URIs nobody can say which is the identity.
import type { Lint } from '../lint.ts'

export const sanUriCount: Lint = {
  name: 'san_uri_count',
  cites: 'CP §7.1.4; SPIFFE X.509-SVID §2',
  passes: ({ alternativeNames, profile }) => {
    const uris = alternativeNames.filter(({ kind }) => kind === 'uri')
    return uris.length === (profile.subjectAltName.uri === null ? 0 : 1)
  },
}
