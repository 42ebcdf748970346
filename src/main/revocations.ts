// Joins the public feed of revocations: what memory has of it, who signs its checkpoints, and when.
import type { Clock } from '../domain/clock.ts'
import { FewAtOnce } from '../http/few-at-once.ts'
import { OpenFeeds } from '../http/open-feeds.ts'
import type { RevocationsParts } from '../http/parts.ts'
import { startTicking, type Ticking } from '../ops/ticking.ts'
import { systemTimer } from '../ops/timer.ts'
import { RevocationCheckpoints } from '../revocation/revocation-checkpoints.ts'
import { type SnapshotSigner, signSnapshot } from '../tokens/snapshot-jws.ts'
import type { LiveState } from './live-state.ts'

/** SECURITY.md rule 40: also when nothing happens, so that silence is told from being cut off. */
const CHECKPOINT_MILLISECONDS = 10_000
/** Of older events: what one process reads for strangers must not keep its own lists waiting. */
const READS_AT_ONCE = 2

export interface RevocationMeans {
  readonly live: LiveState
  readonly clock: Clock
  readonly signer: () => Promise<SnapshotSigner>
  readonly publicUrl: string
  readonly onFailure: (error: unknown) => void
}

export function openRevocations({ live, clock, signer, publicUrl, onFailure }: RevocationMeans): RevocationsParts {
  const checkpoints = new RevocationCheckpoints({
    clock,
    feed: live.revocations,
    confirmedAtMilliseconds: () => live.snapshot.confirmedAtMilliseconds,
    staleAfterMilliseconds: live.snapshot.staleAfterMilliseconds,
    signer: async () => {
      const by = await signer()
      return (claims) => signSnapshot('revocations+jwt', claims, by)
    },
    issuer: publicUrl,
    onFailure,
  })
  return { feed: live.revocations, checkpoints, open: new OpenFeeds(), reads: new FewAtOnce(READS_AT_ONCE) }
}

/** Nothing is signed while nobody follows. */
export function startCheckpoints(
  { open, checkpoints }: RevocationsParts,
  onFailure: (error: unknown) => void,
): Ticking {
  const step = async (): Promise<void> => {
    if (open.count > 0) await checkpoints.ensure(0)
  }
  return startTicking(step, CHECKPOINT_MILLISECONDS, { timer: systemTimer, onFailure })
}
