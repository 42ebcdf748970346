// Name constraints of one CA (RFC 5280 §4.2.1.10), made into tables once: a name is looked up by each of its own ends (the
// zones above a host, the first RDNs of a directory name), so that the cost grows with constraints plus names and not
// with their product.
//
// Understood are DNS names, IP addresses, mail addresses, URIs and directory names. A constraint on another form refuses
// every name of that form, as §4.2.1.10 asks of whoever cannot process it.
import { canonicalName, type DistinguishedName } from '../../x509/distinguished-name.ts'
import type { NameConstraints } from '../../x509/extensions/name-constraints.ts'
import type { GeneralName } from '../../x509/general-name.ts'
import { hexOf } from '../../x509/hex.ts'
import { isHostName, mailParts, uriHost } from './name-syntax.ts'

/** Told each look-up before it is done, so that whoever pays can stop. */
export type SpendLookups = (count: number) => void

type Effect = 'permits' | 'excludes'

/** Undefined when a constraint is no base of a subtree: a wildcard, a port, a mask with holes. */
export function indexConstraints({ permitted, excluded }: NameConstraints): NameSubtrees | undefined {
  if (![...permitted, ...excluded].every(isBase)) return undefined
  return new NameSubtrees(new SubtreeIndex(permitted, 'permits'), new SubtreeIndex(excluded, 'excludes'))
}

export class NameSubtrees {
  readonly #permitted: SubtreeIndex
  readonly #excluded: SubtreeIndex

  constructor(permitted: SubtreeIndex, excluded: SubtreeIndex) {
    this.#permitted = permitted
    this.#excluded = excluded
  }

  allows(name: GeneralName, spend: SpendLookups): boolean {
    return this.#excluded.excludesNot(name, spend) && this.#permitted.permits(name, spend)
  }
}

class SubtreeIndex {
  readonly #effect: Effect
  readonly #forms: ReadonlySet<string>
  /** Bases as `form:base`, in the spelling that `keysOf` looks for. */
  readonly #bases: ReadonlySet<string>
  /** Masks that occur: a contiguous one is its number of bits, of which there are few. */
  readonly #masks: ReadonlySet<number>

  constructor(bases: readonly GeneralName[], effect: Effect) {
    this.#effect = effect
    this.#forms = new Set(bases.map(formOf))
    this.#masks = new Set(bases.flatMap((base) => (base.kind === 'ip' ? [prefixBits(base.octets)] : [])))
    this.#bases = new Set(bases.flatMap((base) => baseKeys(base, effect)))
  }

  permits(name: GeneralName, spend: SpendLookups): boolean {
    return !this.#forms.has(formOf(name)) || this.#finds(name, spend) === 'found'
  }

  excludesNot(name: GeneralName, spend: SpendLookups): boolean {
    return !this.#forms.has(formOf(name)) || this.#finds(name, spend) === 'not-found'
  }

  /** `unknown`: the name is of no shape, or of no form, that a base can be compared with. */
  #finds(name: GeneralName, spend: SpendLookups): 'found' | 'not-found' | 'unknown' {
    const keys = nameKeys(name, this.#effect, this.#masks)
    if (keys === undefined) return 'unknown'
    for (const key of keys) {
      spend(1)
      if (this.#bases.has(key)) return 'found'
    }
    return 'not-found'
  }
}

/** x400Address, ediPartyName and otherName are told apart by their tag alone. */
function formOf(name: GeneralName): string {
  return name.kind === 'other' ? `other-${name.tag}` : name.kind
}

function isBase(base: GeneralName): boolean {
  switch (base.kind) {
    case 'dns':
      // A leading dot is of URIs; in a DNS constraint readers disagree about it. The empty base is all names.
      return base.value === '' || isHostName(base.value)
    case 'email':
      return base.value.includes('@') ? mailParts(base.value) !== undefined : isHostName(withoutDot(base.value))
    case 'uri':
      return isHostName(withoutDot(base.value))
    case 'ip':
      return prefixBits(base.octets) >= 0
    case 'directory':
    case 'registered-id':
    case 'other':
      return true
    default:
      base satisfies never
      return false
  }
}

function baseKeys(base: GeneralName, effect: Effect): readonly string[] {
  switch (base.kind) {
    case 'dns':
      return effect === 'excludes'
        ? [`dns:${lower(base.value)}`, coveringWildcard(base.value)]
        : [`dns:${lower(base.value)}`]
    case 'email':
      return [mailBaseKey(base.value, effect)]
    case 'uri':
      return [`uri:${lower(base.value)}`]
    case 'ip':
      return [networkKey(base.octets.subarray(0, base.octets.length / 2), prefixBits(base.octets))]
    case 'directory':
      return [directoryKeys(base.name).at(-1) ?? 'directory:']
    case 'registered-id':
    case 'other':
      return []
    default:
      base satisfies never
      return []
  }
}

function nameKeys(name: GeneralName, effect: Effect, masks: ReadonlySet<number>): Iterable<string> | undefined {
  switch (name.kind) {
    case 'dns':
      return dnsKeys(name.value)
    case 'email':
      return mailKeys(name.value, effect)
    case 'uri':
      return uriKeys(name.value)
    case 'ip':
      return addressKeys(name.octets, masks)
    case 'directory':
      return directoryKeys(name.name)
    case 'registered-id':
    case 'other':
      return undefined
    default:
      name satisfies never
      return undefined
  }
}

/** The name and every zone above it, up to the empty one. Undefined for what is no host name, but for a leading `*`. */
function* zonesOf(host: string): Generator<string> {
  yield host
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) yield host.slice(dot + 1)
  yield ''
}

