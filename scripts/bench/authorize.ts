// `POST /v1/authorize` over TLS, held against a route of the same schemas on the same listener that always answers the same:
// what the ratio leaves is the price of verifying, deciding and telling.
import type { BenchOptions, Benchmark, Figure } from './figure.ts'
import { addProject, BenchInstallation, identityOf } from './installation.ts'
import { makeRequest } from './certification-requests.ts'
import { Connection, type Identity } from './connection.ts'
import type { LoadResult } from './load.ts'
import { CLIENT_CORE, NODE, runPinned, SERVICE_CORE, spawnPinned } from './pinned.ts'
import type { RepeatOrder } from './repeat-load.ts'
import { join } from 'node:path'

const CONNECTIONS = 32
const WARM_UP = { answers: 10_000, atMostSeconds: 10 }

export const authorize: Benchmark = {
  name: 'authorize',
  measures: `POST /v1/authorize over TLS, one core, ${CONNECTIONS} connections, against a constant route of the same schemas`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

async function measure(installation: BenchInstallation, options: BenchOptions): Promise<readonly Figure[]> {
  await installation.serve(options.profileFolder)
  const { server, caller } = await makeWorld(installation)
  const body = {
    credential: { certificate: caller.certificate.slice(0, caller.certificate.indexOf('-----END') + 26) },
    actingUser: 'bench__olivia',
    deployment: 'resnet',
    method: 'POST',
  }
  const order = (pid: number): RepeatOrder => ({
    server: installation.server,
    connections: CONNECTIONS,
    identity: server,
    method: 'POST',
    path: '/v1/authorize',
    body,
    warmUp: WARM_UP,
    seconds: options.seconds,
    pid,
  })
  options.say('asking the service')
  const asker = await Connection.open(installation.server, server)
  const { decision } = await asker.ask('POST', '/v1/authorize', body)
  asker.close()
  if (decision !== 'allow') throw new Error(`the decision is ${String(decision)}`)
  const decided = await runPinned<LoadResult>(CLIENT_CORE, 'repeat-load.ts', order(installation.pid))
  await installation.stop()
  options.say('asking the constant route')
  const constant = await withConstantRoute(installation, (pid) =>
    runPinned<LoadResult>(CLIENT_CORE, 'repeat-load.ts', order(pid)),
  )
  return figuresOf(decided, constant)
}

function figuresOf(decided: LoadResult, constant: LoadResult): readonly Figure[] {
  const rate = ({ answers, seconds }: LoadResult): number => answers / seconds
  const used = ({ serviceSeconds, answers }: LoadResult): number => (serviceSeconds * 1e6) / answers
  return [
    { name: 'decisions', value: rate(decided), unit: '/s' },
    { name: 'constant answers', value: rate(constant), unit: '/s' },
    { name: 'share of the constant route', value: rate(decided) / rate(constant), unit: '' },
    { name: 'processor time of one decision', value: used(decided), unit: 'µs' },
    { name: 'processor time of one constant answer', value: used(constant), unit: 'µs' },
    { name: 'answer, median', value: decided.p50Milliseconds, unit: 'ms' },
    { name: 'answer, 99 of 100', value: decided.p99Milliseconds, unit: 'ms' },
  ]
}

/** A model server, its deployment, and a member who calls it. */
async function makeWorld(
  installation: BenchInstallation,
): Promise<{ readonly server: Identity; readonly caller: Identity }> {
  const administrator = await installation.connectAdministrator()
  const caller = await addProject(installation, administrator, { project: 'bench', owner: 'olivia' })
  await administrator.ask('PUT', '/v1/services/model.internal', { systemUser: 'kserve', projects: ['bench'] })
  const request = makeRequest()
  const answer = await administrator.ask('POST', '/v1/services/model.internal/certificates', { csr: request.pem })
  const settings = { project: 'bench', host: 'resnet.internal', service: 'model.internal' }
  const owner = await Connection.open(installation.server, caller)
  await owner.ask('PUT', '/v1/deployments/resnet', settings)
  for (const connection of [owner, administrator]) connection.close()
  return { server: identityOf(answer, request.key), caller }
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
