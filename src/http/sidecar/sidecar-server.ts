// The sidecar's listener: takes calls over mutual TLS, has the desk decide by the policy that this process holds, and passes on what
// may go on. It is one more caller of the same decision as Signet's own endpoints; nothing is decided here.
import { randomBytes } from 'node:crypto'
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent as TlsAgent, createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { CallAnswer } from '../../proxies/call-answer.ts'
import type { CallDesk } from '../../proxies/answer-call.ts'
import type { ToldCall } from '../../proxies/told-call.ts'
import type { Snapshot } from '../../access/snapshot.ts'
import { shownCertificate } from '../authenticate.ts'
import { clientAddressOf } from '../client-address.ts'
import { ListenerUnavailable } from '../../domain/listener-unavailable.ts'
import type { Place } from '../listener.ts'
import { makeRequestId } from '../request-id.ts'
import { secureContext, type TlsMaterial } from '../tls-context.ts'
import { isWithoutBody, readBegun } from './call-body.ts'
import { type Forwarded, type ForwardFault, forward, type Upstream } from './forward.ts'
import { asksForWebSocket, forwardUpgrade } from './forward-upgrade.ts'
import { OpenCalls } from './open-calls.ts'
import { pairsOf, passedOn } from './passed-on.ts'
import { targetWithout } from './without-credentials.ts'

export interface SidecarLimits {
  readonly headerBytes: number
  readonly connections: number
  /** To receive a request's head. */
  readonly headSeconds: number
  /** Without a byte in either direction. */
  readonly idleSeconds: number
  readonly upstreamSeconds: number
}

export const SIDECAR_LIMITS: SidecarLimits = {
  // Room for a chain in a header of the caller's own.
  headerBytes: 64 * 1024,
  connections: 10_000,
  headSeconds: 10,
  idleSeconds: 300,
  // A large model thinks for minutes before its first word.
  upstreamSeconds: 300,
}

export interface SidecarWatch {
  readonly passed: (status: number) => void
  readonly cut: (reason: string) => void
  /** Before the body was read: such a refusal is no decision of the desk's count. */
  readonly refused: (reason: string) => void
  readonly failed: (error: unknown) => void
}

export interface SidecarServerParts {
  readonly desk: CallDesk
  readonly snapshot: Snapshot
  readonly deployment: string
  readonly upstream: URL
  readonly limits: SidecarLimits
  readonly watch: SidecarWatch
}

/** SECURITY.md rule 36: an hour at most. */
const SESSION_SECONDS = 3600

export class SidecarServer {
  readonly #parts: SidecarServerParts
  readonly #server: Server
  readonly #upstream: Upstream
  readonly #agent: Agent
  readonly #open: OpenCalls
  /** Connections that were taken over: the server does not know them any more. */
  readonly #upgraded = new Set<Duplex>()

