import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'
import * as x509 from '@peculiar/x509'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { codeOf, signet, type Surroundings } from './command-line.ts'
import { problem, type Received, type Responder, startService } from './fake-service.ts'
import { TemporaryFolder } from './temporary-folder.ts'
import { makeHierarchy, makeKeys, makeLeaf, makeServer, type Party, type TestHierarchy } from './test-ca.ts'

let ours: TestHierarchy
let server: Party
let folder: TemporaryFolder

beforeAll(async () => {
  ours = await makeHierarchy()
  server = await makeServer(ours.users)
})
beforeEach(() => {
  folder = new TemporaryFolder()
  folder.write('ca.pem', ours.root.pem)
})
afterEach(() => folder[Symbol.dispose]())

const MEMBER = ['cert', 'issue', '--project', 'vision', '--user', 'alice']

async function issue(words: readonly string[], respond: Responder = issues, surroundings: Surroundings = {}) {
  await using service = await startService(server, [ours.users], respond)
  const environment = { SIGNET_URL: service.url, SIGNET_CA: folder.at('ca.pem'), ...surroundings.environment }
  return { ...(await signet(words, { ...surroundings, environment })), received: service.received }
}

/** Certifies the key of the request. */
const issues: Responder = async (received) => {
  const request = requestOf(received)
  const publicKey = await request.publicKey.export(request.publicKey.algorithm, ['verify'])
  const leaf = await makeLeaf(request.subject, ours.users, { keys: { ...(await makeKeys()), publicKey } })
  return { status: 201, body: answerWith(leaf) }
}

function answerWith(leaf: Party) {
  return {
    serial: leaf.certificate.serialNumber,
    issuer: 'users-1',
    profile: 'project-user',
    commonName: 'vision__alice',
    notBefore: leaf.certificate.notBefore.toISOString(),
    notAfter: leaf.certificate.notAfter.toISOString(),
    certificate: leaf.pem,
    chain: ours.users.pem,
  }
}

function requestOf({ body }: Received): x509.Pkcs10CertificateRequest {
  return new x509.Pkcs10CertificateRequest((body as { csr: string }).csr)
}

describe('a new key', () => {
  it('is written for its owner alone, beside certificate and chain', async () => {
    const outcome = await issue([...MEMBER, '--token', 'enrol_x', '--out', folder.at('alice.pem')])
    expect(outcome.status, outcome.stderr).toBe(0)
    expect(statSync(folder.at('alice.key')).mode & 0o777).toBe(0o600)
    expect(statSync(folder.at('alice.pem')).mode & 0o777).toBe(0o644)
    const [leaf = '', chain = '', rest] = folder.read('alice.pem').split(/(?=-----BEGIN)/)
    expect(rest).toBeUndefined()
    expect(new X509Certificate(leaf).checkPrivateKey(createPrivateKey(folder.read('alice.key')))).toBe(true)
    expect(new X509Certificate(leaf).checkIssued(new X509Certificate(chain))).toBe(true)
    expect(readdirSync(folder.path).toSorted()).toEqual(['alice.key', 'alice.pem', 'ca.pem'])
  })

  it('never leaves the host', async () => {
    const { received } = await issue([...MEMBER, '--token', 'enrol_x', '--out', folder.at('alice.pem')])
    expect(JSON.stringify(received)).not.toContain('PRIVATE')
    const request = received[0] === undefined ? undefined : requestOf(received[0])
    expect(request?.subject).toBe('CN=vision__alice')
    expect(await request?.verify()).toBe(true)
  })

  it.each([
    ['ec-p256', 'ec'],
    ['ec-p384', 'ec'],
    ['rsa-2048', 'rsa'],
    ['ed25519', 'ed25519'],
    ['ml-dsa-65', 'ml-dsa-65'],
  ])('is of the algorithm %s, and proves itself', async (algorithm, type) => {
    const words = [...MEMBER, '--token', 'x', '--algorithm', algorithm, '--out', folder.at('a.pem')]
    let sent: x509.Pkcs10CertificateRequest | undefined
    await issue(words, (received) => {
      sent = requestOf(received)
      return problem(403, 'not_permitted', 'no')
    })
    expect(await sent?.verify()).toBe(true)
    const spki = Buffer.from(sent?.publicKey.rawData ?? new ArrayBuffer())
    expect(createPublicKey({ key: spki, format: 'der', type: 'spki' }).asymmetricKeyType).toBe(type)
  })

  it('goes where it is told', async () => {
    const words = [...MEMBER, '--token', 'x', '--out', folder.at('a.pem'), '--key-out', folder.at('secret')]
    expect((await issue(words)).status).toBe(0)
    expect(statSync(folder.at('secret')).mode & 0o777).toBe(0o600)
  })

  it('does not stay when the service refuses', async () => {
    const respond: Responder = () => problem(401, 'enrolment_token_invalid', 'Ask for a new one.')
    const outcome = await issue([...MEMBER, '--token', 'x', '--out', folder.at('a.pem')], respond)
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'enrolment_token_invalid'])
    expect(readdirSync(folder.path)).toEqual(['ca.pem'])
  })
})

