// The clients of the benchmark `job`: a launcher that starts one job after the other, over one connection or over many.
//
// `as-made`: the key and its request are made within what is timed, as by a launcher that gets a job to start. `before`: they are
// made before the clock runs, so that it is the service's core that decides how many a second there are.
import { makeRequest } from './certification-requests.ts'
import { Connection, encodeRequest, type Identity, type Server } from './connection.ts'
import type { LoadPlan } from './load.ts'
import { readInput } from './pinned.ts'
import { runLoad } from './run-load.ts'

export interface JobOrder extends LoadPlan {
  readonly server: Server
  readonly launcher: Identity
  readonly connections: number
  readonly audience: string
  readonly users: readonly string[]
  readonly keys: { readonly kind: 'as-made' } | { readonly kind: 'before'; readonly count: number }
}

const order = await readInput<JobOrder>()
const { keys, users, audience } = order
const bodies = Array.from({ length: keys.kind === 'before' ? keys.count : 0 }, (_, number) => bodyOf(number))
let next = 0

function bodyOf(number: number): object {
  const user = users[number % users.length] ?? ''
  return { project: 'bench', user, csr: makeRequest().pem, token: { audience } }
}

function nextBody(): object {
  const number = next++
  if (keys.kind === 'as-made') return bodyOf(number)
  const body = bodies[number]
  if (body === undefined) throw new Error('the prepared requests are used up: give more')
  return body
}

const connections = await Promise.all(
  Array.from({ length: order.connections }, () => Connection.open(order.server, order.launcher)),
)
const clients = connections.map((connection) => async () => {
  const { status, body } = await connection.send(encodeRequest('POST', '/v1/jobs', nextBody()))
  if (status !== 201) throw new Error(`${status} ${body.toString()}`)
})
console.log(JSON.stringify(await runLoad(clients, order)))
for (const connection of connections) connection.close()
