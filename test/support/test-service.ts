// A real installation and a real service for tests: `init` into a temporary folder, the service on free ports of loopback,
// and clients that speak to it over TLS with the certificates it issued. Nothing is mocked.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initialise, type InitResult } from '../../src/cli/init.ts'
import type { AccessRules } from '../../src/domain/access-policy.ts'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import type { KeyAlgorithmName } from '../../src/domain/key-algorithm.ts'
import { type RunningService, startService } from '../../src/main.ts'
import { type Configuration, parseConfiguration } from '../../src/ops/configuration.ts'
import type { Flags } from '../../src/ops/settings.ts'
import { makeCsr, type MadeCsr } from './csr.ts'
import { type Answer, type ClientIdentity, type Request, send } from './https-client.ts'

export interface TestServiceOptions {
  /** `postgres://…`; default SQLite in the folder. */
  readonly database?: string
  readonly algorithm?: KeyAlgorithmName
  readonly clock?: Clock
  /** The listener for people is off without. */
  readonly browser?: 'on'
  /** Likewise that for Envoy. */
  readonly grpc?: 'on'
  readonly flags?: Flags
}

export interface Certified extends ClientIdentity {
  readonly serial: string
  readonly answer: Record<string, unknown>
}

export class TestService {
  readonly folder: string
  readonly configuration: Configuration
  readonly init: InitResult
  readonly ca: string
  readonly admin: ClientIdentity
  readonly clock: Clock
  /** The first owner of each project that was added here. */
  readonly #owners = new Map<string, Certified>()
  #running: RunningService | undefined

  private constructor(
    folder: string,
    configuration: Configuration,
    init: InitResult,
    clock: Clock,
    running: RunningService,
  ) {
    this.folder = folder
    this.configuration = configuration
    this.init = init
    this.clock = clock
    this.ca = readFileSync(init.files.trust, 'utf8')
    this.admin = {
      certificate: readFileSync(init.files.certificate, 'utf8'),
      key: readFileSync(init.files.key, 'utf8'),
    }
    this.#running = running
  }

  static async start(options: TestServiceOptions = {}): Promise<TestService> {
    const folder = mkdtempSync(join(tmpdir(), 'signet-service-'))
    const clock = options.clock ?? systemClock
    const [https, http, operations, browser, grpc] = await freePorts(5)
    const configuration = parseConfiguration({
      environment: {},
      file: undefined,
      workingFolder: folder,
      flags: {
        dataFolder: join(folder, 'data'),
        publicUrl: `https://localhost:${String(https)}`,
        publicHttpUrl: `http://localhost:${String(http)}`,
        trustDomain: 'test.internal',
        'masterKey.file': join(folder, 'master.key'),
        'listeners.https': `127.0.0.1:${String(https)}`,
        'listeners.http': `127.0.0.1:${String(http)}`,
        'listeners.browser': options.browser === 'on' ? `127.0.0.1:${String(browser)}` : 'off',
        'listeners.grpc': options.grpc === 'on' ? `127.0.0.1:${String(grpc)}` : 'off',
        'listeners.operations': `127.0.0.1:${String(operations)}`,
        logLevel: 'fatal',
        // Tables of refusals come from one address, many in a second; the limits have tests of their own.
        'limits.credentialFailures': 1_000_000,
        'limits.addressFailures': 1_000_000,
        ...(options.database === undefined ? {} : { database: options.database }),
        ...options.flags,
      },
    })
    const init = await initialise(
      {
        configuration,
        rootFolder: join(folder, 'root'),
        rootPassphrase: 'correct horse battery staple',
        algorithm: options.algorithm ?? 'ec-p256',
        administrator: 'root-admin',
        adminFolder: join(folder, 'admin'),
        adminPassphrase: randomBytes(12).toString('hex'),
      },
      () => undefined,
      clock,
    )
    const running = await startService(configuration, clock)
    return new TestService(folder, configuration, init, clock, running)
  }

  get rootFolder(): string {
    return join(this.folder, 'root')
  }

  get rootPassphrase(): string {
    return 'correct horse battery staple'
  }

  get url(): string {
    return this.configuration.publicUrl
  }

  get browserUrl(): string {
    return this.configuration.publicBrowserUrl
  }

  get httpUrl(): string {
    return this.configuration.publicHttpUrl
  }

  /** Host and port of the gRPC listener. */
  get grpcTarget(): string {
    return `localhost:${String(this.#running?.ports.grpc)}`
  }

  get operationsUrl(): string {
    return `http://127.0.0.1:${String(this.#running?.ports.operations)}`
  }

