// How long a revocation takes until it is felt: from the answer to whoever revoked to the first refusal, in the process that did it, at
// a consumer of the feed, and at an nginx whose CRL file `signet crl watch` keeps. Each is measured of the same revocations.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { makeRequest } from './certification-requests.ts'
import { Connection, encodeRequest } from './connection.ts'
import { type BenchOptions, type Benchmark, type Figure, median, quantile } from './figure.ts'
import { addProject, BenchInstallation, type Enrolled, enrolMember, identityOf } from './installation.ts'
import { CLIENT_CORE, HOME, spawnPinned } from './pinned.ts'
import { populate } from './population.ts'

const ENTRIES = 10_000
const REVOCATIONS = 30
const LOOK_MILLISECONDS = 20
const GIVE_UP_MILLISECONDS = 30_000
const NAME = 'web.internal'
const PROJECT = 'leavers'

export const felt: Benchmark = {
  name: 'felt',
  measures: `${REVOCATIONS} revocations until they are refused in the process, told by the feed, and refused by nginx behind crl watch; ${ENTRIES.toLocaleString('en')} entries`,
  run: (options) => BenchInstallation.during((installation) => measure(installation, options)),
}

interface Delays {
  readonly process: number
  readonly feed: number
  readonly nginx: number
}

async function measure(installation: BenchInstallation, { say }: BenchOptions): Promise<readonly Figure[]> {
  say('filling the database')
  await populate(installation, { members: 100, certificates: ENTRIES, revoked: ENTRIES })
  await installation.serve()
  const administrator = await installation.connectAdministrator()
  const names = { project: PROJECT, owner: 'olivia' }
  const owner = await Connection.open(installation.server, await addProject(installation, administrator, names))
  const feed = await Feed.follow(installation)
  const servers = await Servers.start(installation, administrator)
  try {
    say('revoking')
    const delays: Delays[] = []
    for (let number = 0; number < REVOCATIONS; number += 1) {
      const leaver = await enrolMember(installation, administrator, owner, {
        project: PROJECT,
        user: `leaver${number}`,
      })
      delays.push(await delaysOf(installation, owner, leaver, { feed, servers }))
    }
    return figuresOf(delays)
  } finally {
    feed.close()
    await servers.stop()
    for (const connection of [administrator, owner]) connection.close()
  }
}

function figuresOf(delays: readonly Delays[]): readonly Figure[] {
  const figures = (name: string, values: readonly number[], value: number): readonly Figure[] => [
    { name: `${name}, median`, value: median(values), unit: 'ms' },
    { name: `${name}, 99th percentile`, value: quantile(values, 0.99), unit: 'ms', target: { kind: 'at-most', value } },
  ]
  return [
    ...figures(
      'refused in the process',
      delays.map((delay) => delay.process),
      50,
    ),
    ...figures(
      'told by the feed',
      delays.map((delay) => delay.feed),
      1000,
    ),
    ...figures(
      'refused by nginx',
      delays.map((delay) => delay.nginx),
      2500,
    ),
  ]
}

async function delaysOf(
  { server }: BenchInstallation,
  owner: Connection,
  leaver: Enrolled,
  { feed, servers }: { readonly feed: Feed; readonly servers: Servers },
): Promise<Delays> {
  const caller = await Connection.open(server, leaver)
  const me = encodeRequest('GET', '/v1/me')
  if ((await caller.send(me)).status !== 200 || (await servers.visit(leaver)) !== 200) throw new Error('not let in')
  await owner.ask('POST', `/v1/certificates/${leaver.serial}/revoke`, { reason: 'superseded' })
  const answered = performance.now()
  const since = (at: number): number => Math.max(0, at - answered)
  const [inProcess, byFeed, byNginx] = await Promise.all([
    until(async () => (await caller.send(me)).status !== 200, 0).then(since),
    feed.told(leaver.serial).then(since),
    until(async () => (await servers.visit(leaver)) !== 200, LOOK_MILLISECONDS).then(since),
  ])
  caller.close()
  return { process: inProcess, feed: byFeed, nginx: byNginx }
}

/** Gives the instant at which it held. */
async function until(holds: () => Promise<boolean>, pauseMilliseconds: number): Promise<number> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > GIVE_UP_MILLISECONDS) throw new Error('a revocation is not felt')
    await new Promise((look) => setTimeout(look, pauseMilliseconds))
  }
  return performance.now()
}

/** A consumer of server-sent events. */
class Feed {
  readonly #seen = new Map<string, number>()
  readonly #waiting = new Map<string, (at: number) => void>()
  readonly close: () => void