  private constructor(parts: SidecarServerParts, material: TlsMaterial) {
    const { limits, upstream, desk } = parts
    this.#parts = parts
    this.#open = new OpenCalls(desk)
    const agent = upstream.protocol === 'https:' ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true })
    this.#agent = agent
    this.#upstream = { url: upstream, agent, timeoutSeconds: limits.upstreamSeconds }
    this.#server = createServer({
      ...secureContext(material, SESSION_SECONDS),
      requestCert: true,
      // Judged by the desk, for each call: a handshake alert could not say why.
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: limits.headSeconds * 1000,
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headSeconds * 1000,
      // Bodies may be streams.
      requestTimeout: 0,
      keepAliveTimeout: limits.idleSeconds * 1000,
      // Who has gone without a word is noticed, also where nobody speaks for hours.
      keepAlive: true,
      keepAliveInitialDelay: limits.idleSeconds * 1000,
      // Anything else is a call like others, and its upgrade ends here (RFC 9110 §7.8).
      shouldUpgradeCallback: asksForWebSocket,
    })
    this.#server.maxConnections = limits.connections
    this.#server.timeout = limits.idleSeconds * 1000
    this.#server.on('request', (request, response) => void this.#answer(request, response))
    this.#server.on('checkContinue', (request, response) => void this.#answer(request, response))
    this.#server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head))
  }

  /** Throws `ListenerUnavailable`. */
  static async listen(place: Place, material: TlsMaterial, parts: SidecarServerParts): Promise<SidecarServer> {
    const sidecar = new SidecarServer(parts, material)
    const server = sidecar.#server
    await new Promise<void>((listening, failed) => {
      server.once('error', (cause: Error) => failed(new ListenerUnavailable({ ...place }, cause)))
      server.listen(place.port, place.host, () => {
        server.removeAllListeners('error')
        listening()
      })
    })
    return sidecar
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get openCalls(): number {
    return this.#open.size
  }

  /** Resolves when what goes on was judged by what is known now. */
  policyChanged(): Promise<void> {
    return this.#open.lookAgain()
  }

  replaceMaterial(material: TlsMaterial): void {
    this.#server.setSecureContext(secureContext(material, SESSION_SECONDS))
  }

  rotateTicketKeys(): void {
    this.#server.setTicketKeys(randomBytes(48))
  }

  /** Takes nothing new, and resolves when what goes on has ended, or was broken off after `seconds`. */
  async close(seconds: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    this.#server.closeIdleConnections()
    const timer = setTimeout(() => {
      this.#open.cutAll('closing')
      this.#server.closeAllConnections()
    }, seconds * 1000)
    for (const socket of this.#upgraded) socket.end()
    await closed
    clearTimeout(timer)
    this.#agent.destroy()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { limits } = this.#parts
    try {
      if (!hasPlainFraming(request)) {
        writeProblem(response, 501, CODING, [CLOSES])
        return
      }
      const early = await this.#refusedEarly(request)
      if (early !== undefined) {
        refuseCall(early, response)
        return
      }
      if (request.headers.expect !== undefined) response.writeContinue()
      const { model, begun } = await readBegun(request, this.#selector, limits.headSeconds)
      const told = this.#told(request, model)
      const answer = await this.#parts.desk.answer(told, { kind: 'self' }, 'sidecar')
      if (answer.status !== 200) {
        refuseCall(answer, response)
        return
      }
      const outgoing = { ...this.#outgoing(request, told, answer, framingOf(request)), begun }
      this.#passOn(
        told,
        (refused) => forward(this.#upstream, outgoing, request, response, refused),
        (fault) => {
          refuseUpstream(fault, response)
        },
      )
      response.once('finish', () => this.#parts.watch.passed(response.statusCode))
    } catch (error) {
      this.#failed(error, request)
      response.destroy()
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    try {
      const told = this.#told(request, 'untold')
      const answer = await this.#parts.desk.answer(told, { kind: 'self' }, 'sidecar')
      if (answer.status !== 200) {
        socket.end(rawRefusal(answer))
        return
      }
      const wanted = ['connection', 'Upgrade', 'upgrade', request.headers.upgrade ?? '']
      const outgoing = { ...this.#outgoing(request, told, answer, wanted), begun: [] }
      this.#upgraded.add(socket)
      socket.once('close', () => this.#upgraded.delete(socket))
      this.#passOn(
        told,
        (refused) => forwardUpgrade(this.#upstream, outgoing, socket, head, refused),
        (fault) => {
          socket.end(rawProblem(statusOfFault(fault), problemOfFault(fault), []))
        },
      )
    } catch (error) {
      this.#failed(error, request)
      socket.destroy()
    }
  }

  /**
   * Of a body that is long, or that its sender holds back, nothing is taken from whoever may not call: what is held is for callers
   * alone. It is judged as if it named the right model.
   */
  async #refusedEarly(request: IncomingMessage): Promise<CallAnswer | undefined> {
    const { expect, 'content-length': length = Infinity, 'transfer-encoding': coding } = request.headers
    const isLong = coding !== undefined || Number(length) > SHORT_BODY_BYTES
    if (expect === undefined && (!isLong || isWithoutBody(request))) return undefined
    const policy = this.#parts.snapshot.deployment(this.#parts.deployment)?.policy
    const best =
      policy?.modelSelector === 'required' && policy.model !== undefined
        ? ({ kind: 'named', model: policy.model } as const)
        : 'untold'
    const answer = await this.#parts.desk.lookAgain(this.#told(request, best), { kind: 'self' })
    if (answer.status === 200) return undefined
    this.#parts.watch.refused(answer.decision.reason)
    return answer
  }

  #passOn(
    told: ToldCall,
    start: (refused: (fault: ForwardFault) => void) => Forwarded,
    refused: (fault: ForwardFault) => void,
  ): void {
    const forwarded = start(refused)
    const leave = this.#open.add(told, (reason) => {
      this.#parts.watch.cut(reason)
      forwarded.cut()
    })
    void forwarded.done.then(leave)
  }

  get #selector(): 'optional' | 'required' {
    // Of a deployment that is not known nothing is read: it is refused.
    return this.#parts.snapshot.deployment(this.#parts.deployment)?.policy.modelSelector ?? 'optional'
  }

  #told(request: IncomingMessage, model: ToldCall['model']): ToldCall {
    return {
      headers: pairsOf(request.rawHeaders),
      method: request.method,
      target: request.url,
      normalizedPath: undefined,
      host: request.headers.host,
      deployment: this.#parts.deployment,
      model,
      certificate: { kind: 'seen', der: shownCertificate(request.socket) ?? 'absent' },
      clientAddress: clientAddressOf(request.socket),
    }
  }

  #outgoing(request: IncomingMessage, told: ToldCall, answer: CallAnswer, framing: readonly string[]) {
    const places = this.#parts.snapshot.deployment(this.#parts.deployment)?.policy.credentialPlaces ?? []
    const passed = passedOn({
      headers: told.headers,
      answer,
      clientAddress: addressOf(request.socket),
      places,
    })
    const target = targetWithout(places, request.url ?? '/')
    return { method: request.method ?? 'GET', target, headers: [...passed, ...framing] }
  }

  #failed(error: unknown, request: IncomingMessage): void {
    // Whoever broke off while sending is no failure of ours.
    if (!request.destroyed) this.#parts.watch.failed(error)
  }
}

