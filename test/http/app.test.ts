// What every route shares, on a running service: the document of the API, challenges, revisions, texts, pages and figures.
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCsr } from '../support/csr.ts'
import type { Answer } from '../support/https-client.ts'
import { expectStatus, TestService } from '../support/test-service.ts'
import { connectTo } from './raw-request.ts'
import { SettableClock } from './settable-clock.ts'

interface Operation {
  readonly responses: Readonly<Record<string, { readonly headers?: Readonly<Record<string, object>> }>>
}

const clock = new SettableClock()
let service: TestService

beforeAll(async () => {
  service = await TestService.start({ clock })
  await service.addProject('vision', 'owner')
})
afterAll(() => service.close())

describe('/openapi.json', () => {
  test('is the same bytes for everyone, with a validator', async () => {
    const [one, other] = [await service.get('/openapi.json'), await service.get('/openapi.json', service.admin)]
    expect(one.json['openapi']).toBe('3.1.0')
    expect(one.headers['content-type']).toBe('application/json')
    expect(one.headers['cache-control']).toContain('max-age=300')
    expect(other.bytes).toEqual(one.bytes)
    const etag = String(one.headers['etag'])
    const unchanged = await service.send({
      method: 'GET',
      path: '/openapi.json',
      headers: { 'if-none-match': etag },
    })
    expect({ status: unchanged.status, bytes: unchanged.bytes.length }).toEqual({ status: 304, bytes: 0 })
  })
})

describe('WWW-Authenticate', () => {
  const challenge = async (authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization }
    const { status, code, headers: answered } = await service.send({ method: 'GET', path: '/v1/certificates', headers })
    return [status, code, answered['www-authenticate']]
  }

  test('of a refused bearer token says so (RFC 6750 §3)', async () => {
    const bearer = 'Bearer realm="signet", error="invalid_token"'
    expect(await challenge('Bearer x')).toEqual([401, 'token_malformed', bearer])
    expect(await challenge('Bearer')).toEqual([401, 'authorization_malformed', bearer])
  })

  test('of anything else asks for a certificate', async () => {
    expect(await challenge()).toEqual([401, 'unauthenticated', 'Mutual realm="signet"'])
  })
})

describe('Signet-Revision', () => {
  test('is on a write that succeeded, and shows what it wrote', async () => {
    const revision = Number((await service.post('/v1/users/owner/block', {}, service.admin)).headers['signet-revision'])
    const next = Number((await service.post('/v1/users/owner/unblock', {}, service.admin)).headers['signet-revision'])
    expect(revision).toBeGreaterThan(0)
    expect(next).toBeGreaterThan(revision)
  })

  test.each<[what: string, status: number, ask: () => Promise<Answer>]>([
    ['a read', 200, () => service.get('/v1/me', service.admin)],
    ['a decision', 200, () => service.post('/v1/authorize', { actingUser: 'a', deployment: 'd' }, service.admin)],
    ['an introspection', 200, () => service.post('/v1/tokens/introspect', { token: 'x' }, service.admin)],
    ['a write that is refused by its route', 404, () => service.post('/v1/users/nobody/block', {}, service.admin)],
    ['a write that is refused before', 400, () => service.post('/v1/projects', { name: 1 }, service.admin)],
    ['a write to nowhere', 404, () => service.post('/v1/nothing', {}, service.admin)],
  ])('is not on %s', async (_, status, ask) => {
    expect(expectStatus(await ask(), status).headers['signet-revision']).toBeUndefined()
  })

  test('is documented on every write, and nowhere else', async () => {
    const { paths } = (await service.get('/openapi.json')).json as { paths: Record<string, Record<string, Operation>> }
    const documented = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.entries(responses)
          .filter(([, { headers }]) => headers?.['signet-revision'] !== undefined)
          .map(([status]) => `${method} ${path} ${status}`),
      ),
    )
    expect(documented).toContain('post /v1/projects 201')
    expect(documented).toContain('delete /v1/projects/{p}/members/{u} 200')
    expect(documented.filter((line) => /^get |authorize|introspect| default$/.test(line))).toEqual([])
  })
})

describe('control characters', () => {
  const CONTROLS = ['\0', '\u0001', '\n', '\u001f', '\u007f', '\u0085', '\u009f']
  const QUERIES = ['commonName', 'identity', 'project', 'profile', 'issuer', 'requester', 'cursor']

  test.each(QUERIES)('are refused in the query %s', async (name) => {
    for (const control of CONTROLS) {
      const answer = await service.get(`/v1/certificates?${name}=${encodeURIComponent(`a${control}`)}`, service.admin)
      expect([answer.status, answer.code]).toEqual([400, 'parameter_rejected'])
    }
  })

  test.each([
    '/v1/users',
    '/v1/projects',
    '/v1/services',
    '/v1/deployments',
    '/v1/audit',
    '/v1/projects/vision/members',
  ])('are refused in the cursor of %s', async (path) => {
    const { status, code } = await service.get(`${path}?cursor=%00`, service.admin)
    expect([status, code]).toEqual([400, 'parameter_rejected'])
  })

  test.each(['GET /v1/certificates/a%00', 'POST /v1/users/a%00/block', 'PUT /v1/services/a%00.internal'])(
    'are refused in the path: %s',
    async (line) => {
      const [method = '', path = ''] = line.split(' ')
      const body = method === 'PUT' ? { systemUser: 'svc' } : undefined
      const { status, code } = await service.send({ method, path, body }, service.admin)
      expect([status, code]).toEqual([400, 'parameter_rejected'])
    },
  )

  test.each<[string, object]>([
    ['/v1/projects', { name: 'a\0', owner: 'owner' }],
    ['/v1/projects', { name: 'speech', owner: 'own\u0085er' }],
    ['/v1/jobs', { project: 'vision', user: 'owner\0', csr: 'x' }],
    ['/v1/jobs', { project: 'vision', user: 'owner', csr: '-----BEGIN\0' }],
    ['/v1/tokens', { audience: 'a\0' }],
    ['/v1/tokens/introspect', { token: 'a\0' }],
    ['/v1/authorize', { actingUser: 'a\0', deployment: 'd' }],
    ['/v1/authorize', { actingUser: 'a', deployment: 'd\0' }],
  ])('are refused in a body for %s: %j', async (path, body) => {
    const { status, code } = await service.post(path, body, service.admin)
    expect([status, code]).toEqual([400, 'body_rejected'])
  })

  test('but PEM has its lines', async () => {
    const { pem } = await makeCsr()
    const csr = pem.replaceAll('\n', '\r\n')
    expectStatus(await service.put('/v1/services/lines.internal', { systemUser: 'svc' }, service.admin), 200)
    expectStatus(await service.post('/v1/services/lines.internal/certificates', { csr }, service.admin), 201)
  })
})

