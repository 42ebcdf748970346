// The key generations of the CAs that this process knows, and which of them issues what. A generation with too little life
// left for its longest leaf hands over to the next one (CP §5.6); nothing is cut short silently.
import { issuesUntil, type Issuer } from '../ca/issuer.ts'
import type { Policy } from '../ca/policy/policy.ts'
import { CodedError } from '../domain/coded-error.ts'
import { type Clock, unixSeconds } from '../domain/clock.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ProfileName } from '../domain/profile-name.ts'
import type { Signer } from '../domain/signer.ts'
import type { DistinguishedName } from '../x509/distinguished-name.ts'
import type { IssuingKey } from './act-context.ts'

export type IssuerBookErrorCode = 'issuer_unavailable'

/** No generation may issue the profile: the next one is due. */
export class IssuerUnavailable extends CodedError<IssuerBookErrorCode> {
  constructor(profile: ProfileName) {
    super('issuer_unavailable', { profile, fix: 'make the next generation: signet ceremony issuing-ca' })
  }
}

export interface BookedIssuer {
  readonly issuer: Issuer
  /** Both absent for the root, whose key is offline. */
  readonly certificateSigner?: Signer<'certificate'>
  readonly crlSigner?: Signer<'crl'>
}

/** Without these nothing is decided any more: a ceremony that is late must not end that months before the CA does. */
const OWN: ReadonlySet<ProfileName> = new Set(['signet-server', 'snapshot-signer'])

export class IssuerBook {
  readonly #issuers = new Map<IssuerId, BookedIssuer>()
  /** The newest generation first, those whose key is here. */
  readonly #keysFor = new Map<ProfileName, readonly (IssuingKey & { readonly untilSeconds: number })[]>()
  readonly #caKeyFingerprints = new Set<string>()
  readonly #caSubjects: DistinguishedName[] = []
  readonly #revoked = new Set<IssuerId>()
  readonly #policy: Policy
  readonly #clock: Clock

  constructor(policy: Policy, clock: Clock) {
    this.#policy = policy
    this.#clock = clock
  }

  add(booked: BookedIssuer): void {
    this.#issuers.set(booked.issuer.id, booked)
    this.#caKeyFingerprints.add(booked.issuer.publicKey.fingerprint)
    this.#caSubjects.push(booked.issuer.certificate.tbs.subject)
    const { issuer, certificateSigner: signer } = booked
    if (signer === undefined) return
    const key = { issuer, signer, untilSeconds: issuesUntil(issuer, this.#policy) }
    for (const profile of issuer.authority.issues) {
      const keys = [...(this.#keysFor.get(profile) ?? []), key]
      this.#keysFor.set(
        profile,
        keys.sort((one, other) => other.issuer.generation - one.issuer.generation),
      )
    }
  }

  /** A CA that was revoked issues nothing from here on. It stays known: what it has signed is looked at, and its CRL made. */
  retire(id: IssuerId): void {
    this.#revoked.add(id)
  }

  isRevoked(id: IssuerId): boolean {
    return this.#revoked.has(id)
  }

  has(id: IssuerId): boolean {
    return this.#issuers.has(id)
  }

  all(): readonly BookedIssuer[] {
    return [...this.#issuers.values()]
  }

  /** The issuing CA alone, DER: what stands between a leaf and the root. */
  chainOf(id: IssuerId): readonly Uint8Array[] {
    const issuer = this.#issuers.get(id)?.issuer
    return issuer === undefined || isRoot(issuer) ? [] : [issuer.certificate.der]
  }

  /** Named by their ids, as key stores name them. */
  roots(): readonly { readonly alias: string; readonly certificate: Uint8Array }[] {
    return this.all().flatMap(({ issuer }) =>
      isRoot(issuer) ? [{ alias: issuer.id, certificate: issuer.certificate.der }] : [],
    )
  }

  /** SHA-256 of the SubjectPublicKeyInfo of every CA, hexadecimal. */
  get caKeyFingerprints(): ReadonlySet<string> {
    return this.#caKeyFingerprints
  }

  get caSubjects(): readonly DistinguishedName[] {
    return this.#caSubjects
  }

  /**
   * The newest generation that is not revoked and has the life to issue `profile`; for what is Signet's own, the newest that lives
   * at all, when none has that much. Throws `IssuerUnavailable`.
   */
  issuingKeyFor(profile: ProfileName): IssuingKey {
    const now = unixSeconds(this.#clock.now())
    const keys = (this.#keysFor.get(profile) ?? []).filter(({ issuer }) => !this.#revoked.has(issuer.id))
    const lives = ({ issuer }: { readonly issuer: Issuer }): boolean => now <= unixSeconds(issuer.validity.notAfter)
    const key =
      keys.find(({ untilSeconds }) => now <= untilSeconds) ?? (OWN.has(profile) ? keys.find(lives) : undefined)
    if (key === undefined) throw new IssuerUnavailable(profile)
    return key
  }
}

function isRoot({ authority }: Issuer): boolean {
  return authority.parent === null
}