function addressOf({ remoteAddress }: Pick<Socket, 'remoteAddress'>): string {
  return remoteAddress ?? 'unknown'
}

/** A body keeps its framing: one without length is told in chunks, whatever the method. */
function framingOf({ headers }: IncomingMessage): readonly string[] {
  return headers['transfer-encoding'] === undefined ? [] : ['transfer-encoding', 'chunked']
}

/** As much as is taken of a body before its sender is known. */
const SHORT_BODY_BYTES = 16 * 1024

/** Chunks are the one coding that is undone here; with another, the model server would read another body (RFC 9112 §6.1). */
function hasPlainFraming({ headers }: IncomingMessage): boolean {
  const { 'transfer-encoding': coding } = headers
  return coding === undefined || coding.toLowerCase() === 'chunked'
}

const CODING = { code: 'transfer_coding_unknown', title: 'The transfer coding is not known here.' } as const

interface CallProblem {
  readonly code: string
  readonly title: string
}

function refuseCall(answer: CallAnswer, response: ServerResponse): void {
  const { status, headers, challenges } = answer
  // The rest of a body that nobody reads must not be taken for the next request.
  const pairs = [...headers, ...challenges.map((value) => ['www-authenticate', value] as const), CLOSES]
  writeProblem(response, status, { code: answer.reason, title: 'The call is refused.' }, pairs)
}

const CLOSES = ['connection', 'close'] as const

function refuseUpstream(fault: ForwardFault, response: ServerResponse): void {
  writeProblem(response, statusOfFault(fault), problemOfFault(fault), [CLOSES])
}

function statusOfFault(fault: ForwardFault): number {
  return fault === 'too-slow' ? 504 : 502
}

function problemOfFault(fault: ForwardFault): CallProblem {
  return fault === 'too-slow'
    ? { code: 'upstream_too_slow', title: 'The model server did not answer in time.' }
    : { code: 'upstream_unreachable', title: 'The model server cannot be reached.' }
}

type HeaderPairs = readonly (readonly [name: string, value: string])[]

function writeProblem(response: ServerResponse, status: number, problem: CallProblem, headers: HeaderPairs): void {
  const body = problemBody(status, problem)
  const all = [...bodyHeaders(body), ...headers].flat()
  response.writeHead(status, all).end(body)
}

function rawRefusal({ status, reason, headers, challenges }: CallAnswer): string {
  const pairs = [...headers, ...challenges.map((value) => ['www-authenticate', value] as const)]
  return rawProblem(status, { code: reason, title: 'The call is refused.' }, pairs)
}

function rawProblem(status: number, problem: CallProblem, headers: HeaderPairs): string {
  const body = problemBody(status, problem)
  const lines = [...bodyHeaders(body), ...headers, CLOSES].map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${String(status)} ${STATUS_WORDS.get(status) ?? 'Refused'}\r\n${lines.join('')}\r\n${body}`
}

const STATUS_WORDS: ReadonlyMap<number, string> = new Map([
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [429, 'Too Many Requests'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
])

function problemBody(status: number, { code, title }: CallProblem): string {
  return JSON.stringify({ type: `urn:signet:problem:${code}`, title, status, code, requestId: makeRequestId() })
}

function bodyHeaders(body: string): HeaderPairs {
  return [
    ['content-type', 'application/problem+json'],
    ['content-length', String(Buffer.byteLength(body))],
    ['cache-control', 'no-store'],
  ]
}
