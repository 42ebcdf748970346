// What each command asks of the service, and what it prints of the answer.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOf, signet } from './command-line.ts'
import { type Responder, startService } from './fake-service.ts'
import { TemporaryFolder } from './temporary-folder.ts'
import { makeHierarchy, makeServer, type Party, type TestHierarchy } from './test-ca.ts'

let ours: TestHierarchy
let server: Party
let folder: TemporaryFolder

beforeAll(async () => {
  ours = await makeHierarchy()
  server = await makeServer(ours.users)
  folder = new TemporaryFolder()
  folder.write('ca.pem', ours.root.pem)
})
afterAll(() => folder[Symbol.dispose]())

async function ask(words: readonly string[], respond: Responder, stdin = '') {
  await using service = await startService(server, [ours.users], respond)
  const environment = { SIGNET_URL: service.url, SIGNET_CA: folder.at('ca.pem') }
  return { ...(await signet(words, { environment, stdin })), received: service.received }
}

const SERIAL = `01${'ab'.repeat(16)}`
const WITH_COLONS = SERIAL.toUpperCase().replaceAll(/(..)(?=.)/g, '$1:')
const AT = '2026-01-02T03:04:05.000Z'

const USER = { name: 'alice', status: 'active', platformRole: 'admin', createdAt: AT }
const MEMBER = {
  project: 'vision',
  user: 'bob',
  commonName: 'vision__bob',
  role: 'owner',
  status: 'active',
  createdAt: AT,
}
const SERVICE = {
  name: 's.internal',
  dnsNames: ['t.internal'],
  systemUser: 'slurm',
  roles: ['launcher'],
  projects: ['vision'],
  status: 'active',
  createdAt: AT,
}
const DEPLOYMENT = {
  name: 'resnet',
  project: 'vision',
  host: 'resnet.internal',
  service: 's.internal',
  serviceCallers: ['b.internal'],
  status: 'active',
}
const JOB = {
  id: 'j1',
  project: 'vision',
  user: 'alice',
  launcher: 's.internal',
  status: 'finished',
  startedAt: AT,
  endsAt: AT,
}
const RECORD = {
  serial: SERIAL,
  issuer: 'users-1',
  profile: 'project-user',
  identity: 'member:vision__alice',
  commonName: 'vision__alice',
  notBefore: AT,
  notAfter: AT,
  status: 'revoked',
  revokedAt: AT,
  reason: 'superseded',
  certificate: 'PEM',
}
const ENROLMENT = { token: 'enrol_abc', identity: 'member:vision__alice', expiresAt: AT }
const ISSUED_TOKEN = { access_token: 'a.b.c', token_type: 'Bearer', expires_in: 900, jti: 'x' }
const EVENT = { at: AT, actor: 'admin:root', act: 'user.add', object: 'user:alice', requestId: 'r', details: { a: 1 } }

interface Row {
  readonly words: readonly string[]
  readonly method?: string
  readonly url: string
  readonly body?: unknown
  readonly answer: object
  readonly prints: string
  readonly stdin?: string
}

