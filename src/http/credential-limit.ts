// Bounds how often credentials may be tried and fail: for each credential from one address, for each address, and for all
// together a hundred times that. Only failures count, and only here: a stranger who tries a user's name from elsewhere takes
// nothing from the user, who comes from another address. It keeps counts in this process's memory, and nothing in the database.
//
// One thing for every check: `run` around it. What the check throws with status 401 is a failure; anything else is not.
import { hash } from 'node:crypto'
import type { Clock } from '../domain/clock.ts'
import { FailureCounts } from '../domain/failure-counts.ts'
import { HttpRefused, problemFrom } from './problem.ts'
import { PROBLEMS } from './problems.ts'

export const CREDENTIAL_KINDS = ['api-key', 'bearer', 'enrolment', 'exchange', 'sign-in'] as const
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number]

export interface Attempt {
  readonly kind: CredentialKind
  /** What tells credentials apart and is no secret: a prefix, a user name, the beginning of a hash. */
  readonly credential: string
  /** As `clientAddressOf` gives it. */
  readonly address: string
  /** The deployment for whose calls another server tells of this address: its word counts for those alone. */
  readonly toldFor?: string | undefined
}

export interface CredentialLimits {
  /** Failures of one credential from one address in a window. */
  readonly credentialFailures: number
  /** Failures from one address in a window, whatever it tries. */
  readonly addressFailures: number
  readonly failureWindowSeconds: number
}

export interface CredentialWatch {
  /** A credential that did not hold, by its problem code. */
  credentialFailed(attempt: Attempt, code: string): void
  /** An attempt that was not looked at. */
  credentialLimited(attempt: Attempt): void
}

/** How much higher the bound for all addresses together is than that for one. */
const EVERYBODY = 100

/** An entry takes about 150 bytes: both tables full are some 15 MB. */
const MAX_KEYS = 50_000

/** Credentials are named by what a stranger sends: no name keeps more than this. */
const MAX_CREDENTIAL_LENGTH = 64

const ALL = 'all'

export class CredentialLimit {
  readonly #limits: CredentialLimits
  readonly #watch: CredentialWatch
  readonly #byCredential: FailureCounts
  readonly #byAddress: FailureCounts
  readonly #together: FailureCounts

  constructor(limits: CredentialLimits, clock: Clock, watch: CredentialWatch) {
    this.#limits = limits
    this.#watch = watch
    const { failureWindowSeconds } = limits
    this.#byCredential = new FailureCounts(clock, failureWindowSeconds, MAX_KEYS)
    this.#byAddress = new FailureCounts(clock, failureWindowSeconds, MAX_KEYS)
    this.#together = new FailureCounts(clock, failureWindowSeconds, 1)
  }

  /** Throws `HttpRefused` (`too_many_failures`) before the check when too many have failed, and whatever the check throws. */
  async run<Result>(attempt: Attempt, check: () => Promise<Result>): Promise<Result> {
    this.#refuseLimited(attempt)
    // A password can be guessed, and its check takes long: those that are still being checked count, or a thousand at once
    // would all come before the first failure. What a machine made cannot be guessed, and comes many times at once.
    const countsAtOnce = attempt.kind === 'sign-in'
    if (countsAtOnce) this.#add(attempt)
    try {
      const result = await check()
      if (countsAtOnce) this.#forgive(attempt)
      return result
    } catch (error) {
      const code = refusedCredential(error)
      if (code === undefined && countsAtOnce) this.#forgive(attempt)
      if (code !== undefined && !countsAtOnce) this.#add(attempt)
      if (code !== undefined) this.#watch.credentialFailed(attempt, code)
      throw error
    }
  }

  /** For a check that tells of its outcome itself: seconds to wait before it, if too many have failed. */
  waitSeconds(attempt: Attempt): number | undefined {
    const seconds = this.#waitSeconds(attempt)
    if (seconds !== undefined) this.#watch.credentialLimited(attempt)
    return seconds
  }

  /** It did not hold; `code` says why, for the log. */
  failed(attempt: Attempt, code: string): void {
    this.#add(attempt)
    this.#watch.credentialFailed(attempt, code)
  }

  #refuseLimited(attempt: Attempt): void {
    const retryAfterSeconds = this.#waitSeconds(attempt)
    if (retryAfterSeconds === undefined) return
    this.#watch.credentialLimited(attempt)
    throw new HttpRefused('too_many_failures', { retryAfterSeconds }, { 'retry-after': String(retryAfterSeconds) })
  }

  #waitSeconds(attempt: Attempt): number | undefined {
    const address = placeOf(attempt)
    const key = keyOf(attempt)
    const { credentialFailures, addressFailures } = this.#limits
    if (this.#byCredential.failures(key) >= credentialFailures) return this.#byCredential.endsInSeconds(key)
    const fromAddress = this.#byAddress.failures(address)
    if (fromAddress >= addressFailures) return this.#byAddress.endsInSeconds(address)
    // An address that has not failed is let in: strangers who fill this one lock nobody out.
    const isFull = this.#together.failures(ALL) >= addressFailures * EVERYBODY
    return isFull && fromAddress > 0 ? this.#together.endsInSeconds(ALL) : undefined
  }

  #add(attempt: Attempt): void {
    this.#byCredential.add(keyOf(attempt))
    this.#byAddress.add(placeOf(attempt))
    this.#together.add(ALL)
  }

  #forgive(attempt: Attempt): void {
    this.#byCredential.forgive(keyOf(attempt))
    this.#byAddress.forgive(placeOf(attempt))
    this.#together.forgive(ALL)
  }
}

/** A name for a secret that has none: the beginning of its hash. */
export function secretName(secret: string): string {
  return hash('sha256', secret).slice(0, 16)
}

function keyOf(attempt: Attempt): string {
  const { kind, credential } = attempt
  return `${kind} ${placeOf(attempt)} ${credential.slice(0, MAX_CREDENTIAL_LENGTH)}`
}

/** Who tells of addresses could have anybody locked out of what is not theirs. */
function placeOf({ address, toldFor }: Attempt): string {
  return toldFor === undefined ? address : `${toldFor} ${address}`
}

/** The problem code, when it is the credential that was refused, and not the service that failed. */
function refusedCredential(error: unknown): string | undefined {
  const { code } = problemFrom(error)
  return PROBLEMS[code].status === 401 ? code : undefined
}
