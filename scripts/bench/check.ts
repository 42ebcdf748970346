// ext_authz's `Check` over mutual TLS, held against a handler on the same server code that parses the same messages and always
// answers the same: what the ratio leaves is the price of reading, verifying and deciding. In processor time of the service, since
// a client of gRPC costs as much as its server.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AUTHORIZATION } from '../../src/grpc/protocol.ts'
import type { CheckOrder } from './check-load.ts'
import type { BenchOptions, Benchmark, Figure } from './figure.ts'
import { BenchInstallation } from './installation.ts'
import type { LoadResult } from './load.ts'
import { ACTING_USER, callersOf, CERTIFICATES, DEPLOYMENTS, hostOf } from './model-callers.ts'
import { CLIENT_CORE, NODE, runPinned, SERVICE_CORE, spawnPinned } from './pinned.ts'

const CALLS_AT_ONCE = 32
/** Every message twice: the first time each certificate is verified, and an identity signed for it. */
const WARM_UP = { answers: 20_000, atMostSeconds: 90 }

export const check: Benchmark = {
  name: 'check',
  measures: `gRPC Check over mutual TLS, one core, ${CERTIFICATES} certificates and ${DEPLOYMENTS} deployments, against a constant handler`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

async function measure(installation: BenchInstallation, options: BenchOptions): Promise<readonly Figure[]> {
  await installation.serve(options.profileFolder)
  options.say('issuing certificates')
  const { proxy, certificates } = await callersOf(installation, 'envoy-grpc')
  const messages = certificates.map((pem, number) => messageOf(pem, hostOf(number)))
  const messageFile = join(installation.folder, 'messages.json')
  writeFileSync(messageFile, JSON.stringify(messages))
  const order = (pid: number): CheckOrder => ({
    server: { port: installation.ports.grpc, ca: installation.server.ca },
    identity: proxy,
    messageFile,
    atOnce: CALLS_AT_ONCE,
    warmUp: WARM_UP,
    clients: 'awake',
    seconds: options.seconds,
    pid,
  })
  options.say('asking the service')
  const decided = await runPinned<LoadResult>(CLIENT_CORE, 'check-load.ts', order(installation.pid))
  await installation.stop()
  options.say('asking the constant handler')
  const constant = await withConstantHandler(installation, (pid) =>
    runPinned<LoadResult>(CLIENT_CORE, 'check-load.ts', order(pid)),
  )
  return figuresOf(decided, constant)
}

function figuresOf(decided: LoadResult, constant: LoadResult): readonly Figure[] {
  const rate = ({ answers, seconds }: LoadResult): number => answers / seconds
  const used = ({ serviceSeconds, answers }: LoadResult): number => (serviceSeconds * 1e6) / answers
  return [
    { name: 'checks', value: rate(decided), unit: '/s' },
    { name: 'constant answers', value: rate(constant), unit: '/s' },
    { name: 'processor time of one check', value: used(decided), unit: 'µs' },
    { name: 'processor time of one constant answer', value: used(constant), unit: 'µs' },
    {
      name: 'share of the constant handler',
      value: used(constant) / used(decided),
      unit: '',
      target: { kind: 'at-least', value: 0.6 },
    },
    { name: 'answer, median', value: decided.p50Milliseconds, unit: 'ms' },
    { name: 'answer, 99 of 100', value: decided.p99Milliseconds, unit: 'ms' },
  ]
}

/** As Envoy asks about a call of a browser's size. */
function messageOf(certificate: string, host: string): string {
  const headers = {
    ':authority': host,
    ':method': 'POST',
    ':path': '/v1/chat/completions',
    ':scheme': 'https',
    accept: 'application/json',
    'accept-encoding': 'gzip, deflate',
    'content-type': 'application/json',
    'content-length': '412',
    'signet-act-as': ACTING_USER,
    'user-agent': 'OpenAI/Python 1.99.0',
    'x-forwarded-proto': 'https',
    'x-request-id': 'a2b4e1c0-5a0f-4f29-9d7b-0f1b5ad4a0c3',
  }
  const message = {
    attributes: {
      source: { address: { socket_address: { address: '192.0.2.7' } }, certificate: encodeURIComponent(certificate) },
      request: {
        http: {
          method: 'POST',
          headers: Object.entries(headers).map(([key, value]) => ({ key, value })),
          path: '/v1/chat/completions',
          host,
        },
      },
    },
  }
  return AUTHORIZATION['Check']?.requestSerialize(message).toString('base64') ?? ''
}

async function withConstantHandler<Result>(
  installation: BenchInstallation,
  use: (pid: number) => Promise<Result>,
): Promise<Result> {
  const script = join(import.meta.dirname, 'constant-check.ts')
  const child = spawnPinned(SERVICE_CORE, NODE, [script, installation.configFile])
  await new Promise<void>((ready, failed) => {
    child.stdout?.once('data', () => ready())
    child.once('exit', (status) => failed(new Error(`the constant handler ended with ${String(status)}`)))
  })
  try {
    return await use(child.pid ?? 0)
  } finally {
    child.kill('SIGKILL')
  }
}
