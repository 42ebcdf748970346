// Policies along a path (RFC 5280 §6.1.2 (a), (d)-(f), §6.1.3 (d)-(f), §6.1.4 (a), (b), (h)-(j), §6.1.5 (a), (b), (g), as
// RFC 9618 §5 words them): the graph, and the three counts of certificates until a constraint holds.
import { OID } from '../../x509/oid.ts'
import type { PathCertificate } from './path-certificate.ts'
import type { PolicySettings } from './policy-settings.ts'
import type { PathFault } from './path-fault.ts'
import type { PathWork } from './path-work.ts'
import { PolicyGraph } from './policy-graph.ts'

export class PolicyState {
  readonly #graph: PolicyGraph
  readonly #accepted: PolicySettings['accepted']
  #explicitPolicy: number
  #policyMapping: number
  #inhibitAnyPolicy: number

  /** `length`: how many certificates the path has below its anchor. */
  constructor(settings: PolicySettings, length: number, work: PathWork) {
    this.#graph = new PolicyGraph(work)
    this.#accepted = settings.accepted
    this.#explicitPolicy = settings.explicit === 'required' ? 0 : length + 1
    this.#policyMapping = settings.mapping === 'inhibited' ? 0 : length + 1
    this.#inhibitAnyPolicy = settings.anyPolicy === 'inhibited' ? 0 : length + 1
  }

  /** §6.1.3 (d)-(f). */
  enter({ policies, selfIssued }: PathCertificate, place: 'leaf' | 'above'): PathFault | undefined {
    const anyCounts = this.#inhibitAnyPolicy > 0 || (place === 'above' && selfIssued)
    this.#graph.descend(policies, anyCounts ? 'counts' : 'ignored')
    return this.#explicitPolicy > 0 || !this.#graph.isNull ? undefined : 'policy'
  }

  /** §6.1.4 (a), (b), (h)-(j), for a CA. */
  leave(certificate: PathCertificate): PathFault | undefined {
    const mappings = certificate.policyMappings ?? []
    if (mappings.some((each) => Object.values(each).includes(OID.anyPolicy))) return 'policy-mapping'
    if (this.#policyMapping > 0) this.#graph.map(mappings)
    else this.#graph.refuseMapped(mappings)
    if (!certificate.selfIssued) this.#countDown()
    this.constrain(certificate)
    return undefined
  }

  #countDown(): void {
    this.#explicitPolicy = Math.max(0, this.#explicitPolicy - 1)
    this.#policyMapping = Math.max(0, this.#policyMapping - 1)
    this.#inhibitAnyPolicy = Math.max(0, this.#inhibitAnyPolicy - 1)
  }

  /** What a CA, or the anchor (RFC 5937 §3.2), asks of all below it. */
  constrain({ policyConstraints, inhibitAnyPolicy }: PathCertificate): void {
    const { requireExplicitPolicy = Infinity, inhibitPolicyMapping = Infinity } = policyConstraints ?? {}
    this.#explicitPolicy = Math.min(this.#explicitPolicy, requireExplicitPolicy)
    this.#policyMapping = Math.min(this.#policyMapping, inhibitPolicyMapping)
    this.#inhibitAnyPolicy = Math.min(this.#inhibitAnyPolicy, inhibitAnyPolicy ?? Infinity)
  }

  /** §6.1.5 (a), (b), (g): the policies that hold for the leaf; undefined when one is asked for and none does. */
  finish({ policyConstraints }: PathCertificate): ReadonlySet<string> | 'any' | undefined {
    this.#explicitPolicy = Math.max(0, this.#explicitPolicy - 1)
    if (policyConstraints?.requireExplicitPolicy === 0) this.#explicitPolicy = 0
    const policies = this.#graph.isNull ? new Set<string>() : this.#graph.constrainedTo(this.#accepted)
    const isEmpty = policies !== 'any' && policies.size === 0
    return isEmpty && this.#explicitPolicy === 0 ? undefined : policies
  }
}
