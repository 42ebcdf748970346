// Keys that Signet makes for the user, over the running service: one answer with key, certificate and trust store, which other
// people's programs read; and everything that gets none.
import { execFileSync } from 'node:child_process'
import { randomUUID, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leavesNothing } from '../http/stored.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, known } from '../support/https-client.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'

const PATH = '/v1/projects/vision/members/alice/certificates'
const PASSPHRASE = 'twelve chars or more'

const folder = mkdtempSync(join(tmpdir(), 'made-key-'))
let service: TestService
let owner: Certified
let alice: Certified

beforeAll(async () => {
  service = await TestService.start()
  owner = await service.addProject('vision', 'olivia')
  alice = await service.addMember('vision', 'alice', owner)
})
afterAll(async () => {
  await service.close()
  rmSync(folder, { recursive: true })
})

interface KeyStore {
  readonly format: string
  readonly alias: string
  readonly contents: string
  readonly trustStore: string
  readonly passphrase?: string
}

const storeOf = (answer: Answer): KeyStore => answer.json['keyStore'] as KeyStore
const ask = (body: object, headers: Record<string, string> = {}) => service.post(PATH, body, alice, headers)
const generate = (format: string, more: object = {}) => ({ generate: { algorithm: 'ec-p256' }, format, ...more })
function file(name: string, base64: string): string {
  writeFileSync(join(folder, name), Buffer.from(base64, 'base64'))
  return name
}
const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })

