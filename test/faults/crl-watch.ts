// What a relying party sees of the CRLs: it fetches one again and again, across restarts, and holds each against the last.
import { createHash } from 'node:crypto'
import { Agent, get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { parseCrl } from '../../src/x509/crl.ts'

/** The bound on a CRL here; a test revokes hundreds. */
const MAX_CRL_BYTES = 4 * 1024 * 1024
const PAUSE_MILLISECONDS = 15

interface SeenCrl {
  readonly number: number
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly sha256: string
  readonly der: Uint8Array
}

export class CrlWatch {
  readonly #url: string
  readonly #seen: SeenCrl[] = []
  readonly #faults: string[] = []

  constructor(httpUrl: string, issuer: string) {
    this.#url = `${httpUrl}/pki/crl/${issuer}.crl`
  }

  /** Each CRL once, in the order in which they were met. */
  get seen(): readonly SeenCrl[] {
    return this.#seen
  }

  /** A number that fell, a number with two bodies, a `thisUpdate` that did not rise. */
  get faults(): readonly string[] {
    return this.#faults
  }

  /** Fetches once. Throws when nobody answers. */
  async look(agent?: Agent): Promise<SeenCrl> {
    const der = await fetchBytes(this.#url, agent)
    const { number, thisUpdate, nextUpdate } = parseCrl(der, MAX_CRL_BYTES)
    const crl: SeenCrl = {
      number: Number(number),
      thisUpdate: thisUpdate.getTime(),
      nextUpdate: nextUpdate?.getTime() ?? 0,
      sha256: createHash('sha256').update(der).digest('hex'),
      der,
    }
    this.#hold(crl)
    return crl
  }

  /** Fetches until nobody answers any more. */
  async untilGone(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      for (;;) {
        await this.look(agent)
        await delay(PAUSE_MILLISECONDS)
      }
    } catch (error) {
      if (!isGone(error)) throw error
    } finally {
      agent.destroy()
    }
  }

  /** Serials on the CRL that is published now. */
  async revokedSerials(): Promise<ReadonlySet<string>> {
    const { der } = await this.look()
    return new Set(parseCrl(der, MAX_CRL_BYTES).entries.keys())
  }

  #hold(crl: SeenCrl): void {
    const last = this.#seen.at(-1)
    if (last?.sha256 === crl.sha256) return
    if (last !== undefined && crl.number <= last.number) this.#faults.push(`number ${last.number} → ${crl.number}`)
    if (last !== undefined && crl.thisUpdate <= last.thisUpdate) this.#faults.push(`thisUpdate of ${crl.number}`)
    this.#seen.push(crl)
  }
}

const GONE: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE'])

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && GONE.has(error.code)
}

function fetchBytes(url: string, agent: Agent | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = agent === undefined ? { agent: false } : { agent }
    get(url, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks))
        else reject(new Error(`${url} answered ${String(response.statusCode)}`))
      })
    }).on('error', reject)
  })
}
