// Keeps a running job: heartbeats at a third of its lease, a new certificate and a new token at half of their lives, all with
// the job's own certificate. What cannot be reached is tried again with backoff; what says that the job has ended ends it.
import type { Clock } from '../domain/clock.ts'
import type { Answer } from './answer.ts'
import type { ServiceClient } from './client.ts'
import type { JobFolder } from './job-folder.ts'
import { pauseAfter } from './reach.ts'
import { isCoded } from './refused.ts'
import { ServiceRefused } from './service-refused.ts'

export interface KeptJob {
  readonly id: string
  readonly folder: JobFolder
  readonly csr: string
  readonly audience: string
  readonly leaseSeconds: number
  readonly clock: Pick<Clock, 'now'>
  readonly later: Later
  /** A client that shows the certificate that is in the folder now. */
  readonly connect: () => Promise<ServiceClient>
  readonly say: (line: string) => void
  /** The service says that the job has ended. */
  readonly onEnded: (code: string) => void
}

/** Calls `act` in so many seconds. Gives what takes that back. */
export type Later = (seconds: number, act: () => void) => () => void

export const timerLater: Later = (seconds, act) => {
  const timer = setTimeout(act, seconds * 1000)
  return () => clearTimeout(timer)
}

/** Refusals after which nothing will come any more. */
const ENDED = new Set(['job_finished', 'job_unknown', 'client_certificate_refused', 'requester_ended', 'not_permitted'])

/** Seconds until the next certificate and the next token are due. */
interface Due {
  readonly certificate: number
  readonly token: number
}

interface Work {
  readonly act: (client: ServiceClient) => Promise<number>
  /** Seconds from now. */
  readonly firstIn: number
}

export class JobKeeper {
  readonly #job: KeptJob
  readonly #waiting = new Set<() => void>()
  #isStopped = false

  constructor(job: KeptJob, due: Due) {
    this.#job = job
    const path = `/v1/jobs/${job.id}`
    const heartbeat: Work = {
      firstIn: job.leaseSeconds / 3,
      act: async (client) => {
        await client.write('POST', `${path}/heartbeat`)
        return job.leaseSeconds / 3
      },
    }
    const renewal: Work = {
      firstIn: due.certificate,
      act: async (client) => keepCertificate(job, await client.write('POST', `${path}/renew`, { csr: job.csr })),
    }
    const rotation: Work = {
      firstIn: due.token,
      act: async (client) => keepToken(job, await client.write('POST', `${path}/token`, { audience: job.audience })),
    }
    for (const work of [heartbeat, renewal, rotation]) this.#schedule(work, work.firstIn, 0)
  }

  stop(): void {
    this.#isStopped = true
    for (const takeBack of this.#waiting) takeBack()
  }

  #schedule(work: Work, seconds: number, failures: number): void {
    if (this.#isStopped) return
    const takeBack = this.#job.later(seconds, () => {
      this.#waiting.delete(takeBack)
      void this.#run(work, failures)
    })
    this.#waiting.add(takeBack)
  }

  async #run(work: Work, failures: number): Promise<void> {
    try {
      const next = await work.act(await this.#job.connect())
      if (failures > 0) this.#job.say('the service answers again')
      this.#schedule(work, next, 0)
    } catch (error) {
      this.#failed(work, failures, error)
    }
  }

  #failed(work: Work, failures: number, error: unknown): void {
    if (this.#isStopped) return
    const code = isCoded(error) ? error.code : 'internal'
    if (error instanceof ServiceRefused && ENDED.has(code)) {
      this.stop()
      this.#job.onEnded(code)
      return
    }
    if (failures === 0) this.#job.say(`the service cannot be asked (code ${code}); trying again`)
    this.#schedule(work, pauseAfter(failures), failures + 1)
  }
}

/** Writes it, and says in how many seconds the next one is due. */
export function keepCertificate({ folder, clock }: Pick<KeptJob, 'folder' | 'clock'>, issued: Answer): number {
  folder.keepCertificate(issued.text('certificate') + issued.text('chain'))
  const [notBefore, notAfter] = [Date.parse(issued.text('notBefore')), Date.parse(issued.text('notAfter'))]
  return secondsToHalfLife(notBefore, notAfter, clock.now().getTime())
}

export function keepToken({ folder }: Pick<KeptJob, 'folder'>, issued: Answer): number {
  folder.keepToken(issued.text('access_token'))
  return issued.number('expires_in') / 2
}

/**
 * Counted from now: what it was set back by does not matter. Where the clock of this host is wrong, counted by the certificate
 * alone, and never sixty times more often than that.
 */
export function secondsToHalfLife(notBefore: number, notAfter: number, now: number): number {
  const [life, left] = [notAfter - notBefore, notAfter - now]
  const half = left > 0 && left <= life ? Math.max(left / 2, life / 60) : life / 2
  return Math.max(1, half / 1000)
}