  /** One request over HTTPS; without an identity no client certificate is shown. */
  send(request: Request, identity?: ClientIdentity): Promise<Answer> {
    return send({ url: this.url, ca: this.ca, ...(identity === undefined ? {} : { identity }) }, request)
  }

  post(path: string, body: unknown, identity?: ClientIdentity, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send({ method: 'POST', path, body, headers }, identity)
  }

  put(path: string, body: unknown, identity?: ClientIdentity): Promise<Answer> {
    return this.send({ method: 'PUT', path, body }, identity)
  }

  get(path: string, identity?: ClientIdentity): Promise<Answer> {
    return this.send({ method: 'GET', path }, identity)
  }

  async addUser(name: string, platformRole: 'user' | 'admin' = 'user'): Promise<void> {
    expectStatus(await this.put(`/v1/users/${name}`, { platformRole }, this.admin), 201)
  }

  /** A project with a new user as its owner, and the owner's certificate. */
  async addProject(name: string, owner: string): Promise<Certified> {
    await this.addUser(owner)
    expectStatus(await this.post('/v1/projects', { name, owner }, this.admin), 201)
    const certifiedOwner = await this.enrol(name, owner, this.admin)
    this.#owners.set(name, certifiedOwner)
    return certifiedOwner
  }

  /** A new user as a member, added by an owner, with a certificate. */
  async addMember(
    project: string,
    user: string,
    owner: ClientIdentity,
    role: 'owner' | 'scientist' = 'scientist',
  ): Promise<Certified> {
    await this.addUser(user)
    expectStatus(await this.put(`/v1/projects/${project}/members/${user}`, { role }, owner), 201)
    return this.enrol(project, user, owner)
  }

  async enrolmentToken(project: string, user: string, by: ClientIdentity): Promise<string> {
    const made = await this.post(`/v1/projects/${project}/members/${user}/enrolment`, undefined, by)
    return String(expectStatus(made, 201).json['token'])
  }

  async enrol(project: string, user: string, by: ClientIdentity): Promise<Certified> {
    const enrolmentToken = await this.enrolmentToken(project, user, by)
    const csr = await makeCsr()
    const answer = await this.post(`/v1/projects/${project}/members/${user}/certificates`, {
      csr: csr.pem,
      enrolmentToken,
    })
    return certified(answer, csr)
  }

  async addService(
    name: string,
    settings: { systemUser?: string; roles?: string[]; projects?: string[]; dnsNames?: string[] } = {},
  ): Promise<Certified> {
    const body = { systemUser: 'svc', ...settings }
    expectStatus(await this.put(`/v1/services/${name}`, body, this.admin), 200)
    const csr = await makeCsr()
    return certified(await this.post(`/v1/services/${name}/certificates`, { csr: csr.pem }, this.admin), csr)
  }

  /** Lets the service serve the project, and declares the deployment as the project's first owner. */
  async addDeployment(
    name: string,
    settings: { project: string; host: string; service: string; serviceCallers?: string[] },
  ): Promise<void> {
    const path = `/v1/services/${settings.service}`
    const service = expectStatus(await this.get(path, this.admin), 200).json
    const projects = [...new Set([...(service['projects'] as string[]), settings.project])]
    const { systemUser, roles, dnsNames } = service
    expectStatus(await this.put(path, { systemUser, roles, dnsNames, projects }, this.admin), 200)
    const owner = this.#owners.get(settings.project)
    expectStatus(await this.put(`/v1/deployments/${name}`, settings, owner), 200)
  }

  /** What the operator's file says of access from now on, as SIGHUP has it read again. */
  govern(rules: Partial<AccessRules>): void {
    const { access } = this.configuration
    this.#running?.govern({ ...this.configuration, access: { ...access, rules: { ...access.rules, ...rules } } })
  }

  /** Graceful stop; the folder stays, so that `restart` finds everything. */
  async stop(): Promise<void> {
    await this.#running?.stop()
    this.#running = undefined
  }

  /** `changes`: to the configuration, for this run. */
  async restart(changes: Partial<Configuration> = {}): Promise<void> {
    this.#running = await startService({ ...this.configuration, ...changes }, this.clock)
  }

  /** Stops and removes everything. */
  async close(): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The identity in an answer that holds a certificate. */
export function certified(answer: Answer, csr: MadeCsr): Certified {
  const { json } = expectStatus(answer, 201)
  return {
    certificate: String(json['certificate']) + String(json['chain']),
    key: csr.key,
    serial: String(json['serial']),
    answer: json,
  }
}

export function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status !== status)
    throw new Error(`expected ${String(status)}, got ${String(answer.status)}: ${answer.text}`)
  return answer
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
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
  return ports
}