test('a list of what expires soon goes on a minute later', async () => {
  for (const name of ['one', 'two']) await service.addService(`${name}.internal`)
  const first = '/v1/certificates?limit=1&expiresWithinSeconds=31536000'
  const seen: string[] = []
  let path: string | undefined = first
  while (path !== undefined) {
    const page = expectStatus(await service.get(path, service.admin), 200).json
    seen.push(...(page['certificates'] as { serial: string }[]).map(({ serial }) => serial))
    const cursor = page['cursor'] as string | undefined
    path = cursor === undefined ? undefined : `${first}&cursor=${cursor}`
    clock.pass(1)
  }
  expect(seen.length).toBeGreaterThan(2)
  expect(new Set(seen).size).toBe(seen.length)
})

describe('a request is counted once, under its route', () => {
  const send =
    (method: string, path: string, headers: Record<string, string> = {}, body?: object) =>
    () =>
      service.send({ method, path, headers, body }, service.admin)
  const evil = { origin: 'https://evil.example' }

  test.each<[what: string, ask: () => Promise<Answer>, labels: string]>([
    ['when it is answered', send('GET', '/v1/me'), 'method="GET",route="/v1/me",status="200"'],
    [
      'when its route refuses it',
      send('POST', '/v1/users/nobody/block'),
      'method="POST",route="/v1/users/:u/block",status="404"',
    ],
    [
      'when it is refused before',
      send('POST', '/v1/users/nobody/unblock', evil),
      'method="POST",route="/v1/users/:u/unblock",status="403"',
    ],
    ['when there is no route', send('GET', '/v1/nothing'), 'method="GET",route="/*",status="404"'],
    [
      'when it is refused and there is no route',
      send('POST', '/v1/nothing', evil),
      'method="POST",route="/*",status="403"',
    ],
  ])('%s', async (_, ask, labels) => {
    const count = async (): Promise<number> => {
      const text = await (await fetch(`${service.operationsUrl}/metrics`)).text()
      const line = text.split('\n').find((each) => each.startsWith(`signet_http_request_seconds_count{${labels}}`))
      return Number(line?.split(' ')[1] ?? 0)
    }
    const before = await count()
    await ask()
    expect((await count()) - before).toBe(1)
  })
})

test.each([
  ['POST', '/v1/projects', {}],
  ['POST', '/v1/users/owner/block', { 'idempotency-key': 'broken-off' }],
])('a body that is broken off is no fault of the service: %s %s', async (method, path, more) => {
  const counts = async (): Promise<readonly number[]> => {
    const text = await (await fetch(`${service.operationsUrl}/metrics`)).text()
    return ['request_unreadable', 'internal'].map((code) =>
      Number(new RegExp(`^signet_refusals_total\\{code="${code}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0),
    )
  }
  const [refused = 0, failed] = await counts()
  const socket = await connectTo(service, service.admin)
  const headers = { host: 'localhost', 'content-type': 'application/json', 'content-length': '10', ...more }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  await new Promise<void>(
    (written) => void socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n{`, () => written()),
  )
  socket.end()
  // Bounds a hang, not a speed.
  await expect.poll(counts, { timeout: 30_000 }).toEqual([refused + 1, failed])
})

test('a write is counted among the commits', async () => {
  const count = async (): Promise<number> => {
    const text = await (await fetch(`${service.operationsUrl}/metrics`)).text()
    return Number(/^signet_database_batch_acts_count (\d+)$/m.exec(text)?.[1])
  }
  const before = await count()
  await service.addUser('counted')
  expect(await count()).toBeGreaterThan(before)
})

test('a server certificate that is revoked is replaced while the service runs', async () => {
  const shown = (): Promise<string> =>
    new Promise((found, failed) => {
      const { port } = new URL(service.url)
      const socket = connect({ host: '127.0.0.1', port: Number(port), servername: 'localhost', ca: service.ca }, () => {
        found(socket.getPeerX509Certificate()?.serialNumber.toLowerCase() ?? '')
        socket.destroy()
      })
      socket.once('error', failed)
    })
  const before = await shown()
  const revoke = `/v1/certificates/${before}/revoke`
  expectStatus(await service.post(revoke, { reason: 'superseded' }, service.admin), 200)
  await expect.poll(shown).not.toBe(before)
})
