// Name constraints of the CAs in a path, applied to the names of a leaf (RFC 5280 §4.2.1.10, §6.1.4 (g)): DNS names and IP
// addresses. Constraints on any other form are not understood here; trust with such an issuer is not built at all.
//
// The common name is no name of these forms. Whoever reads a host name out of it must find it among the DNS names too.
import { isWithinZone } from '../domain/dns-name.ts'
import type { NameConstraints } from '../x509/extensions/name-constraints.ts'
import type { GeneralName } from '../x509/general-name.ts'

/** Whether every constraint is of a form that `allowsNames` applies. */
export function isUnderstood({ permitted, excluded }: NameConstraints): boolean {
  return [...permitted, ...excluded].every(({ kind }) => kind === 'dns' || kind === 'ip')
}

export function allowsNames(constraints: NameConstraints, names: readonly GeneralName[]): boolean {
  return names.every((name) => allowsName(constraints, name))
}

function allowsName({ permitted, excluded }: NameConstraints, name: GeneralName): boolean {
  if (excluded.some((base) => lies(name, base))) return false
  const ofItsForm = permitted.filter(({ kind }) => kind === name.kind)
  return ofItsForm.length === 0 || ofItsForm.some((base) => lies(name, base))
}

function lies(name: GeneralName, base: GeneralName): boolean {
  if (name.kind === 'dns' && base.kind === 'dns') return liesInZone(name.value, base.value)
  return name.kind === 'ip' && base.kind === 'ip' && liesInNetwork(name.octets, base.octets)
}

/** The empty base is the zone of all names. A dot at its front, which some CAs write, changes nothing. */
function liesInZone(name: string, base: string): boolean {
  const zone = base.replace(/^\./, '').toLowerCase()
  return zone === '' || isWithinZone(name.toLowerCase(), zone)
}

/** `network` is an address and a mask, each as long as `address`; those of the other IP version have another length. */
function liesInNetwork(address: Uint8Array, network: Uint8Array): boolean {
  if (network.length !== address.length * 2) return false
  return address.every((octet, i) => {
    const mask = network[address.length + i] ?? 0
    return (octet & mask) === ((network[i] ?? 0) & mask)
  })
}
