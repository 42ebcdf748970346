// IP addresses are nobody's for long; only the server of Signet itself has any.
import type { Lint } from '../lint.ts'

export const sanIpCount: Lint = {
  name: 'san_ip_count',
  cites: 'CP §7.1.4; RFC 5280 §4.2.1.6',
  passes: ({ alternativeNames, profile: { subjectAltName } }) => {
    const names = alternativeNames.filter(({ kind }) => kind === 'ip')
    return names.length >= subjectAltName.ipAddresses.min && names.length <= subjectAltName.ipAddresses.max
  },
}
