// How fast CRLs are served over plain HTTP, a short and a long one, against nginx that serves the same file: both on the same core, in
// turn, asked by the same clients.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { enrolLeavers } from './crl-million.ts'
import type { Downloaded, DownloadOrder } from './download-load.ts'
import { type BenchOptions, type Benchmark, type Figure, median } from './figure.ts'
import { BenchInstallation } from './installation.ts'
import { CLIENT_CORE, freePort, runPinned, SERVICE_CORE, spawnPinned } from './pinned.ts'
import { insertRevoked } from './revoked-certificates.ts'

const PATH = '/pki/crl/users-1.crl'
const GIVE_UP_MILLISECONDS = 10_000

interface Length {
  readonly name: string
  /** An entry has 50 octets. */
  readonly entries: number
  readonly connections: number
  readonly rounds: number
  readonly seconds: number
  readonly atLeast: number
}

const SHORT: Length = { name: '36 KB', entries: 720, connections: 16, rounds: 16, seconds: 1, atLeast: 0.45 }
const LONG: Length = { name: '40 MB', entries: 800_000, connections: 2, rounds: 11, seconds: 2, atLeast: 1 }

export const crlDownloads: Benchmark = {
  name: 'crl-downloads',
  measures: 'CRLs of 36 KB and of 40 MB over plain HTTP, in turn with nginx that serves the same file on the same core',
  run: async (options) => {
    const figures: Figure[] = []
    for (const length of [SHORT, LONG]) {
      figures.push(...(await BenchInstallation.during((installation) => measure(installation, length, options))))
    }
    return figures
  },
}

async function measure(installation: BenchInstallation, length: Length, options: BenchOptions): Promise<Figure[]> {
  options.say(`filling the database with ${String(length.entries)}`)
  await installation.serve()
  const [leaver = ''] = await enrolLeavers(installation, 1)
  await installation.stop()
  insertRevoked(installation.databasePath, length.entries)
  await installation.serve(options.profileFolder)
  const crl = await publishedWith(installation, leaver)
  const { http } = installation.ports
  const nginx = await Nginx.start(installation.folder, crl)
  try {
    options.say(`downloading ${String(crl.length)} octets`)
    const order: DownloadOrder = {
      targets: [
        { port: http, path: PATH, pid: installation.pid },
        { port: nginx.port, path: '/users-1.crl', pid: nginx.pid },
      ],
      connections: length.connections,
      rounds: length.rounds,
      seconds: length.seconds,
    }
    return figuresOf(length, crl.length, await runPinned<Downloaded[][]>(CLIENT_CORE, 'download-load.ts', order))
  } finally {
    await nginx.stop()
  }
}

/** What was written behind the service's back is in the CRL with the next revocation. */
async function publishedWith(installation: BenchInstallation, serial: string): Promise<Buffer> {
  const administrator = await installation.connectAdministrator()
  await administrator.ask('POST', `/v1/certificates/${serial}/revoke`, { reason: 'superseded' })
  administrator.close()
  const giveUp = performance.now() + GIVE_UP_MILLISECONDS
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${String(installation.ports.http)}${PATH}`)
    const crl = Buffer.from(await answer.arrayBuffer())
    if (crl.includes(Buffer.from(serial, 'hex'))) return crl
    if (performance.now() > giveUp) throw new Error('the revocation does not come into the CRL')
    await new Promise((look) => setTimeout(look, 100))
  }
}

function figuresOf({ name, atLeast }: Length, octets: number, rounds: readonly (readonly Downloaded[])[]): Figure[] {
  const rates = (target: number): readonly number[] =>
    rounds.map((round) => (round[target]?.files ?? 0) / (round[target]?.seconds ?? 1))
  const milliseconds = (target: number): number =>
    median(rounds.map((round) => ((round[target]?.processorSeconds ?? 0) / (round[target]?.files ?? 1)) * 1000))
  const [ours, theirs] = [rates(0), rates(1)]
  const shares = ours.map((rate, round) => rate / (theirs[round] ?? NaN))
  return [
    { name: `${name}: files, median`, value: median(ours), unit: '/s' },
    { name: `${name}: throughput, median`, value: (median(ours) * octets) / 1024 ** 2, unit: 'MiB/s' },
    { name: `${name}: files by nginx, median`, value: median(theirs), unit: '/s' },
    { name: `${name}: share, median`, value: median(shares), unit: '', target: { kind: 'at-least', value: atLeast } },
    {
      name: `${name}: share, least and most`,
      value: Math.min(...shares),
      unit: `to ${Math.max(...shares).toFixed(2)}`,
    },
    { name: `${name}: processor time of one`, value: milliseconds(0), unit: 'ms' },
    { name: `${name}: processor time of one, nginx`, value: milliseconds(1), unit: 'ms' },
  ]
}

class Nginx {
  readonly port: number
  readonly pid: number
  readonly #ended: Promise<unknown>

  private constructor(port: number, pid: number, ended: Promise<unknown>) {
    this.port = port
    this.pid = pid
    this.#ended = ended
  }

  static async start(folder: string, file: Buffer): Promise<Nginx> {
    if (spawnSync('nginx', ['-v']).status !== 0) throw new Error('there is no nginx here')
    const place = join(folder, 'nginx')
    mkdirSync(place)
    writeFileSync(join(place, 'users-1.crl'), file)
    const port = await freePort()
    writeFileSync(join(place, 'nginx.conf'), configuration(place, port))
    const words = ['-p', place, '-e', join(place, 'log'), '-c', join(place, 'nginx.conf')]
    const child = spawnPinned(SERVICE_CORE, 'nginx', words)
    const ended = new Promise((done) => child.once('exit', done))
    const nginx = new Nginx(port, child.pid ?? 0, ended)
    const giveUp = performance.now() + GIVE_UP_MILLISECONDS
    while (!(await isServing(port))) {
      if (performance.now() > giveUp) throw new Error('nginx does not serve')
      await new Promise((look) => setTimeout(look, 20))
    }
    return nginx
  }

  async stop(): Promise<void> {
    process.kill(this.pid, 'SIGTERM')
    await this.#ended
  }
}

function isServing(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${String(port)}/users-1.crl`, { method: 'HEAD' }).then(
    (answer) => answer.status === 200,
    () => false,
  )
}

/** One process, that sends files as fast as it can: with sendfile, and whole packets. */
function configuration(place: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(place, kind)};`,
  )
  return `
    daemon off; master_process off; pid ${join(place, 'pid')};
    events { worker_connections 256; }
    http {
      access_log off; ${temporary.join(' ')}
      sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000; open_file_cache max=10;
      types { application/pkix-crl crl; }
      server { listen 127.0.0.1:${String(port)}; root ${place}; }
    }`
}
