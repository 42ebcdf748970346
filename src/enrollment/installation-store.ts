// What an installation knows of itself: one text a name, in the database.

/**
 * - `installation`: its id, for ever; there once `init` has committed.
 * - `demo`: `yes` when `scripts/start` made it.
 * - `epoch`: changes at a restore.
 * - `organization`, `algorithm`: what `init` was told, for the generations that follow.
 */
export type InstallationFact = 'installation' | 'demo' | 'epoch' | 'organization' | 'algorithm'

export interface InstallationStore {
  metadata(name: InstallationFact): Promise<string | undefined>
  /** Inserts or replaces. */
  setMetadata(name: InstallationFact, value: string): Promise<void>
}
