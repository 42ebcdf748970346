// What somebody obtained, as a transaction finds and ends it: each is a fixed number of statements, however many rows there are.
//
// It is what they asked for, for themselves and on behalf of others; and what was bought with the certificates among it, renewals
// above all, since those name the one who renewed as their requester.
import type { Requester } from '../domain/requester.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { EndedProject } from './ending-store.ts'

export interface ObtainedCount {
  readonly certificates: number
  readonly tokens: number
  readonly jobs: number
  readonly enrolmentTokens: number
  readonly apiKeys: number
}

export interface EndedObtained extends Pick<EndedProject, 'certificates' | 'tokens' | 'jobs'> {
  readonly enrolmentTokens: number
}

export interface ObtainedStore {
  /** Of what has not ended at `at`. */
  countObtainedBy(requester: Requester, at: Date): Promise<ObtainedCount>
  /** Finishes the jobs, revokes certificates (a hold keeps its date) and tokens, and voids enrolment tokens. */
  endObtainedBy(requester: Requester, reason: RevocationReason, at: Date): Promise<EndedObtained>
}
