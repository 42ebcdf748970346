// A stand-in for Signet's own endpoints for proxies (`/authz/nginx`, `/authz/forward-auth`): over mutual TLS it judges what it is
// told with the real readers and the real verifier, in a world of a few hosts. It knows no rights; of revocation it knows the
// certificates that it is given.
import { X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { loadPolicy } from '../../src/ca/policy/load-policy.ts'
import { type Call, type HostileWorld } from '../../src/cli/doctor/hostile/hostile-request.ts'
import { issuerId } from '../../src/domain/issuer-id.ts'
import { parseTrustDomain } from '../../src/domain/spiffe-id.ts'
import { readCanonicalPath } from '../../src/proxies/canonical-path.ts'
import { readForwardedCertificate } from '../../src/proxies/forwarded-certificate.ts'
import { headersOfRaw, type RawHeader, readToldHeaders } from '../../src/proxies/told-headers.ts'
import { buildTrust, type Trust } from '../../src/verifier/trust.ts'
import { judged, type Verdict } from '../proxies/judged.ts'
import type { World } from './world.ts'

const HOST = 'pdp.internal'

export interface Asker {
  readonly dialect: 'nginx' | 'caddy' | 'haproxy'
  readonly hostile: HostileWorld
  /** DER. */
  readonly revoked: readonly Uint8Array[]
}

export class StandInDecision {
  /** `pdp.internal:PORT`, on loopback. */
  readonly address: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.address = `${HOST}:${String((server.address() as AddressInfo).port)}`
  }

  static async start(world: World, asker: Asker): Promise<StandInDecision> {
    const { certificate, key } = await world.service.addService(HOST, { systemUser: 'pdp', dnsNames: [HOST] })
    const trust = await trustOf(world)
    const tls = { cert: certificate, key, ca: world.service.ca, requestCert: true, rejectUnauthorized: true }
    const server = createServer({ ...tls, maxHeaderSize: 128 * 1024 }, (request, response) => {
      answer(verdictOf(request, asker, trust), response)
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    return new StandInDecision(server)
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((closed) => this.#server.close(closed))
  }
}

async function trustOf(world: World): Promise<Trust> {
  const { names, profiles } = loadPolicy(world.service.configuration.policyFolder ?? 'ca')
  const issues = new Map([...profiles.values()].map(({ policyOid, name }) => [policyOid, name]))
  const users = new X509Certificate(await world.fetchBytes('/pki/ca/users-1.pem')).raw
  const root = new X509Certificate(world.service.ca).raw
  return buildTrust({
    roots: [{ id: issuerId('root', 1), certificate: root, issues }],
    issuing: [{ id: issuerId('users', 1), certificate: users, issues }],
    names,
    trustDomain: parseTrustDomain('test.internal'),
  })
}

function verdictOf({ url, rawHeaders }: IncomingMessage, asker: Asker, trust: Trust): Answered {
  const raw = headersOfRaw(rawHeaders)
  const told = (name: string): string => raw.find(([each]) => each.toLowerCase() === name)?.[1] ?? ''
  const isNginx = url === '/authz/nginx'
  const host = told(isNginx ? 'x-original-host' : 'x-forwarded-host')
  const target = told(isNginx ? 'x-original-uri' : 'x-forwarded-uri')
  const method = told(isNginx ? 'x-original-method' : 'x-forwarded-method') === 'POST' ? 'POST' : 'GET'
  const headers: RawHeader[] = [...raw.filter(([name]) => name.toLowerCase() !== 'host'), ['host', host]]
  const call: Call = { method, target, headers, body: '', shows: 'nothing' }
  const verdict = judged(call, asker.dialect, asker.hostile, trust)
  const isOpen = target === asker.hostile.unprotectedPath && method === 'GET'
  if (verdict !== 'passes' || isOpen) return { verdict, isOpen }
  const normalised = isNginx ? told('x-signet-normalized-uri') : undefined
  if (normalised !== undefined && !isSamePath(target, normalised)) return { verdict: 'path: dot-segment', isOpen }
  return { verdict: isRevoked(headers, asker) ? 'certificate: revoked' : verdict, isOpen }
}

interface Answered {
  readonly verdict: Verdict
  readonly isOpen: boolean
}

function isSamePath(target: string, normalised: string): boolean {
  const path = readCanonicalPath(target)
  return path.kind === 'canonical' && path.path === normalised
}

function isRevoked(headers: readonly RawHeader[], { dialect, revoked }: Asker): boolean {
  const read = readForwardedCertificate(readStrictly(headers), { dialect })
  return read.kind === 'leaf' && revoked.some((der) => Buffer.compare(der, read.der) === 0)
}

function readStrictly(headers: readonly RawHeader[]): Parameters<typeof readForwardedCertificate>[0] {
  const told = readToldHeaders(headers, new Set())
  if (told.kind === 'told') return told
  throw new Error(`judged otherwise a moment ago: ${told.fault}`)
}

const REASONS = {
  headers: [400, 'REQUEST_AMBIGUOUS'],
  path: [400, 'REQUEST_AMBIGUOUS'],
  route: [404, 'ROUTE_UNKNOWN'],
  certificate: [401, 'CERT_REVOKED'],
  credentials: [401, 'CREDENTIAL_MISSING'],
  principal: [403, 'CERT_CN_MISMATCH'],
  model: [400, 'REQUEST_AMBIGUOUS'],
} as const

/** nginx takes 401 and 403 alone; the status that is meant comes in a header. */
function answer({ verdict, isOpen }: Answered, response: ServerResponse): void {
  if (verdict === 'passes') {
    const identity = {
      'signet-subject': 'vision__alice',
      'signet-acting-user': 'vision__alice',
      'signet-project': 'vision',
    }
    response.writeHead(200, isOpen ? {} : { ...identity, 'signet-identity': 'a.b.c' }).end()
    return
  }
  const [status, reason] = Object.entries(REASONS).find(([kind]) => verdict.startsWith(kind))?.[1] ?? [503, '']
  const challenge = status === 401 ? { 'www-authenticate': 'Mutual realm="test"' } : {}
  const meant = { 'x-authz-status': String(status), 'x-authz-reason': reason }
  response.writeHead(status === 401 ? 401 : 403, { ...meant, ...challenge }).end(verdict)
}
