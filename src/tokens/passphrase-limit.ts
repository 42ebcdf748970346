// Row H11 and rule 28: ten bad tries a minute for each deployment and client address, and a hundred times that for the deployment,
// whoever tries. In this process's memory, bounded; nothing is written for a stranger.
import type { Clock } from '../domain/clock.ts'
import { FailureCounts } from '../domain/failure-counts.ts'
import { limitedAddress } from '../domain/limited-address.ts'

export interface PassphraseTry {
  readonly deployment: string
  /** Of the client, as the edge knows it. */
  readonly address: string
}

/**
 * `open`: anything is looked at. `known`: the deployment is full, and from an address that has not failed a passphrase that was
 * seen to hold is let through: no work for strangers, one guess for each of their addresses, and its own clients go on. `closed`: nothing is looked at, or the refusals would still tell the right one.
 */
export type Admission =
  { readonly kind: 'open' } | { readonly kind: 'known' | 'closed'; readonly retryAfterSeconds: number }

const BAD_TRIES = 10
const WINDOW_SECONDS = 60
const EVERYBODY = 100

/** An entry takes about 150 bytes: both tables full are some 22 MB. */
const MAX_ADDRESSES = 50_000
const MAX_DEPLOYMENTS = 100_000

export class PassphraseLimit {
  readonly #byAddress: FailureCounts
  readonly #byDeployment: FailureCounts

  constructor(clock: Clock) {
    this.#byAddress = new FailureCounts(clock, WINDOW_SECONDS, MAX_ADDRESSES)
    this.#byDeployment = new FailureCounts(clock, WINDOW_SECONDS, MAX_DEPLOYMENTS)
  }

  admission(attempt: PassphraseTry): Admission {
    const key = keyOf(attempt)
    const { deployment } = attempt
    const fromAddress = this.#byAddress.failures(key)
    if (fromAddress >= BAD_TRIES) return { kind: 'closed', retryAfterSeconds: this.#byAddress.endsInSeconds(key) }
    if (this.#byDeployment.failures(deployment) < BAD_TRIES * EVERYBODY) return { kind: 'open' }
    const retryAfterSeconds = this.#byDeployment.endsInSeconds(deployment)
    return { kind: fromAddress === 0 ? 'known' : 'closed', retryAfterSeconds }
  }

  /** One that is being worked out counts from its beginning, or a thousand at once would all come before the first failure. */
  count(attempt: PassphraseTry): void {
    this.#byAddress.add(keyOf(attempt))
    this.#byDeployment.add(attempt.deployment)
  }

  /** It held, or was not looked at after all. */
  forgive(attempt: PassphraseTry): void {
    this.#byAddress.forgive(keyOf(attempt))
    this.#byDeployment.forgive(attempt.deployment)
  }
}

function keyOf({ deployment, address }: PassphraseTry): string {
  return `${deployment} ${limitedAddress(address)}`
}