const ROWS: readonly Row[] = [
  {
    words: ['user', 'add', 'alice'],
    method: 'PUT',
    url: '/v1/users/alice',
    body: { platformRole: 'user' },
    answer: USER,
    prints: 'user alice added',
  },
  {
    words: ['user', 'add', 'alice', '--role', 'admin'],
    method: 'PUT',
    url: '/v1/users/alice',
    body: { platformRole: 'admin' },
    answer: USER,
    prints: 'user alice added',
  },
  {
    words: ['user', 'enrol', '--project', 'vision', '--user', 'alice'],
    method: 'POST',
    url: '/v1/projects/vision/members/alice/enrolment',
    answer: ENROLMENT,
    prints: 'enrol_abc\n',
  },
  {
    words: ['user', 'unblock', 'alice'],
    method: 'POST',
    url: '/v1/users/alice/unblock',
    answer: USER,
    prints: 'is active',
  },
  {
    words: ['project', 'add', 'vision', '--owner', 'alice'],
    method: 'POST',
    url: '/v1/projects',
    body: { name: 'vision', owner: 'alice' },
    answer: { name: 'vision', status: 'active', createdAt: AT },
    prints: 'project vision added, owned by alice',
  },
  {
    words: ['project', 'list'],
    url: '/v1/projects?limit=1000',
    answer: { projects: [{ name: 'vision', status: 'active', createdAt: AT }] },
    prints: 'vision   active',
  },
  {
    words: ['project', 'members', 'vision'],
    url: '/v1/projects/vision/members?limit=1000',
    answer: { members: [MEMBER] },
    prints: 'vision__bob',
  },
  {
    words: ['project', 'members', 'vision', '--add', 'bob', '--role', 'owner'],
    method: 'PUT',
    url: '/v1/projects/vision/members/bob',
    body: { role: 'owner' },
    answer: MEMBER,
    prints: 'vision__bob is active, owner',
  },
  {
    words: ['project', 'members', 'vision', '--remove', 'bob'],
    method: 'DELETE',
    url: '/v1/projects/vision/members/bob',
    answer: { ...MEMBER, status: 'removed' },
    prints: 'vision__bob is removed',
  },
  {
    words: ['service', 'add', 's.internal', '--system-user', 'slurm'],
    method: 'PUT',
    url: '/v1/services/s.internal',
    body: { systemUser: 'slurm', dnsNames: [], roles: [], projects: [], ifExists: 'refuse' },
    answer: SERVICE,
    prints: 'service s.internal is active',
  },
  {
    words: [
      ...[
        'service',
        'add',
        's.internal',
        '--system-user',
        'slurm',
        '--dns-name',
        't.internal',
        '--dns-name',
        'u.internal',
      ],
      ...['--launcher', '--project', 'vision', '--project', 'speech', '--replace'],
    ],
    method: 'PUT',
    url: '/v1/services/s.internal',
    body: {
      systemUser: 'slurm',
      dnsNames: ['t.internal', 'u.internal'],
      roles: ['launcher'],
      projects: ['vision', 'speech'],
      ifExists: 'replace',
    },
    answer: SERVICE,
    prints: 'service s.internal is active',
  },
  {
    words: ['service', 'enrol', 's.internal'],
    method: 'POST',
    url: '/v1/services/s.internal/enrolment',
    answer: ENROLMENT,
    prints: 'enrol_abc\n',
  },
  {
    words: ['service', 'list'],
    url: '/v1/services?limit=1000',
    answer: { services: [SERVICE] },
    prints: 's.internal  slurm        launcher',
  },
  {
    words: [
      'cert',
      'list',
      '--expires-within',
      '7d',
      '--subject',
      'vision__alice',
      '--profile',
      'job',
      '--status',
      'good',
    ],
    url: '/v1/certificates?commonName=vision__alice&expiresWithinSeconds=604800&profile=job&status=good&limit=1000',
    answer: { certificates: [RECORD] },
    prints: SERIAL,
  },
  {
    words: [
      ...['cert', 'list', '--project', 'vision', '--issuer', 'users-1', '--limit', '5'],
      ...['--identity', 'member:vision__alice', '--requester', 'service:s.internal'],
    ],
    url: '/v1/certificates?project=vision&identity=member%3Avision__alice&requester=service%3As.internal&issuer=users-1&limit=5',
    answer: { certificates: [] },
    prints: 'no certificates',
  },
  {
    words: ['cert', 'show', WITH_COLONS],
    url: `/v1/certificates/${SERIAL}`,
    answer: RECORD,
    prints: 'identity:   member:vision__alice',
  },
  { words: ['cert', 'show', SERIAL, '--pem'], url: `/v1/certificates/${SERIAL}`, answer: RECORD, prints: 'PEM\n' },
  {
    words: ['cert', 'revoke', WITH_COLONS, '--reason', 'superseded'],
    method: 'POST',
    url: `/v1/certificates/${SERIAL}/revoke`,
    body: { reason: 'superseded' },
    answer: RECORD,
    prints: `vision__alice ${SERIAL}: revoked since ${AT}, superseded`,
  },
  {
    words: ['cert', 'revoke', SERIAL, '--reason', 'removeFromCRL'],
    method: 'POST',
    url: `/v1/certificates/${SERIAL}/revoke`,
    body: { reason: 'removeFromCRL' },
    answer: { ...RECORD, status: 'good', revokedAt: undefined, reason: undefined },
    prints: `vision__alice ${SERIAL}: good\n`,
  },
  {
    words: ['job', 'finish', 'j1'],
    method: 'POST',
    url: '/v1/jobs/j1/finish',
    answer: JOB,
    prints: 'job j1 is finished',
  },
  {
    words: ['job', 'list', '--state', 'active'],
    url: '/v1/jobs?launcher=me&state=active&limit=1000',
    answer: { jobs: [JOB] },
    prints: 'j1',
  },
  {
    words: ['token', 'issue', '--audience', 'resnet'],
    method: 'POST',
    url: '/v1/tokens',
    body: { audience: 'resnet', bind: false },
    answer: ISSUED_TOKEN,
    prints: 'a.b.c\n',
  },
  {
    words: ['token', 'issue', '--audience', 'resnet', '--lifetime', '5m', '--bind', '--algorithm', 'EdDSA'],
    method: 'POST',
    url: '/v1/tokens',
    body: { audience: 'resnet', lifetimeSeconds: 300, bind: true, algorithm: 'EdDSA' },
    answer: ISSUED_TOKEN,
    prints: 'a.b.c\n',
  },
  {
    words: ['token', 'revoke', '-'],
    method: 'POST',
    url: '/v1/tokens/revoke',
    body: { token: 'a.b.c' },
    answer: {},
    prints: 'revoked\n',
    stdin: 'a.b.c\n',
  },
  {
    words: ['authorize', '--as', 'vision__alice', '--deployment', 'resnet'],
    method: 'POST',
    url: '/v1/authorize',
    body: { actingUser: 'vision__alice', deployment: 'resnet' },
    answer: { decision: 'allow', reason: 'ALLOWED', policyRevision: 7, validUntil: AT },
    prints: 'decision:    allow',
  },
  {
    words: [
      ...['model', 'deployment', 'put', 'resnet', '--project', 'vision', '--host', 'resnet.internal'],
      ...['--service', 's.internal', '--service-caller', 'b.internal'],
    ],
    method: 'PUT',
    url: '/v1/deployments/resnet',
    body: { project: 'vision', host: 'resnet.internal', service: 's.internal', serviceCallers: ['b.internal'] },
    answer: DEPLOYMENT,
    prints: 'deployment resnet of vision is active at resnet.internal',
  },
  {
    words: ['model', 'deployment', 'list'],
    url: '/v1/deployments?limit=1000',
    answer: { deployments: [DEPLOYMENT] },
    prints: 'b.internal',
  },
  { words: ['audit', '--limit', '3'], url: '/v1/audit?limit=3', answer: { events: [EVENT] }, prints: '{"a":1}' },
  { words: ['audit'], url: '/v1/audit?limit=100', answer: { events: [EVENT] }, prints: 'user.add' },
]

