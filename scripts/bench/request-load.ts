// Clients that send the requests of a file in turn, each client on a connection of its own.
import { readFileSync } from 'node:fs'
import { Connection, type Identity, type Server } from './connection.ts'
import type { LoadPlan } from './load.ts'
import { readInput } from './pinned.ts'
import { type Client, runLoad } from './run-load.ts'

export interface RequestOrder extends LoadPlan {
  readonly server: Server
  readonly connections: number
  readonly identity: Identity
  /** JSON: requests as they go over the connection, in base64. */
  readonly requestFile: string
}

const order = await readInput<RequestOrder>()
const texts = JSON.parse(readFileSync(order.requestFile, 'utf8')) as readonly string[]
const requests = texts.map((text) => Buffer.from(text, 'base64'))
const connections = await Promise.all(
  Array.from({ length: order.connections }, () => Connection.open(order.server, order.identity)),
)
let asked = 0
const clients = connections.map((connection): Client => async () => {
  const request = requests[asked % requests.length]
  asked += 1
  if (request === undefined) throw new Error('no requests')
  const { status, body } = await connection.send(request)
  // A refusal of `/v1/authorize` has status 200 too.
  if (status !== 200 || body.includes('"deny"')) throw new Error(`${status} ${body.toString()}`)
})
console.log(JSON.stringify(await runLoad(clients, order)))
for (const connection of connections) connection.close()
