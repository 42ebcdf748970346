// Clients that send one and the same request again and again, each on a connection of its own.
import { Connection, encodeRequest, type Identity, type Server } from './connection.ts'
import type { LoadPlan } from './load.ts'
import { readInput } from './pinned.ts'
import { runLoad } from './run-load.ts'

export interface RepeatOrder extends LoadPlan {
  readonly server: Server
  readonly connections: number
  readonly identity?: Identity
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: object
}

const order = await readInput<RepeatOrder>()
const request = encodeRequest(order.method, order.path, order.body)
const connections = await Promise.all(
  Array.from({ length: order.connections }, () => Connection.open(order.server, order.identity)),
)
const clients = connections.map((connection) => async () => {
  const { status, body } = await connection.send(request)
  if (status !== 200) throw new Error(`${status} ${body.toString()}`)
})
console.log(JSON.stringify(await runLoad(clients, order)))
for (const connection of connections) connection.close()
