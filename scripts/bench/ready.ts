// From the start of the process to the first `GET /readyz` that says ready, with a filled database.
import { request } from 'node:https'
import { type BenchOptions, type Benchmark, type Figure, median } from './figure.ts'
import { BenchInstallation } from './installation.ts'
import { processorSeconds } from './pinned.ts'
import { type Population, populate } from './population.ts'

const POPULATION: Population = { members: 1_000, certificates: 100_000, revoked: 10_000 }
const STARTS = 7
const GIVE_UP_SECONDS = 60

/** Between one look and the next: the figure is no finer than this. */
const LOOK_MILLISECONDS = 5

export const ready: Benchmark = {
  name: 'ready',
  measures: 'start of the process to the first good /readyz; 100,000 certificates, 10,000 revoked, 1,000 members',
  run: ({ say }: BenchOptions) =>
    BenchInstallation.during(async (installation) => {
      say('filling the database')
      await populate(installation, POPULATION)
      say('starting')
      const first = await startOnce(installation)
      const next: Start[] = []
      for (let start = 1; start <= STARTS; start += 1) next.push(await startOnce(installation))
      return figuresOf(first, next)
    }),
}

interface Start {
  readonly seconds: number
  readonly processorSeconds: number
}

function figuresOf(first: Start, next: readonly Start[]): readonly Figure[] {
  const seconds = next.map((start) => start.seconds)
  return [
    { name: 'ready, median', value: median(seconds), unit: 's', target: { kind: 'at-most', value: 1 } },
    { name: 'ready, fastest', value: Math.min(...seconds), unit: 's' },
    { name: 'ready, slowest', value: Math.max(...seconds), unit: 's' },
    { name: 'processor time, median', value: median(next.map((start) => start.processorSeconds)), unit: 's' },
    { name: 'first start, which signs a CRL of 10,000', value: first.seconds, unit: 's' },
  ]
}

async function startOnce(installation: BenchInstallation): Promise<Start> {
  const began = performance.now()
  installation.spawn()
  while (!(await isReady(installation))) {
    if (performance.now() - began > GIVE_UP_SECONDS * 1000) throw new Error('the service does not get ready')
    await new Promise((look) => setTimeout(look, LOOK_MILLISECONDS))
  }
  const start = { seconds: (performance.now() - began) / 1000, processorSeconds: processorSeconds(installation.pid) }
  await installation.stop()
  return start
}

function isReady({ server }: BenchInstallation): Promise<boolean> {
  return new Promise((told) => {
    const asked = request(
      { host: '127.0.0.1', port: server.port, path: '/readyz', ca: server.ca, servername: 'localhost', agent: false },
      (answer) => {
        answer.resume()
        told(answer.statusCode === 200)
      },
    )
    // Nobody listens yet.
    asked.on('error', () => told(false))
    asked.end()
  })
}
