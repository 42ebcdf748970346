// The revoked and held certificates of each issuer, kept in memory as encoded CRL entries and in step with the change log, so
// that publishing a CRL reads no table. It knows no keys and signs nothing.
import type { Change, NumberedChange } from '../domain/change.ts'
import type { CrlScope } from '../domain/crl-scope.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { FrozenEntries } from './entry-list.ts'
import { IssuerEntries, type Revocation } from './issuer-entries.ts'

/** A state that is being read, to take the place of the one that there is. */
export interface LedgerLoad {
  take(change: Change): void
  /** Everything was told: puts it in order, and lets others have their turn. */
  settle(): Promise<void>
  /** The state is that of `revision`. What was not settled is put in order at once. */
  finish(revision: number): void
}

/** How long work over all entries holds up others at once. */
const TURN_MILLISECONDS = 4

export class CrlLedger {
  #issuers = new Map<IssuerId, IssuerEntries>()
  #revision = 0
  #loadedAt = 0

  /** The change-log number up to which everything is in. */
  get revision(): number {
    return this.#revision
  }

  /**
   * Takes the whole state as it stood at `revision`, one change for each thing there is. Every issuer counts as touched
   * then: what happened between its last CRL and `revision` is not known here, and a CRL too many harms nobody.
   */
  load(state: Iterable<Change>, revision: number): void {
    const load = this.beginLoad()
    for (const change of state) load.take(change)
    load.finish(revision)
  }

  /** The same for a state that is told piece by piece. */
  beginLoad(): LedgerLoad {
    const issuers = new Map<IssuerId, IssuerEntries>()
    return {
      take: (change) => {
        if (change.kind === 'revocation') entriesIn(issuers, change.issuer, 0).take(change)
      },
      settle: async () => {
        for (const entries of issuers.values()) await inTurns(entries.settle())
      },
      finish: (revision) => {
        for (const entries of issuers.values()) {
          atOnce(entries.settle())
          entries.loadedAt(revision)
        }
        this.#issuers = issuers
        this.#loadedAt = revision
        this.#revision = revision
      },
    }
  }

  /** Folds changes in, in their order; those at or below `revision` are in already. */
  apply(changes: readonly NumberedChange[]): void {
    for (const { seq, change } of changes) {
      if (seq <= this.#revision) continue
      this.#revision = seq
      if (change.kind === 'revocation') this.#of(change.issuer).apply(change, seq)
    }
  }

  /** Changes from before the load, all of those after `since`: deltas may have their base there. */
  recall(changes: readonly NumberedChange[], since: number): void {
    const known = changes.flatMap(({ seq, change }) =>
      change.kind === 'revocation' && seq <= this.#loadedAt ? [{ seq, change: change satisfies Revocation }] : [],
    )
    const byIssuer = Map.groupBy(known, ({ change }) => change.issuer)
    for (const issuer of new Set([...this.#issuers.keys(), ...byIssuer.keys()])) {
      this.#of(issuer).recall(byIssuer.get(issuer) ?? [], since)
    }
  }

  /** Whether something in this scope was revoked or released after `coversRevision`. */
  hasNewsAfter(scope: CrlScope, coversRevision: number): boolean {
    const entries = this.#of(scope.issuer)
    return entries.lastChange(scope.kind === 'partition' ? scope.partition : undefined) > coversRevision
  }

  /** All of an issuer's entries, or those of a partition, as they are now. */
  entries(scope: CrlScope): FrozenEntries {
    return this.#of(scope.issuer).freeze(scope.kind === 'partition' ? scope.partition : undefined)
  }

  /** As they were when everything up to `coversRevision` was in; undefined when that is too long ago, or not
   * reached yet. */
  entriesAt(scope: CrlScope, coversRevision: number): FrozenEntries | undefined {
    if (coversRevision > this.#revision) return undefined
    const partition = scope.kind === 'partition' ? scope.partition : undefined
    return this.#of(scope.issuer).freezeAt(coversRevision, partition)
  }

  /** Whether `changedSince` may be asked. */
  knowsChangesSince(issuer: IssuerId, baseRevision: number): boolean {
    return this.#of(issuer).knowsChangesSince(baseRevision)
  }

  /** What a delta lists whose base covers `baseRevision`. */
  changedSince(issuer: IssuerId, baseRevision: number): FrozenEntries {
    return this.#of(issuer).changedSince(baseRevision)
  }

  count(issuer: IssuerId): number {
    return this.#of(issuer).count
  }

  /** Drops entries whose certificates ended before `endedBefore`: they have been on a CRL after their end (RFC 5280 §3.3). */
  async forgetEndedBefore(issuer: IssuerId, endedBefore: Date): Promise<void> {
    await inTurns(this.#of(issuer).dropEndedBefore(endedBefore))
  }

  /** States before `coversRevision` are not asked for any more, nor deltas with a base before `baseRevision`. */
  forgetChanges(issuer: IssuerId, coversRevision: number, baseRevision: number): void {
    this.#of(issuer).forget(coversRevision, baseRevision)
  }

  #of(issuer: IssuerId): IssuerEntries {
    return entriesIn(this.#issuers, issuer, this.#loadedAt)
  }
}

async function inTurns(steps: Generator<undefined>): Promise<void> {
  let began = performance.now()
  while (steps.next().done !== true) {
    if (performance.now() - began < TURN_MILLISECONDS) continue
    await new Promise((turn) => void setImmediate(turn))
    began = performance.now()
  }
}

function atOnce(steps: Generator<undefined>): void {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
}

function entriesIn(issuers: Map<IssuerId, IssuerEntries>, issuer: IssuerId, loadedAt: number): IssuerEntries {
  const known = issuers.get(issuer)
  if (known !== undefined) return known
  const made = new IssuerEntries(loadedAt)
  issuers.set(issuer, made)
  return made
}
