// Eight or thirty-two octets are a network, which belongs to name constraints alone.
import type { Lint } from '../lint.ts'

export const sanIpLength: Lint = {
  name: 'san_ip_length',
  cites: 'CP §7.1.4; RFC 5280 §4.2.1.6',
  passes: ({ alternativeNames }) =>
    alternativeNames.every((name) => name.kind !== 'ip' || name.octets.length === 4 || name.octets.length === 16),
}
