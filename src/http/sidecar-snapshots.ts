// Makes what sidecars get: signed snapshots of the part of the policy that one of them needs, and signed checkpoints with what has
// changed since. Nothing is signed as fresh that this process itself would not decide with (SECURITY.md rule 30).
import { contentOf, followed, scopeDigest, type SidecarScope, scopeOf } from '../access/sidecar-content.ts'
import type { RecentChanges } from '../access/recent-changes.ts'
import type { SidecarView, Snapshot } from '../access/snapshot.ts'
import type { Change } from '../domain/change.ts'
import type { Clock } from '../domain/clock.ts'
import { type SnapshotSigner, signSnapshot } from '../tokens/snapshot-jws.ts'
import { HttpRefused } from './problem.ts'
import { type CheckpointClaims, nextHead, rulesClaim, type SnapshotClaims } from './sidecar/snapshot-document.ts'

/** What of a snapshot is the same for every sidecar. */
export type Surroundings = Pick<SnapshotClaims, 'installation' | 'trustDomain' | 'names' | 'issuers' | 'tokens'>

export interface SidecarSnapshotsParts {
  readonly clock: Clock
  readonly snapshot: Snapshot
  readonly recent: RecentChanges
  /** All there is, as of one number. */
  readonly readState: () => Promise<{ readonly changes: readonly Change[]; readonly seq: number }>
  readonly signer: () => Promise<SnapshotSigner>
  readonly surroundings: () => Surroundings
  readonly issuer: string
  readonly epoch: string
  /** How long a snapshot may be used when nothing more is heard. */
  readonly validitySeconds: number
}

/** How far a sidecar is, as it says itself: what it says wrong harms itself alone. */
export interface Position {
  readonly seq: number
  readonly head: string
  readonly scope: string
}

/** Where one feed is. */
export interface Followed {
  readonly sidecar: SidecarView
  readonly scope: SidecarScope
  readonly seq: number
  readonly head: string
}

export type Step =
  { readonly kind: 'checkpoint'; readonly jws: string; readonly now: Followed } | { readonly kind: 'reload' }

interface State {
  readonly changes: readonly Change[]
  readonly seq: number
}

export class SidecarSnapshots {
  readonly #parts: SidecarSnapshotsParts
  /** The last state that was read: many sidecars ask at the same time after a restart. */
  #state: State | undefined
  #reading: Promise<State> | undefined

  constructor(parts: SidecarSnapshotsParts) {
    this.#parts = parts
  }

  get recent(): RecentChanges {
    return this.#parts.recent
  }

  /** Throws `HttpRefused` (`temporarily_unavailable`) while this process has lost touch with its database. */
  async snapshot(sidecar: SidecarView): Promise<string> {
    const { snapshot, surroundings, signer } = this.#parts
    const state = await this.#current()
    const scope = scopeOf(sidecar, state.changes)
    const claims: SnapshotClaims = {
      ...this.#recital(sidecar, state.seq),
      scope: scopeDigest(scope),
      ...surroundings(),
      rules: rulesClaim(snapshot.rules),
      changes: [...contentOf(scope, state.changes)],
    }
    return signSnapshot('snapshot+jwt', claims, await signer())
  }

  /** Takes a sidecar up where it is; undefined when it has to begin with a snapshot again. */
  async follow(sidecar: SidecarView, { seq, head, scope: digest }: Position): Promise<Followed | undefined> {
    const state = await this.#current()
    const scope = scopeOf(sidecar, state.changes)
    const isKnown = seq <= this.#parts.snapshot.revision && scopeDigest(scope) === digest
    return isKnown ? { sidecar, scope, seq, head } : undefined
  }

  /** Everything since then, signed; also when that is nothing. Throws `HttpRefused`. */
  async step({ sidecar, scope, seq: after, head: previous }: Followed): Promise<Step> {
    const { snapshot, recent, signer } = this.#parts
    const by = await signer()
    const seq = snapshot.revision
    const entries = recent.between(after, seq)?.map(({ change }) => followed(scope, change))
    if (entries === undefined || entries.some(({ kind }) => kind === 'reload')) return { kind: 'reload' }
    const changes = entries.flatMap((entry) => (entry.kind === 'send' ? [entry.change] : []))
    const head = nextHead(previous, after, seq, changes)
    const claims: CheckpointClaims = {
      ...this.#recital(sidecar, seq),
      after,
      previous,
      head,
      rules: rulesClaim(snapshot.rules),
      changes,
    }
    return {
      kind: 'checkpoint',
      jws: await signSnapshot('checkpoint+jwt', claims, by),
      now: { sidecar, scope, seq, head },
    }
  }

  /** `issuedAt` is when this process last knew that it knows everything. */
  #recital({ name }: SidecarView, seq: number) {
    const { clock, snapshot, issuer, epoch, validitySeconds } = this.#parts
    const ageMilliseconds = clock.monotonicMilliseconds() - snapshot.confirmedAtMilliseconds
    // Written so that a clock which is no number refuses.
    if (!(ageMilliseconds < snapshot.staleAfterMilliseconds)) {
      throw new HttpRefused('temporarily_unavailable', { reason: 'SNAPSHOT_STALE' }, { 'retry-after': '1' })
    }
    const issuedAt = clock.now().getTime() - Math.max(0, Math.ceil(ageMilliseconds))
    const validUntil = issuedAt + validitySeconds * 1000
    return { version: 1 as const, iss: issuer, aud: name, epoch, seq, issuedAt, validUntil }
  }

  /** A state that is no older than the snapshot of this process. */
  async #current(): Promise<State> {
    const { revision } = this.#parts.snapshot
    if (this.#state !== undefined && this.#state.seq >= revision) return this.#state
    const joined = await this.#read()
    // A read that was on its way already may be older than what was asked for.
    return joined.seq >= revision ? joined : this.#read()
  }

  #read(): Promise<State> {
    this.#reading ??= this.#parts
      .readState()
      .then((state) => {
        this.#state = state
        return state
      })
      .finally(() => {
        this.#reading = undefined
      })
    return this.#reading
  }
}