function dnsKeys(value: string): Iterable<string> | undefined {
  const name = lower(value)
  const isWildcard = name.startsWith('*.')
  if (!isHostName(isWildcard ? name.slice(2) : name)) return undefined
  return prefixed('dns:', zonesOf(name))
}

/** `*.example.com` covers an excluded `a.example.com`, though it does not lie below it. */
function coveringWildcard(base: string): string {
  const dot = base.indexOf('.')
  return `dns:*${dot < 0 ? '.' : lower(base.slice(dot))}`
}

function mailBaseKey(base: string, effect: Effect): string {
  const parts = mailParts(base)
  return parts === undefined ? `host:${lower(base)}` : mailboxKey(parts, effect)
}

/** RFC 5280 §7.5: the local part in its own case. Where it excludes, in any: few mail servers make a difference. */
function mailboxKey({ local, host }: { readonly local: string; readonly host: string }, effect: Effect): string {
  return `mailbox:${effect === 'excludes' ? lower(local) : local}@${lower(host)}`
}

function mailKeys(value: string, effect: Effect): readonly string[] | undefined {
  const parts = mailParts(value)
  if (parts === undefined) return undefined
  return [mailboxKey(parts, effect), ...hostAndDomains('host:', lower(parts.host))]
}

function uriKeys(value: string): readonly string[] | undefined {
  const host = uriHost(value)
  return host === undefined ? undefined : hostAndDomains('uri:', lower(host))
}

/** A base with a leading dot holds what has more labels, one without it exactly that host. */
function hostAndDomains(prefix: string, host: string): string[] {
  const [exact = '', ...above] = zonesOf(host)
  return [`${prefix}${exact}`, ...above.filter((zone) => zone !== '').map((zone) => `${prefix}.${zone}`)]
}

function addressKeys(octets: Uint8Array, masks: ReadonlySet<number>): readonly string[] | undefined {
  if (octets.length !== 4 && octets.length !== 16) return undefined
  return [...masks].filter((bits) => bits <= octets.length * 8).map((bits) => networkKey(octets, bits))
}

function networkKey(address: Uint8Array, bits: number): string {
  const network = address.map((octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))))
  return `ip:${bits}:${hexOf(network)}`
}

/** Bits of a contiguous mask, which is the second half of the octets (RFC 4632); -1 for one with holes. */
function prefixBits(octets: Uint8Array): number {
  const mask = octets.subarray(octets.length / 2)
  const bits = mask.reduce((sum, octet) => sum + popCount(octet), 0)
  const isContiguous = mask.every((octet, i) => octet === ((0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))) & 0xff))
  return isContiguous && octets.length >= 8 ? bits : -1
}

function popCount(octet: number): number {
  let count = 0
  for (let rest = octet; rest > 0; rest >>= 1) count += rest & 1
  return count
}

/** One key for each number of leading RDNs, from none: those of the bases that hold the name are among them. */
function directoryKeys(name: DistinguishedName): readonly string[] {
  const keys = ['directory:']
  for (const rdn of name) keys.push(`${keys.at(-1) ?? ''}${canonicalName([rdn])}`)
  return keys
}

function* prefixed(prefix: string, values: Iterable<string>): Generator<string> {
  for (const value of values) yield prefix + value
}

function lower(text: string): string {
  return text.toLowerCase()
}

function withoutDot(text: string): string {
  return text.startsWith('.') ? text.slice(1) : text
}
