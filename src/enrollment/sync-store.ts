// What a directory sync keeps from one run to the next, and what it plans by, as a transaction has them.
import type { ProjectName } from '../domain/project-name.ts'
import type { UserName } from '../domain/user-name.ts'
import type { Brake, PlannedMember, SyncPlan } from './sync-plan.ts'

/** A plan that nobody has confirmed. */
export interface WaitingPlan {
  readonly since: Date
  readonly digest: string
  readonly brakes: readonly Brake[]
  readonly plan: SyncPlan
}

export interface SyncRecord {
  readonly provider: string
  /** Rises with each run that begins: a run that is not the newest changes nothing any more. */
  readonly fence: number
  /** Until then no process begins a run by itself. */
  readonly nextAt: Date
  /** When a run last did all that it planned, and the digest of that plan. */
  readonly done?: { readonly at: Date; readonly digest: string }
  /** Since when there is no whole reading of the directory. */
  readonly unread?: { readonly since: Date; readonly why: string }
  readonly waiting?: WaitingPlan
}

export interface SyncedLink {
  readonly subject: string
  readonly user: UserName
}

export interface SyncStore {
  /** Undefined before the first run. */
  findSync(provider: string): Promise<SyncRecord | undefined>
  /** The same, locked for `update`; before the first run one that is due. */
  syncRecord(provider: string): Promise<SyncRecord>
  /** The row was locked before. */
  putSyncRecord(record: SyncRecord): Promise<void>

  /** Links of a provider to active users. */
  syncedLinks(provider: string): Promise<readonly SyncedLink[]>
  /** Those of them that are there. */
  activeProjectsOf(names: readonly ProjectName[]): Promise<readonly ProjectName[]>
  /** Active members of active projects who are not blocked. */
  activeMembersOf(projects: readonly ProjectName[]): Promise<readonly (PlannedMember & { readonly addedBy?: string })[]>
  /** Of every project: its members who are owners and not blocked. */
  activeOwners(): Promise<readonly { readonly project: ProjectName; readonly user: UserName }[]>
}
