// Whether a certificate names a host, an address or a mailbox (RFC 9525 §6; RFC 5280 §4.2.1.6). Alternative names alone
// count: the common name is text. Which name to ask for is the caller's to know.
import type { GeneralName } from '../../x509/general-name.ts'
import { isHostName, mailParts } from './name-syntax.ts'
import type { PathCertificate } from './path-certificate.ts'

export type PeerName =
  | { readonly kind: 'dns'; readonly value: string }
  | { readonly kind: 'ip'; readonly octets: Uint8Array }
  | { readonly kind: 'email'; readonly value: string }

export function certifiesName({ alternativeNames = [] }: PathCertificate, wanted: PeerName): boolean {
  return alternativeNames.some((name) => isNamed(name, wanted))
}

function isNamed(name: GeneralName, wanted: PeerName): boolean {
  switch (wanted.kind) {
    case 'dns':
      return name.kind === 'dns' && coversHost(name.value.toLowerCase(), wanted.value.toLowerCase())
    case 'ip':
      return name.kind === 'ip' && Buffer.compare(name.octets, wanted.octets) === 0
    case 'email':
      return name.kind === 'email' && isMailbox(name.value, wanted.value)
    default:
      wanted satisfies never
      return false
  }
}

/** RFC 9525 §6.3: `*` is the whole leftmost label, and stands for exactly one. */
function coversHost(certified: string, host: string): boolean {
  if (!isHostName(host)) return false
  if (!certified.startsWith('*.')) return certified === host
  const dot = host.indexOf('.')
  return isHostName(certified.slice(2)) && dot > 0 && host.slice(dot) === certified.slice(1)
}

/** RFC 5280 §7.5: the local part in its own case, the host in any. */
function isMailbox(certified: string, wanted: string): boolean {
  const a = mailParts(certified)
  const b = mailParts(wanted)
  return a !== undefined && a.local === b?.local && a.host.toLowerCase() === b.host.toLowerCase()
}
