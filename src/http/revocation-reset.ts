// Where one begins who does not know the whole state: with the CRLs that are in force, and with the events after what they cover. In
// which order the two are fetched does not matter then: an event that a CRL has already says nothing else.
import type { ChainHead } from '../domain/revocation-event.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { CrlShelf } from '../revocation/crl-shelf.ts'
import type { FeedPosition } from '../revocation/revocation-feed.ts'
import type { ApiParts } from './parts.ts'
import { HttpRefused } from './problem.ts'
import type { RevocationFollower } from './revocation-follower.ts'

/** `first`: no position was given; `gone`: events after it are not kept any more; `ahead`: nothing has been there yet; `epoch`: numbers began anew */
export type ResetReason = 'first' | 'gone' | 'ahead' | 'epoch'

export interface Reset {
  readonly reason: ResetReason
  readonly epoch: string
  /** Go on after this number, once CRLs of these numbers or later are loaded. */
  readonly seq: number
  readonly crls: { readonly issuer: string; readonly number: number; readonly url: string }[]
}

export type ResetParts = Pick<ApiParts, 'revocations' | 'crls' | 'publicUrl'>

export function resetTo({ revocations, crls, publicUrl }: ResetParts, reason: ResetReason): Reset {
  const { feed } = revocations
  const current = currentCrls(crls)
  return {
    reason,
    epoch: feed.epoch,
    seq: coveredBy(current, { seq: feed.position, heads: feed.heads }),
    crls: current.map(({ issuer, number }) => ({ issuer, number, url: `${publicUrl}/pki/crl/${issuer}.crl` })),
  }
}

/** Where it goes on when what it asked for is gone. Throws `HttpRefused` when the CRLs are no better. */
export function startAnew(parts: ResetParts, follower: RevocationFollower): Reset {
  const reset = resetTo(parts, 'gone')
  if (reset.seq <= follower.seq) throw new HttpRefused('temporarily_unavailable', {}, { 'retry-after': '10' })
  follower.moveTo(reset.seq)
  return reset
}

/** The complete CRL of each issuer. */
export function currentCrls(crls: Pick<CrlShelf, 'complete'>): readonly (Covering & { readonly number: number })[] {
  return crls.complete().map(({ crl: { scope, number, coversRevision } }) => {
    return { issuer: scope.issuer, number, coversRevision }
  })
}

interface Covering {
  readonly issuer: IssuerId
  readonly coversRevision: number
}

/** The last number up to which every event stands in a CRL. */
export function coveredBy(crls: readonly Covering[], { seq, heads }: FeedPosition): number {
  const behind = heads.flatMap((head) => coveredOf(crls, head) ?? [])
  return Math.min(seq, ...behind)
}

/** Undefined when the CRL of this issuer has all of its events. */
function coveredOf(crls: readonly Covering[], { issuer, seq }: ChainHead): number | undefined {
  const covered = crls.find((crl) => crl.issuer === issuer)?.coversRevision ?? 0
  return covered < seq ? covered : undefined
}
