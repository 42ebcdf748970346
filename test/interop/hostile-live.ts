// Hostile requests as a client sends them to a real proxy, byte by byte, and what became of them at the model server. Proxies
// of this kind tell Signet method, target and headers and not the body: what stands in the body alone is for the model server.
import { connect } from 'node:tls'
import type { ClientIdentity } from '../support/https-client.ts'
import type { ModelCall } from '../support/model-server.ts'
import {
  type Call,
  type HostileRequest,
  type HostileWorld,
  MARK,
} from '../../src/cli/doctor/hostile/hostile-request.ts'
import { foldedName, isIdentityHeader } from '../../src/proxies/identity-headers.ts'
import type { ProxyChain } from './proxy-chain.ts'

export interface Outcome {
  /** 0 where the proxy closed the connection without an answer. */
  readonly status: number
  /** What reached the model server. */
  readonly calls: readonly ModelCall[]
}

/** Nobody answers later than this; it bounds a hang. */
const BOUND_MILLISECONDS = 10_000

/** One after the other for a chain: what the model server got is told apart by time alone. */
export async function sendCall(chain: ProxyChain, call: Call, caller: ClientIdentity): Promise<Outcome> {
  chain.model.forgetCalls()
  const status = await statusOf(chain, call, caller)
  return { status, calls: chain.model.calls }
}

function statusOf(chain: ProxyChain, call: Call, caller: ClientIdentity): Promise<number> {
  const servername = serverNameOf(chain, call)
  const shown = call.shows === 'own' ? { cert: caller.certificate, key: caller.key } : {}
  const socket = connect({ host: '127.0.0.1', port: chain.port, servername, ca: chain.world.service.ca, ...shown })
  return new Promise((resolve) => {
    let received = ''
    const finish = (): void => {
      socket.destroy()
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0))
    }
    socket.setTimeout(BOUND_MILLISECONDS, finish)
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      if (isWhole(received)) finish()
    })
    socket.once('error', finish)
    socket.once('close', finish)
    socket.once('secureConnect', () => socket.write(bytesOf(call)))
  })
}

/** Of the handshake: what an absolute target names comes before the Host header (RFC 9112 §3.2.2). */
function serverNameOf({ hosts }: ProxyChain, { target, headers }: Call): string {
  const inHeader = headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? ''
  const named = /^https:\/\/([^/]+)/.exec(target)?.[1] ?? inHeader
  return hosts.includes(named) ? named : hosts[0]
}

function bytesOf({ method, target, headers, body }: Call): Buffer {
  const content = Buffer.from(body)
  const length = method === 'POST' || content.length > 0 ? [`Content-Length: ${String(content.length)}`] : []
  const lines = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), ...length]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), content])
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n') + 4
  if (end < 4) return false
  const head = answer.slice(0, end)
  if (/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) return answer.endsWith('\r\n0\r\n\r\n')
  return answer.length - end >= Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1] ?? 0)
}

/** Whether all of the trick is in the body: then such a proxy does not tell Signet of it. */
export function isInBodyAlone({ refused, hostile, twin }: HostileRequest, world: HostileWorld): boolean {
  return refused.startsWith('model: ') && told(hostile(world)) === told(twin(world))
}

function told({ method, target, headers, shows }: Call): string {
  return JSON.stringify([method, target, shows, headers.filter(([name]) => !/^content-/i.test(name))])
}

/** At a gateway the body says which model is meant, and nothing that stands in for it counts where nobody tells the body. */
export function needsTheBody({ headers }: Call, world: HostileWorld): boolean {
  return headers.find(([name]) => name.toLowerCase() === 'host')?.[1] === world.gatewayHost
}

/** What a model server could believe of its caller, in one order. */
export function identityOf({ headers }: ModelCall): string[] {
  return headers
    .filter(([name]) => isIdentityHeader(name) && foldedName(name) !== 'signet-identity')
    .map(([name, value]) => `${foldedName(name)}: ${value}`)
    .toSorted()
}

/** Where the caller of one of these stands in a header, in any letter case. */
export function hasLie({ headers }: ModelCall): boolean {
  return headers.some(([name, value]) => `${name}: ${value}`.toLowerCase().includes(MARK))
}
