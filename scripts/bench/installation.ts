// A fresh installation in a temporary folder, and the service on it as a process of its own, as an operator runs it.
import { type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initialise } from '../../src/cli/init.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { type Configuration, readConfiguration } from '../../src/ops/configuration.ts'
import { makeRequest } from './certification-requests.ts'
import { Connection, type Identity, type Server } from './connection.ts'
import { HOME, SERVICE_CORE, spawnPinned } from './pinned.ts'

/** An identity with the serial number of its certificate. */
export interface Enrolled extends Identity {
  readonly serial: string
}

export interface Ports {
  readonly https: number
  readonly http: number
  readonly operations: number
  readonly grpc: number
}

export class BenchInstallation {
  readonly folder: string
  readonly configuration: Configuration
  readonly ports: Ports
  readonly server: Server
  readonly administrator: Identity
  #service: ChildProcess | undefined

  private constructor(folder: string, configuration: Configuration, ports: Ports, server: Server, admin: Identity) {
    this.folder = folder
    this.configuration = configuration
    this.ports = ports
    this.server = server
    this.administrator = admin
  }

  private static async make(): Promise<BenchInstallation> {
    const folder = mkdtempSync(join(tmpdir(), 'signet-bench-'))
    const ports = await freePorts()
    const configuration = configurationIn(folder, ports)
    const { files } = await initialise(
      {
        configuration,
        rootFolder: join(folder, 'root'),
        rootPassphrase: 'only a benchmark',
        algorithm: 'ec-p256',
        administrator: 'root-admin',
        adminFolder: join(folder, 'admin'),
        adminPassphrase: 'only a benchmark',
      },
      () => undefined,
      systemClock,
    )
    const [ca, certificate, key] = [files.trust, files.certificate, files.key].map((file) => readFileSync(file, 'utf8'))
    if (ca === undefined || certificate === undefined || key === undefined) throw new Error('init left a file out')
    return new BenchInstallation(folder, configuration, ports, { port: ports.https, ca }, { certificate, key })
  }

  /** Makes one for as long as `measure` runs, and removes it whatever comes of that. */
  static async during<Result>(measure: (installation: BenchInstallation) => Promise<Result>): Promise<Result> {
    const installation = await BenchInstallation.make()
    try {
      return await measure(installation)
    } finally {
      await installation.close()
    }
  }

  get databasePath(): string {
    return join(this.folder, 'data', 'signet.db')
  }

  get configFile(): string {
    return configFileIn(this.folder)
  }

  /** The process number of the service; throws while it does not run. */
  get pid(): number {
    const pid = this.#service?.pid
    if (pid === undefined) throw new Error('the service does not run')
    return pid
  }

  /** Starts `signet serve`, alone on its core. Whoever has to wait until it is ready asks `/readyz`. */
  spawn(profileFolder?: string): void {
    if (profileFolder !== undefined) process.env['NODE_OPTIONS'] = `--cpu-prof --cpu-prof-dir=${profileFolder}`
    this.#service = spawnPinned(SERVICE_CORE, join(HOME, 'scripts', 'signet'), [
      'serve',
      '--config',
      configFileIn(this.folder),
    ])
    delete process.env['NODE_OPTIONS']
  }

  /** Starts the service and waits until it says that it is ready. */
  async serve(profileFolder?: string): Promise<void> {
    this.spawn(profileFolder)
    const service = this.#service
    await new Promise<void>((ready, failed) => {
      service?.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('ready:')) ready()
      })
      service?.once('exit', (status) => failed(new Error(`the service ended with ${String(status)}`)))
    })
  }

  async stop(): Promise<void> {
    const service = this.#service
    this.#service = undefined
    if (service === undefined || service.exitCode !== null) return
    const ended = new Promise((done) => service.once('exit', done))
    service.kill('SIGTERM')
    await ended
  }

  /** Stops the service and removes everything. */
  async close(): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  connectAdministrator(): Promise<Connection> {
    return Connection.open(this.server, this.administrator)
  }
}

/** A member of `project` with a certificate of its own, enrolled as members are. */
export async function enrolMember(
  { server }: BenchInstallation,
  administrator: Connection,
  owner: Connection,
  { project, user }: { readonly project: string; readonly user: string },
): Promise<Enrolled> {
  await administrator.ask('PUT', `/v1/users/${user}`, { platformRole: 'user' })
  await owner.ask('PUT', `/v1/projects/${project}/members/${user}`, { role: 'scientist' })
  return firstCertificate(server, owner, project, user)
}

/** A project with its owner; gives the owner's identity. */
export async function addProject(
  { server }: BenchInstallation,
  administrator: Connection,
  { project, owner }: { readonly project: string; readonly owner: string },
): Promise<Enrolled> {
  await administrator.ask('PUT', `/v1/users/${owner}`, { platformRole: 'user' })
  await administrator.ask('POST', '/v1/projects', { name: project, owner })
  return firstCertificate(server, administrator, project, owner)
}

async function firstCertificate(server: Server, by: Connection, project: string, user: string): Promise<Enrolled> {
  const member = `/v1/projects/${project}/members/${user}`
  const { token } = await by.ask('POST', `${member}/enrolment`)
  const anonymous = await Connection.open(server)
  const request = makeRequest()
  const answer = await anonymous.ask('POST', `${member}/certificates`, { csr: request.pem, enrolmentToken: token })
  anonymous.close()
  return identityOf(answer, request.key)
}

export function identityOf(answer: Readonly<Record<string, unknown>>, key: string): Enrolled {
  const { certificate, chain, serial } = answer
  return { certificate: String(certificate) + String(chain), key, serial: String(serial) }
}

function configurationIn(folder: string, { https, http, operations, grpc }: Ports): Configuration {
  const settings = {
    dataFolder: join(folder, 'data'),
    publicUrl: `https://localhost:${https}`,
    publicHttpUrl: `http://localhost:${http}`,
    trustDomain: 'bench.internal',
    masterKey: { file: join(folder, 'master.key') },
    listeners: {
      https: `127.0.0.1:${https}`,
      http: `127.0.0.1:${http}`,
      operations: `127.0.0.1:${operations}`,
      browser: 'off',
      grpc: `127.0.0.1:${grpc}`,
    },
  }
  // JSON is YAML.
  writeFileSync(configFileIn(folder), JSON.stringify(settings))
  return readConfiguration({ flags: {}, environment: {}, configFile: configFileIn(folder), workingFolder: folder })
}

function configFileIn(folder: string): string {
  return join(folder, 'signet.yaml')
}

/** Ports that were free a moment ago. */
async function freePorts(): Promise<Ports> {
  const servers = [createServer(), createServer(), createServer(), createServer()]
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((found) => {
          server.listen(0, '127.0.0.1', () => {
            const address = server.address()
            found(typeof address === 'object' && address !== null ? address.port : 0)
          })
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  const [https = 0, http = 0, operations = 0, grpc = 0] = ports
  return { https, http, operations, grpc }
}
