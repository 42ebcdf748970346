// What the tests of `signet doctor` share: a caller, a revoked certificate, a decision and a model server, and between them a real
// proxy with its configuration of docs/deploy, as it is or with something turned.
import { X509Certificate } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import type { HostileWorld } from '../../src/cli/doctor/hostile/hostile-request.ts'
import { type Outcome, signet } from '../cli/command-line.ts'
import { ModelServer } from '../support/model-server.ts'
import { type Certified, freePorts } from '../support/test-service.ts'
import { forgeBelowCopy, makeSelfSigned } from './forged.ts'
import { closeProxyWorld, PROXY_KINDS, startProxyWorld } from './proxy-chain.ts'
import { StandInDecision } from './stand-in-decision.ts'
import { type IdentityFiles, splitPem, type World } from './world.ts'

export type PatientName = 'nginx' | 'caddy'

interface Told {
  readonly trap: number
  readonly name: string
  readonly why: string
}

/** What `--json` prints. */
export interface Diagnosed {
  readonly grade: string
  readonly kind: string
  readonly asked: number
  readonly letThrough: readonly (Told & { readonly configure: string })[]
  readonly notProvable: readonly Told[]
  readonly failed: readonly Told[]
  readonly notAsked: Readonly<Record<string, number>>
}

export type Turn = (configuration: string) => string

/** Throws where there is nothing to replace: the file and its test have parted. */
export function replaced(...turns: readonly (readonly [from: RegExp, to: string])[]): Turn {
  return (configuration) =>
    turns.reduce((text, [from, to]) => {
      if (text.search(from) < 0) throw new Error(`nothing there is ${String(from)}`)
      return text.replace(from, to)
    }, configuration)
}

export interface Patient {
  ask(...more: readonly string[]): Promise<Outcome>
  stop(): Promise<void>
}

export class Clinic {
  readonly #name: PatientName
  readonly #world: World
  readonly #model: ModelServer
  readonly #decision: StandInDecision
  readonly #caller: IdentityFiles
  readonly #revoked: IdentityFiles
  readonly #edge: IdentityFiles
  #count = 0

  private constructor(
    name: PatientName,
    world: World,
    parts: {
      readonly model: ModelServer
      readonly decision: StandInDecision
      readonly identities: readonly [caller: Certified, revoked: Certified, edge: Certified]
    },
  ) {
    const [caller, revoked, edge] = parts.identities
    this.#name = name
    this.#world = world
    this.#model = parts.model
    this.#decision = parts.decision
    this.#caller = world.writeIdentity('caller', caller)
    this.#revoked = world.writeIdentity('revoked', revoked)
    this.#edge = world.writeIdentity('edge', edge)
  }

  static async open(name: PatientName): Promise<Clinic> {
    const world = await startProxyWorld()
    const revoked = world.alice
    await world.revoke(revoked)
    const caller = await world.service.enrol('vision', 'alice', world.service.admin)
    const names = { systemUser: 'www-data', dnsNames: hostsOf(name) }
    const edge = await world.service.addService(`${name}.internal`, names)
    const hostile = await hostileWorld(name, caller)
    const decision = await StandInDecision.start(world, {
      dialect: name,
      hostile,
      revoked: [derOf(revoked.certificate)],
    })
    const model = await ModelServer.start()
    return new Clinic(name, world, { model, decision, identities: [caller, revoked, edge] })
  }

  /** `MODEL` in what is turned becomes the model server's address. */
  async admit(turned: Turn = (configuration) => configuration): Promise<Patient> {
    const [port = 0] = await freePorts(1)
    const folder = this.#world.at(`patient-${String((this.#count += 1))}`)
    mkdirSync(folder)
    const proxy = await PROXY_KINDS[this.#name].start({
      folder,
      hosts: hostsOf(this.#name),
      port,
      modelPort: this.#model.port,
      signet: this.#decision.address,
      certificate: this.#edge.chain,
      key: this.#edge.key,
      roots: this.#world.trust,
      turned: (configuration) => turned(configuration).replaceAll('MODEL', `127.0.0.1:${String(this.#model.port)}`),
    })
    return { ask: (...more) => this.#ask(port, more), stop: () => proxy.stop() }
  }

  #ask(port: number, more: readonly string[]): Promise<Outcome> {
    const [host = ''] = hostsOf(this.#name)
    const chain = ['--proxy', `https://${host}`, '--connect', `127.0.0.1:${String(port)}`, '--ca', this.#world.trust]
    const { chain: certificate, key } = this.#caller
    // A machine that is busy is no proxy that fails.
    const patience = ['--timeout', '1m', '--time', '10m']
    return signet(['doctor', ...patience, ...chain, '--client-cert', certificate, '--client-key', key, ...more])
  }

  /** A root of the same name with another key, as a file. */
  async foreignRoots(): Promise<string> {
    const issuer = String(await this.#world.fetchBytes('/pki/ca/users-1.pem'))
    const forged = await forgeBelowCopy({ root: this.#world.service.ca, issuer, dnsNames: [], below: 'nothing' })
    return this.#world.write('other-ca.pem', forged.root)
  }

  /** Options for all that the doctor can be told. */
  get history(): readonly string[] {
    const [, gateway = ''] = hostsOf(this.#name)
    return [
      ...['--gateway-host', gateway, '--model', 'llm-7b', '--other-model', 'llm-70b'],
      ...['--model-header', 'x-gateway-model-name'],
      ...['--revoked-cert', this.#revoked.chain, '--revoked-key', this.#revoked.key],
    ]
  }

  async close(): Promise<void> {
    await this.#decision.stop()
    await this.#model.stop()
    await closeProxyWorld(this.#world)
  }
}

/** A deployment's own, and a gateway's. */
function hostsOf(name: PatientName): string[] {
  return [`chat.${name}.internal`, `gateway.${name}.internal`]
}

async function hostileWorld(name: PatientName, { certificate }: Certified): Promise<HostileWorld> {
  const [host = '', gatewayHost = ''] = hostsOf(name)
  const [leaf = '', issuer = ''] = splitPem(certificate)
  return {
    host,
    otherHost: 'other.invalid',
    gatewayHost,
    path: '/echo',
    unprotectedPath: '/healthz',
    model: 'llm-7b',
    otherModel: 'llm-70b',
    modelHeader: 'x-gateway-model-name',
    actingUser: 'vision__alice',
    certificate: derOf(leaf),
    otherCertificate: derOf(leaf),
    foreignCertificate: derOf((await makeSelfSigned('vision__alice')).certificate),
    issuer: derOf(issuer),
    apiKey: 'AAAAAAAA.bbbbbbbbbbbbbbbb',
  }
}

/** Of the first certificate. */
function derOf(pem: string): Uint8Array {
  return new X509Certificate(pem).raw
}
