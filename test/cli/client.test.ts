import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOf, signet } from './command-line.ts'
import { type FakeService, problem, type Responder, startService } from './fake-service.ts'
import { TemporaryFolder } from './temporary-folder.ts'
import { makeHierarchy, makeLeaf, makeServer, type Party, type TestHierarchy } from './test-ca.ts'

let ours: TestHierarchy
let server: Party
let admin: Party
let folder: TemporaryFolder
let environment: Record<string, string>

beforeAll(async () => {
  ours = await makeHierarchy()
  server = await makeServer(ours.users)
  admin = await makeLeaf('CN=admin', ours.users)
  folder = new TemporaryFolder()
  environment = {
    SIGNET_CA: folder.write('ca.pem', ours.root.pem),
    SIGNET_CERT: folder.write('admin.pem', admin.pem + ours.users.pem),
    SIGNET_KEY: folder.write('admin.key', admin.key),
  }
})
afterAll(() => folder[Symbol.dispose]())

const BLOCK = ['user', 'block', 'alice']
const BLOCKED = { name: 'alice', status: 'blocked', platformRole: 'user', createdAt: '2026-01-01T00:00:00Z' }

async function ask(respond: Responder, words: readonly string[] = BLOCK, more: Record<string, string> = {}) {
  await using service = await startService(server, [ours.users], respond)
  const surroundings = { environment: { ...environment, SIGNET_URL: service.url, ...more } }
  return { ...(await signet(words, surroundings)), received: service.received }
}

describe('a request', () => {
  it('shows the client certificate, and carries an Idempotency-Key', async () => {
    const { status, stdout, received } = await ask(() => ({ body: BLOCKED }))
    expect([status, stdout]).toEqual([0, 'user alice is blocked\n'])
    expect(received).toMatchObject([{ method: 'POST', url: '/v1/users/alice/block', client: 'admin' }])
    expect(received[0]?.idempotencyKey).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('takes flags before the environment', async () => {
    const words = [...BLOCK, '--ca', folder.at('ca.pem')]
    const { status } = await ask(() => ({ body: BLOCKED }), words, { SIGNET_CA: '/nowhere' })
    expect(status).toBe(0)
  })

  it('keeps a name within its segment of the path', async () => {
    const { received } = await ask(() => ({ body: BLOCKED }), ['user', 'block', '../projects/x?y#z'])
    expect(received[0]?.url).toBe('/v1/users/..%2Fprojects%2Fx%3Fy%23z/block')
  })

  it('verifies the server whatever the environment of Node says', async () => {
    const strangers = await makeHierarchy('Stranger')
    await using service = await startService(await makeServer(strangers.users), [strangers.users], () => ({
      body: BLOCKED,
    }))
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      const outcome = await signet(BLOCK, { environment: { ...environment, SIGNET_URL: service.url } })
      expect([outcome.status, codeOf(outcome)]).toEqual([1, 'server_untrusted'])
      expect(service.received).toEqual([])
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    }
  })
})

describe('a connection that is lost', () => {
  it('is tried once more with the same key', async () => {
    const { status, received } = await ask(lostFirst(1))
    expect(status).toBe(0)
    expect(received).toHaveLength(2)
    expect(received[1]?.idempotencyKey).toBe(received[0]?.idempotencyKey)
    expect(received[1]?.body).toEqual(received[0]?.body)
  })

  it('is tried no third time', async () => {
    const outcome = await ask(lostFirst(9))
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'connection_lost'])
    expect(outcome.received).toHaveLength(2)
  })

  it('is as good as an answer that does not know whether it was recorded', async () => {
    let count = 0
    const { status, received } = await ask(() => {
      return count++ === 0 ? problem(503, 'commit_unknown', 'Ask again.') : { body: BLOCKED }
    })
    expect(status).toBe(0)
    expect(received[1]?.idempotencyKey).toBe(received[0]?.idempotencyKey)
  })

  function lostFirst(times: number): Responder {
    let count = 0
    return () => (count++ < times ? 'lost' : { body: BLOCKED })
  }
})

