// The CAs that a consumer believes: pinned roots, and every CA below them whose certificate it was given and whose path holds (RFC 5280
// §6.1, by `verifier/path/`). What an issuing CA may certify is read from its own certificate, whose policies the root signed (CP §7.1.2):
// nothing that is fetched can widen it.
//
// A CA below a root that is not pinned is passed over: a service may have another generation of root, which nobody here has agreed to. One
// that does not hold is left out and told, and the others count all the same.
import { createHash } from 'node:crypto'
import { type IssuerId, IssuerIdRejected, parseIssuerId } from '../../domain/issuer-id.ts'
import type { ProfileName } from '../../domain/profile-name.ts'
import type { TrustDomain } from '../../domain/spiffe-id.ts'
import type { Certificate } from '../../x509/certificate.ts'
import { attributeValues } from '../../x509/distinguished-name.ts'
import { hexOf } from '../../x509/hex.ts'
import { OID } from '../../x509/oid.ts'
import { CertificateRejected } from '../../x509/tbs-certificate.ts'
import { type PathCertificate, readPathCertificate } from '../path/path-certificate.ts'
import type { CandidatePath } from '../path/path-verdict.ts'
import { buildTrustOfHolding, type Trust, type TrustedIssuer, TrustRejected } from '../trust.ts'
import { AuthorityPaths } from './authority-paths.ts'
import { NAMES, PROFILES } from './own-policy.ts'

export interface GivenAuthority {
  readonly der: Uint8Array
  /** As the service names it. Undefined: nobody does. */
  readonly id: string | undefined
}

export interface PeerAuthority {
  readonly id: IssuerId
  /** `certificate`: its own name says the id, which the root signed. `given`: whoever brought it says so. */
  readonly named: 'certificate' | 'given'
  readonly certificate: PathCertificate
  /** Itself first, the root last as its anchor; undefined: a root. */
  readonly path: CandidatePath | undefined
}

export interface RefusedAuthority {
  readonly given: GivenAuthority
  readonly fault: TrustRejected
}

export interface PeerAuthorities {
  readonly trust: Trust
  readonly byId: ReadonlyMap<IssuerId, PeerAuthority>
  /** Of the same certificates: nothing has to be built again. */
  readonly digest: string
  /** What holds nowhere: `byId` has none of it. */
  readonly refused: readonly RefusedAuthority[]
}

/** Throws `TrustRejected`, `CertificateRejected` for a root that does not hold. */
export function buildPeerAuthorities(
  roots: readonly Uint8Array[],
  given: readonly GivenAuthority[],
  trustDomain: TrustDomain,
): PeerAuthorities {
  const builder = new Builder(roots.map((der) => readPathCertificate(der)))
  builder.addAll(given)
  const all = [...builder.byId.values()]
  const { byId, refused } = builder
  const hierarchy = {
    roots: all.filter(({ path }) => path === undefined).map(trusted),
    issuing: all.filter(({ path }) => path !== undefined).map(trusted),
    names: NAMES,
    trustDomain,
  }
  const trust = buildTrustOfHolding(hierarchy, (fault) => builder.drop(fault))
  return { trust, byId, digest: digestOf([...byId.values()]), refused }
}

interface ReadAuthority {
  readonly given: GivenAuthority
  readonly certificate: PathCertificate
}

class Builder {
  readonly byId = new Map<IssuerId, PeerAuthority>()
  readonly refused: RefusedAuthority[] = []
  readonly #paths: AuthorityPaths
  /** By name and key. Several generations may share a name, and never a key. */
  readonly #known = new Set<string>()
  readonly #givenAs = new Map<IssuerId, GivenAuthority>()

  constructor(roots: readonly PathCertificate[]) {
    this.#paths = new AuthorityPaths(roots)
    for (const certificate of roots) this.#add({ certificate, path: undefined }, undefined)
  }

  addAll(given: readonly GivenAuthority[]): void {
    let waiting = given.flatMap((each) => this.#read(each))
    for (let before = -1; before !== waiting.length;) {
      before = waiting.length
      waiting = waiting.filter((each) => !this.#isSettled(each))
    }
  }

  /** False: what is above it may be among the others. */
  #isSettled({ given, certificate }: ReadAuthority): boolean {
    // The same one twice, or a root among those that are given.
    if (this.#known.has(keyOf(certificate))) return true
    const found = this.#paths.of(certificate)
    if (found.kind === 'elsewhere') return false
    if (found.kind === 'refused') this.#refuse(given, found.why)
    else {
      this.#add({ certificate, path: found.path }, given)
      this.#paths.hold(certificate)
    }
    return true
  }

  /** One that holds by RFC 5280, and is not what a CA of ours is. */
  drop(fault: TrustRejected): void {
    for (const [id, given] of this.#givenAs) {
      if (id !== fault.facts['issuer']) continue
      this.byId.delete(id)
      this.refused.push({ given, fault })
    }
  }

  #read(given: GivenAuthority): readonly ReadAuthority[] {
    try {
      return [{ given, certificate: readPathCertificate(given.der) }]
    } catch (error) {
      if (!(error instanceof CertificateRejected)) throw error
      this.#refuse(given, 'no certificate that can be read')
      return []
    }
  }

  #refuse(given: GivenAuthority, why: string): void {
    this.refused.push({ given, fault: new TrustRejected(given.id ?? 'a CA', why) })
  }

  #add(authority: Pick<PeerAuthority, 'certificate' | 'path'>, given: GivenAuthority | undefined): void {
    const own = idFromName(authority.certificate.certificate)
    const asked = parsedId(given?.id)
    // What one CA's revocations are put on is not for whoever lists them to say.
    if (given !== undefined && own !== undefined && asked !== undefined && own !== asked)
      this.#refuse(given, `its certificate says that it is ${own}`)
    const wanted = own ?? asked
    const id = wanted === undefined || this.byId.has(wanted) ? this.#unnamed() : wanted
    this.byId.set(id, { ...authority, id, named: id === own ? 'certificate' : 'given' })
    if (given !== undefined) this.#givenAs.set(id, given)
    this.#known.add(keyOf(authority.certificate))
  }

  #unnamed(): IssuerId {
    return parseIssuerId(`unnamed-${String(this.byId.size + 1)}`)
  }
}

/** `Signet users CA 1` is `users-1` (CP §7.1.4). */
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
function trusted({ id, certificate: { certificate }, path }: PeerAuthority): TrustedIssuer {
  const issues = path === undefined ? new Map<string, ProfileName>() : issuedBy(certificate)
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
  for (const { certificate } of all.map(({ certificate: each }) => each).sort(byFingerprint)) {
    digest.update(certificate.fingerprint)
  }
  return digest.digest('hex')
}

function byFingerprint({ certificate: one }: PathCertificate, { certificate: other }: PathCertificate): number {
  return one.fingerprint < other.fingerprint ? -1 : 1
}

function keyOf({ subject, certificate }: PathCertificate): string {
  return `${subject} ${hexOf(certificate.tbs.spki)}`
}
