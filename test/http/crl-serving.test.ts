// CRLs and CA certificates as they are served: from memory, with validators and a short life in caches, over HTTPS and over
// plain HTTP, where nothing else is.
import { createHash, X509Certificate } from 'node:crypto'
import { request as plainRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCrl } from '../../src/x509/crl.ts'
import { parsePemBundle } from '../../src/x509/pem.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'

let service: TestService
let owner: Certified

beforeAll(async () => {
  service = await TestService.start()
  owner = await service.addProject('vision', 'owner')
})
afterAll(() => service.close())

interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytes: Buffer
}

type Way = 'https' | 'http'

async function fetchBy(way: Way, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  if (way === 'https') return service.send({ method, path, headers })
  return new Promise((got, failed) => {
    const sent = plainRequest(new URL(path, service.httpUrl), { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        got({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
      )
    })
    sent.on('error', failed)
    sent.end()
  })
}

const WAYS: readonly Way[] = ['https', 'http']

/** `seconds` is the max-age. */
const DOCUMENTS = [
  { path: '/pki/crl/users-1.crl', type: 'application/pkix-crl', seconds: 10 },
  { path: '/pki/crl/users-1.pem', type: 'application/x-pem-file', seconds: 10 },
  { path: '/pki/crl/services-1.crl', type: 'application/pkix-crl', seconds: 10 },
  { path: '/pki/crl/root-1.crl', type: 'application/pkix-crl', seconds: 10 },
  { path: '/pki/crl/users-1/delta.crl', type: 'application/pkix-crl', seconds: 10 },
  { path: '/pki/crl/users-1/1.crl', type: 'application/pkix-crl', seconds: 10 },
  { path: '/pki/crl/services-1/8.pem', type: 'application/x-pem-file', seconds: 10 },
  { path: '/pki/crl/bundle.pem', type: 'application/x-pem-file', seconds: 10 },
  { path: '/pki/ca/users-1.cer', type: 'application/pkix-cert', seconds: 3600 },
  { path: '/pki/ca/root-1.pem', type: 'application/x-pem-file', seconds: 3600 },
] as const

/** What a reader takes as it comes, from a server that it has verified: not over plain HTTP. */
const TAKEN_ON_TRUST = [
  { path: '/pki/chain/users-1.pem', type: 'application/x-pem-file', seconds: 3600 },
  { path: '/pki/trust-bundle.pem', type: 'application/x-pem-file', seconds: 3600 },
] as const

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')

/** PEM of CRLs is made while it is read, and its validator of the CRLs. */
function validatorOf(path: string, bytes: Buffer): string {
  if (!path.startsWith('/pki/crl/') || !path.endsWith('.pem')) return `"${sha256(bytes)}"`
  const digests = parsePemBundle(bytes.toString(), 'X509 CRL').map((der) => sha256(der))
  return `"${path.endsWith('bundle.pem') ? sha256(digests.join()) : digests.join()}-pem"`
}

describe.each(WAYS)('over %s', (way) => {
  describe.each(way === 'https' ? [...DOCUMENTS, ...TAKEN_ON_TRUST] : DOCUMENTS)('$path', ({ path, type, seconds }) => {
    test('has a strong validator, a date and a short life in caches (rule 31)', async () => {
      const { status, headers, bytes } = await fetchBy(way, path)
      expect(status).toBe(200)
      expect(headers['content-type']).toBe(type)
      expect(headers['content-length']).toBe(String(bytes.length))
      expect(headers['etag']).toBe(validatorOf(path, bytes))
      expect(headers['cache-control']).toBe(`public, max-age=${String(seconds)}, must-revalidate`)
      const lastModified = Date.parse(String(headers['last-modified']))
      const expires = Date.parse(String(headers['expires']))
      expect(lastModified).toBeLessThan(Date.parse(String(headers['date'])))
      expect(expires - Date.parse(String(headers['date']))).toBeLessThanOrEqual((seconds + 1) * 1000)
      expect(headers['set-cookie']).toBeUndefined()
    })

    test('answers HEAD with the same headers and no body', async () => {
      const [got, head] = [await fetchBy(way, path), await fetchBy(way, path, {}, 'HEAD')]
      expect(head.status).toBe(200)
      expect(head.bytes).toHaveLength(0)
      for (const name of ['etag', 'last-modified', 'content-type', 'content-length', 'cache-control']) {
        expect({ [name]: head.headers[name] }).toEqual({ [name]: got.headers[name] })
      }
    })

    test('answers conditional requests', async () => {
      const { headers } = await fetchBy(way, path)
      const [etag, date] = [String(headers['etag']), String(headers['last-modified'])]
      const before = new Date(Date.parse(date) - 1000).toUTCString()
      const after = new Date(Date.parse(date) + 1000).toUTCString()
      // Two CAs may publish within one second: of the bundle the validator alone says that it is the same.
      const byDate = path === '/pki/crl/bundle.pem' ? 200 : 304
      const asked: readonly (readonly [headers: Record<string, string>, status: number])[] = [
        [{ 'if-none-match': etag }, 304],
        [{ 'if-none-match': `W/${etag}` }, 304],
        [{ 'if-none-match': `"other", ${etag}` }, 304],
        [{ 'if-none-match': '*' }, 304],
        [{ 'if-none-match': '"other"' }, 200],
        [{ 'if-modified-since': date }, byDate],
        [{ 'if-modified-since': after }, byDate],
        [{ 'if-modified-since': before }, 200],
        [{ 'if-modified-since': 'yesterday' }, 200],
        // RFC 9110 §13.1.3: where both are there, the validator decides alone.
        [{ 'if-none-match': '"other"', 'if-modified-since': date }, 200],
        [{ 'if-none-match': etag, 'if-modified-since': before }, 304],
      ]
      for (const [condition, status] of asked) {
        const answer = await fetchBy(way, path, condition)
        expect({ condition, status: answer.status }).toEqual({ condition, status })
        if (status !== 304) continue
        expect(answer.bytes).toHaveLength(0)
        expect(answer.headers['etag']).toBe(etag)
        expect(answer.headers['cache-control']).toContain('must-revalidate')
      }
    })
  })

  test.each([
    '/pki/crl/users-2.crl',
    '/pki/crl/other-1.pem',
    '/pki/crl/users-1.der',
    '/pki/crl/users.crl',
    '/pki/crl/../../etc/passwd',
    '/pki/crl/%2e%2e%2fusers-1.crl',
    '/pki/crl/users-1.crl/',
    '/pki/crl/users-1/9999.crl',
    '/pki/crl/users-1/0.crl',
    '/pki/crl/users-1/01.crl',
    '/pki/crl/users-1/1.der',
    '/pki/crl/users-1/1/2.crl',
    '/pki/crl/users-1/bundle.pem',
    '/pki/crl/users-1/-1.crl',
    '/pki/crl/users-1/65536.crl',
    '/pki/crl/users-2/1.crl',
    '/pki/crl/root-1/1.crl',
    '/pki/crl/root-1/delta.crl',
    '/pki/crl/%75sers-1%2f9999.crl',
    '/pki/ca/users-2.cer',
    '/pki/ca/__proto__-1.pem',
    '/pki/chain/root-1.pem',
    '/pki/trust-bundle.der',
    '/pki/',
  ])('%s is not there', async (path) => {
    expect((await fetchBy(way, path)).status).toBe(404)
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is not answered', async (method) => {
    expect((await fetchBy(way, '/pki/crl/users-1.crl', {}, method)).status).toBe(404)
  })
})

describe('over plain HTTP', () => {
  test('no route of the API is there', async () => {
    const document = (await service.get('/openapi.json')).json['paths'] as Record<string, Record<string, unknown>>
    const routes = Object.entries(document).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ path: path.replaceAll(/\{\w+\}/g, 'x'), method: method.toUpperCase() })),
    )
    expect(routes.length).toBeGreaterThan(20)
    for (const { path, method } of routes) {
      expect({ path, method, status: (await fetchBy('http', path, {}, method)).status }).toMatchObject({ status: 404 })
    }
  })

  test.each([
    ...TAKEN_ON_TRUST.map(({ path }) => path),
    '/readyz',
    '/openapi.json',
    '/metrics',
    '/.well-known/jwks.json',
    '/v1/me',
    '/',
  ])('%s is not there', async (path) => {
    expect((await fetchBy('http', path)).status).toBe(404)
  })

  test('/healthz is', async () => {
    expect((await fetchBy('http', '/healthz')).status).toBe(200)
  })
})

