// A whole chain: Signet, a model server, and a real proxy between it and its callers, with the configuration of docs/deploy.
import { mkdirSync, rmSync } from 'node:fs'
import type { Agent } from 'node:https'
import { type Answer, type ClientIdentity, type Request, send } from '../support/https-client.ts'
import { ModelServer } from '../support/model-server.ts'
import { expectStatus, freePorts } from '../support/test-service.ts'
import { startCaddy } from './caddy-server.ts'
import { startHaproxy } from './haproxy-server.ts'
import { startNginxProxy } from './nginx-proxy.ts'
import type { ProxyServer, ProxySetting, StartProxy } from './proxy-server.ts'
import { shortPolicyFolder } from './short-policy-oids.ts'
import { type IdentityFiles, World } from './world.ts'

export interface ProxyKind {
  readonly start: StartProxy
  /** In which header it vouches for certificates, as its registration says. */
  readonly certificateHeader: string
  /** Status while Signet does not answer. */
  readonly undecided: number
}

export const PROXY_KINDS = {
  nginx: { start: startNginxProxy, certificateHeader: 'nginx', undecided: 503 },
  caddy: { start: startCaddy, certificateHeader: 'caddy', undecided: 502 },
  haproxy: { start: startHaproxy, certificateHeader: 'haproxy', undecided: 503 },
} as const satisfies Record<string, ProxyKind>

/** What `access.gatewayPort` is where nobody says anything; not one for tests. */
const PORT_OF_HTTPS = 443

export type ProxyName = keyof typeof PROXY_KINDS

/** A world whose certificates every program reads, Debian's Caddy too. */
export function startProxyWorld(): Promise<World> {
  return World.start({ flags: { policyFolder: shortPolicyFolder() } })
}

export async function closeProxyWorld(world: World): Promise<void> {
  await world.close()
  rmSync(world.service.configuration.policyFolder ?? '', { recursive: true, force: true })
}

export class ProxyChain {
  readonly name: ProxyName
  readonly world: World
  readonly model: ModelServer
  readonly hosts: readonly [string, ...string[]]
  readonly port: number
  readonly #proxy: ProxyServer

  private constructor(
    world: World,
    model: ModelServer,
    { name, hosts, port, proxy }: Pick<ProxyChain, 'name' | 'hosts' | 'port'> & { readonly proxy: ProxyServer },
  ) {
    this.name = name
    this.world = world
    this.model = model
    this.hosts = hosts
    this.port = port
    this.#proxy = proxy
  }

  /** The proxy is a service with a host of its own, and no more: who needs it registered registers it. */
  static async start(world: World, name: ProxyName, furtherHosts: readonly string[] = []): Promise<ProxyChain> {
    const model = await ModelServer.start()
    const hosts = [hostOf(name), ...furtherHosts] as const
    const names = { systemUser: 'www-data', dnsNames: [...hosts] }
    const edge = world.writeIdentity(name, await world.service.addService(serviceOf(name), names))
    const port = await portOf(world)
    const proxy = await PROXY_KINDS[name].start(settingOf(world, hosts, edge, port, model.port))
    return new ProxyChain(world, model, { name, hosts, port, proxy })
  }

  get service(): string {
    return serviceOf(this.name)
  }

  get host(): string {
    return this.hosts[0]
  }

  /** A deployment of alice's project, which the proxy's own service serves; the settings are those of `PUT /v1/deployments/{d}`. */
  async expose(
    deployment: string,
    settings: { readonly host: string; readonly [name: string]: unknown },
  ): Promise<void> {
    const { service, alice } = this.world
    const path = `/v1/services/${this.service}`
    const { systemUser, roles, dnsNames } = expectStatus(await service.get(path, service.admin), 200).json
    const served = { systemUser, roles, dnsNames, projects: ['vision'] }
    expectStatus(await service.put(path, served, service.admin), 200)
    const wanted = { project: 'vision', service: this.service, ...settings }
    expectStatus(await service.put(`/v1/deployments/${deployment}`, wanted, alice), 200)
  }

  /** By an administrator, for these deployments. */
  async register(deployments: readonly string[]): Promise<void> {
    const { certificateHeader } = PROXY_KINDS[this.name]
    const wanted = { service: this.service, certificateHeader, deployments }
    const { service } = this.world
    expectStatus(await service.put(`/v1/proxies/${this.name}`, wanted, service.admin), 200)
  }

  /** One request through the proxy, to the host that it serves. */
  send(request: Request, identity?: ClientIdentity, agent?: Agent): Promise<Answer> {
    const url = `https://127.0.0.1:${String(this.port)}`
    const shown = { ...(identity === undefined ? {} : { identity }), ...(agent === undefined ? {} : { agent }) }
    const target = { url, ca: this.world.service.ca, ...shown }
    return send(target, { ...request, headers: { host: this.host, ...request.headers } })
  }

  /** The world is the starter's to close. */
  async stop(): Promise<void> {
    await this.#proxy.stop()
    await this.model.stop()
  }
}

const serviceOf = (name: ProxyName): string => `${name}.internal`
const hostOf = (name: ProxyName): string => `chat.${name}.internal`

/** Where the service tells callers that gateways are, if it was told. */
async function portOf({ service }: World): Promise<number> {
  const { gatewayPort } = service.configuration.access
  if (gatewayPort !== PORT_OF_HTTPS) return gatewayPort
  const [port = 0] = await freePorts(1)
  return port
}

function settingOf(
  world: World,
  hosts: readonly [string, ...string[]],
  edge: IdentityFiles,
  port: number,
  modelPort: number,
): ProxySetting {
  const folder = world.at(`proxy-${hosts[0]}`)
  mkdirSync(folder)
  const { host: signet } = new URL(world.service.url)
  return { folder, hosts, port, modelPort, signet, certificate: edge.chain, key: edge.key, roots: world.trust }
}
