// What an address counts for where things are limited: an IPv4 address for itself, an IPv6 address for its /64, which is what one
// subscriber is given. A port counts for nothing. What it gave counts for itself again. It does not say whose address counts: the
// edge knows.
import { isIPv6 } from 'node:net'

/** Groups of an IPv6 address that are told apart: 64 bits. */
const GROUPS_OF_A_NETWORK = 4

export function limitedAddress(given: string): string {
  const address = withoutPort(given)
  const mapped = /^::ffff:(?<v4>\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.groups?.['v4']
  if (mapped !== undefined) return mapped
  const [plain = ''] = address.split('%')
  if (!isIPv6(plain)) return address
  return `${groupsOf(plain).slice(0, GROUPS_OF_A_NETWORK).join(':')}::/64`
}

/** Some proxies tell the port too (`192.0.2.1:4711`, `[2001:db8::1]:4711`), which is another one for each connection. */
function withoutPort(address: string): string {
  const groups = /^(?:(?<v4>\d+\.\d+\.\d+\.\d+):\d+|\[(?<v6>[^\]]*)\](?::\d+)?)$/.exec(address)?.groups
  return groups?.['v4'] ?? groups?.['v6'] ?? address
}

/** The eight groups, each without leading zeros (RFC 4291 §2.2). */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::')
  const before = groupsIn(head)
  if (tail === undefined) return before
  const after = groupsIn(tail)
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after]
}

function groupsIn(text: string): string[] {
  if (text === '') return []
  // An IPv4 address at the end stands for two groups, and never for one of the first four that are asked for.
  return text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [parseInt(group, 16).toString(16)]))
}
