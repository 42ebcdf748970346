// What OCSP answers to requests of every shape, over plain HTTP as strangers send them, and what caches are told.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeExtensions, makeExtension } from '../../src/x509/extension.ts'
import { explicit, nullValue, octetString, oid, sequence, smallInteger } from '../../src/x509/der-writer.ts'
import { CERT_ID_HASHES } from '../../src/x509/ocsp-cert-id.ts'
import { encodeOcspRequest, MAX_CERT_IDS } from '../../src/x509/ocsp-request.ts'
import { parseOcspResponse } from '../../src/x509/ocsp-response.ts'
import { OID } from '../../src/x509/oid.ts'
import {
  certIdOf,
  get,
  getPath,
  type IssuerDer,
  issuerIn,
  type OcspReply,
  post,
  read,
  requestFor,
  saidBy,
} from '../support/ocsp-client.ts'
import { type Certified, TestService } from '../support/test-service.ts'

let service: TestService
let owner: Certified
let issuer: IssuerDer
let services: IssuerDer
let http: string
/** For the owner's certificate, without a nonce. */
let plain: Uint8Array

beforeAll(async () => {
  service = await TestService.start()
  owner = await service.addProject('vision', 'owner')
  issuer = issuerIn(owner.certificate)
  services = issuerIn((await service.addService('svc.internal')).certificate)
  http = service.httpUrl
  plain = requestFor(issuer, owner.serial)
})
afterAll(() => service.close())

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

function withExtension(
  critical: 'critical' | 'non-critical',
  value: Uint8Array,
  id: string = OID.ocspNonce,
): Uint8Array {
  const extensions = encodeExtensions([makeExtension(id, critical, value)])
  return sequence(sequence(sequence(sequence(certIdOf(issuer, owner.serial))), explicit(2, extensions)))
}

const many = (count: number): Uint8Array =>
  encodeOcspRequest(
    Array.from({ length: count }, () => certIdOf(issuer, owner.serial)),
    undefined,
  )

/** An OCSP error is short, unsigned, told with 200, and kept by nobody. */
function errorOf({ status, headers, body }: OcspReply): string {
  expect(status).toBe(200)
  expect(headers['content-type']).toBe('application/ocsp-response')
  const response = parseOcspResponse(body)
  if (response.kind === 'basic') return 'an answer'
  expect(headers['cache-control']).toBe('no-store')
  expect(body).toHaveLength(5)
  return response.status
}