describe('what goes wrong is told with its code, and exit status 1', () => {
  it.each<readonly [string, string, Responder]>([
    ['a refusal of the service', 'not_permitted', () => problem(403, 'not_permitted', 'Ask somebody who may do this.')],
    ['a page of HTML', 'answer_unreadable', () => ({ type: 'text/html', body: '<html>' })],
    ['an error without problem document', 'answer_unreadable', () => ({ status: 502, type: 'text/html', body: 'bad' })],
    [
      'a problem without code',
      'answer_unreadable',
      () => ({ status: 400, type: 'application/problem+json', body: {} }),
    ],
    ['another shape', 'answer_unreadable', () => ({ body: { name: 7 } })],
    ['a list', 'answer_unreadable', () => ({ body: [] })],
  ])('%s', async (_, code, respond) => {
    const outcome = await ask(respond)
    expect([outcome.status, codeOf(outcome)]).toEqual([1, code])
    expect(outcome.stdout).toBe('')
    expect(outcome.stderr).not.toContain('    at ')
  })

  it('tells facts, request and reason of a refusal', async () => {
    const facts = { reason: 'CERT_REVOKED', names: ['a', 'b'] }
    const { stderr } = await ask(() => problem(401, 'client_certificate_refused', 'Present another.', facts))
    expect(stderr).toContain('refused: Present another. (code client_certificate_refused)')
    expect(stderr).toContain('  reason: CERT_REVOKED')
    expect(stderr).toContain('  names: a, b')
    expect(stderr).toContain('  request: r-1')
    expect(stderr).toContain('what to do: Get a new certificate')
  })

  it('shows control characters of the other side as escapes', async () => {
    const { stderr } = await ask(() => problem(400, 'name_rejected', 'red \u001b[31m', { input: 'a\u202eb' }))
    expect(stderr).not.toContain('\u001b')
    expect(stderr).not.toContain('\u202e')
    expect(stderr).toContain('\\u001b[31m')
  })

  it('prints the refusal as one document with --json', async () => {
    const { stdout } = await ask(() => problem(403, 'not_permitted', 'Ask.', { reason: 'x' }), [...BLOCK, '--json'])
    expect(JSON.parse(stdout)).toEqual({
      refused: { title: 'Ask.', code: 'not_permitted', status: 403, facts: { reason: 'x' }, requestId: 'r-1' },
    })
  })

  it('an answer that does not come', async () => {
    const outcome = await ask(() => 'silent', [...BLOCK, '--timeout', '1s'])
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'timed_out'])
    expect(outcome.received).toHaveLength(1)
  })

  it.each([
    ['nobody listens', 'https://127.0.0.1:1', 'connection_refused'],
    ['a host that is none', 'https://nowhere.invalid:8443', 'host_unknown'],
  ])('%s', async (_, url, code) => {
    const outcome = await signet(BLOCK, { environment: { ...environment, SIGNET_URL: url } })
    expect([outcome.status, codeOf(outcome)]).toEqual([1, code])
    expect(outcome.stderr).toContain('what to do: ')
  })

  it('a port that speaks no TLS', async () => {
    const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${String((plain.address() as AddressInfo).port)}`
    const outcome = await signet(BLOCK, { environment: { ...environment, SIGNET_URL: url } })
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'connection_failed'])
    plain.close()
  })
})

describe('the server is another', () => {
  it.each<readonly [string, string, () => Promise<FakeService>]>([
    [
      'below another root',
      'server_untrusted',
      async () => {
        const strangers = await makeHierarchy('Stranger')
        return startService(await makeServer(strangers.users), [strangers.users], () => undefined)
      },
    ],
    [
      'with another name',
      'server_name_mismatch',
      async () => startService(await makeLeaf('CN=other.internal', ours.users), [ours.users], () => undefined),
    ],
    [
      'with a certificate that has ended',
      'server_untrusted',
      async () => {
        const notAfter = new Date(Date.now() - 5000)
        return startService(await makeLeaf('CN=localhost', ours.users, { notAfter }), [ours.users], () => undefined)
      },
    ],
  ])('%s', async (_, code, start) => {
    await using service = await start()
    const outcome = await signet(BLOCK, { environment: { ...environment, SIGNET_URL: service.url } })
    expect([outcome.status, codeOf(outcome)]).toEqual([1, code])
    expect(service.received).toEqual([])
  })
})

describe('the client certificate', () => {
  it.each([
    [
      'with the key of another',
      () => ({ SIGNET_KEY: folder.write('other.key', server.key) }),
      'client_certificate_unusable',
    ],
    ['that is none', () => ({ SIGNET_CERT: folder.write('junk.pem', 'junk') }), 'client_certificate_unusable'],
    ['that is not there', () => ({ SIGNET_CERT: folder.at('nowhere') }), 'file_unreadable'],
  ])('%s', async (_, more, code) => {
    const outcome = await ask(() => ({ body: BLOCKED }), BLOCK, more())
    expect([outcome.status, codeOf(outcome)]).toEqual([1, code])
    expect(outcome.received).toEqual([])
  })

  it.each([
    ['no PEM', 'junk'],
    ['no root', 'the issuing CA'],
  ])('is no use with a bundle that holds %s', async (_, what) => {
    const ca = folder.write('bad-ca.pem', what === 'junk' ? what : ours.users.pem)
    const outcome = await ask(() => ({ body: BLOCKED }), BLOCK, { SIGNET_CA: ca })
    expect(outcome.status).toBe(1)
    expect(['trust_unreadable', 'root_unfit']).toContain(codeOf(outcome))
  })
})
