// `POST /v1/authorize` and `/authz/nginx` over TLS, each held against a route of Hono on the same listener that parses the same body
// with the same schema, or takes the same headers, and answers a constant of the same form: what the ratio leaves is the price of
// reading, verifying, deciding and telling.
import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeRequest, type Identity } from './connection.ts'
import { type BenchOptions, type Benchmark, type Figure, median } from './figure.ts'
import { BenchInstallation } from './installation.ts'
import type { LoadResult } from './load.ts'
import { ACTING_USER, callersOf, CERTIFICATES, DEPLOYMENTS, hostOf } from './model-callers.ts'
import type { PairedOrder, Round } from './paired-load.ts'
import { CLIENT_CORE, NODE, runPinned, SERVICE_CORE, spawnPinned } from './pinned.ts'

const CONNECTIONS = 32
const SLICE_SECONDS = 0.5
/** Every request twice: the first time each certificate is verified. */
const WARM_UP = { answers: 20_000, atMostSeconds: 120 }

export const authorize: Benchmark = {
  name: 'authorize',
  measures: `/v1/authorize and /authz/nginx over TLS, one core, ${CERTIFICATES} certificates and ${DEPLOYMENTS} deployments, against constant routes`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

interface Way {
  readonly name: string
  readonly asker: Identity
  readonly requestFile: string
}

async function measure(installation: BenchInstallation, options: BenchOptions): Promise<readonly Figure[]> {
  // Before the service: it reads the server's certificate from the database, and closes it.
  const constant = await startConstantRoute(installation)
  try {
    await installation.serve(options.profileFolder)
    options.say('issuing certificates')
    const ways = await waysOf(installation)
    const figures: Figure[] = []
    for (const way of ways) {
      options.say(`asking ${way.name}`)
      const order = orderOf(installation, options, way, constant)
      figures.push(...figuresOf(way.name, await runPinned<readonly Round[]>(CLIENT_CORE, 'paired-load.ts', order)))
    }
    return figures
  } finally {
    constant.child.kill('SIGKILL')
  }
}

function orderOf(
  { server, pid }: BenchInstallation,
  { seconds }: BenchOptions,
  { asker: identity, requestFile }: Way,
  constant: ConstantRoute,
): PairedOrder {
  return {
    sides: [
      { server, pid },
      { server: { ...server, port: constant.port }, pid: constant.child.pid ?? 0 },
    ],
    connections: CONNECTIONS,
    identity,
    requestFile,
    warmUp: WARM_UP,
    rounds: Math.max(1, Math.round(seconds / SLICE_SECONDS)),
    sliceSeconds: SLICE_SECONDS,
    clients: 'awake',
  }
}

function figuresOf(name: string, rounds: readonly Round[]): readonly Figure[] {
  const middle = (of: (decided: LoadResult, constant: LoadResult) => number): number =>
    median(rounds.map(([decided, constant]) => of(decided, constant)))
  return [
    { name: `${name}: decisions`, value: middle(rate), unit: '/s' },
    { name: `${name}: constant answers`, value: middle((_, constant) => rate(constant)), unit: '/s' },
    {
      name: `${name}: share of the rate of the constant route`,
      value: middle((decided, constant) => rate(decided) / rate(constant)),
      unit: '',
      target: { kind: 'at-least', value: 0.6 },
    },
    { name: `${name}: processor time of one decision`, value: middle(used), unit: 'µs' },
    {
      name: `${name}: processor time of one constant answer`,
      value: middle((_, constant) => used(constant)),
      unit: 'µs',
    },
    {
      name: `${name}: the same in processor time`,
      value: middle((decided, constant) => used(constant) / used(decided)),
      unit: '',
    },
    { name: `${name}: answer, median`, value: middle(({ p50Milliseconds }) => p50Milliseconds), unit: 'ms' },
    { name: `${name}: answer, 99 of 100`, value: middle(({ p99Milliseconds }) => p99Milliseconds), unit: 'ms' },
  ]
}

function rate({ answers, seconds }: LoadResult): number {
  return answers / seconds
}

/** Microseconds of the processor for one answer. */
function used({ serviceSeconds, answers }: LoadResult): number {
  return (serviceSeconds * 1e6) / answers
}

async function waysOf(installation: BenchInstallation): Promise<readonly Way[]> {
  const { modelServer, proxy, certificates } = await callersOf(installation, 'nginx')
  const write = (name: string, requests: readonly Buffer[]): string => {
    const file = join(installation.folder, `${name}.json`)
    writeFileSync(file, JSON.stringify(requests.map((request) => request.toString('base64'))))
    return file
  }
  return [
    { name: '/v1/authorize', asker: modelServer, requestFile: write('authorize', certificates.map(authorizeRequest)) },
    { name: '/authz/nginx', asker: proxy, requestFile: write('nginx', certificates.map(nginxRequest)) },
  ]
}

function authorizeRequest(certificate: string, number: number): Buffer {
  return encodeRequest('POST', '/v1/authorize', {
    credential: { certificate },
    actingUser: ACTING_USER,
    host: hostOf(number),
    method: 'POST',
    path: '/v1/chat/completions',
  })
}

/** As the configuration of docs/deploy/nginx.conf asks about a call of a browser's size. */
function nginxRequest(certificate: string, number: number): Buffer {
  const headers = {
    host: 'localhost',
    'x-original-method': 'POST',
    'x-original-uri': '/v1/chat/completions',
    'x-original-host': hostOf(number),
    'x-ssl-client-verify': 'SUCCESS',
    'x-ssl-client-cert': encodeURIComponent(certificate),
    'signet-act-as': ACTING_USER,
    accept: 'application/json',
    'accept-encoding': 'gzip, deflate',
    'user-agent': 'OpenAI/Python 1.99.0',
    'x-forwarded-for': '192.0.2.7',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`GET /authz/nginx HTTP/1.1\r\n${lines.join('')}\r\n`)
}

interface ConstantRoute {
  readonly child: ChildProcess
  readonly port: number
}

/** On the service's core, with the settings that `scripts/signet` gives Node. */
async function startConstantRoute(installation: BenchInstallation): Promise<ConstantRoute> {
  const script = join(import.meta.dirname, 'constant-route.ts')
  const words = ['--max-semi-space-size=32', script, installation.configFile, 'beside']
  const child = spawnPinned(SERVICE_CORE, NODE, words)
  const port = await new Promise<number>((ready, failed) => {
    child.stdout?.once('data', (chunk: Buffer) => ready(Number(chunk.toString())))
    child.once('exit', (status) => failed(new Error(`the constant route ended with ${String(status)}`)))
  })
  return { child, port }
}