describe('by POST', () => {
  test.each<[what: string, body: () => Uint8Array, answer: string]>([
    ['what the other rows change', () => plain, 'an answer'],
    ['nothing', () => new Uint8Array(), 'malformedRequest'],
    ['text', () => Buffer.from('good?'), 'malformedRequest'],
    ['an octet too few', () => plain.subarray(0, -1), 'malformedRequest'],
    ['an octet too many', () => Buffer.concat([plain, Uint8Array.of(0)]), 'malformedRequest'],
    ['an indefinite length', () => Uint8Array.of(0x30, 0x80, ...plain.subarray(2), 0, 0), 'malformedRequest'],
    ['a length of four gigabytes', () => Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff), 'malformedRequest'],
    ['a thousand levels', () => Buffer.alloc(4000, Uint8Array.of(0x30, 0x82, 0x0f, 0xff)), 'malformedRequest'],
    ['version 2', () => sequence(sequence(explicit(0, smallInteger(1)), sequence())), 'malformedRequest'],
    ['no certificate', () => encodeOcspRequest([], undefined), 'malformedRequest'],
    ['as many as are answered', () => many(MAX_CERT_IDS), 'an answer'],
    ['one more', () => many(MAX_CERT_IDS + 1), 'malformedRequest'],
    ['a thousand', () => many(1000), 'malformedRequest'],
    ['a nonce of none', () => withExtension('non-critical', octetString(new Uint8Array())), 'malformedRequest'],
    ['a nonce of one octet', () => withExtension('non-critical', octetString(new Uint8Array(1))), 'an answer'],
    ['a nonce of 128', () => withExtension('critical', octetString(new Uint8Array(128))), 'an answer'],
    ['a nonce of 129', () => withExtension('non-critical', octetString(new Uint8Array(129))), 'malformedRequest'],
    ['a nonce that is bare', () => withExtension('non-critical', new Uint8Array(16)), 'malformedRequest'],
    ['an unknown extension', () => withExtension('non-critical', nullValue(), '1.2.3'), 'an answer'],
    ['an unknown critical one', () => withExtension('critical', nullValue(), '1.2.3'), 'malformedRequest'],
    [
      'the only answer it takes, ours',
      () => withExtension('non-critical', sequence(oid(OID.ocspBasic)), OID.ocspAcceptableResponses),
      'an answer',
    ],
    ['an issuer that is nobody', () => encodeOcspRequest([certIdOf(noCa(), owner.serial)], undefined), 'unauthorized'],
    [
      'two issuers of ours',
      () => encodeOcspRequest([certIdOf(issuer, owner.serial), certIdOf(services, owner.serial)], undefined),
      'unauthorized',
    ],
    ['the root, whose key is offline', () => requestFor(root(), owner.serial), 'unauthorized'],
  ])('%s', async (_, body, answer) => {
    expect(errorOf(await post(http, body()))).toBe(answer)
  })

  test('whatever octets it is: an answer or an OCSP error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(plain.length - 1), fc.nat(255), fc.boolean(), async (at, octet, cut) => {
        const mutated = Uint8Array.from(plain)
        mutated[at] = octet
        const body = cut ? mutated.subarray(0, at) : mutated
        expect(errorOf(await post(http, body))).toMatch(/^(an answer|malformedRequest|unauthorized)$/)
      }),
      { numRuns: 200 },
    )
  })

  test('another media type is refused, and a body that is too large to be read is malformed', async () => {
    expect((await post(http, plain, { 'content-type': 'application/json' })).status).toBe(415)
    expect(errorOf(await post(http, new Uint8Array(20_000)))).toBe('malformedRequest')
    const reply = await post(http, new Uint8Array(70_000))
    expect(errorOf(reply)).toBe('malformedRequest')
    expect(reply.headers['connection']).toBe('close')
  })

  test('is answered over HTTPS too, and kept by no cache', async () => {
    const headers = { 'content-type': 'application/ocsp-request' }
    const answer = await service.send({ method: 'POST', path: '/pki/ocsp', body: plain, headers })
    expect(saidBy({ status: answer.status, headers: answer.headers, body: answer.bytes }, issuer)).toBe('good')
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test.each(CERT_ID_HASHES)('the CertID comes back as it was asked: %s', async (hash) => {
    const id = certIdOf(issuer, owner.serial, hash)
    const response = read(await post(http, encodeOcspRequest([id], undefined)), issuer)
    expect(
      typeof response === 'string' ? response : response.responses.map((r) => Buffer.from(r.certId.encoded)),
    ).toEqual([Buffer.from(id)])
  })

  test('several certificates are answered in one, each in its place', async () => {
    const never = `01${'cd'.repeat(16)}`
    const ids = [owner.serial, never, owner.serial].map((serial) => certIdOf(issuer, serial))
    const response = read(await post(http, encodeOcspRequest(ids, new Uint8Array(32))), issuer)
    if (typeof response === 'string') throw new Error(response)
    expect(response.responses.map(({ status }) => status.kind)).toEqual(['good', 'unknown', 'good'])
    expect(response.nonce).toEqual(new Uint8Array(32))
  })

  test('a nonce is repeated, and what was signed for it is given to nobody else', async () => {
    const bodies = new Set<string>()
    for (const first of [1, 2, 3]) {
      const nonce = new Uint8Array(32).fill(first)
      const reply = await post(http, requestFor(issuer, owner.serial, nonce))
      const response = read(reply, issuer)
      expect(typeof response === 'string' ? response : response.nonce).toEqual(nonce)
      expect(reply.headers['cache-control']).toBe('no-store')
      bodies.add(base64(reply.body))
    }
    const [one, other] = [await post(http, plain), await post(http, plain)]
    expect(bodies.size).toBe(3)
    expect(one.body).toEqual(other.body)
    expect(bodies.has(base64(one.body))).toBe(false)
  })
})

