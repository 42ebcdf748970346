// The CAs that a consumer believes: pinned roots, and every CA below them whose certificate it was given. What an issuing CA may certify
// is read from its own certificate, whose policies the root signed (CP §7.1.2): nothing that is fetched can widen it.
//
// A CA below a root that is not pinned is passed over: a service may have another generation of root, which nobody here has agreed to.
import { createHash } from 'node:crypto'
import { type IssuerId, IssuerIdRejected, parseIssuerId } from '../../domain/issuer-id.ts'
import type { ProfileName } from '../../domain/profile-name.ts'
import type { TrustDomain } from '../../domain/spiffe-id.ts'
import { type Certificate, parseCertificate } from '../../x509/certificate.ts'
import { attributeValues } from '../../x509/distinguished-name.ts'
import { hexOf } from '../../x509/hex.ts'
import { OID } from '../../x509/oid.ts'
import { buildTrust, type Trust, type TrustedIssuer } from '../trust.ts'
import { NAMES, PROFILES } from './own-policy.ts'

export interface GivenAuthority {
  readonly der: Uint8Array
  /** As the service names it. Without a name one is made from its common name. */
  readonly id: string | undefined
}

export interface PeerAuthority {
  readonly id: IssuerId
  readonly certificate: Certificate
  /** Undefined: a root. */
  readonly parent: PeerAuthority | undefined
}

export interface PeerAuthorities {
  readonly trust: Trust
  readonly byId: ReadonlyMap<IssuerId, PeerAuthority>
  /** Of the same certificates: nothing has to be built again. */
  readonly digest: string
}

/** Throws `TrustRejected` for a CA that does not hold, `CertificateRejected` for what is no certificate. */
export function buildPeerAuthorities(
  roots: readonly Uint8Array[],
  given: readonly GivenAuthority[],
  trustDomain: TrustDomain,
): PeerAuthorities {
  const byId = new Map<IssuerId, PeerAuthority>()
  for (const der of roots) add(byId, { der, id: undefined }, undefined)
  const pinned = byId.size
  let waiting = [...given]
  for (let before = -1; before !== byId.size;) {
    before = byId.size
    waiting = waiting.filter((each) => !addBelowParent(byId, each))
  }
  const all = [...byId.values()]
  const trust = buildTrust({
    roots: all.slice(0, pinned).map((each) => trusted(each)),
    issuing: all.slice(pinned).map((each) => trusted(each)),
    names: NAMES,
    trustDomain,
  })
  return { trust, byId, digest: digestOf(all) }
}

/** The CA of this name and key: several generations may share a name, and never a key. */
function findAuthority(
  byId: ReadonlyMap<IssuerId, PeerAuthority>,
  subject: Uint8Array,
  keyIdentifier: Uint8Array | undefined,
): PeerAuthority | undefined {
  if (keyIdentifier === undefined) return undefined
  return [...byId.values()].find(({ certificate: { tbs } }) => {
    const own = tbs.subjectKeyIdentifier
    return own !== undefined && equal(own, keyIdentifier) && equal(tbs.subjectEncoded, subject)
  })
}

function addBelowParent(byId: Map<IssuerId, PeerAuthority>, given: GivenAuthority): boolean {
  const { tbs } = parseCertificate(given.der)
  const parent = findAuthority(byId, tbs.issuerEncoded, tbs.authorityKeyIdentifier?.keyIdentifier)
  if (parent === undefined) return false
  // The same one twice, or a root among those that are given.
  if (findAuthority(byId, tbs.subjectEncoded, tbs.subjectKeyIdentifier) === undefined) add(byId, given, parent)
  return true
}

function add(byId: Map<IssuerId, PeerAuthority>, given: GivenAuthority, parent: PeerAuthority | undefined): void {
  const certificate = parseCertificate(given.der)
  const named = parsedId(given.id) ?? idFromName(certificate)
  const id = named === undefined || byId.has(named) ? parseIssuerId(`unnamed-${String(byId.size + 1)}`) : named
  byId.set(id, { id, certificate, parent })
}

/** `Signet users CA 1` is `users-1` (CP §7.1.4). A name for people and logs: nothing is decided by it. */
function idFromName({ tbs }: Certificate): IssuerId | undefined {
  const [commonName = ''] = attributeValues(tbs.subject, OID.commonName)
  const match = /(?:^| )([a-z-]+) CA ([1-9][0-9]*)$/.exec(commonName)
  return match === null ? undefined : parsedId(`${match[1] ?? ''}-${match[2] ?? ''}`)
}

function parsedId(text: string | undefined): IssuerId | undefined {
  try {
    return text === undefined ? undefined : parseIssuerId(text)
  } catch (error) {
    if (error instanceof IssuerIdRejected) return undefined
    throw error
  }
}

/** A root certifies CAs, and nobody who calls. */
function trusted({ id, certificate, parent }: PeerAuthority): TrustedIssuer {
  const issues = parent === undefined ? new Map<string, ProfileName>() : issuedBy(certificate)
  return { id, certificate: certificate.der, issues }
}

function issuedBy({ tbs }: Certificate): ReadonlyMap<string, ProfileName> {
  const issues = new Map<string, ProfileName>()
  for (const oid of tbs.certificatePolicies ?? []) {
    const profile = PROFILES.get(oid)
    if (profile !== undefined) issues.set(oid, profile)
  }
  return issues
}

function digestOf(all: readonly PeerAuthority[]): string {
  const digest = createHash('sha256')
  for (const fingerprint of all.map(({ certificate }) => certificate.fingerprint).sort()) digest.update(fingerprint)
  return digest.digest('hex')
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return hexOf(one) === hexOf(other)
}
