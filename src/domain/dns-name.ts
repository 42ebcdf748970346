// A DNS name as certificates carry it (RFC 5890 LDH labels, RFC 1034 §3.5): lower case, no wildcard, no trailing dot.
import { checkName, NameRejected, type NameRules } from './name-rules.ts'

export type DnsName = string & { readonly __brand: 'DnsName' }
export type ServiceName = DnsName

/** The only way to a DnsName. Throws `NameRejected`. */
export function parseDnsName(input: string, rules: NameRules): DnsName {
  checkName('dns name', input, rules.dnsName)
  return input as DnsName
}

/** A DnsName that fits a common name and is not reserved. Throws `NameRejected`. */
export function parseServiceName(input: string, rules: NameRules): ServiceName {
  const name = parseDnsName(input, rules)
  if (name.length > rules.commonNameMaxLength) {
    throw new NameRejected('common name', `at most ${rules.commonNameMaxLength} characters`, input)
  }
  return refuseReserved(name, rules)
}

/** `name` when nothing reserves it. Throws `NameRejected`. */
export function refuseReserved(name: DnsName, { reservedDnsNames }: Pick<NameRules, 'reservedDnsNames'>): DnsName {
  if (reservedDnsNames.includes(name)) throw new NameRejected('dns name', 'is reserved', name)
  return name
}

/** Whether `name` is `zone` or below it: the same rule as an RFC 5280 §4.2.1.10 dNSName constraint. */
export function isWithinZone(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`)
}
