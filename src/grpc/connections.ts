// gRPC over sockets that somebody else has accepted. Each connection has a gRPC server object of its own, so that a call cannot
// be taken for another connection's: who asks is known to its handler, and is no part of the call.
import { type handleUnaryCall, Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js'
import type { Duplex } from 'node:stream'
import { MAX_BODY_BYTES } from '../proxies/body-model.ts'
import { MAX_HEADER_BYTES } from '../proxies/told-headers.ts'
import type { Asker } from '../proxies/told-call.ts'
import { checkHandler, type CheckParts } from './check.ts'
import { healthHandler } from './health.ts'
import {
  AUTHORIZATION,
  type CheckRequest,
  type CheckResponse,
  HEALTH,
  type HealthCheckRequest,
  type HealthCheckResponse,
} from './protocol.ts'

export interface GrpcServices extends CheckParts {
  readonly isReady: () => Promise<boolean>
}

export interface GrpcHandlers {
  /** Of a connection with `asker` at its other end. */
  readonly check: (asker: Asker) => handleUnaryCall<CheckRequest, CheckResponse | Buffer>
  readonly health: handleUnaryCall<HealthCheckRequest, HealthCheckResponse>
}

export function grpcHandlers(services: GrpcServices): GrpcHandlers {
  return { check: (asker) => checkHandler(services, asker), health: healthHandler(services.isReady) }
}

/** A body and headers as large as we read them, a certificate, and room for the rest of the message. */
const MAX_MESSAGE_BYTES = MAX_BODY_BYTES + MAX_HEADER_BYTES + 192 * 1024

const OPTIONS: ServerOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  /** Envoy opens another connection for more. */
  'grpc.max_concurrent_streams': 256,
  /** MiB that Node keeps for one connection's frames and headers; more of them are refused. */
  'grpc-node.max_session_memory': 32,
  /** A peer that does not answer pings is gone. Idle connections stay: one that is closed under a check refuses a caller. */
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.enable_channelz': 0,
}

export class GrpcConnections {
  readonly #handlers: GrpcHandlers
  readonly #servers = new Set<Server>()
  #closing: Promise<void> | undefined

  constructor(handlers: GrpcHandlers) {
    this.#handlers = handlers
  }

  /** Serves gRPC on `socket`, for as long as it is open. */
  serve(socket: Duplex, asker: Asker): void {
    if (this.#closing !== undefined) {
      socket.destroy()
      return
    }
    const server = new Server(OPTIONS)
    server.addService(AUTHORIZATION, { Check: this.#handlers.check(asker) })
    server.addService(HEALTH, { Check: this.#handlers.health })
    this.#servers.add(server)
    socket.once('close', () => {
      this.#servers.delete(server)
      server.forceShutdown()
    })
    server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(socket)
  }

  /** Takes no new call, and resolves when those that were accepted are answered. */
  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#servers].map(closed)).then(() => undefined)
    return this.#closing
  }

  destroy(): void {
    for (const server of this.#servers) server.forceShutdown()
  }
}

function closed(server: Server): Promise<void> {
  // What cannot be closed any more is closed.
  return new Promise((done) => server.tryShutdown(() => done()))
}