describe('each command asks once, and prints', () => {
  it.each(ROWS.map((row) => [row.words.join(' '), row] as const))('signet %s', async (_, row) => {
    const { words, method = 'GET', url, body, answer, prints, stdin } = row
    const outcome = await ask(words, () => ({ body: answer }), stdin)
    expect(outcome.status, outcome.stderr).toBe(0)
    expect(outcome.received).toHaveLength(1)
    expect(outcome.received[0]).toMatchObject({ method, url })
    expect(outcome.received[0]?.body).toEqual(body)
    expect(outcome.received[0]?.idempotencyKey === undefined).toBe(method === 'GET')
    expect(outcome.stdout).toContain(prints)
  })

  it.each(ROWS.map((row) => [row.words.join(' '), row] as const))('signet %s --json', async (_, row) => {
    const { stdout, stderr } = await ask([...row.words, '--json'], () => ({ body: row.answer }), row.stdin)
    expect(() => JSON.parse(stdout) as unknown).not.toThrow()
    expect(stderr).toBe('')
  })
})

describe('an enrolment token', () => {
  it('stands alone on standard output, and whose it is on standard error', async () => {
    const words = ['user', 'enrol', '--project', 'vision', '--user', 'alice']
    const { stdout, stderr } = await ask(words, () => ({ body: ENROLMENT }))
    expect(stdout).toBe('enrol_abc\n')
    expect(stderr).toContain('member:vision__alice')
  })
})

