// Lower case, no wildcard, no closing dot: one spelling for each name, and one name for each certificate.
import { statedDnsName } from '../stated-names.ts'
import type { Lint } from '../lint.ts'

export const sanDnsNameShape: Lint = {
  name: 'san_dns_name_shape',
  cites: 'CP §3.1; RFC 5280 §4.2.1.6',
  passes: (subject) =>
    subject.alternativeNames.every((name) => name.kind !== 'dns' || statedDnsName(name.value, subject)),
}
