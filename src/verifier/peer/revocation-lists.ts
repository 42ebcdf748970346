// What is known of revocation: the newest complete CRL of each CA, and on top of it what a feed said since. A certificate is good only
// while the CRL of its issuer is in force, and those of all CAs above it: nothing that a feed says makes an old CRL young.
//
// RFC 5280 §6.3.3 for complete CRLs that the CA itself signed. A CRL that is no better than the one that is there is refused, and that
// one stays until it ends.
import type { VerifiedCertificate } from '../../access/facts.ts'
import type { IssuerId } from '../../domain/issuer-id.ts'
import { type Crl, verifyCrlSignature } from '../../x509/crl.ts'
import { OID } from '../../x509/oid.ts'
import { findAuthority, type PeerAuthorities, type PeerAuthority } from './peer-authorities.ts'
import type { RevocationAnswer } from './revocation-answer.ts'

export type ListFault =
  | 'crl_issuer_unknown'
  | 'crl_issuer_may_not'
  | 'crl_signature_invalid'
  | 'crl_extension_unknown'
  | 'crl_scope_partial'
  | 'crl_not_yet_valid'
  | 'crl_stale'
  | 'crl_number_missing'
  | 'crl_number_lower'

export type PutOutcome =
  | { readonly kind: 'taken' | 'unchanged'; readonly issuer: IssuerId }
  | { readonly kind: 'refused'; readonly fault: ListFault; readonly issuer: IssuerId | undefined }

/** What a feed says of one certificate; the last word on it counts. */
export type Tiding =
  { readonly kind: 'revoked'; readonly reason: string; readonly date: Date } | { readonly kind: 'released' }

/** How far the clock of the CA may be ahead of ours, in milliseconds. Its CRLs are set back by five minutes already. */
const CLOCK_LEEWAY_MILLISECONDS = 60_000

/** Tidings that are kept until a CRL says them too. Over it, what says `released` goes: the CRL below says `revoked` then, which is safe. */
const MAX_TIDINGS = 1_000_000

interface Held {
  readonly crl: Crl
  readonly number: bigint
}

export class RevocationLists {
  #authorities: PeerAuthorities
  readonly #held = new Map<IssuerId, Held>()
  readonly #tidings = new Map<IssuerId, Map<string, Tiding>>()

  constructor(authorities: PeerAuthorities) {
    this.#authorities = authorities
  }

