// `POST /v1/authorize` and `/authz/nginx` over TLS, each held against a route of Hono on the same listener that parses the same body
// with the same schema, or takes the same headers, and answers a constant of the same form: what the ratio leaves is the price of
// reading, verifying, deciding and telling.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeRequest, type Identity } from './connection.ts'
import type { BenchOptions, Benchmark, Figure } from './figure.ts'
import { BenchInstallation } from './installation.ts'
import type { LoadResult } from './load.ts'
import { ACTING_USER, callersOf, CERTIFICATES, DEPLOYMENTS, hostOf } from './model-callers.ts'
import { CLIENT_CORE, NODE, runPinned, SERVICE_CORE, spawnPinned } from './pinned.ts'
import type { RequestOrder } from './request-load.ts'

const CONNECTIONS = 32
/** Every request twice: the first time each certificate is verified. */
const WARM_UP = { answers: 20_000, atMostSeconds: 60 }

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
  await installation.serve(options.profileFolder)
  options.say('issuing certificates')
  const ways = await waysOf(installation)
  const load = (way: Way, pid: number): Promise<LoadResult> =>
    runPinned<LoadResult>(CLIENT_CORE, 'request-load.ts', orderOf(installation, options, way, pid))
  const decided: LoadResult[] = []
  for (const way of ways) {
    options.say(`asking ${way.name}`)
    decided.push(await load(way, installation.pid))
  }
  await installation.stop()
  options.say('asking the constant routes')
  const constant = await withConstantRoute(installation, async (pid) => {
    const results: LoadResult[] = []
    for (const way of ways) results.push(await load(way, pid))
    return results
  })
  return ways.flatMap(({ name }, index) => figuresOf(name, decided[index], constant[index]))
}

function orderOf({ server }: BenchInstallation, { seconds }: BenchOptions, way: Way, pid: number): RequestOrder {
  const { asker: identity, requestFile } = way
  return { server, connections: CONNECTIONS, identity, requestFile, warmUp: WARM_UP, seconds, pid, clients: 'awake' }
}

function figuresOf(name: string, decided: LoadResult | undefined, constant: LoadResult | undefined): readonly Figure[] {
  if (decided === undefined || constant === undefined) throw new Error('not measured')
  const rate = ({ answers, seconds }: LoadResult): number => answers / seconds
  const used = ({ serviceSeconds, answers }: LoadResult): number => (serviceSeconds * 1e6) / answers
  return [
    { name: `${name}: decisions`, value: rate(decided), unit: '/s' },
    { name: `${name}: constant answers`, value: rate(constant), unit: '/s' },
    {
      name: `${name}: share of the constant route`,
      value: rate(decided) / rate(constant),
      unit: '',
      target: { kind: 'at-least', value: 0.6 },
    },
    { name: `${name}: processor time of one decision`, value: used(decided), unit: 'µs' },
    { name: `${name}: processor time of one constant answer`, value: used(constant), unit: 'µs' },
    { name: `${name}: answer, median`, value: decided.p50Milliseconds, unit: 'ms' },
    { name: `${name}: answer, 99 of 100`, value: decided.p99Milliseconds, unit: 'ms' },
  ]
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

async function withConstantRoute<Result>(
  installation: BenchInstallation,
  use: (pid: number) => Promise<Result>,
): Promise<Result> {
  const script = join(import.meta.dirname, 'constant-route.ts')
  const child = spawnPinned(SERVICE_CORE, NODE, [script, installation.configFile])
  await new Promise<void>((ready, failed) => {
    child.stdout?.once('data', () => ready())
    child.once('exit', (status) => failed(new Error(`the constant route ended with ${String(status)}`)))
  })
  try {
    return await use(child.pid ?? 0)
  } finally {
    child.kill('SIGKILL')
  }
}
