// Whom the verifier believes: the roots and issuing CAs of one installation, each checked once up to its root. Issuers come
// from here alone, never from what a peer sends: a resumed TLS session shows the leaf only, and a list that the peer chose
// is an input.
//
// RFC 5280 §6.1 for the part of a path above the leaf: signature, names, CA flag, path length, key usage, critical
// extensions and name constraints. Time is not judged here, and neither is revocation: a CA that was revoked is left out
// of what this is built from, which makes everything below it untrusted. Trust does not change; another is built.
import { CodedError } from '../domain/coded-error.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { NameRules } from '../domain/name-rules.ts'
import type { ProfileName } from '../domain/profile-name.ts'
import type { TrustDomain } from '../domain/spiffe-id.ts'
import type { Validity } from '../domain/validity.ts'
import { type Certificate, parseCertificate, verifySignature } from '../x509/certificate.ts'
import { hexOf } from '../x509/hex.ts'
import { OID } from '../x509/oid.ts'
import { type PublicKey, refuseWeakKey } from '../x509/public-key.ts'
import { indexConstraints, type NameSubtrees } from './path/name-subtrees.ts'
import { commonValidity } from './path-validity.ts'
import { unknownCritical } from './unknown-critical.ts'

export interface TrustedIssuer {
  readonly id: IssuerId
  /** DER. */
  readonly certificate: Uint8Array
  /** The certificate policies it may issue under, and what each makes of its holder. */
  readonly issues: ReadonlyMap<string, ProfileName>
}

export interface Hierarchy {
  readonly roots: readonly TrustedIssuer[]
  /** CAs below a root, in any order. */
  readonly issuing: readonly TrustedIssuer[]
  readonly names: NameRules
  readonly trustDomain: TrustDomain
}

/** A CA that holds, with what all CAs from it up to its root say together. */
export interface Authority {
  readonly id: IssuerId
  readonly publicKey: PublicKey
  readonly issues: ReadonlyMap<string, ProfileName>
  readonly validity: Validity
  readonly nameConstraints: readonly NameSubtrees[]
  /** Purposes that every EKU in the path lists; `any` when no CA has one. */
  readonly purposes: ReadonlySet<string> | 'any'
}

export interface Trust {
  readonly names: NameRules
  readonly trustDomain: TrustDomain
  /** By the encoded subject and the subject key identifier, both byte for byte. */
  authority(subject: Uint8Array, keyIdentifier: Uint8Array): Authority | undefined
}

/** A CA that does not hold. `why` is for the operator. */
export class TrustRejected extends CodedError<'trust_rejected'> {
  constructor(issuer: string, why: string, options?: ErrorOptions) {
    super('trust_rejected', { issuer, why }, options)
  }
}

type OnFault = (fault: TrustRejected) => void

/** Throws `TrustRejected` for the first CA that does not hold: a hierarchy of ours with a fault is not half believed. */
export function buildTrust({ roots, issuing, names, trustDomain }: Hierarchy): Trust {
  const onFault: OnFault = (fault) => {
    throw fault
  }
  return { names, trustDomain, authority: buildAuthorities(roots, issuing, onFault) }
}

/** As `buildTrust`, but without those below a root that do not hold, of which `onFault` is told: they came from elsewhere. */
export function buildTrustOfHolding({ roots, issuing, names, trustDomain }: Hierarchy, onFault: OnFault): Trust {
  return { names, trustDomain, authority: buildAuthorities(roots, issuing, onFault) }
}

function buildAuthorities(
  roots: readonly TrustedIssuer[],
  issuing: readonly TrustedIssuer[],
  onFault: OnFault,
): Trust['authority'] {
  const authorities = new Map<string, TrustedAuthority>()
  for (const root of roots) add(authorities, rootAuthority(readAuthority(root)))
  let waiting = issuing.flatMap((each) => orFault(() => [readAuthority(each)], [], onFault))
  for (let before = -1; before !== waiting.length;) {
    before = waiting.length
    waiting = waiting.filter((candidate) => !orFault(() => addBelowParent(authorities, candidate), true, onFault))
  }
  for (const { id } of waiting) onFault(new TrustRejected(id, 'no chain to a root'))
  return (subject, keyIdentifier) => authorities.get(lookupKey(subject, keyIdentifier))
}

function orFault<T>(act: () => T, otherwise: T, onFault: OnFault): T {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof TrustRejected)) throw error
    onFault(error)
    return otherwise
  }
}

interface Candidate extends TrustedIssuer {
  readonly parsed: Certificate
  readonly keyIdentifier: Uint8Array
  /** How many CAs may follow below; Infinity when the certificate sets no bound. */
  readonly pathLength: number
  readonly constraints: readonly NameSubtrees[]
}

interface TrustedAuthority extends Authority {
  readonly subject: Uint8Array
  readonly keyIdentifier: Uint8Array
  readonly pathLength: number
}

function readAuthority(issuer: TrustedIssuer): Candidate {
  try {
    return checkAuthority(issuer, parseCertificate(issuer.certificate))
  } catch (cause) {
    if (cause instanceof TrustRejected) throw cause
    throw new TrustRejected(issuer.id, 'no certificate that can be read, or a weak key', { cause })
  }
}