describe('the documents', () => {
  const crlOf = async (path: string) => parseCrl((await fetchBy('http', path)).bytes)

  test('PEM and DER say the same, and the bundle holds every CA of the hierarchy', async () => {
    const ders = await Promise.all(
      ['root-1', 'services-1', 'users-1'].map(async (id) => (await fetchBy('http', `/pki/crl/${id}.crl`)).bytes),
    )
    const pem = (await fetchBy('http', '/pki/crl/users-1.pem')).bytes.toString()
    expect(Buffer.from(parsePemBundle(pem, 'X509 CRL')[0] ?? [])).toEqual(ders[2])
    const bundle = (await fetchBy('http', '/pki/crl/bundle.pem')).bytes.toString()
    expect(parsePemBundle(bundle, 'X509 CRL').map((der) => Buffer.from(der))).toEqual(ders)
  })

  test('the index names number, dates, length, digest and URLs of each', async () => {
    const index = (await service.get('/pki/crl')).json
    const crls = index['crls'] as {
      issuer: string
      kind: string
      number: number
      sha256: string
      bytes: number
      urls: string[]
    }[]
    const complete = crls.filter(({ kind }) => kind === 'full')
    expect(complete.map(({ issuer }) => issuer)).toEqual(['root-1', 'services-1', 'users-1'])
    expect(new Set(crls.map(({ kind }) => kind))).toEqual(new Set(['full', 'delta', 'partition']))
    for (const { number, sha256, bytes, urls } of crls) {
      const [url = '', pem = ''] = urls
      expect([url, pem].map((each) => each.startsWith(`${service.url}/pki/crl/`))).toEqual([true, true])
      expect(pem).toBe(url.replace(/crl$/, 'pem'))
      const der = (await fetchBy('https', url.slice(service.url.length))).bytes
      expect(parseCrl(der).number).toBe(BigInt(number))
      expect({ sha256, bytes }).toEqual({ sha256: createHash('sha256').update(der).digest('hex'), bytes: der.length })
    }
  })

  test('the trust bundle is the root alone, and the chain the issuing CA under it', async () => {
    const root = new X509Certificate((await fetchBy('http', '/pki/ca/root-1.cer')).bytes)
    const bundle = (await fetchBy('https', '/pki/trust-bundle.pem')).bytes.toString()
    expect(parsePemBundle(bundle, 'CERTIFICATE').map((der) => Buffer.from(der))).toEqual([root.raw])
    const chain = new X509Certificate((await fetchBy('https', '/pki/chain/users-1.pem')).bytes)
    expect(chain.checkIssued(root)).toBe(true)
  })

  test('rule 31: a revocation is on the CRL within its second, a release leaves it, and the validator changes', async () => {
    const path = `/v1/certificates/${owner.serial}/revoke`
    const first = await fetchBy('https', '/pki/crl/users-1.crl')
    expectStatus(await service.post(path, { reason: 'certificateHold' }, service.admin), 200)
    const held = await changed(String(first.headers['etag']))
    expect(parseCrl(held.bytes).entries.get(owner.serial)?.reason).toBe('certificateHold')
    expectStatus(await service.post(path, { reason: 'removeFromCRL' }, service.admin), 200)
    const released = await changed(String(held.headers['etag']))
    expect(parseCrl(released.bytes).entries.has(owner.serial)).toBe(false)
    const numbers = [first, held, released].map(({ bytes }) => Number(parseCrl(bytes).number))
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
    expect(new Set(numbers).size).toBe(3)
    expect(await crlOf('/pki/crl/users-1.crl')).toMatchObject({ number: BigInt(numbers[2] ?? 0) })
  })

  /** Asks as a consumer does, until the CRL is another. */
  async function changed(etag: string): Promise<Got> {
    for (;;) {
      const answer = await fetchBy('https', '/pki/crl/users-1.crl', { 'if-none-match': etag })
      if (answer.status === 200) return answer
    }
  }
})
