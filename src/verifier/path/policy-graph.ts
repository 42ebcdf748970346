// The valid policies of a path as a graph (RFC 9618 §5, which replaces the tree of RFC 5280 §6.1): one node for each policy
// at each depth, however many ways lead to it. The tree doubles at every level of a hostile chain, the graph does not.
//
// Nodes without children are not deleted: a policy counts at the end if a node of the last depth hangs below it, which is
// looked up from there. The graph is NULL when its last depth has no nodes.
import { OID } from '../../x509/oid.ts'
import type { PolicyMapping } from '../../x509/extensions/policy-constraints.ts'
import type { PathWork } from './path-work.ts'

interface PolicyNode {
  readonly policy: string
  readonly parents: readonly PolicyNode[]
  /** expected_policy_set: what a certificate one depth below calls this policy. */
  readonly expected: ReadonlySet<string>
}

const ANY = OID.anyPolicy

export class PolicyGraph {
  readonly #work: PathWork
  /** Of the last depth, by policy. */
  #nodes: Map<string, PolicyNode>

  constructor(work: PathWork) {
    this.#work = work
    this.#nodes = new Map([[ANY, { policy: ANY, parents: [], expected: new Set([ANY]) }]])
  }

  /** valid_policy_graph is NULL. */
  get isNull(): boolean {
    return this.#nodes.size === 0
  }

  /** §6.1.3 (d), (e): one depth more, for a certificate with these policies. `anyPolicy`: whether that OID counts in it. */
  descend(policies: readonly string[] | undefined, anyPolicy: 'counts' | 'ignored'): void {
    const above = this.#nodes
    this.#nodes = new Map()
    if (policies === undefined || above.size === 0) return
    const expecting = this.#expecting(above)
    const anyAbove = above.get(ANY)
    for (const policy of policies) {
      if (policy === ANY) continue
      // (d)(1): below those that expect it, or else below anyPolicy.
      const parents = expecting.get(policy) ?? (anyAbove === undefined ? undefined : [anyAbove])
      if (parents !== undefined) this.#add(policy, parents)
    }
    if (anyPolicy === 'counts' && policies.includes(ANY)) this.#addUnnamed(expecting)
  }

  /** (d)(2): anyPolicy stands for every expected policy that the certificate did not name. */
  #addUnnamed(expecting: ReadonlyMap<string, readonly PolicyNode[]>): void {
    for (const [policy, parents] of expecting) if (!this.#nodes.has(policy)) this.#add(policy, parents)
  }

  #add(policy: string, parents: readonly PolicyNode[]): void {
    this.#work.spend('policy', 1 + parents.length)
    this.#nodes.set(policy, { policy, parents, expected: new Set([policy]) })
  }

  #expecting(above: ReadonlyMap<string, PolicyNode>): ReadonlyMap<string, readonly PolicyNode[]> {
    const expecting = new Map<string, PolicyNode[]>()
    for (const node of above.values()) {
      this.#work.spend('policy', node.expected.size)
      for (const policy of node.expected) {
        const known = expecting.get(policy)
        if (known === undefined) expecting.set(policy, [node])
        else known.push(node)
      }
    }
    return expecting
  }

  /** §6.1.4 (b)(1): what this CA calls `issuerDomainPolicy` is called `subjectDomainPolicy` below it. */
  map(mappings: readonly PolicyMapping[]): void {
    const parentOfAny = this.#nodes.get(ANY)?.parents
    for (const [policy, expected] of this.#grouped(mappings)) {
      const known = this.#nodes.get(policy)
      const parents = known?.parents ?? parentOfAny
      if (parents !== undefined) this.#nodes.set(policy, { policy, parents, expected })
    }
  }

  /** §6.1.4 (b)(2): with mapping inhibited, what would be mapped ends here. */
  refuseMapped(mappings: readonly PolicyMapping[]): void {
    this.#work.spend('policy', mappings.length)
    for (const { issuerDomainPolicy } of mappings) this.#nodes.delete(issuerDomainPolicy)
  }

  #grouped(mappings: readonly PolicyMapping[]): ReadonlyMap<string, ReadonlySet<string>> {
    this.#work.spend('policy', mappings.length)
    const grouped = new Map<string, Set<string>>()
    for (const { issuerDomainPolicy, subjectDomainPolicy } of mappings) {
      const expected = grouped.get(issuerDomainPolicy)
      if (expected === undefined) grouped.set(issuerDomainPolicy, new Set([subjectDomainPolicy]))
      else expected.add(subjectDomainPolicy)
    }
    return grouped
  }

  /** §6.1.5 (g): the user-constrained-policy-set. */
  constrainedTo(accepted: ReadonlySet<string> | 'any'): ReadonlySet<string> | 'any' {
    const authority = this.#authorityConstrained()
    if (accepted === 'any') return authority
    if (authority === 'any') return accepted
    return new Set([...authority].filter((policy) => accepted.has(policy)))
  }

  /** The policies in the anchor's terms: those first named below an unbroken line of anyPolicy. */
  #authorityConstrained(): ReadonlySet<string> | 'any' {
    if (this.#nodes.has(ANY)) return 'any'
    const found = new Set<string>()
    const seen = new Set<PolicyNode>(this.#nodes.values())
    // A Set that grows while it is walked: each node comes once.
    for (const node of seen) {
      this.#work.spend('policy', node.parents.length)
      if (node.policy !== ANY && node.parents.some(({ policy }) => policy === ANY)) found.add(node.policy)
      for (const parent of node.parents) seen.add(parent)
    }
    return found
  }
}
