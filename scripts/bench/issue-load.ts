// The clients of the benchmark `issue`: one process, some connections, each of a member that asks for its own next
// certificate, again and again, with a new key each time. The requests are made before the clock runs.
import { makeRequest } from './certification-requests.ts'
import { Connection, encodeRequest, type Identity, type Server } from './connection.ts'
import type { LoadPlan } from './load.ts'
import { readInput } from './pinned.ts'
import { runLoad } from './run-load.ts'

export interface IssueOrder extends LoadPlan {
  readonly server: Server
  readonly members: readonly { readonly path: string; readonly identity: Identity }[]
  /** No more than these are made for the whole run; a run that needs more says so by failing. */
  readonly requests: number
}

const order = await readInput<IssueOrder>()
const bodies = Array.from({ length: order.requests }, () => ({ csr: makeRequest().pem }))
let next = 0
const connections = await Promise.all(order.members.map(({ identity }) => Connection.open(order.server, identity)))
const clients = connections.map((connection, index) => async () => {
  const body = bodies[next++]
  if (body === undefined) throw new Error('the prepared requests are used up: give more')
  const { status, body: answer } = await connection.send(encodeRequest('POST', order.members[index]?.path ?? '', body))
  if (status !== 201) throw new Error(`${status} ${answer.toString()}`)
})
console.log(JSON.stringify(await runLoad(clients, order)))
for (const connection of connections) connection.close()
