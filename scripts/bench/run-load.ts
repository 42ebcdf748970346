// Runs clients side by side for as long as a plan says, and counts what they were answered in the time that is measured.
import type { LoadPlan, LoadResult } from './load.ts'
import { processorSeconds } from './pinned.ts'

/** Sends one request and resolves with its answer; throws when the answer is not the one that is wanted. */
export type Client = () => Promise<void>

export async function runLoad(
  clients: readonly Client[],
  { warmUp, seconds, pid, clients: awake }: LoadPlan,
): Promise<LoadResult> {
  let running = true
  let answered = 0
  let latencies: number[] = []
  const work = async (client: Client): Promise<void> => {
    while (running) {
      const asked = performance.now()
      await client()
      latencies.push(performance.now() - asked)
      answered += 1
    }
  }
  const workers = Promise.all(clients.map(work))
  const stayAwake = (): void => {
    if (running) setImmediate(stayAwake)
  }
  if (awake === 'awake') stayAwake()
  const pause = (time: number): Promise<unknown> =>
    Promise.race([new Promise((over) => setTimeout(over, time * 1000)), workers])

  const warmBy = performance.now() + warmUp.atMostSeconds * 1000
  while (answered < warmUp.answers && performance.now() < warmBy) await pause(0.05)
  latencies = []
  const [began, service, client] = [performance.now(), processorSeconds(pid), process.cpuUsage()]
  await pause(seconds)
  const measured = latencies.toSorted((a, b) => a - b)
  const took = (performance.now() - began) / 1000
  const serviceSeconds = processorSeconds(pid) - service
  const { user, system } = process.cpuUsage(client)
  running = false
  await workers
  return {
    answers: measured.length,
    seconds: took,
    serviceSeconds,
    clientSeconds: (user + system) / 1e6,
    p50Milliseconds: measured[measured.length >> 1] ?? NaN,
    p99Milliseconds: measured[Math.floor(measured.length * 0.99)] ?? NaN,
    answered,
  }
}