describe('nothing is overwritten', () => {
  it.each([
    ['a certificate', 'a.pem', []],
    ['a key', 'a.key', []],
    ['a key, whatever --force says', 'a.key', ['--force']],
  ])('%s', async (_, name, more) => {
    folder.write(name, 'mine')
    const outcome = await issue([...MEMBER, '--token', 'x', '--out', folder.at('a.pem'), ...more])
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'file_exists'])
    expect(folder.read(name)).toBe('mine')
    expect(outcome.received, 'no token is spent').toEqual([])
    expect(readdirSync(folder.path).toSorted()).toEqual([name, 'ca.pem'].toSorted())
  })

  it('but a certificate is replaced with --force', async () => {
    folder.write('a.pem', 'mine')
    expect((await issue([...MEMBER, '--token', 'x', '--out', folder.at('a.pem'), '--force'])).status).toBe(0)
    expect(folder.read('a.pem')).toContain('BEGIN CERTIFICATE')
  })

  it.each([
    ['for a new key', []],
    ['for the certificate of an old one', ['--csr', 'a.csr']],
  ])('a folder that is not there, %s, is told before the token is spent', async (_, more) => {
    const outcome = await issue([...MEMBER, '--token', 'x', '--out', folder.at('nowhere/a.pem'), ...more])
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'file_unwritable'])
    expect(outcome.received).toEqual([])
  })
})

describe('a key or a request that is there already', () => {
  it.each([
    ['PKCS#8', 'pkcs8'],
    ['SEC 1', 'sec1'],
  ] as const)('a key in %s is used and left alone', async (_, type) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = folder.write('my.key', privateKey.export({ type, format: 'pem' }))
    expect((await issue([...MEMBER, '--token', 'x', '--key', key, '--out', folder.at('a.pem')])).status).toBe(0)
    expect(new X509Certificate(folder.read('a.pem')).checkPrivateKey(privateKey)).toBe(true)
    expect(existsSync(folder.at('a.key'))).toBe(false)
  })

  it.each([
    ['that is none', 'junk', 'key_unreadable'],
    ['that is encrypted', 'encrypted', 'key_unreadable'],
    ['that signs no request', 'x25519', 'key_unreadable'],
  ])('a key %s is refused', async (_, kind, code) => {
    const key = folder.write('my.key', keyText(kind))
    const outcome = await issue([...MEMBER, '--token', 'x', '--key', key, '--out', folder.at('a.pem')])
    expect([outcome.status, codeOf(outcome)]).toEqual([1, code])
    expect(outcome.received).toEqual([])
  })

  function keyText(kind: string): string {
    if (kind === 'junk') return 'junk'
    if (kind === 'x25519') return generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    return privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  }

  it.each(['pem', 'der'] as const)('a request in %s is sent as PEM', async (form) => {
    const request = await ownRequest()
    const csr = folder.write('a.csr', form === 'pem' ? request.toString('pem') : new Uint8Array(request.rawData))
    const { status, received } = await issue([...MEMBER, '--token', 'x', '--csr', csr, '--out', folder.at('a.pem')])
    expect(status).toBe(0)
    expect(received[0] && Buffer.from(requestOf(received[0]).rawData).equals(Buffer.from(request.rawData))).toBe(true)
    expect(existsSync(folder.at('a.key'))).toBe(false)
  })

  it('a request with a broken signature is refused here', async () => {
    const bytes = new Uint8Array((await ownRequest()).rawData)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    const words = [...MEMBER, '--token', 'x', '--csr', folder.write('a.csr', bytes), '--out', folder.at('a.pem')]
    const outcome = await issue(words)
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'csr_signature_invalid'])
    expect(outcome.received).toEqual([])
  })

  async function ownRequest(): Promise<x509.Pkcs10CertificateRequest> {
    return x509.Pkcs10CertificateRequestGenerator.create({
      name: 'CN=vision__alice',
      keys: await makeKeys(),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    })
  }
})

