// What an installation knows of itself: one text a name, in the database.
import type { RowLock } from '../domain/transactions.ts'

/**
 * - `installation`: its id, for ever; there once `init` has committed.
 * - `demo`: `yes` when `scripts/start` made it.
 * - `epoch`: changes at a restore.
 * - `quarantine`: since when nothing is decided, in milliseconds since the epoch; empty or absent: not.
 * - `organization`, `algorithm`: what `init` was told, for the generations that follow.
 */
export type InstallationFact = 'installation' | 'demo' | 'epoch' | 'quarantine' | 'organization' | 'algorithm'

export interface InstallationStore {
  /**
   * The id of the master key under which keys are sealed from now on; empty before it was said. What seals holds it for
   * `share` until its row is written, so that nothing is sealed under the key before once another is said.
   */
  sealingKey(lock: RowLock): Promise<string>
  setSealingKey(id: string): Promise<void>
  metadata(name: InstallationFact): Promise<string | undefined>
  /** Inserts or replaces. */
  setMetadata(name: InstallationFact, value: string): Promise<void>
}