  /** The same CAs keep their lists, whatever comes or goes beside them. */
  trust(authorities: PeerAuthorities): void {
    const before = this.#authorities
    this.#authorities = authorities
    for (const id of [...this.#held.keys(), ...this.#tidings.keys()]) {
      if (before.byId.get(id)?.certificate.fingerprint === authorities.byId.get(id)?.certificate.fingerprint) continue
      this.#held.delete(id)
      this.#tidings.delete(id)
    }
  }

  put(crl: Crl, at: Date): PutOutcome {
    const authority = findAuthority(
      this.#authorities.byId,
      crl.issuerEncoded,
      crl.authorityKeyIdentifier?.keyIdentifier,
    )
    if (authority === undefined) return { kind: 'refused', fault: 'crl_issuer_unknown', issuer: undefined }
    const issuer = authority.id
    const fault = RULES.find(([, holds]) => !holds(crl, authority, at))?.[0]
    if (fault !== undefined) return { kind: 'refused', fault, issuer }
    const { number } = crl
    if (number === undefined) return { kind: 'refused', fault: 'crl_number_missing', issuer }
    const held = this.#held.get(issuer)
    if (held !== undefined && number <= held.number) {
      // Of one number there is one CRL: another is somebody's mistake, and which of them is unknown.
      const isSame = number === held.number && Buffer.compare(crl.der, held.crl.der) === 0
      return isSame ? { kind: 'unchanged', issuer } : { kind: 'refused', fault: 'crl_number_lower', issuer }
    }
    this.#held.set(issuer, { crl, number })
    this.#forgetSaid(issuer, crl)
    return { kind: 'taken', issuer }
  }

  /** Of CAs that are not believed nothing is kept. */
  tell(issuer: IssuerId, serialHex: string, tiding: Tiding): void {
    if (!this.#authorities.byId.has(issuer)) return
    const tidings = this.#tidings.get(issuer) ?? new Map<string, Tiding>()
    this.#tidings.set(issuer, tidings)
    tidings.delete(serialHex)
    if (tidings.size >= MAX_TIDINGS && tiding.kind === 'released') return
    tidings.set(serialHex, tiding)
  }

  /** After a gap in the feed: what it released may have been revoked again unheard. What it revoked stays. */
  forgetReleases(): void {
    for (const tidings of this.#tidings.values()) {
      for (const [serial, { kind }] of tidings) if (kind === 'released') tidings.delete(serial)
    }
  }

  /** Of the certificate and of every CA above it; the first that is revoked, else the first that is not known, says it. */
  answer({ issuer, serial }: Pick<VerifiedCertificate, 'issuer' | 'serial'>, at: Date): RevocationAnswer {
    const answers = [this.#single(issuer, serial, at)]
    let authority = this.#authorities.byId.get(issuer)
    while (authority?.parent !== undefined) {
      answers.push(this.#single(authority.parent.id, authority.certificate.tbs.serialHex, at))
      authority = authority.parent
    }
    return worstOf(answers)
  }

  /** The CRLs that are there, for whoever watches them. */
  *held(): Generator<{ readonly issuer: IssuerId; readonly number: bigint; readonly crl: Crl }, undefined> {
    for (const [issuer, held] of this.#held) yield { issuer, ...held }
    return undefined
  }

  numberOf(issuer: IssuerId): bigint | undefined {
    return this.#held.get(issuer)?.number
  }

  #single(issuer: IssuerId, serialHex: string, at: Date): RevocationAnswer {
    const held = this.#held.get(issuer)
    const tiding = this.#tidings.get(issuer)?.get(serialHex)
    const entry = held?.crl.entries.get(serialHex)
    if (tiding?.kind === 'revoked') return { kind: 'revoked', reason: tiding.reason, date: tiding.date }
    // Also by a list that has ended: nobody is known to have taken it back.
    if (entry !== undefined && tiding?.kind !== 'released') {
      return { kind: 'revoked', reason: entry.reason, date: entry.date }
    }
    if (held === undefined) return { kind: 'unknown', fault: 'none' }
    const { thisUpdate, nextUpdate } = held.crl
    if (at.getTime() < thisUpdate.getTime() - CLOCK_LEEWAY_MILLISECONDS)
      return { kind: 'unknown', fault: 'not-yet-valid' }
    // §5.1.2.5: the next one comes by then. Written so that a time which is none refuses.
    const isInForce = nextUpdate !== undefined && at.getTime() <= nextUpdate.getTime()
    return isInForce ? { kind: 'good', goodUntil: nextUpdate } : { kind: 'unknown', fault: 'stale' }
  }

  /** What the CRL says too, it says for good: a later release would be told again. */
  #forgetSaid(issuer: IssuerId, crl: Crl): void {
    const tidings = this.#tidings.get(issuer)
    if (tidings === undefined) return
    for (const [serial, { kind }] of tidings) {
      if ((kind === 'revoked') === (crl.entries.get(serial) !== undefined)) tidings.delete(serial)
    }
  }
}

type Holds = (crl: Crl, issuer: PeerAuthority, at: Date) => boolean

/** In this order: of what is not signed by the issuer nothing else is said. */
const RULES: readonly (readonly [ListFault, Holds])[] = [
  ['crl_issuer_may_not', (_, { certificate }) => certificate.tbs.keyUsage?.has('cRLSign') === true],
  ['crl_signature_invalid', (crl, { certificate }) => verifyCrlSignature(crl, certificate.tbs.publicKey)],
  ['crl_scope_partial', isComplete],
  ['crl_extension_unknown', hasNoUnknownCritical],
  ['crl_not_yet_valid', ({ thisUpdate }, _, at) => thisUpdate.getTime() <= at.getTime() + CLOCK_LEEWAY_MILLISECONDS],
  ['crl_stale', ({ nextUpdate }, _, at) => nextUpdate !== undefined && at <= nextUpdate],
]

function isComplete({ deltaBase, extensions }: Crl): boolean {
  return deltaBase === undefined && !extensions.has(OID.issuingDistributionPoint)
}

function hasNoUnknownCritical(crl: Crl): boolean {
  return crl.entries.unknownCritical.size === 0 && [...crl.extensions.values()].every(({ critical }) => !critical)
}

function worstOf(answers: readonly RevocationAnswer[]): RevocationAnswer {
  const revoked = answers.find(({ kind }) => kind === 'revoked')
  if (revoked !== undefined) return revoked
  const [first, ...rest] = answers
  if (first === undefined) return { kind: 'unknown', fault: 'none' }
  return rest.reduce((worst, each) => {
    if (worst.kind !== 'good') return worst
    return each.kind === 'good' && each.goodUntil >= worst.goodUntil ? worst : each
  }, first)
}