describe('a decision against the caller', () => {
  const DENIED = { decision: 'deny', reason: 'CERT_CN_MISMATCH', policyRevision: 7 }

  it('ends with 1, its reason as the code, and what to do', async () => {
    const outcome = await ask(['authorize', '--as', 'vision__bob', '--host', 'h.internal'], () => ({ body: DENIED }))
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'CERT_CN_MISMATCH'])
    expect(outcome.stderr).toContain('what to do: Act as the name in the certificate')
    expect(outcome.stdout).toBe('')
  })

  it('is the document with --json', async () => {
    const words = ['authorize', '--as', 'vision__bob', '--host', 'h.internal', '--json']
    const { status, stdout } = await ask(words, () => ({ body: DENIED }))
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toEqual(DENIED)
  })

  it('is about all that the caller showed, from files, and says why step by step', async () => {
    const token = folder.write('caller.token', 'a.b.c\n')
    const key = folder.write('caller.api-key', 'prefix.secret\n')
    const words = ['authorize', '--as', 'x', '--host', 'h', '--path', '/p', '--model', 'm', '--token', token]
    const explanation = [
      { step: '7k', title: 'the API keys hold', outcome: 'KEY_REVOKED', saw: { presented: ['api-key'] } },
    ]
    const outcome = await ask([...words, '--api-key', key, '--explain'], () => ({ body: { ...DENIED, explanation } }))
    expect(outcome.received[0]?.body).toEqual({
      ...{ actingUser: 'x', host: 'h', path: '/p', model: 'm', explain: true },
      credential: { token: 'a.b.c', apiKey: 'prefix.secret' },
    })
    expect(outcome.status).toBe(1)
    expect(outcome.stdout).toContain('7k')
    expect(outcome.stdout).toContain('KEY_REVOKED')
  })

  it("is about the caller's certificate when one is handed over: the leaf alone", async () => {
    const certificate = folder.write('caller.pem', server.pem + ours.users.pem)
    const words = ['authorize', '--as', 'x', '--deployment', 'resnet', '--certificate', certificate]
    const { received } = await ask(words, () => ({ body: DENIED }))
    const { credential } = received[0]?.body as { credential: { certificate: string } }
    expect(credential.certificate.replaceAll('\n', '')).toBe(server.pem.replaceAll('\n', ''))
  })
})

describe('a list of several pages', () => {
  const rows = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...RECORD, commonName: `p__u${String(from + i)}` }))

  const pages: Responder = ({ url }) => {
    const query = new URL(url, 'https://x').searchParams
    const from = Number(query.get('cursor') ?? 0)
    const count = Math.min(Number(query.get('limit')), 1000, 2500 - from)
    const next = from + count
    return { body: { certificates: rows(from, count), ...(next < 2500 ? { cursor: String(next) } : {}) } }
  }

  it('is read to its end', async () => {
    const { stdout, received } = await ask(['cert', 'list', '--json'], pages)
    expect((JSON.parse(stdout) as { certificates: unknown[] }).certificates).toHaveLength(2500)
    expect(received.map(({ url }) => url)).toEqual([
      '/v1/certificates?limit=1000',
      '/v1/certificates?limit=1000&cursor=1000',
      '/v1/certificates?limit=1000&cursor=2000',
    ])
  })

  it('is read to the limit, and says that there is more', async () => {
    const { stdout, stderr, received } = await ask(['cert', 'list', '--limit', '1500'], pages)
    expect(stdout.trimEnd().split('\n')).toHaveLength(1501)
    expect(stderr).toContain('there are more')
    expect(received.at(-1)?.url).toBe('/v1/certificates?limit=500&cursor=1000')
  })
})

it('neither a file nor a serial number is shown', async () => {
  const outcome = await ask(['cert', 'show', 'nowhere.pem'], () => undefined)
  expect([outcome.status, codeOf(outcome)]).toEqual([1, 'serial_or_file_unknown'])
})

it('a certificate in a file is shown without a service', async () => {
  const file = folder.write('chain.pem', server.pem + ours.users.pem)
  const { status, stdout } = await signet(['cert', 'show', file])
  expect(status).toBe(0)
  expect(stdout).toContain('CN=localhost')
  expect(stdout).toContain('dns:localhost, ip:127.0.0.1')
  expect(stdout).toContain('CN=Test users CA 1')
})
