// Asks a running service about certificates over OCSP, as any client would, and reads what it says: always checked against
// the responder's certificate, and that against the issuing CA.
import { createHash, X509Certificate } from 'node:crypto'
import { type IncomingHttpHeaders, request as httpRequest } from 'node:http'
import { parseCertificate, verifySignature } from '../../src/x509/certificate.ts'
import { encodeCertId, type CertIdHash } from '../../src/x509/ocsp-cert-id.ts'
import { encodeOcspRequest } from '../../src/x509/ocsp-request.ts'
import { parseOcspResponse, type BasicOcspResponse } from '../../src/x509/ocsp-response.ts'
import { parsePemBundle } from '../../src/x509/pem.ts'
import { isSignedBy } from '../x509/ocsp-fixtures.ts'

export interface OcspReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** The certificate of an issuing CA, DER. */
export type IssuerDer = Uint8Array

/** The CA behind the leaf in a PEM chain. */
export function issuerIn(chain: string): IssuerDer {
  const [, issuer] = parsePemBundle(chain, 'CERTIFICATE')
  if (issuer === undefined) throw new Error('a chain of one')
  return issuer
}

export function certIdOf(issuer: IssuerDer, serial: string, hash: CertIdHash = 'sha1'): Uint8Array {
  const { tbs } = parseCertificate(issuer)
  const named = { name: tbs.subjectEncoded, keyBytes: tbs.publicKey.keyBytes }
  return encodeCertId(hash, named, Buffer.from(serial, 'hex'))
}

export function requestFor(issuer: IssuerDer, serial: string, nonce?: Uint8Array): Uint8Array {
  return encodeOcspRequest([certIdOf(issuer, serial)], nonce)
}

export function post(httpUrl: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<OcspReply> {
  return sendTo(httpUrl, '/pki/ocsp', 'POST', { 'content-type': 'application/ocsp-request', ...headers }, body)
}

export function get(httpUrl: string, request: Uint8Array, headers: Record<string, string> = {}): Promise<OcspReply> {
  return getPath(httpUrl, `/pki/ocsp/${encodeURIComponent(Buffer.from(request).toString('base64'))}`, headers)
}

export function getPath(httpUrl: string, path: string, headers: Record<string, string> = {}): Promise<OcspReply> {
  return sendTo(httpUrl, path, 'GET', headers, undefined)
}

function sendTo(
  httpUrl: string,
  path: string,
  method: string,
  headers: Record<string, string>,
  body: Uint8Array | undefined,
): Promise<OcspReply> {
  const { hostname, port } = new URL(httpUrl)
  const length = body === undefined ? {} : { 'content-length': String(body.length) }
  return new Promise((replied, failed) => {
    // Not through `URL`: the path arrives as it is written.
    const sent = httpRequest({ hostname, port, path, method, headers: { ...length, ...headers }, agent: false })
    sent.on('error', failed)
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        replied({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    sent.end(body)
  })
}

/** The error's status, or the signed answer of a responder that `issuer` has certified. */
export function read(reply: OcspReply, issuer: IssuerDer): BasicOcspResponse | string {
  if (reply.status !== 200 || reply.headers['content-type'] !== 'application/ocsp-response') {
    throw new Error(`${String(reply.status)} ${String(reply.headers['content-type'])}: ${reply.body.toString()}`)
  }
  const response = parseOcspResponse(reply.body)
  if (response.kind === 'error') return response.status
  const [certificate] = response.certificates
  if (certificate === undefined) throw new Error('no responder')
  const responder = parseCertificate(certificate)
  const byIssuer = verifySignature(responder, parseCertificate(issuer).tbs.publicKey)
  if (!byIssuer || !isSignedBy(response, responder.tbs.publicKey)) throw new Error('not signed for this issuer')
  const usages = new X509Certificate(certificate).keyUsage
  const keyHash = createHash('sha1').update(responder.tbs.publicKey.keyBytes).digest()
  const names = response.responder.kind === 'key' && Buffer.compare(response.responder.keyHash, keyHash) === 0
  if (usages.join() !== '1.3.6.1.5.5.7.3.9' || !names) throw new Error('not a responder')
  return response
}

/** What it says of the one certificate that was asked about. */
export function saidBy(reply: OcspReply, issuer: IssuerDer): string {
  const response = read(reply, issuer)
  if (typeof response === 'string') return response
  const [single] = response.responses
  if (single === undefined || response.responses.length !== 1) throw new Error('not one answer')
  return single.status.kind === 'revoked' ? `revoked ${String(single.status.reason)}` : single.status.kind
}
