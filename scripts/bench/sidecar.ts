// `signet sidecar` as a process, in front of a model server that answers a constant: how long a change takes from the answer of the
// service that made it to the first call that is decided by it, and what a call costs on its way through.
import { type ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { Agent as PlainAgent, createServer, request as plainRequest, type RequestOptions, type Server } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { makeRequest } from './certification-requests.ts'
import { Connection, type Identity } from './connection.ts'
import { type BenchOptions, type Benchmark, type Figure, median } from './figure.ts'
import { addProject, BenchInstallation, identityOf } from './installation.ts'
import { CLIENT_CORE, HOME, spawnPinned } from './pinned.ts'

const CHANGES = 30
const CLIENTS = 16
const SETTINGS = { project: 'bench', host: 'resnet.internal', service: 'model.internal' }
const CALLER = 'bench__olivia'
const GIVE_UP_MILLISECONDS = 15_000

export const sidecar: Benchmark = {
  name: 'sidecar',
  measures: `${CHANGES} changes of an owner until the sidecar decides by them, and calls through it against calls without it`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

/** Gives the status of one call. */
type Call = () => Promise<number>

async function measure(installation: BenchInstallation, { say, seconds }: BenchOptions): Promise<readonly Figure[]> {
  await installation.serve()
  const model = await startModel()
  const upstream = `http://127.0.0.1:${(model.address() as AddressInfo).port}`
  const administrator = await installation.connectAdministrator()
  const caller = await addProject(installation, administrator, { project: 'bench', owner: 'olivia' })
  const owner = await Connection.open(installation.server, caller)
  const modelServer = await registered(administrator, owner)
  const process = await startSidecar(installation, modelServer, upstream)
  try {
    const through = callThrough(installation, caller, process.port)
    await until(through, 200)
    say('changing')
    const delays = await delaysOf(owner, through)
    say('calling')
    const rates = [await rateOf(through, seconds / 2), await rateOf(callStraight(upstream), seconds / 2)]
    return figuresOf(delays, rates)
  } finally {
    process.child.kill('SIGTERM')
    for (const connection of [administrator, owner]) connection.close()
    model.closeAllConnections()
    model.close()
  }
}

function figuresOf(delays: readonly number[], [through = 0, straight = 0]: readonly number[]): readonly Figure[] {
  const target = { kind: 'at-most', value: 1000 } as const
  return [
    { name: 'change in force, median', value: median(delays), unit: 'ms' },
    { name: 'change in force, slowest', value: Math.max(...delays), unit: 'ms', target },
    { name: 'calls through the sidecar', value: through, unit: '1/s' },
    { name: 'calls without it, and without TLS', value: straight, unit: '1/s' },
  ]
}

async function registered(administrator: Connection, owner: Connection): Promise<Identity> {
  const name = SETTINGS.service
  await administrator.ask('PUT', `/v1/services/${name}`, { systemUser: 'envoy', projects: ['bench'] })
  const asked = makeRequest()
  const answer = await administrator.ask('POST', `/v1/services/${name}/certificates`, { csr: asked.pem })
  await owner.ask('PUT', '/v1/deployments/resnet', SETTINGS)
  await administrator.ask('PUT', '/v1/sidecars/front', { service: name, deployments: ['resnet'] })
  return identityOf(answer, asked.key)
}

async function startModel(): Promise<Server> {
  const server = createServer((asked, answer) => {
    asked.resume()
    answer.writeHead(200, { 'content-length': '2' }).end('ok')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return server
}

interface SidecarProcess {
  readonly child: ChildProcess
  readonly port: number
}

async function startSidecar(
  { folder, ports, server }: BenchInstallation,
  { certificate, key }: Identity,
  upstream: string,
): Promise<SidecarProcess> {
  const place = join(folder, 'sidecar')
  mkdirSync(place)
  const [ca, cert, keyFile] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => join(place, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(ca, server.ca)
  writeFileSync(cert, certificate)
  writeFileSync(keyFile, key, { mode: 0o600 })
  const child = spawnPinned(CLIENT_CORE, join(HOME, 'scripts', 'signet'), [
    ...['sidecar', 'front', '--upstream', upstream, '--deployment', 'resnet', '--listen', '127.0.0.1:0'],
    ...['--operations', 'off', '--ca', ca, '--cert', cert, '--key', keyFile],
    ...['--url', `https://localhost:${ports.https}`, '--state', join(place, 'state')],
  ])
  const port = await new Promise<number>((ready, failed) => {
    child.stdout?.on('data', (chunk: Buffer) => ready(Number(/https (\d+)/.exec(chunk.toString())?.[1])))
    child.once('exit', (status) => failed(new Error(`the sidecar ended with ${String(status)}`)))
  })
  return { child, port }
}

function callThrough({ server }: BenchInstallation, { certificate, key }: Identity, port: number): Call {
  const agent = new Agent({ keepAlive: true, ca: server.ca, cert: certificate, key, servername: SETTINGS.service })
  const headers = { host: SETTINGS.host, 'signet-act-as': CALLER }
  return () => statusOf(request, { agent, host: '127.0.0.1', port, path: '/v1/x', headers, timeout: 2000 })
}

function callStraight(upstream: string): Call {
  const agent = new PlainAgent({ keepAlive: true })
  const { hostname: host, port } = new URL(upstream)
  return () => statusOf(plainRequest, { agent, host, port, path: '/v1/x' })
}

function statusOf(ask: typeof plainRequest, options: RequestOptions): Promise<number> {
  return new Promise((told) => {
    const asked = ask(options, (answer) => {
      answer
        .on('end', () => told(answer.statusCode ?? 0))
        .on('error', () => told(0))
        .resume()
    })
    // A call that goes on when its right ends is cut.
    asked.on('error', () => told(0)).on('close', () => told(0))
    asked.on('timeout', () => asked.destroy())
    asked.end()
  })
}

/** Denied and let in by turns, each measured from the answer of the change. */
async function delaysOf(owner: Connection, call: Call): Promise<readonly number[]> {
  const delays: number[] = []
  for (let number = 0; number < CHANGES; number += 1) {
    const isDenial = number % 2 === 0
    const settings = isDenial ? { ...SETTINGS, deniedPrincipals: [CALLER] } : SETTINGS
    await owner.ask('PUT', '/v1/deployments/resnet', settings)
    const answered = performance.now()
    await until(call, isDenial ? 403 : 200)
    delays.push(performance.now() - answered)
  }
  return delays
}

async function until(call: Call, status: number): Promise<void> {
  const began = performance.now()
  while ((await call()) !== status) {
    if (performance.now() - began > GIVE_UP_MILLISECONDS) throw new Error(`the sidecar never answers ${status}`)
  }
}

/** Calls in a second, from several clients at once. */
async function rateOf(call: Call, seconds: number): Promise<number> {
  const began = performance.now()
  const isOver = (): boolean => performance.now() - began > seconds * 1000
  let answers = 0
  const client = async (): Promise<void> => {
    while (!isOver()) {
      if ((await call()) !== 200) throw new Error('a call was refused')
      answers += 1
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return (answers * 1000) / (performance.now() - began)
}
