// The clients of the benchmark `issue`: one process, some connections, each of a member that asks for its own next
// certificate, again and again, with a new key each time. The requests are made before the clock runs.
import { makeRequest } from './certification-requests.ts'
import { Connection, encodeRequest, type Identity, type Server } from './connection.ts'
import { processorSeconds, readInput } from './pinned.ts'

export interface LoadOrder {
  readonly server: Server
  /** Of the service: what it used is read at the same instants as the clock. */
  readonly pid: number
  readonly members: readonly { readonly path: string; readonly identity: Identity }[]
  /** The clock runs when so many are issued, or so much time has passed: optimising compilers go by counts, not by time. */
  readonly warmUp: { readonly certificates: number; readonly atMostSeconds: number }
  readonly seconds: number
  /** No more than these are made for the whole run; a run that needs more says so by failing. */
  readonly requests: number
}

export interface LoadResult {
  readonly issued: number
  readonly seconds: number
  readonly serviceSeconds: number
  readonly clientSeconds: number
  readonly p50Milliseconds: number
  readonly p99Milliseconds: number
  /** Every answer since the process started, also while warming up. */
  readonly answered: number
}

const order = await readInput<LoadOrder>()
const bodies = Array.from({ length: order.requests }, () => ({ csr: makeRequest().pem }))
const connections = await Promise.all(
  order.members.map(async ({ path, identity }) => ({
    path,
    connection: await Connection.open(order.server, identity),
  })),
)
let next = 0
let answered = 0
let running = true
let latencies: number[] = []

async function work(path: string, connection: Connection): Promise<void> {
  while (running) {
    const body = bodies[next++]
    if (body === undefined) throw new Error('the prepared requests are used up: give more')
    const request = encodeRequest('POST', path, body)
    const asked = performance.now()
    const { status, body: answer } = await connection.send(request)
    if (status !== 201) throw new Error(`${status} ${answer.toString()}`)
    latencies.push(performance.now() - asked)
    answered += 1
  }
}

const pause = (seconds: number): Promise<void> => new Promise((over) => setTimeout(over, seconds * 1000))

const workers = Promise.all(connections.map(({ path, connection }) => work(path, connection)))
const warmBy = performance.now() + order.warmUp.atMostSeconds * 1000
while (answered < order.warmUp.certificates && performance.now() < warmBy) await Promise.race([pause(0.05), workers])
latencies = []
const [began, service, client] = [performance.now(), processorSeconds(order.pid), process.cpuUsage()]
await Promise.race([pause(order.seconds), workers])
const measured = latencies.toSorted((a, b) => a - b)
const seconds = (performance.now() - began) / 1000
const serviceSeconds = processorSeconds(order.pid) - service
const { user, system } = process.cpuUsage(client)
running = false
await workers
for (const { connection } of connections) connection.close()
const result: LoadResult = {
  issued: measured.length,
  seconds,
  serviceSeconds,
  clientSeconds: (user + system) / 1e6,
  p50Milliseconds: measured[measured.length >> 1] ?? NaN,
  p99Milliseconds: measured[Math.floor(measured.length * 0.99)] ?? NaN,
  answered,
}
console.log(JSON.stringify(result))
