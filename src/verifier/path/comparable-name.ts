// Names and the bases of constraints in the shape in which they are compared (RFC 5280 §4.2.1.10): taken apart once, then
// looked up among the constraints of every CA above.
import { canonicalName } from '../../x509/distinguished-name.ts'
import type { GeneralName } from '../../x509/general-name.ts'
import { isHostName, mailParts, uriHost } from './name-syntax.ts'

/** Forms that one constraint applies to; those of `other` are told apart by their tag alone. */
export type Form = GeneralName['kind'] | `other-${number}`

export type ComparableName =
  /** Parts from the end that counts. Of a wildcard those behind `*`. */
  | {
      readonly kind: 'parts'
      readonly form: Form
      readonly parts: readonly string[]
      readonly wildcard: 'wildcard' | 'none'
    }
  | { readonly kind: 'mailbox'; readonly form: Form; readonly local: string; readonly parts: readonly string[] }
  /** 32 or 128 characters `0` and `1`. */
  | { readonly kind: 'address'; readonly form: Form; readonly bits: string }
  /** Of no shape, or of no form, that a constraint can be compared with: refused where its form is constrained. */
  | { readonly kind: 'incomparable'; readonly form: Form }

export function formOf(name: GeneralName): Form {
  return name.kind === 'other' ? `other-${name.tag}` : name.kind
}

export function comparableName(name: GeneralName): ComparableName {
  switch (name.kind) {
    case 'dns':
      return comparableHost(name.value)
    case 'email':
      return comparableMailbox(name.value)
    case 'uri':
      return comparableUri(name.value)
    case 'ip':
      return comparableAddress(name.octets)
    case 'directory':
      return { kind: 'parts', form: 'directory', parts: name.name.map((rdn) => canonicalName([rdn])), wildcard: 'none' }
    case 'registered-id':
    case 'other':
      return { kind: 'incomparable', form: formOf(name) }
    default:
      name satisfies never
      return { kind: 'incomparable', form: 'other' }
  }
}

function comparableHost(value: string): ComparableName {
  const isWildcard = value.startsWith('*.')
  const host = isWildcard ? value.slice(2) : value
  if (!isHostName(host)) return { kind: 'incomparable', form: 'dns' }
  return { kind: 'parts', form: 'dns', parts: labelsOf(host), wildcard: isWildcard ? 'wildcard' : 'none' }
}

function comparableMailbox(value: string): ComparableName {
  const mailbox = mailParts(value)
  if (mailbox === undefined) return { kind: 'incomparable', form: 'email' }
  return { kind: 'mailbox', form: 'email', local: mailbox.local, parts: labelsOf(mailbox.host) }
}

function comparableUri(value: string): ComparableName {
  const host = uriHost(value)
  if (host === undefined) return { kind: 'incomparable', form: 'uri' }
  return { kind: 'parts', form: 'uri', parts: labelsOf(host), wildcard: 'none' }
}

function comparableAddress(octets: Uint8Array): ComparableName {
  const isAddress = octets.length === 4 || octets.length === 16
  return isAddress ? { kind: 'address', form: 'ip', bits: bitsOf(octets) } : { kind: 'incomparable', form: 'ip' }
}

/** From the right, lower case. */
export function labelsOf(host: string): readonly string[] {
  return host === '' ? [] : host.toLowerCase().split('.').reverse()
}

export function bitsOf(octets: Uint8Array): string {
  let bits = ''
  for (const octet of octets) bits += BYTE_BITS[octet] ?? ''
  return bits
}

const BYTE_BITS: readonly string[] = Array.from({ length: 256 }, (_, octet) => octet.toString(2).padStart(8, '0'))