describe('a key that is made', () => {
  test('comes as PEM under a passphrase that is made too, and opens the service', async () => {
    const answer = expectStatus(await ask(generate('pem')), 201)
    const { contents, passphrase, trustStore, alias } = storeOf(answer)
    expect([alias, trustStore]).toEqual(['vision__alice', service.ca])
    writeFileSync(join(folder, 'alice.pem'), contents)
    const key = run('openssl', 'pkey', '-in', 'alice.pem', '-passin', `pass:${String(passphrase)}`)
    const me = await service.get('/v1/me', { certificate: contents.slice(contents.indexOf('-----BEGIN CERT')), key })
    expect([me.status, me.text]).toEqual([200, expect.stringContaining('alice')])
    expect(new X509Certificate(String(answer.json['certificate'])).serialNumber.toLowerCase()).toBe(
      String(answer.json['serial']),
    )
  })

  test('comes as PKCS#12 under the passphrase and alias of the caller, which OpenSSL opens', async () => {
    const answer = expectStatus(await ask(generate('pkcs12', { passphrase: PASSPHRASE, alias: 'my-key' })), 201)
    const { contents, passphrase } = storeOf(answer)
    expect(passphrase).toBeUndefined()
    const opened = run('openssl', 'pkcs12', '-in', file('a.p12', contents), '-passin', `pass:${PASSPHRASE}`, '-nodes')
    expect(opened).toContain('friendlyName: my-key')
    expect(opened).toContain('BEGIN PRIVATE KEY')
    expect(opened.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
  })

  test('comes as JKS with its trust store, which keytool reads', async () => {
    const answer = expectStatus(await ask(generate('jks', { passphrase: PASSPHRASE })), 201)
    const { contents, trustStore } = storeOf(answer)
    const list = (name: string) =>
      run('keytool', '-J-Duser.language=en', '-list', '-keystore', name, '-storepass', PASSPHRASE)
    expect(list(file('a.jks', contents))).toMatch(/vision__alice, .*PrivateKeyEntry/)
    expect(list(file('t.jks', trustStore))).toMatch(/root-1, .*trustedCertEntry/)
  })

  test.each(['ec-p384', 'rsa-2048', 'ed25519'])('may be of %s', async (algorithm) => {
    const answer = await ask({ generate: { algorithm }, format: 'jks' })
    expect([answer.status, answer.code]).toEqual([201, undefined])
  })

  test('buys a first certificate with an enrolment token, and a service one for an administrator', async () => {
    await service.addUser('bruno')
    expectStatus(await service.put('/v1/projects/vision/members/bruno', { role: 'scientist' }, owner), 201)
    const enrolmentToken = await service.enrolmentToken('vision', 'bruno', owner)
    const path = '/v1/projects/vision/members/bruno/certificates'
    expectStatus(await service.post(path, generate('jks', { enrolmentToken })), 201)
    await service.addService('model-1.internal')
    const made = await service.post('/v1/services/model-1.internal/certificates', generate('jks'), service.admin)
    expect(storeOf(expectStatus(made, 201)).alias).toBe('model-1.internal')
  })
})

describe('no key is made', () => {
  const TABLE: readonly (readonly [why: string, body: object, status: number, code: string])[] = [
    [
      'with a passphrase of 11 characters',
      generate('pkcs12', { passphrase: 'a'.repeat(11) }),
      400,
      'passphrase_too_short',
    ],
    [
      'with a passphrase that is not ASCII',
      generate('pem', { passphrase: 'passphrasé passphrasé' }),
      400,
      'passphrase_not_ascii',
    ],
    ['with an empty passphrase', generate('jks', { passphrase: '' }), 400, 'passphrase_too_short'],
    ['with an alias that is a path', generate('jks', { alias: '../x' }), 400, 'alias_rejected'],
    ['with an empty alias', generate('jks', { alias: '' }), 400, 'alias_rejected'],
    ['for ML-DSA', { generate: { algorithm: 'ml-dsa-65' }, format: 'pkcs12' }, 400, 'key_algorithm_unsupported'],
    ['of an algorithm that is none', { generate: { algorithm: 'dsa' }, format: 'pkcs12' }, 400, 'body_rejected'],
    ['without a format', { generate: { algorithm: 'ec-p256' } }, 400, 'body_rejected'],
    ['in a format that is none', generate('bks'), 400, 'body_rejected'],
    ['and no request is brought', {}, 400, 'body_rejected'],
    ['where a passphrase comes alone', { passphrase: PASSPHRASE }, 400, 'body_rejected'],
  ]
  test.each(TABLE)('%s', async (_, body, status, code) => {
    expect(known(await leavesNothing(service, () => ask(body)))).toEqual({ status, code })
  })

  test('beside a request of the caller', async () => {
    const { pem } = await makeCsr()
    const both = () => ask(generate('pem', { csr: pem }))
    expect(known(await leavesNothing(service, both))).toEqual({ status: 400, code: 'body_rejected' })
    const withFormat = () => ask({ csr: pem, format: 'pem' })
    expect(known(await leavesNothing(service, withFormat))).toEqual({ status: 400, code: 'body_rejected' })
  })

  test('rule 12: for an owner, an administrator or nobody at all', async () => {
    for (const [by, status, code] of [
      [owner, 403, 'not_permitted'],
      [service.admin, 403, 'not_permitted'],
      [undefined, 401, 'unauthenticated'],
    ] as const) {
      const asked = () => service.post(PATH, generate('pem'), by)
      expect(known(await leavesNothing(service, asked))).toEqual({ status, code })
    }
  })
})

describe('rule 19: a key that was made', () => {
  test('is never handed over twice', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    const body = generate('jks', { passphrase: PASSPHRASE })
    expectStatus(await ask(body, headers), 201)
    const again = await leavesNothing(service, () => ask(body, headers))
    expect(known(again)).toEqual({ status: 409, code: 'already_delivered' })
    const other = { ...body, alias: 'other' }
    expect(known(await leavesNothing(service, () => ask(other, headers)))).toEqual({
      status: 422,
      code: 'idempotency_key_reused',
    })
  })

  test('leaves no digest behind at which its passphrase could be guessed: another one is the same request', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    expectStatus(await ask(generate('jks', { passphrase: PASSPHRASE }), headers), 201)
    const again = await leavesNothing(service, () => ask(generate('jks', { passphrase: `${PASSPHRASE}!` }), headers))
    expect(known(again)).toEqual({ status: 409, code: 'already_delivered' })
  })
})

describe('the roots for everybody', () => {
  test('are a JKS and a PKCS#12 trust store with the password that Java expects', async () => {
    for (const [name, magic] of [
      ['trust-bundle.jks', 'feedfeed'],
      ['trust-bundle.p12', '30'],
    ] as const) {
      const answer = await service.get(`/pki/${name}`)
      expect(answer.bytes.toString('hex').startsWith(magic), name).toBe(true)
      expect((await service.get(`/pki/${name}`)).headers.etag).toBe(answer.headers.etag)
      file(name, answer.bytes.toString('base64'))
      expect(run('keytool', '-list', '-keystore', name, '-storepass', 'changeit')).toContain('root-1')
    }
  })

  test('are a SPIFFE bundle', async () => {
    const { json } = await service.get('/.well-known/spiffe-bundle.json')
    const [key] = json['keys'] as { use: string; kty: string; x5c: string[] }[]
    expect([key?.use, key?.kty, json['keys']]).toEqual(['x509-svid', 'EC', expect.any(Array)])
    expect(new X509Certificate(Buffer.from(key?.x5c[0] ?? '', 'base64')).toString()).toBe(
      new X509Certificate(service.ca).toString(),
    )
    expect(Number.isSafeInteger(json['spiffe_sequence'])).toBe(true)
  })
})