describe('by GET', () => {
  /** With every character that base64 has and a path may not hold as it is. */
  function awkward(): Uint8Array {
    for (let i = 0; i < 100_000; i++) {
      const tried = requestFor(issuer, `01${i.toString(16).padStart(32 + 2 * (i % 3), 'f')}`)
      const text = base64(tried)
      if (text.includes('+') && text.includes('//') && text.endsWith('=')) return tried
    }
    throw new Error('no such request')
  }

  test.each<[what: string, pathOf: (text: string) => string]>([
    ['escaped, as RFC 5019 wants', (text) => `/${encodeURIComponent(text)}`],
    ['as it is', (text) => `/${text}`],
    ['behind two slashes', (text) => `//${text}`],
    ['escaped in part and in lower case', (text) => `/${text.replaceAll('/', '%2f')}`],
    ['with its padding escaped', (text) => `/${text.replaceAll('=', '%3D')}`],
    ['without its padding', (text) => `/${text.replaceAll('=', '')}`],
    ['with spaces for +', (text) => `/${text.replaceAll('+', '%20')}`],
    ['with a query behind it', (text) => `/${text}?cache=no`],
  ])('%s', async (_, pathOf) => {
    expect(saidBy(await getPath(http, `/pki/ocsp${pathOf(base64(awkward()))}`), issuer)).toBe('unknown')
    expect(saidBy(await getPath(http, `/pki/ocsp${pathOf(base64(plain))}`), issuer)).toBe('good')
  })

  test.each<[what: string, path: string]>([
    ['nothing', '/pki/ocsp/'],
    ['an escape that is none', '/pki/ocsp/%zz'],
    ['half a character', '/pki/ocsp/%E2%82'],
    ['what is no base64', '/pki/ocsp/MFE_-'],
    ['padding in the middle', '/pki/ocsp/MF=EwTw'],
    ['base64 of nothing that is asked', '/pki/ocsp/MAA='],
    ['a NUL', '/pki/ocsp/MFE%00'],
    ['very much', `/pki/ocsp/${'MFEw'.repeat(2000)}`],
  ])('%s is malformed', async (_, path) => {
    expect(errorOf(await getPath(http, path))).toBe('malformedRequest')
  })

  test('an escaped request whose slashes were merged on the way is malformed, and no wrong answer', async () => {
    const reply = await getPath(http, `/pki/ocsp/${base64(awkward()).replaceAll('//', '/')}`)
    expect(errorOf(reply)).toBe('malformedRequest')
  })

  test('caches may keep it for a minute, and ask whether it is the same', async () => {
    const reply = await get(http, plain)
    const { etag, date, expires, 'last-modified': modified, 'cache-control': control } = reply.headers
    expect(etag).toBe(`"${createHash('sha256').update(reply.body).digest('hex')}"`)
    expect(control).toBe('public, max-age=60, must-revalidate')
    expect(Date.parse(String(expires)) - Date.parse(String(date))).toBeLessThanOrEqual(61_000)
    const response = read(reply, issuer)
    if (typeof response === 'string') throw new Error(response)
    expect(new Date(String(modified))).toEqual(response.responses[0]?.thisUpdate)
    expect(reply.headers['content-length']).toBe(String(reply.body.length))
    const again = await get(http, plain, { 'if-none-match': String(etag) })
    expect([again.status, again.body.length, again.headers['cache-control']]).toEqual([304, 0, control])
    expect((await get(http, plain, { 'if-none-match': '"other"' })).status).toBe(200)
  })

  test.each<[what: string, path: () => string]>([
    ['what is kept', () => `/pki/ocsp/${encodeURIComponent(base64(plain))}`],
    ['what is for one request alone', () => `/pki/ocsp/${base64(requestFor(issuer, owner.serial, new Uint8Array(8)))}`],
    ['what is malformed', () => '/pki/ocsp/MAA='],
    ['an issuer that is nobody', () => `/pki/ocsp/${encodeURIComponent(base64(requestFor(noCa(), owner.serial)))}`],
  ])('with a condition and without one the answer is the same: %s', async (_, path) => {
    const told = async (condition: Record<string, string>): Promise<Record<string, unknown>> => {
      const { status, headers, body } = await getPath(http, path(), condition)
      expect(headers['x-request-id']).toMatch(/^[\w-]{12}$/)
      // What differs from one answer to the next; a signature is an octet longer or shorter.
      const changing = { date: 'any', expires: 'any', 'x-request-id': 'any', 'content-length': 'any' }
      return { status, length: body.length > 500 ? 'signed' : body.length, ...headers, ...changing }
    }
    expect(await told({ 'if-none-match': '"other"' })).toEqual(await told({}))
  })

  test('after a revocation the validators of before are no longer the same', async () => {
    const { serial } = await service.addMember('vision', 'carol', owner)
    const asked = requestFor(issuer, serial)
    const { headers } = await get(http, asked)
    await service.post(`/v1/certificates/${serial}/revoke`, { reason: 'superseded' }, service.admin)
    for (const condition of [
      { 'if-none-match': String(headers.etag) },
      { 'if-modified-since': String(headers['last-modified']) },
    ]) {
      expect(saidBy(await get(http, asked, condition), issuer)).toBe('revoked superseded')
    }
  })

  test('what is for one request alone is kept by no cache: a nonce, and what is unknown', async () => {
    for (const request of [
      requestFor(issuer, owner.serial, new Uint8Array(8)),
      requestFor(issuer, `01${'ee'.repeat(16)}`),
    ]) {
      const { headers } = await get(http, request)
      expect([headers['cache-control'], headers.etag]).toEqual(['no-store', undefined])
    }
  })
})

function root(): Uint8Array {
  return Buffer.from(service.ca.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
}

/** A certificate that is no CA of ours. */
function noCa(): Uint8Array {
  return Buffer.from(
    (owner.certificate.split('-----END CERTIFICATE-----')[0] ?? '').replaceAll(/-----[^-]+-----|\s/g, ''),
    'base64',
  )
}
