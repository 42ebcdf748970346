// A stand-in for an issuer elsewhere (a cluster's API server, a cloud): key set and metadata over TLS under a CA of its own, and tokens
// signed with keys that it has. It answers as the test says and counts what it was asked.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { makeAuthority, makeServer } from '../cli/test-ca.ts'

export type IssuerAnswer = (request: IncomingMessage, response: ServerResponse) => void

export interface ForeignKeyPair {
  readonly kid: string
  readonly alg: 'RS256' | 'ES256'
  readonly privateKey: KeyObject
  readonly jwk: Readonly<Record<string, unknown>>
}

export function foreignKey(kid: string, alg: ForeignKeyPair['alg'] = 'ES256'): ForeignKeyPair {
  const { privateKey, publicKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } }
}

/** Any header and claims, signed as they are. */
export function signedBy({ privateKey, alg, kid }: ForeignKeyPair, claims: object, header: object = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part({ alg, kid, ...header })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

export class ForeignIssuer {
  /** PEM. */
  readonly ca: string
  readonly #server: Server
  keys: readonly ForeignKeyPair[]
  /** Instead of the key set. */
  answer: IssuerAnswer | undefined
  asked = 0

  private constructor(ca: string, server: Server, keys: readonly ForeignKeyPair[]) {
    this.ca = ca
    this.#server = server
    this.keys = keys
  }

  static async start(...keys: readonly ForeignKeyPair[]): Promise<ForeignIssuer> {
    const authority = await makeAuthority('Foreign CA', undefined)
    const leaf = await makeServer(authority)
    const server = createServer({ cert: leaf.pem, key: leaf.key })
    const issuer = new ForeignIssuer(authority.pem, server, keys)
    server.on('request', (request, response) => issuer.#serve(request, response))
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    return issuer
  }

  get url(): string {
    return `https://localhost:${String((this.#server.address() as AddressInfo).port)}`
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    this.asked += 1
    if (this.answer !== undefined) {
      this.answer(request, response)
      return
    }
    const metadata = { issuer: this.url, jwks_uri: `${this.url}/jwks` }
    const body = request.url === '/jwks' ? { keys: this.keys.map(({ jwk }) => jwk) } : metadata
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  close(): Promise<void> {
    return new Promise((closed) => {
      this.#server.close(() => closed())
      this.#server.closeAllConnections()
    })
  }
}
