// A page cache survives SIGKILL, so the kills of sigkill.test.ts do not show what a power failure would take. Here the
// system calls do: between the arrival of a request and its answer, the log of the database and the journal are synced.
import { readFileSync } from 'node:fs'
import type { Agent } from 'node:https'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { agentFor, type Answer, type ClientIdentity, type Request, send } from '../support/https-client.ts'
import { PreparedInstallation, PROJECT } from './prepared-installation.ts'
import { killLeftovers, ServiceProcess } from './service-process.ts'
import { hasStrace, type SystemCall, systemCallsIn } from './strace.ts'
import { Undo } from './undo.ts'

const missing = !hasStrace()
const skipped = missing && process.env['CI'] !== 'true'

describe.skipIf(skipped)(
  `what is on the disk before the answer${skipped ? ' (skipped: strace is not there)' : ''}`,
  () => {
    const undo = new Undo()
    let installation: PreparedInstallation
    let service: ServiceProcess
    let trace: string

    beforeAll(async () => {
      installation = await PreparedInstallation.make()
      undo.add(() => installation.remove())
      undo.add(killLeftovers)
      trace = join(installation.folder, 'strace')
      const calls = 'trace=fdatasync,fsync,write,writev,pwrite64,read,readv,recvfrom,recvmsg,sendto,sendmsg'
      service = await ServiceProcess.start(installation, {
        under: ['strace', '-D', '-f', '-yy', '-o', trace, '-e', calls],
      })
      undo.add(() => service.stop())
    })
    afterAll(() => undo.all())

    /** The system calls between the arrival of a request and the first byte of its answer. */
    async function traced(request: Request, identity: ClientIdentity, status: number): Promise<readonly SystemCall[]> {
      const agent = agentFor({ ca: installation.ca, identity })
      try {
        // The handshake and its session tickets are over before the request that is looked at.
        await ask(agent, { method: 'GET', path: '/healthz' })
        const answer = await ask(agent, request)
        expect(answer.status, answer.text).toBe(status)
        const port = localPortOf(agent)
        // The client may have read the answer before strace has written down that it was sent.
        return await vi.waitFor(() => betweenRequestAndAnswer(systemCallsIn(readFileSync(trace, 'utf8')), port), {
          timeout: 5_000,
          interval: 20,
        })
      } finally {
        agent.destroy()
      }
    }

    const ask = (agent: Agent, request: Request): Promise<Answer> =>
      send({ url: service.url, ca: installation.ca, agent }, request)

    function expectSynced(calls: readonly SystemCall[]): void {
      const synced = calls.filter(({ name, result }) => ['fsync', 'fdatasync'].includes(name) && result === '0')
      const { database, journal } = installation.configuration
      const log = `${database.kind === 'sqlite' ? database.path : ''}-wal`
      // The CRL that a revocation brings about may be committed, too, before the answer is on its way.
      expect(synced.slice(0, 2).map(({ text }) => /<(?<path>[^>]*)>/.exec(text)?.groups?.['path'])).toEqual([
        journal,
        log,
      ])
      // What was written before the syncs is what they made durable; and the journal is on the disk before the log is begun,
      // because it may tell of more than the database and never of less.
      const writesTo = (path: string) =>
        calls.filter(({ name, text }) => name.includes('write') && text.includes(`<${path}>`))
      const [toJournal, toLog] = [writesTo(journal)[0], writesTo(log)[0]]
      expect(toJournal?.ended).toBeLessThan(synced[0]?.began ?? 0)
      expect(toLog?.began).toBeGreaterThan(synced[0]?.ended ?? Infinity)
      expect(toLog?.ended).toBeLessThan(synced[1]?.began ?? 0)
    }

    test('a certificate', async () => {
      const [member] = installation.members
      if (member === undefined) throw new Error('no member')
      const path = `/v1/projects/${PROJECT}/members/${member.name}/certificates`
      expectSynced(await traced({ method: 'POST', path, body: { csr: member.csr } }, member, 201))
    })

    test('a revocation', async () => {
      const [member] = installation.members
      if (member === undefined) throw new Error('no member')
      const path = `/v1/certificates/${member.serial}/revoke`
      expectSynced(await traced({ method: 'POST', path, body: { reason: 'superseded' } }, member, 200))
    })

    test('and a read syncs nothing, so that the syncs above are those of the write', async () => {
      const calls = await traced({ method: 'GET', path: '/v1/certificates' }, installation.owner, 200)
      expect(calls.filter(({ name }) => name.endsWith('sync'))).toEqual([])
    })
  },
)

/** From the last bytes that came on the connection of that client port to the first that went out after them. */
function betweenRequestAndAnswer(calls: readonly SystemCall[], clientPort: number): readonly SystemCall[] {
  const isOnConnection = ({ text }: SystemCall): boolean => text.includes(`->127.0.0.1:${String(clientPort)}]>`)
  const arrived = calls.findLastIndex(
    (call) => /^re(?:ad|cv)/.test(call.name) && isOnConnection(call) && Number(call.result) > 0,
  )
  const answered = calls.findIndex(
    (call, index) => index > arrived && /^(?:write|send)/.test(call.name) && isOnConnection(call),
  )
  expect(arrived).toBeGreaterThan(-1)
  expect(answered).toBeGreaterThan(arrived)
  // By when a call ended: one that had begun before the answer and ended after it does not count.
  const answerBegan = calls[answered]?.began ?? 0
  return calls
    .slice(arrived + 1)
    .filter(({ ended, began }) => ended < answerBegan && began > (calls[arrived]?.ended ?? 0))
}

function localPortOf(agent: Agent): number {
  const [socket] = Object.values(agent.freeSockets).flat() as (TLSSocket | undefined)[]
  return socket?.localPort ?? 0
}
