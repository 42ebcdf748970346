// A PostgreSQL of our own for the tests: Debian's postgresql-15 in a temporary folder, on a free loopback port, with syncs
// as in production. It refuses to run as root, so for root it runs as `postgres`. It is stopped by its own process id.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

const BIN = '/usr/lib/postgresql/15/bin'

export interface PostgresCluster {
  /** Makes an empty database and gives its URL. */
  createDatabase(): Promise<string>
  /** Runs one statement as the superuser, in the database of `url` or in `postgres`. */
  query(sql: string, url?: string): Promise<readonly Record<string, unknown>[]>
  /** Kills the server as a power failure would its processes, and starts it again on the same data. */
  crash(): Promise<void>
  stop(): Promise<void>
}

export function postgresIsInstalled(): boolean {
  return existsSync(join(BIN, 'initdb'))
}

/** With `CI=true` a missing PostgreSQL is a failure and not a skip. */
export function postgresMayBeMissing(): boolean {
  return process.env['CI'] !== 'true'
}

export async function startPostgresCluster(): Promise<PostgresCluster> {
  const owner = ownerOfServer()
  const folder = mkdtempSync(join(tmpdir(), 'signet-pg-'))
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  execFileSync(join(BIN, 'initdb'), ['-D', data, '-U', 'signet', '-A', 'trust', '-E', 'UTF8', '--locale=C'], {
    ...owner,
    cwd: folder,
    stdio: 'pipe',
  })
  const port = await freePort()
  const url = (database: string) => `postgres://signet@127.0.0.1:${port}/${database}`
  const start = () => startServer(data, folder, port, owner, url('postgres'))
  let server = await start()
  let databases = 0
  const query = async (sql: string, at = url('postgres')) => {
    const client = new pg.Client({ connectionString: at })
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows
    } finally {
      await client.end()
    }
  }
  return {
    query,
    createDatabase: async () => {
      databases += 1
      await query(`create database signet_${databases}`)
      return url(`signet_${databases}`)
    },
    crash: async () => {
      await end(server, 'SIGQUIT')
      server = await start()
    },
    stop: async () => {
      await end(server, 'SIGINT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

function ownerOfServer(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

async function startServer(
  data: string,
  folder: string,
  port: number,
  owner: Owner | undefined,
  url: string,
): Promise<ChildProcess> {
  const settings = [`listen_addresses=127.0.0.1`, `port=${port}`, `unix_socket_directories=${folder}`, 'fsync=on']
  const flags = [...settings, 'deadlock_timeout=100ms', 'max_connections=60'].flatMap((setting) => ['-c', setting])
  const server = spawn(join(BIN, 'postgres'), ['-D', data, ...flags], { ...owner, cwd: folder, stdio: 'ignore' })
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (server.exitCode !== null) break
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      await client.end()
      return server
    } catch {
      await delay(50) // it is starting, or recovering
    }
  }
  server.kill('SIGQUIT')
  throw new Error('PostgreSQL did not start')
}

async function end(server: ChildProcess, signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = new Promise((resolve) => server.once('exit', resolve))
  server.kill(signal)
  await ended
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