  private constructor(close: () => void) {
    this.close = close
  }

  static follow({ server }: BenchInstallation): Promise<Feed> {
    return new Promise((followed, failed) => {
      const options = { host: '127.0.0.1', port: server.port, ca: server.ca, servername: 'localhost' }
      const path = '/v1/revocations'
      const asked = request({ ...options, path, headers: { accept: 'text/event-stream' } }, (answer) => {
        const feed = new Feed(() => asked.destroy())
        answer.setEncoding('utf8').on('data', (text: string) => feed.#take(text))
        answer.on('error', () => undefined)
        followed(feed)
      })
      asked.on('error', failed)
      asked.end()
    })
  }

  told(serial: string): Promise<number> {
    const seen = this.#seen.get(serial)
    return seen === undefined ? new Promise((told) => this.#waiting.set(serial, told)) : Promise.resolve(seen)
  }

  #take(text: string): void {
    const at = performance.now()
    for (const [, serial = ''] of text.matchAll(/"serial":"([0-9a-f]+)"/g)) {
      this.#seen.set(serial, at)
      this.#waiting.get(serial)?.(at)
    }
  }
}

/** nginx that asks for client certificates, and the watch that keeps its CRL file. */
class Servers {
  readonly #port: number
  readonly #ca: string
  readonly #children: readonly ChildProcess[]

  private constructor(port: number, ca: string, children: readonly ChildProcess[]) {
    this.#port = port
    this.#ca = ca
    this.#children = children
  }

  static async start({ folder, ports, server }: BenchInstallation, administrator: Connection): Promise<Servers> {
    const place = join(folder, 'nginx')
    mkdirSync(place)
    const put = (name: string, text: string): string => {
      writeFileSync(join(place, name), text, { mode: 0o600 })
      return join(place, name)
    }
    await administrator.ask('PUT', `/v1/services/${NAME}`, { systemUser: 'www-data' })
    const asked = makeRequest()
    const issued = await administrator.ask('POST', `/v1/services/${NAME}/certificates`, { csr: asked.pem })
    const { certificate, key } = identityOf(issued, asked.key)
    put('server.pem', certificate)
    put('server.key', key)
    const ca = put('ca.pem', server.ca)
    const port = await freePort()
    const hook = `[ ! -e ${join(place, 'pid')} ] || kill -HUP $(cat ${join(place, 'pid')})`
    const watch = spawnPinned(CLIENT_CORE, join(HOME, 'scripts', 'signet'), [
      ...['crl', 'watch', '--bundle', '--out', join(place, 'crls.pem'), '--exec', hook],
      ...['--ca', ca, '--url', `https://localhost:${ports.https}`],
    ])
    watch.stdout?.resume()
    await until(async () => existsSync(join(place, 'crls.pem')), LOOK_MILLISECONDS)
    const words = ['-p', place, '-e', join(place, 'log'), '-c', put('nginx.conf', configuration(place, port))]
    const nginx = spawn('nginx', words, { stdio: 'ignore' })
    const servers = new Servers(port, readFileSync(ca, 'utf8'), [watch, nginx])
    await until(async () => (await servers.visit()) !== 0, LOOK_MILLISECONDS)
    return servers
  }

  /** The status of one request on a connection of its own; 0: there was none. */
  visit(identity?: Enrolled): Promise<number> {
    const shown = identity === undefined ? {} : { cert: identity.certificate, key: identity.key }
    const options = { host: '127.0.0.1', port: this.#port, ca: this.#ca, servername: NAME, agent: false, ...shown }
    return new Promise((told) => {
      const asked = request({ ...options, path: '/' }, (answer) => {
        answer.resume().on('end', () => told(answer.statusCode ?? 0))
      })
      asked.on('error', () => told(0))
      asked.end()
    })
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      const ended = new Promise((done) => child.once('exit', done))
      if (child.exitCode === null && child.kill('SIGTERM')) await ended
    }
  }
}

function configuration(place: string, port: number): string {
  const at = (name: string): string => join(place, name)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${at(kind)};`)
  return `
    daemon off; worker_processes 1; pid ${at('pid')}; ${process.getuid?.() === 0 ? 'user root;' : ''}
    events { worker_connections 256; }
    http {
      access_log off; ${temporary.join(' ')}
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${at('server.pem')}; ssl_certificate_key ${at('server.key')};
        ssl_client_certificate ${at('ca.pem')}; ssl_crl ${at('crls.pem')};
        ssl_verify_client on; ssl_verify_depth 2; ssl_session_tickets off;
        location / { return 200; }
      }
    }`
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((found) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => found(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