describe('who asks', () => {
  const out = () => ['--out', folder.at('a.pem')]

  it.each<readonly [string, () => readonly string[], string]>([
    ['on the command line', () => ['--token', 'enrol_x'], ''],
    ['in a file', () => ['--token-file', folder.write('token', 'enrol_x\n')], ''],
    ['on standard input', () => ['--token-file', '-'], 'enrol_x\n'],
    ['on standard input, as an argument', () => ['--token', '-'], 'enrol_x\n'],
  ])('a token %s', async (_, words, stdin) => {
    const { received } = await issue([...MEMBER, ...words(), ...out(), '--lifetime', '12h'], issues, { stdin })
    expect(received).toMatchObject([
      {
        url: '/v1/projects/vision/members/alice/certificates',
        body: { enrolmentToken: 'enrol_x', lifetimeSeconds: 43_200 },
        client: undefined,
      },
    ])
  })

  it('a token is shown without the client certificate of the environment', async () => {
    const { received, status } = await issue([...MEMBER, '--token', 'x', ...out()], issues, {
      environment: await asAlice(),
    })
    expect(status).toBe(0)
    expect(received[0]?.client).toBeUndefined()
  })

  it('the certificate before', async () => {
    const { received } = await issue([...MEMBER, ...out()], issues, { environment: await asAlice() })
    expect(received[0]?.client).toBe('vision__alice')
    expect(received[0]?.body).not.toHaveProperty('enrolmentToken')
  })

  it('a service', async () => {
    const words = ['cert', 'issue', '--service', 'model-1.internal', '--token', 'x', ...out()]
    const { received } = await issue(words)
    expect(received[0]?.url).toBe('/v1/services/model-1.internal/certificates')
    expect(received[0] && requestOf(received[0]).subject).toBe('CN=model-1.internal')
  })

  async function asAlice(): Promise<Record<string, string>> {
    const alice = await makeLeaf('CN=vision__alice', ours.users)
    return { SIGNET_CERT: folder.write('c.pem', alice.pem), SIGNET_KEY: folder.write('c.key', alice.key) }
  }
})

describe('the answer', () => {
  it('is refused when it certifies another key', async () => {
    const other = answerWith(await makeLeaf('CN=vision__alice', ours.users))
    const outcome = await issue([...MEMBER, '--token', 'x', '--out', folder.at('a.pem')], () => ({
      status: 201,
      body: other,
    }))
    expect([outcome.status, codeOf(outcome)]).toEqual([1, 'answer_unfit'])
    expect(existsSync(folder.at('a.pem'))).toBe(false)
  })

  it('is printed as one document with --json', async () => {
    const { stdout } = await issue([...MEMBER, '--token', 'x', '--out', folder.at('a.pem'), '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      commonName: 'vision__alice',
      certificateFile: folder.at('a.pem'),
      keyFile: folder.at('a.key'),
    })
  })
})

describe('job start', () => {
  it('gets the certificate of the job', async () => {
    const respond: Responder = async (received) => {
      const reply = await issues(received)
      if (typeof reply !== 'object') throw new Error('no answer')
      return { status: 201, body: { id: 'j1', certificate: reply.body } }
    }
    const words = [
      'job',
      'start',
      '--project',
      'vision',
      '--user',
      'alice',
      '--lifetime',
      '30m',
      '--out',
      folder.at('j.pem'),
    ]
    const { status, stdout, received } = await issue(words, respond)
    expect(status).toBe(0)
    expect(stdout).toContain('job j1\n')
    expect(received).toMatchObject([
      { url: '/v1/jobs', body: { project: 'vision', user: 'alice', lifetimeSeconds: 1800 } },
    ])
    expect(statSync(folder.at('j.key')).mode & 0o777).toBe(0o600)
  })
})
