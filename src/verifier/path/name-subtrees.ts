// Name constraints of one CA (RFC 5280 §4.2.1.10), made into tables once: a name is looked up part by part, so that the cost
// grows with constraints plus names and not with their product.
//
// Understood are DNS names, IP addresses, mail addresses, URIs and directory names. A constraint on another form refuses
// every name of that form, as §4.2.1.10 asks of whoever cannot process it.
import type { NameConstraints } from '../../x509/extensions/name-constraints.ts'
import type { GeneralName } from '../../x509/general-name.ts'
import { bitsOf, type ComparableName, comparableName, type Form, formOf, labelsOf } from './comparable-name.ts'
import { isHostName, mailParts } from './name-syntax.ts'
import { PrefixTree, type Reach } from './prefix-tree.ts'

type Effect = 'permits' | 'excludes'

/** Undefined when a constraint is no base of a subtree: a wildcard, a port, a mask with holes. */
export function indexConstraints({ permitted, excluded }: NameConstraints): NameSubtrees | undefined {
  const permits = new SubtreeIndex('permits')
  const excludes = new SubtreeIndex('excludes')
  const areBases = permitted.every((base) => permits.add(base)) && excluded.every((base) => excludes.add(base))
  return areBases ? new NameSubtrees(permits, excludes) : undefined
}

/**
 * Whether the constraints of every CA allow every name. Each is a permitted set of its own: a name must lie in all of them,
 * which is their intersection (§6.1.4 (g)). `onLookup` is told of each look-up, so that whoever pays can stop.
 */
export function allowsNames(
  subtrees: readonly NameSubtrees[],
  names: readonly GeneralName[],
  onLookup: () => void,
): boolean {
  return names.every((name) => {
    const form = formOf(name)
    const constraining = subtrees.filter((each) => each.constrains(form))
    if (constraining.length === 0) return true
    const comparable = comparableName(name)
    return constraining.every((each) => each.allows(comparable, onLookup))
  })
}

export class NameSubtrees {
  readonly #permitted: SubtreeIndex
  readonly #excluded: SubtreeIndex

  constructor(permitted: SubtreeIndex, excluded: SubtreeIndex) {
    this.#permitted = permitted
    this.#excluded = excluded
  }

  constrains(form: Form): boolean {
    return this.#permitted.constrains(form) || this.#excluded.constrains(form)
  }

  allows(name: ComparableName, onLookup: () => void): boolean {
    if (this.#excluded.constrains(name.form) && this.#excluded.find(name, onLookup) !== 'outside') return false
    return !this.#permitted.constrains(name.form) || this.#permitted.find(name, onLookup) === 'inside'
  }
}

class SubtreeIndex {
  readonly #effect: Effect
  readonly #forms = new Set<Form>()
  readonly #trees = new Map<Form, PrefixTree>()
  /** `local@` and the labels of the host. */
  readonly #mailboxes = new Set<string>()
  /** Networks by the bits of their prefix, and the lengths that occur, for IPv4 and IPv6 apart. */
  readonly #networks = new Set<string>()
  readonly #prefixLengths = new Map<number, Set<number>>()

  constructor(effect: Effect) {
    this.#effect = effect
  }

  constrains(form: Form): boolean {
    return this.#forms.has(form)
  }

  /** False for what is no base. */
  add(base: GeneralName): boolean {
    this.#forms.add(formOf(base))
    switch (base.kind) {
      case 'dns':
        // A leading dot is of URIs; in a DNS constraint readers disagree about it. The empty base is all names.
        return (base.value === '' || isHostName(base.value)) && this.#addParts('dns', labelsOf(base.value), 'both')
      case 'email':
        return base.value.includes('@') ? this.#addMailbox(base.value) : this.#addHost('email', base.value)
      case 'uri':
        return this.#addHost('uri', base.value)
      case 'ip':
        return this.#addNetwork(base.octets)
      case 'directory': {
        const name = comparableName(base)
        return name.kind === 'parts' && this.#addParts('directory', name.parts, 'both')
      }
      case 'registered-id':
      case 'other':
        return true
      default:
        base satisfies never
        return false
    }
  }

  #addParts(form: Form, parts: readonly string[], reach: Reach): true {
    const tree = this.#trees.get(form) ?? new PrefixTree()
    this.#trees.set(form, tree)
    tree.add(parts, reach)
    return true
  }

  /** A base with a leading dot holds what has more labels, one without it exactly that host. */
  #addHost(form: Form, base: string): boolean {
    const host = base.startsWith('.') ? base.slice(1) : base
    return isHostName(host) && this.#addParts(form, labelsOf(host), host === base ? 'exact' : 'longer')
  }

  #addMailbox(base: string): boolean {
    const mailbox = mailParts(base)
    if (mailbox === undefined) return false
    this.#mailboxes.add(this.#mailboxKey(mailbox.local, labelsOf(mailbox.host)))
    return true
  }

  /** RFC 5280 §7.5: the local part in its own case. Where it excludes, in any: few mail servers make a difference. */
  #mailboxKey(local: string, host: readonly string[]): string {
    return `${this.#effect === 'excludes' ? local.toLowerCase() : local}@${host.join('.')}`
  }

  /** RFC 4632: the mask, which is the second half, has its ones first. */
  #addNetwork(octets: Uint8Array): boolean {
    const bits = bitsOf(octets)
    const width = bits.length / 2
    const mask = /^(1*)0*$/.exec(bits.slice(width))
    if (width < 32 || mask === null) return false
    const length = mask[1]?.length ?? 0
    const lengths = this.#prefixLengths.get(width) ?? new Set()
    this.#prefixLengths.set(width, lengths.add(length))
    this.#networks.add(`${width}:${bits.slice(0, length)}`)
    return true
  }

  find(name: ComparableName, onLookup: () => void): 'inside' | 'outside' | 'unknown' {
    switch (name.kind) {
      case 'parts':
        return this.#holdsParts(name, onLookup) ? 'inside' : 'outside'
      case 'mailbox':
        return this.#holdsMailbox(name, onLookup) ? 'inside' : 'outside'
      case 'address':
        return this.#holdsAddress(name.bits, onLookup) ? 'inside' : 'outside'
      case 'incomparable':
        return 'unknown'
      default:
        name satisfies never
        return 'unknown'
    }
  }

  #holdsParts({ form, parts, wildcard }: ComparableName & { kind: 'parts' }, onLookup: () => void): boolean {
    const tree = this.#trees.get(form)
    if (tree === undefined) return false
    if (wildcard === 'none') return tree.holds(parts, onLookup)
    // `*.example.com` lies in `example.com`; it covers an excluded `a.example.com`, though it does not lie in it.
    return tree.holds([...parts, '*'], onLookup) || (this.#effect === 'excludes' && tree.holdsBelow(parts, onLookup))
  }

  #holdsMailbox({ local, parts }: ComparableName & { kind: 'mailbox' }, onLookup: () => void): boolean {
    onLookup()
    if (this.#mailboxes.has(this.#mailboxKey(local, parts))) return true
    return this.#trees.get('email')?.holds(parts, onLookup) === true
  }

  #holdsAddress(bits: string, onLookup: () => void): boolean {
    for (const length of this.#prefixLengths.get(bits.length) ?? []) {
      onLookup()
      if (this.#networks.has(`${bits.length}:${bits.slice(0, length)}`)) return true
    }
    return false
  }
}
