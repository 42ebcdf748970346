// A client without DNS names cannot be a server, and a server without one is reached by nobody.
import type { Lint } from '../lint.ts'

export const sanDnsCount: Lint = {
  name: 'san_dns_count',
  cites: 'CP §7.1.4; RFC 5280 §4.2.1.6',
  passes: ({ alternativeNames, profile: { subjectAltName } }) => {
    const names = alternativeNames.filter(({ kind }) => kind === 'dns')
    return names.length >= subjectAltName.dnsNames.min && names.length <= subjectAltName.dnsNames.max
  },
}
