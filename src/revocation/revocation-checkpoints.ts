// Checkpoints of the public feed: signed (epoch, number, heads, time), so that a consumer knows that nothing is missing, and since
// when (SECURITY.md rule 40). One serves all who follow. Nothing is signed as fresh that this process does not know to be.
import type { Clock } from '../domain/clock.ts'
import { headOfAll } from '../domain/revocation-event.ts'
import type { FeedPosition, RevocationFeed } from './revocation-feed.ts'

export interface RevocationCheckpointClaims {
  readonly version: 1
  readonly iss: string
  readonly aud: typeof CHECKPOINT_AUDIENCE
  readonly epoch: string
  readonly seq: number
  /** Over `issuers`. */
  readonly head: string
  /** By name; `seq` and `hash` of the last event of each. */
  readonly issuers: readonly (readonly [issuer: string, seq: number, hash: string])[]
  /** When everything up to `seq` was known to be everything. RFC 3339. */
  readonly time: string
}

/** Of everybody: what they are about is public. */
const CHECKPOINT_AUDIENCE = 'revocations'

export interface RevocationCheckpointsParts {
  readonly clock: Clock
  readonly feed: RevocationFeed
  /** What this process knows was whole at that instant of the monotonic clock. */
  readonly confirmedAtMilliseconds: () => number
  readonly staleAfterMilliseconds: number
  /** Gives what signs; asked before the events are held back. */
  readonly signer: () => Promise<(claims: RevocationCheckpointClaims) => Promise<string>>
  readonly issuer: string
  readonly onFailure: (error: unknown) => void
}

export class RevocationCheckpoints {
  readonly #parts: RevocationCheckpointsParts
  #madeAtMilliseconds = -Infinity
  #making: Promise<void> | undefined

  constructor(parts: RevocationCheckpointsParts) {
    this.#parts = parts
  }

  /** A checkpoint that is at most so old is in the feed when this resolves, or a pulse when none can be made. */
  async ensure(maxAgeMilliseconds: number): Promise<void> {
    if (this.#parts.clock.monotonicMilliseconds() - this.#madeAtMilliseconds < maxAgeMilliseconds) return
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined
    })
    await this.#making
  }

  async #make(): Promise<void> {
    const { feed, clock, signer, onFailure } = this.#parts
    try {
      const sign = await signer()
      if (this.#ageMilliseconds() === undefined) {
        feed.pulse()
        return
      }
      await feed.checkpoint((at) => sign(this.#claims(at)))
      this.#madeAtMilliseconds = clock.monotonicMilliseconds()
    } catch (error) {
      onFailure(error)
      feed.pulse()
    }
  }

  #claims({ seq, heads }: FeedPosition): RevocationCheckpointClaims {
    const { clock, feed, issuer } = this.#parts
    const age = this.#ageMilliseconds() ?? Infinity
    const sorted = [...heads].sort((one, other) => (one.issuer < other.issuer ? -1 : 1))
    return {
      version: 1,
      iss: issuer,
      aud: CHECKPOINT_AUDIENCE,
      epoch: feed.epoch,
      seq,
      head: headOfAll(sorted),
      issuers: sorted.map((each) => [each.issuer, each.seq, each.hash] as const),
      time: new Date(clock.now().getTime() - age).toISOString(),
    }
  }

  /** Of what this process knows; undefined: too old to be told as fresh, as while it has lost touch with its database. */
  #ageMilliseconds(): number | undefined {
    const { clock, confirmedAtMilliseconds, staleAfterMilliseconds } = this.#parts
    const age = clock.monotonicMilliseconds() - confirmedAtMilliseconds()
    // Written so that a clock which is no number refuses.
    return age < staleAfterMilliseconds ? Math.max(0, Math.ceil(age)) : undefined
  }
}
