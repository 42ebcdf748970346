// The listeners of the service. Those over TLS show the same certificate, which is replaced on all of them at once: also on
// one that is just being opened.
import type { ServerCertificate } from '../enrollment/server-certificate.ts'
import { apiApp, browserApp, publicApp } from '../http/app.ts'
import { crlDownloads } from '../http/crl-downloads.ts'
import { decisionsFirst } from '../http/decisions-first.ts'
import { inTurn } from '../http/first.ts'
import { ocspFirst } from '../http/ocsp-first.ts'
import type { GrpcServices } from '../grpc/connections.ts'
import type { GrpcTls } from '../grpc/listener.ts'
import { type Application, type Listener, listenHttp, listenHttps, type TlsOptions } from '../http/listener.ts'
import { operationsApp } from '../http/operations-app.ts'
import type { ApiParts } from '../http/parts.ts'
import { secureContext, type TlsMaterial } from '../http/tls-context.ts'
import type { Endpoint, OptionalEndpoint } from '../ops/endpoint.ts'
import type { Shutdown } from '../ops/shutdown.ts'
import { encodePem } from '../x509/pem.ts'
import type { OpenInstallation } from './installation.ts'
import type { Monitoring } from './monitoring.ts'

/** What proxies are answered by, and who is listened to. */
type ProxyServices = GrpcServices & Omit<GrpcTls, 'context'>

/** The ports in use; `undefined` for a listener that is off. */
export interface Ports {
  readonly https: number
  readonly browser: number | undefined
  readonly http: number
  readonly grpc: number | undefined
  readonly operations: number | undefined
}

export class Listeners {
  readonly #opened: OpenInstallation
  readonly #shutdown: Shutdown
  readonly #secure: Pick<Listener, 'replaceMaterial' | 'rotateTicketKeys'>[] = []
  #material: TlsMaterial

  constructor(opened: OpenInstallation, certificate: ServerCertificate, shutdown: Shutdown) {
    this.#opened = opened
    this.#shutdown = shutdown
    this.#material = materialOf(opened, certificate)
  }

  /** Opens those that the configuration asks for. Throws `ListenerUnavailable`; the shutdown closes what was opened before. */
  async open(api: ApiParts, inside: Monitoring): Promise<Ports> {
    const proxies = this.#proxyServices(api, inside)
    const { https, http, browser, grpc, grpcSocket, operations } = this.#opened.configuration.listeners
    if (grpcSocket !== undefined) await this.#openGrpcSocket(grpcSocket, proxies)
    const published = inTurn(ocspFirst(api), crlDownloads(api))
    const programs = { fetch: apiApp(api).fetch, first: inTurn(decisionsFirst(api), published) }
    return {
      https: await this.#openHttps('https', https, programs, 'asked'),
      http: await this.#openHttp('http', http, { fetch: publicApp(api).fetch, first: published }),
      browser: await unlessOff(browser, (place) => this.#openHttps('browser', place, browserApp(api), 'never')),
      grpc: await unlessOff(grpc, (place) => this.#openGrpc(place, proxies)),
      operations: await unlessOff(operations, (place) => this.#openHttp('operations', place, operationsApp(inside))),
    }
  }

  /** Connections that are open keep the certificate that they were shown. */
  show(certificate: ServerCertificate): void {
    this.#material = materialOf(this.#opened, certificate)
    for (const listener of this.#secure) listener.replaceMaterial(this.#material)
  }

  rotateTicketKeys(): void {
    for (const listener of this.#secure) listener.rotateTicketKeys()
  }

  async #openHttps(
    name: string,
    place: Endpoint,
    application: Application,
    clientCertificate: TlsOptions['clientCertificate'],
  ): Promise<number> {
    const { limits, tls } = this.#opened.configuration
    const options = { material: this.#material, clientCertificate, sessionSeconds: tls.sessionSeconds }
    const listener = await listenHttps(place, application, limits, options)
    // A new certificate may have come while the socket was being opened.
    listener.replaceMaterial(this.#material)
    this.#secure.push(listener)
    return this.#closedAtTheEnd(name, listener)
  }

  async #openHttp(name: string, place: Endpoint, application: Application): Promise<number> {
    return this.#closedAtTheEnd(name, await listenHttp(place, application, this.#opened.configuration.limits))
  }

  #proxyServices(api: ApiParts, monitoring: Monitoring): ProxyServices {
    return {
      desk: api.calls,
      answerSeconds: this.#opened.configuration.limits.requestSeconds,
      failed: (error) => monitoring.failed(error, 'grpc'),
      isReady: async () => (await api.readiness()).ready,
      refusalOf: (certificate) => {
        const facts = api.clientCertificates.verify(certificate)
        return facts.kind === 'refused' ? facts.reason : undefined
      },
      turnedAway: (address, reason) => monitoring.turnedAway(address, reason),
    }
  }

  async #openGrpc(place: Endpoint, proxies: ProxyServices): Promise<number> {
    const { limits, tls } = this.#opened.configuration
    const contextOf = (material: TlsMaterial) => secureContext(material, tls.sessionSeconds)
    const { listenGrpc, grpcHandlers } = await grpcModule()
    const listener = await listenGrpc(place, grpcHandlers(proxies), limits, {
      ...proxies,
      context: contextOf(this.#material),
    })
    const replaceMaterial = (material: TlsMaterial): void => listener.replaceContext(contextOf(material))
    replaceMaterial(this.#material)
    this.#secure.push({ replaceMaterial, rotateTicketKeys: () => listener.rotateTicketKeys() })
    this.#closeAtTheEnd('grpc', listener)
    return listener.port
  }

  async #openGrpcSocket(place: { path: string; service: string }, proxies: ProxyServices): Promise<void> {
    const { listenGrpcSocket, grpcHandlers } = await grpcModule()
    this.#closeAtTheEnd(
      'grpc socket',
      await listenGrpcSocket(place, grpcHandlers(proxies), this.#opened.configuration.limits),
    )
  }

  #closedAtTheEnd(name: string, listener: Listener): number {
    this.#closeAtTheEnd(name, listener)
    return listener.port
  }

  #closeAtTheEnd(name: string, listener: Pick<Listener, 'close' | 'destroy'>): void {
    this.#shutdown.add('listeners', { name, close: () => listener.close(), force: () => listener.destroy() })
  }
}

/** Only where it is listened to: it takes a fifth of a second to load. */
async function grpcModule() {
  return { ...(await import('../grpc/listener.ts')), ...(await import('../grpc/connections.ts')) }
}

async function unlessOff(
  endpoint: OptionalEndpoint,
  open: (place: Endpoint) => Promise<number>,
): Promise<number | undefined> {
  return endpoint.kind === 'off' ? undefined : open(endpoint)
}

function materialOf({ book }: OpenInstallation, { chain, privateKey }: ServerCertificate): TlsMaterial {
  return {
    certificateChain: chain,
    privateKey,
    clientAuthorities: book.all().map(({ issuer }) => encodePem('CERTIFICATE', issuer.certificate.der)),
  }
}