/** Extensions of a CA that are processed here, and may therefore be critical. */
const PROCESSED: ReadonlySet<string> = new Set([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.nameConstraints,
  // Leaves must carry a policy that `issues` lists, which is narrower than anything a CA's own policies could say.
  OID.certificatePolicies,
])

function checkAuthority(issuer: TrustedIssuer, parsed: Certificate): Candidate {
  const { tbs } = parsed
  // Also imports the key, which must not fail later, while a stranger's certificate is judged.
  refuseWeakKey(tbs.publicKey)
  const basic = tbs.basicConstraints
  const keyIdentifier = tbs.subjectKeyIdentifier
  if (basic?.authority !== true) throw new TrustRejected(issuer.id, 'not a CA certificate')
  if (tbs.keyUsage?.has('keyCertSign') !== true) throw new TrustRejected(issuer.id, 'no key usage keyCertSign')
  if (keyIdentifier === undefined) throw new TrustRejected(issuer.id, 'no subject key identifier')
  const unknown = unknownCritical(tbs, PROCESSED)
  if (unknown !== undefined) throw new TrustRejected(issuer.id, `unknown critical extension ${unknown}`)
  const constraints = tbs.nameConstraints === undefined ? [] : [indexConstraints(tbs.nameConstraints)]
  if (!areSubtrees(constraints)) throw new TrustRejected(issuer.id, 'name constraints that are no subtrees')
  return { ...issuer, parsed, keyIdentifier, pathLength: basic.pathLength ?? Infinity, constraints }
}

function areSubtrees(constraints: readonly (NameSubtrees | undefined)[]): constraints is readonly NameSubtrees[] {
  return !constraints.includes(undefined)
}

function rootAuthority(root: Candidate): TrustedAuthority {
  const { tbs } = root.parsed
  if (Buffer.compare(tbs.subjectEncoded, tbs.issuerEncoded) !== 0) throw new TrustRejected(root.id, 'not self-issued')
  if (!verifySignature(root.parsed, tbs.publicKey)) throw new TrustRejected(root.id, 'not signed by its own key')
  return authorityOf(root, {
    validity: tbs.validity,
    nameConstraints: root.constraints,
    purposes: purposesOf(root),
    pathLength: root.pathLength,
  })
}

/** False while the parent is not (yet) among the authorities. */
function addBelowParent(authorities: Map<string, TrustedAuthority>, candidate: Candidate): boolean {
  const { tbs } = candidate.parsed
  const keyIdentifier = tbs.authorityKeyIdentifier?.keyIdentifier
  if (keyIdentifier === undefined) throw new TrustRejected(candidate.id, 'no authority key identifier')
  const parent = authorities.get(lookupKey(tbs.issuerEncoded, keyIdentifier))
  if (parent === undefined) return false
  if (parent.pathLength < 1) throw new TrustRejected(candidate.id, 'below a CA that may have none below it')
  if (!verifySignature(candidate.parsed, parent.publicKey)) {
    throw new TrustRejected(candidate.id, `not signed by ${parent.id}`)
  }
  add(authorities, childAuthority(candidate, parent))
  return true
}

function childAuthority(candidate: Candidate, parent: TrustedAuthority): TrustedAuthority {
  return authorityOf(candidate, {
    validity: commonValidity(parent.validity, candidate.parsed.tbs.validity),
    nameConstraints: [...parent.nameConstraints, ...candidate.constraints],
    purposes: bothPurposes(parent.purposes, purposesOf(candidate)),
    pathLength: Math.min(parent.pathLength - 1, candidate.pathLength),
  })
}

type Inherited = Pick<TrustedAuthority, 'validity' | 'nameConstraints' | 'purposes' | 'pathLength'>

function authorityOf({ id, issues, parsed, keyIdentifier }: Candidate, inherited: Inherited): TrustedAuthority {
  const { publicKey, subjectEncoded } = parsed.tbs
  return { id, issues, publicKey, subject: subjectEncoded, keyIdentifier, ...inherited }
}

function purposesOf({ parsed }: Candidate): Authority['purposes'] {
  const purposes = parsed.tbs.extendedKeyUsage
  return purposes === undefined || purposes.includes(OID.anyExtendedKeyUsage) ? 'any' : new Set(purposes)
}

function bothPurposes(above: Authority['purposes'], own: Authority['purposes']): Authority['purposes'] {
  if (above === 'any') return own
  return own === 'any' ? above : new Set([...own].filter((purpose) => above.has(purpose)))
}

function add(authorities: Map<string, TrustedAuthority>, authority: TrustedAuthority): void {
  const key = lookupKey(authority.subject, authority.keyIdentifier)
  // With two of one name and key, policy would depend on the order of a list.
  if (authorities.has(key)) throw new TrustRejected(authority.id, 'another CA has the same name and key')
  if ([...authorities.values()].some(({ id }) => id === authority.id)) {
    throw new TrustRejected(authority.id, 'another CA has the same id')
  }
  authorities.set(key, authority)
}

function lookupKey(subject: Uint8Array, keyIdentifier: Uint8Array): string {
  return `${hexOf(keyIdentifier)}:${hexOf(subject)}`
}
