// The verifier of a server that others call over TLS: it holds what is trusted and what is revoked, judges peers by it at once and in
// memory, and is fed by a source in the background. While the source is silent it goes on for as long as its CRLs are in force, and then
// refuses.
import { createHash } from 'node:crypto'
import type { VerifiedCertificate } from '../../access/facts.ts'
import type { Clock } from '../../domain/clock.ts'
import type { IssuerId } from '../../domain/issuer-id.ts'
import type { TrustDomain } from '../../domain/spiffe-id.ts'
import { ClientCertificateCache } from '../client-certificate-cache.ts'
import type { CheckRevocation } from '../path/revocation-check.ts'
import type { FeedEvent } from '../revocation/feed-events.ts'
import type { HeldCrl, HeldNumbers } from './held-crl.ts'
import { judgePeer } from './judge-peer.ts'
import {
  buildPeerAuthorities,
  type GivenAuthority,
  type PeerAuthorities,
  type RefusedAuthority,
} from './peer-authorities.ts'
import { peerCertificate, type PeerSocket } from './peer-certificate.ts'
import type { AcceptedPeers, PeerQuestion } from './question.ts'
import { RevocationLists, type TakenCrl } from './revocation-lists.ts'
import type { RevocationAnswer } from './revocation-answer.ts'
import { type PeerVerdict, refused } from './verdict.ts'

export interface VerifierParts {
  /** DER. */
  readonly roots: readonly Uint8Array[]
  readonly trustDomain: TrustDomain
  readonly accept: AcceptedPeers
  readonly clock: Pick<Clock, 'now'>
  /** Certificates whose verification is remembered. */
  readonly capacity: number
}

export class PeerJudge {
  readonly #parts: VerifierParts
  #authorities: PeerAuthorities
  #certificates: ClientCertificateCache
  readonly #lists: RevocationLists
  /** What was given last, which is given again and again. */
  #given: { readonly digest: string; readonly refused: readonly RefusedAuthority[] } = { digest: '', refused: [] }

  constructor(parts: VerifierParts) {
    this.#parts = parts
    this.#authorities = buildPeerAuthorities(parts.roots, [], parts.trustDomain)
    this.#certificates = new ClientCertificateCache(this.#authorities.trust, parts.capacity)
    this.#lists = new RevocationLists(this.#authorities)
  }

  verifyPeer(socket: PeerSocket | null | undefined, question: PeerQuestion): PeerVerdict {
    return orUnavailable(() => this.#judge(peerCertificate(socket), question))
  }

  /** `der`: of a certificate whose key the peer has proved to have. Undefined: none was shown. */
  verifyCertificate(der: Uint8Array | undefined, question: PeerQuestion): PeerVerdict {
    return orUnavailable(() => this.#judge(der, question))
  }

  #judge(der: Uint8Array | undefined, question: PeerQuestion): PeerVerdict {
    const parts = { certificates: this.#certificates, revocation: this.#revocation, accept: this.#parts.accept }
    return judgePeer(der, question, parts)
  }

  /** For a path that was built: of the certificate alone, by what is held now. */
  readonly checkRevocation: CheckRevocation = (question) => this.#lists.check(question)

  readonly #revocation = (
    certificate: VerifiedCertificate,
    der: Uint8Array,
    question: PeerQuestion,
  ): RevocationAnswer => this.#lists.answer(certificate, der, question)

  /** Of a certificate whose path somebody else has verified, whatever it is for: what is not known is no revocation. */
  isKnownRevoked(der: Uint8Array): boolean {
    return this.#lists.isKnownRevoked(der, this.#parts.clock.now())
  }

  get authorities(): PeerAuthorities {
    return this.#authorities
  }

  /** Of those that do not hold it tells, and goes on with all others. */
  trust(given: readonly GivenAuthority[]): readonly RefusedAuthority[] {
    const what = digestOf(given)
    if (what === this.#given.digest) return this.#given.refused
    const next = buildPeerAuthorities(this.#parts.roots, given, this.#parts.trustDomain)
    this.#given = { digest: what, refused: next.refused }
    if (next.digest === this.#authorities.digest) return next.refused
    this.#authorities = next
    this.#certificates = new ClientCertificateCache(next.trust, this.#parts.capacity)
    this.#lists.trust(next)
    return next.refused
  }

  takeCrl(der: Uint8Array): TakenCrl {
    return this.#lists.put(der, this.#parts.clock.now())
  }

  tell(issuer: IssuerId, event: FeedEvent): void {
    this.#lists.tell(issuer, event)
  }

  vouchForFeed(): void {
    this.#lists.vouch()
  }

  restartFeed(seq: number): void {
    this.#lists.restart(seq)
  }

  numbersOf(issuer: IssuerId): HeldNumbers | undefined {
    return this.#lists.numbersOf(issuer)
  }

  heldCrls(): readonly HeldCrl[] {
    return this.#lists.held()
  }

  get roots(): readonly Uint8Array[] {
    return this.#parts.roots
  }

  /** Whether every CA that certifies anybody has a list in force, and so have those above it. */
  isReady(): boolean {
    const lists = this.heldCrls()
    const all = [...this.#authorities.byId.values()]
    return all.some(({ path }) => path !== undefined) && all.every(({ id }) => this.#isCovered(id, lists))
  }

  /** By the list for all, or a delta to it; where there is none, by a partition, of which nobody says how many there are. */
  #isCovered(id: IssuerId, lists: readonly HeldCrl[]): boolean {
    const own = lists.filter(({ issuer }) => issuer === id)
    const forAll = own.filter(({ kind, point }) => kind === 'full' || (kind === 'delta' && point === undefined))
    const at = this.#parts.clock.now()
    const speaking = forAll.some(({ kind }) => kind === 'full')
      ? forAll
      : own.filter(({ kind }) => kind === 'partition')
    return speaking.some(({ nextUpdate }) => nextUpdate !== undefined && nextUpdate >= at)
  }
}

function digestOf(given: readonly GivenAuthority[]): string {
  const digest = createHash('sha256')
  for (const { id = '', der } of given) digest.update(`${id} ${String(der.length)} `).update(der)
  return digest.digest('hex')
}

/** A fault of ours, or a connection of HTTP/2 that is gone, lets nobody in, and ends no server that has many to serve. */
function orUnavailable(judge: () => PeerVerdict): PeerVerdict {
  try {
    return judge()
  } catch (fault) {
    return refused('PDP_UNAVAILABLE', fault instanceof Error ? fault.message : String(fault))
  }
}
