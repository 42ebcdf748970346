// Leases of jobs, as a transaction keeps them.
//
// The lease clock counts milliseconds for which heartbeats could be accepted: it stands still while no process runs or the
// database cannot be written, whatever the wall clock does meanwhile (CP §4.13). All lease times are by this clock.
import type { Job } from '../directory/entities.ts'

export interface LeaseState {
  /** Milliseconds. */
  readonly clock: number
  /** Since when, by this clock, the end of lapsed jobs is paused. */
  readonly pausedAt?: number
  /** Whatever lapsed until here ends without asking whether it is too much at once. */
  readonly releasedUntil: number
}

export interface LapseCount {
  /** Active jobs whose lease has lapsed. */
  readonly lapsed: number
  /** Jobs that were ended for it of late. */
  readonly ended: number
}

export interface LeaseStore {
  leaseState(lock: 'none' | 'update'): Promise<LeaseState>
  /** The row was locked for `update` before. */
  setLeaseState(state: LeaseState): Promise<void>
  anyActiveJob(): Promise<boolean>
  countActiveJobs(): Promise<number>
  countLapses(state: LeaseState, endedAfter: number): Promise<LapseCount>
  /** Active jobs whose lease ended at `until` or before; those that lapsed first come first, locked for `update`. */
  lapsedJobs(until: number, limit: number): Promise<readonly Job[]>
  /** Those of them that hold no certificate any more at `at`. */
  bareLapsedJobs(until: number, at: Date, limit: number): Promise<readonly Job[]>

  /** The token ends at `endsAt`, or earlier if that was said before. */
  supersedeToken(jti: string, endsAt: Date): Promise<void>
  /** Takes those that ended at `at` or before: of two processes that ask at once, one gets it. */
  takeSupersededTokens(at: Date, limit: number): Promise<readonly string[]>
}
