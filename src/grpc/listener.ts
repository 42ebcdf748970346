// The sockets behind the gRPC listener. Over TLS a client certificate is asked for, and whoever shows none that our CAs have
// signed is not listened to: a proxy shows its service's. Whether that holds today, and what the proxy may ask about, is judged for
// each call (step 0), so that a revoked one is refused on a connection that it has open. What TLS thinks of it counts for
// nothing. RFC 9113 §3.2 (over TLS `h2` alone).
//
// Over a Unix socket there is no certificate: who may open the file is the proxy that the configuration names.
import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type SecureContextOptions, type TLSSocket } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import { ListenerUnavailable } from '../domain/listener-unavailable.ts'
import { GrpcConnections, type GrpcHandlers } from './connections.ts'
import { removeStaleSocket } from './stale-socket.ts'

export interface GrpcLimits {
  readonly connections: number
  /** For the TLS handshake. */
  readonly requestSeconds: number
}

/** Over a Unix socket. */
export interface GrpcSocketListener {
  /** Takes nothing new, and resolves when what was accepted is answered. */
  close(): Promise<void>
  /** Breaks off what is left. */
  destroy(): void
}

export interface GrpcListener extends GrpcSocketListener {
  readonly port: number
  /** New connections get it, those that are open keep what they have. What is shown already changes nothing. */
  replaceContext(context: SecureContextOptions): void
  /** New ticket keys: sessions from before are not resumed. */
  rotateTicketKeys(): void
}

export interface GrpcTls {
  readonly context: SecureContextOptions
  /** Why this is not a certificate that our CAs have signed; undefined if it is. */
  readonly refusalOf: (certificate: Uint8Array) => string | undefined
  /** Somebody who showed no certificate of ours, and was not listened to. */
  readonly turnedAway: (address: string, reason: string) => void
}

/** Throws `ListenerUnavailable`. */
export async function listenGrpc(
  place: { readonly host: string; readonly port: number },
  handlers: GrpcHandlers,
  limits: GrpcLimits,
  tls: GrpcTls,
): Promise<GrpcListener> {
  const connections = new GrpcConnections(handlers)
  const server = createTlsServer({
    ...tls.context,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    handshakeTimeout: limits.requestSeconds * 1000,
  })
  server.on('secureConnection', (socket) => serveProxy(socket, connections, tls))
  const { port } = await listening(server, place, limits)
  let shown = tls.context
  return {
    ...listenerOf(server, connections),
    port,
    replaceContext: (next) => {
      // A new context has new ticket keys.
      if (isDeepStrictEqual(next, shown)) return
      server.setSecureContext(next)
      shown = next
    },
    rotateTicketKeys: () => server.setTicketKeys(randomBytes(48)),
  }
}

/** `service`: the one under which the proxy on the other side is registered. Throws `ListenerUnavailable`. */
export async function listenGrpcSocket(
  { path, service }: { readonly path: string; readonly service: string },
  handlers: GrpcHandlers,
  limits: GrpcLimits,
): Promise<GrpcSocketListener> {
  const connections = new GrpcConnections(handlers)
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    connections.serve(socket, { kind: 'registered', service })
  })
  await removeStaleSocket(path)
  await listening(server, { path }, limits)
  return listenerOf(server, connections)
}

function serveProxy(socket: TLSSocket, connections: GrpcConnections, { refusalOf, turnedAway }: GrpcTls): void {
  // A reset is nothing that anybody has to hear of.
  socket.on('error', () => socket.destroy())
  const shown = socket.getPeerX509Certificate()
  const refusal = shown === undefined ? 'CREDENTIAL_MISSING' : refusalOf(shown.raw)
  if (shown !== undefined && refusal === undefined && socket.alpnProtocol === 'h2') {
    socket.setNoDelay(true)
    connections.serve(socket, { kind: 'proxy', certificate: shown.raw })
    return
  }
  turnedAway(socket.remoteAddress ?? '', refusal ?? 'not HTTP/2')
  socket.destroy()
}

type Place = { readonly host: string; readonly port: number } | { readonly path: string }

/** Owner and group may connect; the file is there only once it has this mode. */
const SOCKET_MASK = 0o117

function listening(server: Server, place: Place, { connections }: GrpcLimits): Promise<{ readonly port: number }> {
  server.maxConnections = connections
  return new Promise((opened, failed) => {
    server.once('error', (cause: Error) => failed(new ListenerUnavailable({ ...place }, cause)))
    const mask = process.umask(SOCKET_MASK)
    try {
      server.listen(place, () => {
        server.removeAllListeners('error')
        const address = server.address()
        opened({ port: typeof address === 'object' && address !== null ? address.port : 0 })
      })
    } finally {
      process.umask(mask)
    }
  })
}

function listenerOf(server: Server, connections: GrpcConnections): GrpcSocketListener {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return {
    close: async () => {
      const ended = new Promise<void>((done) => server.close(() => done()))
      await connections.close()
      // Only those are left that were still shaking hands.
      for (const socket of sockets) socket.destroy()
      await ended
    },
    destroy: () => {
      connections.destroy()
      for (const socket of sockets) socket.destroy()
    },
  }
}
