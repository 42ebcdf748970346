// Clients that send the requests of a file in turn to two servers, which share a core: a slice of time to one, a slice to the other, and
// again. What the machine's neighbours do meanwhile, both feel alike.
import { readFileSync } from 'node:fs'
import { Connection, type Identity, type Server } from './connection.ts'
import type { LoadPlan, LoadResult } from './load.ts'
import { readInput } from './pinned.ts'
import { type Client, runLoad } from './run-load.ts'

export interface PairedOrder extends Pick<LoadPlan, 'warmUp' | 'clients'> {
  readonly sides: readonly [Side, Side]
  readonly connections: number
  readonly identity: Identity
  /** JSON: requests as they go over the connection, in base64. */
  readonly requestFile: string
  readonly rounds: number
  readonly sliceSeconds: number
}

export interface Side {
  readonly server: Server
  readonly pid: number
}

/** The slices of one round. */
export type Round = readonly [LoadResult, LoadResult]

/** Until the other's last answers are out of the way. */
const SETTLED = { answers: 500, atMostSeconds: 1 }

const order = await readInput<PairedOrder>()
const texts = JSON.parse(readFileSync(order.requestFile, 'utf8')) as readonly string[]
const requests = texts.map((text) => Buffer.from(text, 'base64'))
const [one, other] = [await clientsOf(order.sides[0]), await clientsOf(order.sides[1])]
await warmUp()
const rounds: Round[] = []
for (let number = 0; number < order.rounds; number += 1) rounds.push(await round())
console.log(JSON.stringify(rounds))
process.exit()

/** By turns too: a server ends connections that ask nothing for long. */
async function warmUp(): Promise<void> {
  const { answers, atMostSeconds } = order.warmUp
  const until = performance.now() + atMostSeconds * 1000
  for (let least = 0; least < answers && performance.now() < until;) {
    const [first, second] = await round()
    least += Math.min(first.answered, second.answered)
  }
}

async function round(): Promise<Round> {
  return [await slice(one), await slice(other)]
}

interface Clients extends Side {
  readonly clients: readonly Client[]
}

async function clientsOf(side: Side): Promise<Clients> {
  const { connections, identity } = order
  const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(side.server, identity)))
  let asked = 0
  const clients = opened.map((connection): Client => async () => {
    const request = requests[asked % requests.length]
    asked += 1
    if (request === undefined) throw new Error('no requests')
    const { status, body } = await connection.send(request)
    // A refusal of `/v1/authorize` has status 200 too.
    if (status !== 200 || body.includes('"deny"')) throw new Error(`${status} ${body.toString()}`)
  })
  return { ...side, clients }
}

function slice({ clients, pid }: Clients): Promise<LoadResult> {
  return runLoad(clients, { ...order, warmUp: SETTLED, seconds: order.sliceSeconds, pid })
}
