// Fifty clients that issue and revoke as fast as they are answered, and remember what they were told, until the service is
// gone from under them. What they remember is what a crash must not take back.
import { X509Certificate } from 'node:crypto'
import { agentFor, type Answer, send, type Target } from '../support/https-client.ts'
import { type Member, PROJECT } from './prepared-installation.ts'
import type { ServiceProcess } from './service-process.ts'

/** One in so many certificates is revoked by who got it. */
const REVOKED_OF = 5

/** What clients were told and heard to the end. */
export class Told {
  /** Serial → DER in base64, of answers that were fully read. */
  readonly issued = new Map<string, string>()
  readonly revoked = new Set<string>()
  /** Serials that were told of two certificates. */
  readonly repeated: string[] = []
  /** Answers that no client should get from a service that lives. */
  readonly unexpected: string[] = []
  #waiting: { readonly count: number; readonly resolve: () => void } | undefined

  /** Resolves when so many certificates were told of, or no more come because something went wrong. */
  reached(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = { count, resolve }
      this.#look()
    })
  }

  refused(text: string): void {
    this.unexpected.push(text)
    this.#look()
  }

  heardOfCertificate({ json }: Answer): string {
    const { serialNumber, raw } = new X509Certificate(String(json['certificate']))
    const serial = String(json['serial'])
    if (BigInt(`0x${serialNumber}`) !== BigInt(`0x${serial}`)) this.refused(`${serial} is ${serialNumber}`)
    if (this.issued.has(serial)) this.repeated.push(serial)
    this.issued.set(serial, raw.toString('base64'))
    this.#look()
    return serial
  }

  #look(): void {
    if (this.#waiting === undefined) return
    if (this.issued.size >= this.#waiting.count || this.unexpected.length > 0) this.#waiting.resolve()
  }
}

/** Whether the clients' connections stand before the first request: else the kill may come amid the handshakes. */
export type Connections = 'open' | 'new'

export interface Load {
  /** Tells the clients that what fails from now on is no fault: the service is being killed. */
  expectTheEnd(): void
  /** Resolves with the answer of that number since the load began. */
  answered(count: number): Promise<void>
  /** Resolves when every client has noticed. */
  readonly over: Promise<void>
}

/** Resolves when the first requests are on their way. */
export async function startLoad(
  service: ServiceProcess,
  { ca, members }: { readonly ca: string; readonly members: readonly Member[] },
  connections: Connections,
  told: Told,
): Promise<Load> {
  const state = { ending: false }
  const clients = members.map((member): Client => {
    const target = { url: service.url, ca, agent: agentFor({ ca, identity: member }) }
    return { member, target, close: () => target.agent.destroy() }
  })
  if (connections === 'open') {
    await Promise.all(clients.map(({ target }) => send(target, { method: 'GET', path: '/healthz' })))
  }
  const before = told.issued.size
  const over = Promise.all(clients.map((client) => work(client, told, state)))
  return {
    answered: (count) => told.reached(before + count),
    expectTheEnd: () => {
      state.ending = true
    },
    over: over.then(() => undefined),
  }
}

interface Client {
  readonly member: Member
  readonly target: Target
  readonly close: () => void
}

async function work({ member, target, close }: Client, told: Told, state: { readonly ending: boolean }): Promise<void> {
  const post = (path: string, body: unknown) => send(target, { method: 'POST', path, body })
  try {
    for (let count = 1; ; count += 1) {
      const path = `/v1/projects/${PROJECT}/members/${member.name}/certificates`
      const answer = await post(path, { csr: member.csr })
      if (answer.status !== 201) {
        told.refused(answer.text)
        return
      }
      const serial = told.heardOfCertificate(answer)
      if (count % REVOKED_OF !== 1) continue
      const revoked = await post(`/v1/certificates/${serial}/revoke`, { reason: 'superseded' })
      if (revoked.status === 200) told.revoked.add(serial)
      else told.refused(revoked.text)
    }
  } catch (error) {
    if (!state.ending) told.refused(error instanceof Error ? error.message : String(error))
  } finally {
    close()
  }
}
