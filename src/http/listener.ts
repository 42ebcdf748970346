// The sockets behind the listeners: TLS settings, bounds on size and time, and a stop that finishes what was accepted.
import { getRequestListener } from '@hono/node-server'
import { randomBytes } from 'node:crypto'
import {
  createServer as createHttpServer,
  type RequestListener,
  type Server as HttpServer,
  type ServerOptions,
} from 'node:http'
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { ListenerUnavailable } from '../domain/listener-unavailable.ts'
import { Connections } from './connections.ts'
import type { First } from './first.ts'
import { secureContext, type TlsMaterial } from './tls-context.ts'
import { answerUnreadable, refuseUnserveable, refuseUnserved } from './unreadable-request.ts'

export interface ListenerLimits {
  readonly headerBytes: number
  readonly connections: number
  readonly requestSeconds: number
  readonly idleSeconds: number
}

export interface TlsOptions {
  readonly material: TlsMaterial
  /** `asked`: a client certificate is asked for and not required. */
  readonly clientCertificate: 'asked' | 'never'
  readonly sessionSeconds: number
}

// The adapter takes the place of `globalThis.Response` (its own subclass): a Response of Node's is a stream that is read
// back before it is sent, which costs more than the request's whole routing.
type Fetch = Parameters<typeof getRequestListener>[0]

/** What answers the requests of a listener. */
export interface Application {
  readonly fetch: Fetch
  /** Looks at each request before it. */
  readonly first?: First
}

export interface Listener {
  readonly port: number
  /** Only for TLS: new connections get it, those that are open keep what they have. What is shown already changes nothing. */
  replaceMaterial(material: TlsMaterial): void
  /** New ticket keys: sessions from before are not resumed. */
  rotateTicketKeys(): void
  /** Takes nothing new, and resolves when what was accepted is answered. */
  close(): Promise<void>
  /** Breaks off what is left. */
  destroy(): void
}

export interface Place {
  readonly host: string
  readonly port: number
}

export async function listenHttp(place: Place, application: Application, limits: ListenerLimits): Promise<Listener> {
  return start(createHttpServer(serverOptions(limits)), application, place, limits)
}

export async function listenHttps(
  place: Place,
  application: Application,
  limits: ListenerLimits,
  tls: TlsOptions,
): Promise<Listener> {
  const server = createHttpsServer({
    ...serverOptions(limits),
    ...secureContext(tls.material, tls.sessionSeconds),
    requestCert: tls.clientCertificate === 'asked',
    // The chain is judged by our own verifier, for every request: a handshake alert could not say why.
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: limits.requestSeconds * 1000,
  })
  const listener = await start(server, application, place, limits)
  return { ...listener, replaceMaterial: replacing(server, tls) }
}

/** The adapter answers for its own failures: its promise never rejects. */
function listenerOf({ fetch, first }: Application): RequestListener {
  const listener = getRequestListener(fetch, { errorHandler: refuseUnserveable })
  return (incoming, outgoing) => {
    // RFC 9112 §3.2: none is refused like two.
    if (incoming.headers.host === undefined) refuseUnserved(outgoing, 'request_ambiguous', { header: 'host' })
    else if (first === undefined) void listener(incoming, outgoing)
    else first(incoming, outgoing, () => void listener(incoming, outgoing))
  }
}

function serverOptions(limits: ListenerLimits): ServerOptions {
  return {
    maxHeaderSize: limits.headerBytes,
    requestTimeout: limits.requestSeconds * 1000,
    headersTimeout: limits.requestSeconds * 1000,
    keepAliveTimeout: limits.idleSeconds * 1000,
    connectionsCheckingInterval: 1000,
    // Without one a request is refused below, with a problem document.
    requireHostHeader: false,
  }
}

/** A new context has new ticket keys, so the same material again is left as it is. */
function replacing(server: HttpsServer, { material, sessionSeconds }: TlsOptions): Listener['replaceMaterial'] {
  let shown = material
  return (next) => {
    if (isDeepStrictEqual(next, shown)) return
    server.setSecureContext(secureContext(next, sessionSeconds))
    shown = next
  }
}

/** All that a server is asked. */
function serve(server: HttpServer, connections: Connections, answer: RequestListener): void {
  server.on('request', (incoming, outgoing) => {
    if (connections.admit(incoming, outgoing)) answer(incoming, outgoing)
  })
  server.on('checkExpectation', (incoming, outgoing) => {
    if (connections.admit(incoming, outgoing)) refuseUnserved(outgoing, 'expectation_unknown')
  })
  server.on('clientError', (error: Error, socket) => answerUnreadable(error, socket, connections.latestOn(socket)))
}

async function start(
  server: HttpServer | HttpsServer,
  application: Application,
  place: Place,
  limits: ListenerLimits,
): Promise<Listener> {
  server.maxConnections = limits.connections
  const connections = new Connections(server)
  serve(server, connections, listenerOf(application))
  // Neither reads nor writes: a client that asks and does not take the answer holds its connection no longer than this.
  server.timeout = limits.idleSeconds * 1000
  await new Promise<void>((listening, failed) => {
    server.once('error', (cause: Error) =>
      failed(new ListenerUnavailable({ host: place.host, port: place.port }, cause)),
    )
    server.listen(place.port, place.host, () => {
      server.removeAllListeners('error')
      listening()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    replaceMaterial: () => undefined,
    rotateTicketKeys: () => {
      if (server instanceof HttpsServer) server.setTicketKeys(randomBytes(48))
    },
    close: () => connections.close(),
    destroy: () => server.closeAllConnections(),
  }
}
