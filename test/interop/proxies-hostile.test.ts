// The table of hostile requests, live through real proxies: none is allowed with what it lies, and each twin is, but at a
// gateway, where none of these proxies tells what the call has to say.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOSTILE_REQUESTS } from '../../src/cli/doctor/hostile-requests.ts'
import type { Call, HostileRequest, HostileWorld } from '../../src/cli/doctor/hostile/hostile-request.ts'
import { valuesOf } from '../support/model-server.ts'
import { hasLie, identityOf, isInBodyAlone, needsTheBody, type Outcome, sendCall } from './hostile-live.ts'
import { describeWith } from './program.ts'
import { closeProxyWorld, PROXY_KINDS, ProxyChain, type ProxyName, startProxyWorld } from './proxy-chain.ts'
import { exposeHosts, hostileWorld } from './hostile-world.ts'
import type { World } from './world.ts'

/** Those of 5 are about certificates that a proxy tells: a client's own words are below. */
const TRAPS = [1, 2, 3, 4, 6, 7, 8] as const

let world: World

beforeAll(async () => {
  world = await startProxyWorld()
})
afterAll(() => closeProxyWorld(world))

/** What is told agrees with itself, and the body alone disagrees. */
const AGAINST_THE_BODY: ReadonlySet<string> = new Set([
  'the header names the right model and the body another',
  "the host is another deployment's",
])

/** Tricks that a proxy may take out of a request; of all others nothing may be left to take out. */
const REMOVABLE = /^(headers|certificate): /

describe.each(Object.keys(PROXY_KINDS) as ProxyName[])('%s', (name) => {
  describeWith([name], 'refuses or disarms', () => {
    let chain: ProxyChain
    let hostile: HostileWorld
    const twins = new Map<string, Promise<Outcome>>()

    beforeAll(async () => {
      chain = await ProxyChain.start(world, name, [`other.${name}.internal`, `gateway.${name}.internal`])
      await exposeHosts(chain)
      hostile = await hostileWorld(chain)
    })
    afterAll(() => chain.stop())

    const send = (call: Call): Promise<Outcome> => sendCall(chain, call, world.alice)

    function twinOf(row: HostileRequest): Promise<Outcome> {
      const call = row.twin(hostile)
      const key = JSON.stringify(call)
      const known = twins.get(key) ?? send(call)
      twins.set(key, known)
      return known
    }

    /** What is wrong with a row; undefined when nothing is. */
    async function faultOf(row: HostileRequest): Promise<string | undefined> {
      const twin = await twinOf(row)
      const isAllowed = !needsTheBody(row.twin(hostile), hostile)
      if (isAllowed !== (twin.calls.length === 1)) return `its twin: ${String(twin.status)}`
      const sent = row.hostile(hostile)
      const { status, calls } = await send(sent)
      const [call] = calls
      if (call === undefined)
        return status === 0 || (status >= 400 && status < 500) ? undefined : `refused by ${String(status)}`
      const [benign] = twin.calls
      if (sent.shows === 'nothing' || benign === undefined || !REMOVABLE.test(row.refused))
        return `let through: ${call.target}`
      if (hasLie(call)) return 'its lie reached the model server'
      return String(identityOf(call)) === String(identityOf(benign))
        ? undefined
        : `another identity: ${String(identityOf(call))}`
    }

    async function faultsOf(rows: readonly HostileRequest[]): Promise<string[]> {
      const faults: string[] = []
      for (const row of rows) {
        const fault = await faultOf(row)
        if (fault !== undefined) faults.push(`${row.name}: ${fault}`)
      }
      return faults
    }

    const isTold = (row: HostileRequest): boolean => !isInBodyAlone(row, hostile) && !AGAINST_THE_BODY.has(row.name)

    test.each(TRAPS)('trap %d', async (trap) => {
      const rows = HOSTILE_REQUESTS.filter((row) => row.from === 'client' && row.trap === trap && isTold(row))
      expect(rows.length).toBeGreaterThan(0)
      expect(await faultsOf(rows)).toEqual([])
    })

    test('what a proxy would say, said by a client without a certificate', async () => {
      const rows = HOSTILE_REQUESTS.filter(({ from }) => from !== 'client' && from !== 'envoy-grpc')
      const passed: string[] = []
      for (const row of rows) if ((await send(row.hostile(hostile))).calls.length > 0) passed.push(row.name)
      expect(passed).toEqual([])
    })

    test('a target that names one host, and a Host header that names another', async () => {
      const { host, otherHost, model, otherModel, actingUser } = hostile
      const mixed = (inTarget: string, inHeader: string): Call => ({
        method: 'GET',
        target: `https://${inTarget}/echo`,
        headers: [
          ['Host', inHeader],
          ['Signet-Act-As', actingUser],
        ],
        body: '',
        shows: 'own',
      })
      const reached = async (call: Call): Promise<unknown> =>
        (await send(call)).calls.map((each) => [valuesOf(each, 'host'), valuesOf(each, 'signet-deployment')])
      expect(await reached(mixed(host, host))).toEqual([[[host], [model]]])
      // What goes by the target is decided by the target. Refused is as good.
      expect([[], [[[host], [model]]]]).toContainEqual(await reached(mixed(host, otherHost)))
      expect([[], [[[otherHost], [otherModel]]]]).toContainEqual(await reached(mixed(otherHost, host)))
    })
  })
})
