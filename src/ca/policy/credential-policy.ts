// How long what is handed out beside certificates lives, from `ca/credentials.json` (CP §4.1, §4.6).
import * as z from 'zod'
import { cites, reasoned, reasonedSeconds, why } from './reasoned.ts'

export interface CredentialPolicy {
  readonly enrolmentTokenSeconds: number
  /** A project user's certificates are renewed with the one before for this long after an enrolment or sign-in. */
  readonly renewalSeconds: number
  /** How long a certificate still works when another, for a new key, has taken its place: of a job, and of anything else. */
  readonly overlapSeconds: number
  readonly jobOverlapSeconds: number
  /** How long an Idempotency-Key is remembered. */
  readonly idempotencySeconds: number
  readonly apiKey: {
    /** Longest life of a key. What it was made with may bound it further. */
    readonly maxSeconds: number
    readonly maxPerUser: number
  }
  readonly signIn: {
    /** Life of one session token. */
    readonly tokenSeconds: number
    /** How long a token goes on after the next one was made. */
    readonly overlapSeconds: number
    readonly sessionSeconds: number
    /** How long after the sign-in a session buys certificates. */
    readonly freshSeconds: number
    /** From leaving for the provider to coming back. */
    readonly attemptSeconds: number
    /** Life of the code that a browser hands to a program. */
    readonly codeSeconds: number
    /** Sessions that go on at once; a further one ends the oldest. */
    readonly maxPerUser: number
  }
  readonly token: {
    readonly defaultSeconds: number
    readonly maxSeconds: number
    /** How long a token key signs before the next one takes over. */
    readonly keySignsSeconds: number
    /** How far ahead of its first signature a key is published, and how long after its last token's end it stays: added to the JWKS max-age. */
    readonly keyOverlapSeconds: number
    readonly jwksMaxAgeSeconds: number
  }
  /** CP §4.13. */
  readonly job: {
    /** Of a job itself; notebooks and deployments have no end. */
    readonly defaultSeconds: number
    readonly maxSeconds: number
    readonly leaseSeconds: number
    readonly minLeaseSeconds: number
    readonly maxLeaseSeconds: number
    /** After a time in which no heartbeat could be accepted, leases stand still for so long. */
    readonly graceSeconds: number
    /** For how long the token before goes on working. */
    readonly tokenOverlapSeconds: number
    /** More than so many jobs and more than such a part of all, lapsed within the window, and ending pauses. */
    readonly brakeJobs: number
    readonly brakePercent: number
    readonly brakeWindowSeconds: number
    readonly pauseSeconds: number
  }
}

export const credentialsSchema = z.strictObject({
  why,
  cites,
  enrolmentTokenSeconds: reasonedSeconds,
  renewalSeconds: reasonedSeconds,
  overlapSeconds: reasonedSeconds,
  jobOverlapSeconds: reasonedSeconds,
  idempotencySeconds: reasonedSeconds,
  apiKey: z.strictObject({ maxSeconds: reasonedSeconds, maxPerUser: reasoned(1, 1000) }),
  signIn: z
    .strictObject({
      tokenSeconds: reasoned(60, 3600),
      overlapSeconds: reasoned(1, 300),
      sessionSeconds: reasoned(60, 43_200),
      freshSeconds: reasoned(1, 3600),
      attemptSeconds: reasoned(60, 3600),
      codeSeconds: reasoned(10, 300),
      maxPerUser: reasoned(1, 1000),
    })
    .refine((signIn) => signIn.overlapSeconds < signIn.tokenSeconds, 'overlapSeconds is under tokenSeconds'),
  token: z
    .strictObject({
      defaultSeconds: reasonedSeconds,
      maxSeconds: reasoned(1, 3600),
      keySignsSeconds: reasonedSeconds,
      keyOverlapSeconds: reasonedSeconds,
      jwksMaxAgeSeconds: reasonedSeconds,
    })
    .refine((token) => token.defaultSeconds <= token.maxSeconds, 'defaultSeconds is at most maxSeconds'),
  job: z
    .strictObject({
      defaultSeconds: reasonedSeconds,
      maxSeconds: reasonedSeconds,
      leaseSeconds: reasonedSeconds,
      minLeaseSeconds: reasonedSeconds,
      maxLeaseSeconds: reasoned(1, 3600),
      graceSeconds: reasoned(0, 3600),
      tokenOverlapSeconds: reasoned(0, 3600),
      brakeJobs: reasoned(0, 1_000_000),
      brakePercent: reasoned(0, 100),
      brakeWindowSeconds: reasonedSeconds,
      pauseSeconds: reasoned(1, 3600),
    })
    .refine((job) => job.defaultSeconds <= job.maxSeconds, 'defaultSeconds is at most maxSeconds')
    .refine(
      (job) => job.minLeaseSeconds <= job.leaseSeconds && job.leaseSeconds <= job.maxLeaseSeconds,
      'leaseSeconds lies between minLeaseSeconds and maxLeaseSeconds',
    ),
}) satisfies z.ZodType<CredentialPolicy>
