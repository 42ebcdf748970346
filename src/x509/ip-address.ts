// IP addresses between text and the octets of an iPAddress (RFC 5280 §4.2.1.6): 4 or 16; name constraints carry twice as
// many, address and mask (§4.2.1.10).
import { isIP } from 'node:net'
import { DerRejected } from './der-rejected.ts'

/** 4 octets of an IPv4 address, 16 of an IPv6 one. No zone, no mask. Throws `DerRejected` (`der_unencodable`). */
export function parseIpAddress(text: string): Uint8Array {
  const version = text.includes('%') ? 0 : isIP(text)
  if (version === 4) return Uint8Array.from(text.split('.').map(Number))
  if (version === 6) return ipv6Octets(text)
  throw new DerRejected('der_unencodable', { ip: text.slice(0, 60) })
}

function ipv6Octets(text: string): Uint8Array {
  const [head = '', tail] = text.split('::')
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const zeros = new Array<number>(16 - before.length - after.length).fill(0)
  return Uint8Array.from([...before, ...zeros, ...after])
}

/** Octets of colon-separated groups, the last of which may be a dotted IPv4 address. */
function groups(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

/** Text of 4 or 16 octets (IPv6 unabbreviated), `address/mask` of 8 or 32. Throws `DerRejected` for another count. */
export function formatIpAddress(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.')
  if (octets.length === 16) return ipv6Text(octets)
  if (octets.length !== 8 && octets.length !== 32)
    throw new DerRejected('der_string_invalid', { octets: octets.length })
  const half = octets.length / 2
  return `${formatIpAddress(octets.subarray(0, half))}/${formatIpAddress(octets.subarray(half))}`
}

function ipv6Text(octets: Uint8Array): string {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  return Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16)).join(':')
}
