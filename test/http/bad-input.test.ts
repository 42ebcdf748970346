// Bad input gets a problem document with a code; nothing is stored, nothing is signed. Each row stands next to what is
// accepted: a sound request on the same path, which stores one certificate.
import 'reflect-metadata'
import { createPublicKey, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto'
import {
  BasicConstraintsExtension,
  X509Certificate as ParsedCertificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { base64url, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { currentServerCertificate } from '../../src/enrollment/server-certificate.ts'
import { actContext, openInstallation, serverMeans } from '../../src/main/installation.ts'
import { bitString, sequence } from '../../src/x509/der-writer.ts'
import { makeExtension } from '../../src/x509/extension.ts'
import { basicConstraints } from '../../src/x509/extensions/basic-constraints.ts'
import { extendedKeyUsage } from '../../src/x509/extensions/extended-key-usage.ts'
import { OID } from '../../src/x509/oid.ts'
import { type RawAttribute, rawGeneralNames } from '../ca/tbs-parts.ts'
import { makeCsr, pemOf } from '../support/csr.ts'
import type { Answer, ClientIdentity } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, TestService } from '../support/test-service.ts'
import { base64, type CsrContents, csrBytes, type CsrKey, ecKey, infoOf, inventedRsaKey, rsaKey } from './csr-bytes.ts'
import { expectProblem } from './problem.ts'
import { type RawAnswer, sendRaw } from './raw-request.ts'
import { SettableClock } from './settable-clock.ts'
import { leavesNothing, stored } from './stored.ts'

const clock = new SettableClock()
let service: TestService
let alice: Certified
let model: Certified

const PATH = '/v1/projects/vision/members/alice/certificates'

beforeAll(async () => {
  service = await TestService.start({ clock })
  alice = await service.addProject('vision', 'alice')
  model = await service.addService('model-1.internal', { systemUser: 'kserve' })
  await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model-1.internal' })
})
afterAll(() => service.close())

/** Alice asks for her next certificate. */
const ask = (csr: string, more: object = {}): Promise<Answer> => service.post(PATH, { csr, ...more }, alice)

async function expectRefused(status: number, code: string, act: () => Promise<Answer>): Promise<void> {
  expectProblem(await leavesNothing(service, act), status, code)
}

const CN = (value: string, tag?: number): readonly RawAttribute[] => [
  { type: OID.commonName, value, ...(tag === undefined ? {} : { tag }) },
]
const O = (value: string): readonly RawAttribute[] => [{ type: OID.organizationName, value }]
const asking = (contents: CsrContents, key?: CsrKey): string => base64(csrBytes(contents, key))
const san = (...names: readonly (readonly [number, string])[]): CsrContents => ({
  extensions: [makeExtension(OID.subjectAlternativeName, 'non-critical', rawGeneralNames(...names))],
})

/** The outer SEQUENCE with an indefinite length (X.690 §8.1.3.6), and its end-of-contents octets. */
function indefinite(der: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([0x30, 0x80]), der.subarray(4), Buffer.from([0, 0])])
}

function swappedSignature(): string {
  const info = infoOf(ecKey().spki)
  const other = ecKey()
  return base64(sequence(info, other.algorithm, bitString(other.sign(info))))
}

describe('a sound request', () => {
  test.each([
    ['with an empty subject', {}],
    ['for its own name', { subject: [CN('vision__alice')] }],
  ] as const)('%s stores one certificate', async (_, contents) => {
    const before = await stored(service)
    expectStatus(await ask(asking(contents)), 201)
    const after = await stored(service)
    expect(after.serials.length).toBe(before.serials.length + 1)
    expect(after.journalLines).toBeGreaterThan(before.journalLines)
  })
})

describe('a certification request', () => {
  const pem = (): string => pemOf('CERTIFICATE REQUEST', csrBytes())
  test.each<[what: string, csr: () => string, status: number, code: string]>([
    ['broken PEM', () => pem().replace('-----END', '----END'), 400, 'csr_pem_malformed'],
    ['PEM with a body that is no base64', () => pem().replace(/\nMI/, '\n*I'), 400, 'csr_pem_malformed'],
    ['PEM of another label', () => pem().replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'), 400, 'csr_pem_malformed'],
    ['two PEM blocks', () => pem() + pem(), 400, 'csr_pem_malformed'],
    ['neither PEM nor base64', () => 'certificate, please', 400, 'base64_malformed'],
    ['base64 of no DER', () => base64(Buffer.from('0hello')), 400, 'csr_malformed'],
    ['DER with trailing bytes', () => base64(Buffer.concat([csrBytes(), Buffer.from([0])])), 400, 'csr_malformed'],
    ['DER that is cut short', () => base64(csrBytes().subarray(0, -1)), 400, 'csr_malformed'],
    [
      'an indefinite length',
      () => base64(indefinite(csrBytes({ subject: [CN('x'.repeat(60))] }))),
      400,
      'csr_malformed',
    ],
    ['over 16 KiB', () => base64(Buffer.concat([csrBytes(), Buffer.alloc(16 * 1024)])), 413, 'csr_too_large'],
    ['over 16 KiB of PEM', () => pem() + '\n'.repeat(16 * 1024), 413, 'csr_too_large'],
    ['a signature that does not verify', swappedSignature, 400, 'csr_signature_invalid'],
    [
      'CA:TRUE',
      () => asking({ extensions: [basicConstraints({ authority: true, pathLength: undefined }, 'critical')] }),
      400,
      'csr_asks_for_ca',
    ],
    [
      'a server certificate',
      () => asking({ extensions: [extendedKeyUsage([OID.serverAuth], 'non-critical')] }),
      400,
      'csr_asks_beyond_profile',
    ],
    ["another user's name", () => asking({ subject: [CN('vision__bob')] }), 403, 'csr_names_other'],
    ["another project's name", () => asking({ subject: [CN('fraud__alice')] }), 403, 'csr_names_other'],
    ['its name in another letter case', () => asking({ subject: [CN('Vision__alice')] }), 403, 'csr_names_other'],
    ['a__b__c', () => asking({ subject: [CN('vision__alice__b')] }), 403, 'csr_names_other'],
    [
      'an organization beside its name',
      () => asking({ subject: [CN('vision__alice'), O('x')] }),
      403,
      'csr_names_other',
    ],
    [
      'two common names',
      () => asking({ subject: [CN('vision__alice'), CN('vision__alice')] }),
      400,
      'csr_two_common_names',
    ],
    [
      'two common names in one RDN',
      () => asking({ subject: [[...CN('vision__alice'), ...CN('vision__bob')]] }),
      400,
      'csr_two_common_names',
    ],
    ['NUL in the name', () => asking({ subject: [CN('vision__alice\u0000.internal')] }), 400, 'csr_malformed'],
    ['a newline in the name', () => asking({ subject: [CN('vision__alice\nCN=root')] }), 400, 'csr_malformed'],
    ['a name that is not ASCII', () => asking({ subject: [CN('vision__alicе')] }), 400, 'csr_name_not_ascii'],
    [
      'a common name of 65 characters',
      () => asking({ subject: [CN('a'.repeat(65))] }),
      400,
      'csr_common_name_too_long',
    ],
    ['a common name of 64, not its own', () => asking({ subject: [CN('a'.repeat(64))] }), 403, 'csr_names_other'],
    ['a DNS name', () => asking(san([2, 'model-1.internal'])), 403, 'csr_names_other'],
    [
      "another user's URI",
      () => asking(san([6, 'spiffe://test.internal/project/vision/user/bob'])),
      403,
      'csr_names_other',
    ],
    ['an e-mail address', () => asking(san([1, 'alice@example.com'])), 400, 'csr_san_kind_refused'],
  ])('%s is refused', (_, csr, status, code) => expectRefused(status, code, () => ask(csr())))

  test('the name of a CA is refused', async () => {
    const issuer = new X509Certificate(String(alice.answer['chain']))
    const name = /CN=(.+)/.exec(issuer.subject)?.[1] ?? ''
    expect(name).not.toBe('')
    await expectRefused(400, 'csr_names_ca', () => ask(asking({ subject: [CN(name)] })))
  })
})

describe('a key (rule 8)', () => {
  const odd = (bits: number): bigint => (1n << BigInt(bits - 1)) | (0x1234567n << 64n) | 1n
  const p521 = (): CsrKey => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-521' })
    return { ...ecKey(pair), spki: new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' })) }
  }
  test.each<[what: string, key: () => CsrKey, code: string]>([
    ['RSA with 1024 bits', () => rsaKey(1024), 'key_rsa_too_small'],
    ['RSA with 2040 bits', () => rsaKey(2040), 'key_rsa_too_small'],
    ['RSA over 8192 bits', () => inventedRsaKey(odd(8200), 65537n), 'key_rsa_too_large'],
    ['RSA with exponent 1', () => inventedRsaKey(odd(2048), 1n), 'key_rsa_bad_exponent'],
    ['RSA with an even exponent', () => inventedRsaKey(odd(2048), 65536n), 'key_rsa_bad_exponent'],
    ['RSA with an exponent over 2^32', () => inventedRsaKey(odd(2048), (1n << 32n) + 1n), 'key_rsa_bad_exponent'],
    ['a curve outside the profile', p521, 'key_unsupported'],
  ])('%s is refused', (_, key, code) => expectRefused(400, code, () => ask(asking({}, key()))))

  test('the key of a CA is refused', async () => {
    const opened = await openInstallation(service.configuration, undefined, clock)
    try {
      const signer = opened.book.issuingKeyFor('project-user').signer
      const info = infoOf(signer.publicKey)
      const csr = sequence(info, ecKey().algorithm, bitString(await signer.sign(info)))
      await expectRefused(400, 'key_is_a_ca_key', () => ask(base64(csr)))
    } finally {
      await opened.storage.close()
    }
  })

  test('a key of another identity is refused, and renewing with the same key is not', async () => {
    const key = ecKey()
    expectStatus(await ask(asking({}, key)), 201)
    expectStatus(await ask(asking({}, key)), 201)
    const csr = asking({}, key)
    await expectRefused(403, 'key_of_another_identity', () =>
      service.post('/v1/services/model-1.internal/certificates', { csr }, model),
    )
  })

  test('a key that was revoked for compromise is refused, to its own identity too', async () => {
    const key = ecKey()
    const { json } = expectStatus(await ask(asking({}, key)), 201)
    const path = `/v1/certificates/${String(json['serial'])}/revoke`
    expectStatus(await service.post(path, { reason: 'keyCompromise' }, alice), 200)
    await expectRefused(403, 'key_compromised', () => ask(asking({}, key)))
  })
})

describe('a body', () => {
  const admin = () => service.admin
  test.each<[what: string, act: () => Promise<Answer>, status: number, code: string]>([
    ['with an unknown field', async () => ask((await makeCsr()).pem, { ca: true }), 400, 'body_rejected'],
    [
      'with an unknown field deeper',
      () => authorize({ credential: { certificate: 'x', key: 'y' } }),
      400,
      'body_rejected',
    ],
    ['without a field that is required', () => service.post(PATH, {}, alice), 400, 'body_rejected'],
    ['with an empty CSR', () => ask(''), 422, 'csr_empty'],
    ['with a field of another type', () => service.post(PATH, { csr: ['x'] }, alice), 400, 'body_rejected'],
    ['that is missing', () => service.post(PATH, undefined, alice), 400, 'body_rejected'],
    ['that is no JSON', () => service.post(PATH, '{"csr":', alice), 400, 'body_malformed'],
    ['that is a list', () => service.post(PATH, [], alice), 400, 'body_rejected'],
    ['that is null', () => service.post(PATH, 'null', alice), 400, 'body_rejected'],
    ['with a lifetime of none', async () => ask((await makeCsr()).pem, { lifetimeSeconds: 0 }), 400, 'body_rejected'],
    ['with half seconds', async () => ask((await makeCsr()).pem, { lifetimeSeconds: 60.5 }), 400, 'body_rejected'],
    [
      'with too long a lifetime',
      async () => ask((await makeCsr()).pem, { lifetimeSeconds: 31_536_000 }),
      400,
      'validity_too_long',
    ],
    ['with a reason that is none', () => revoke({ reason: 'because' }), 400, 'reason_rejected'],
    [
      'with a role that is none',
      () => service.put('/v1/services/a.internal', { systemUser: 'x', roles: ['root'] }, admin()),
      400,
      'body_rejected',
    ],
    [
      'with XML',
      () =>
        service.send({ method: 'POST', path: PATH, body: '<csr/>', headers: { 'content-type': 'text/xml' } }, alice),
      415,
      'media_type_unsupported',
    ],
    [
      'of a form',
      () =>
        service.send(
          {
            method: 'POST',
            path: PATH,
            body: 'csr=x',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
          },
          alice,
        ),
      415,
      'media_type_unsupported',
    ],
    [
      'with a query that is unknown',
      () => service.get('/v1/certificates?color=red', admin()),
      400,
      'parameter_rejected',
    ],
    [
      'with a cursor that is made up',
      () => service.get('/v1/certificates?cursor=abc', admin()),
      400,
      'cursor_rejected',
    ],
    ['with a page of 1001', () => service.get('/v1/certificates?limit=1001', admin()), 400, 'parameter_rejected'],
    ['with a serial that is none', () => service.get('/v1/certificates/42', admin()), 400, 'serial_rejected'],
    [
      'with an empty Idempotency-Key',
      async () => service.post(PATH, { csr: (await makeCsr()).pem }, alice, { 'idempotency-key': '' }),
      400,
      'idempotency_key_malformed',
    ],
    [
      'with a space in its Idempotency-Key',
      async () => service.post(PATH, { csr: (await makeCsr()).pem }, alice, { 'idempotency-key': 'a b' }),
      400,
      'idempotency_key_malformed',
    ],
    [
      'with an Idempotency-Key of 256',
      async () => service.post(PATH, { csr: (await makeCsr()).pem }, alice, { 'idempotency-key': 'a'.repeat(256) }),
      400,
      'idempotency_key_malformed',
    ],
    [
      'from a page of another site',
      async () => service.post(PATH, { csr: (await makeCsr()).pem }, alice, { origin: 'https://evil.example' }),
      403,
      'foreign_page',
    ],
    [
      'marked cross-site',
      async () => service.post(PATH, { csr: (await makeCsr()).pem }, alice, { 'sec-fetch-site': 'cross-site' }),
      403,
      'foreign_page',
    ],
  ])('%s is refused', (_, act, status, code) => expectRefused(status, code, act))

  const authorize = (body: object) =>
    service.post('/v1/authorize', { actingUser: 'vision__alice', deployment: 'resnet', ...body }, model)
  const revoke = (body: object) => service.post(`/v1/certificates/${alice.serial}/revoke`, body, alice)
})

describe('a name', () => {
  const admin = () => service.admin
  const user = (name: string) => service.put(`/v1/users/${name}`, { platformRole: 'user' }, admin())
  const project = (name: string, owner = 'carol') => service.post('/v1/projects', { name, owner }, admin())
  const host = (name: string) => service.put(`/v1/services/${name}`, { systemUser: 'svc' }, admin())
  const systemUser = (name: string) => service.put('/v1/services/b.internal', { systemUser: name }, admin())

  beforeAll(() => service.addUser('carol'))

  test.each<[what: string, act: () => Promise<Answer>, status: number, code: string]>([
    ['a__b as a user', () => user('a__b'), 400, 'name_rejected'],
    ['a__b as a project', () => project('a__b'), 400, 'name_rejected'],
    [
      'a__b__c in a path',
      () => service.post('/v1/projects/a__b/members/c/enrolment', undefined, admin()),
      400,
      'name_rejected',
    ],
    ['a trailing underscore', () => project('vision_'), 400, 'name_rejected'],
    ['a leading underscore', () => user('_alice'), 400, 'name_rejected'],
    ['a dot', () => user('al.ice'), 400, 'name_rejected'],
    ['NUL in a path', () => user('al%00ice'), 400, 'parameter_rejected'],
    ['NUL in a body', () => project('vis\u0000ion'), 400, 'body_rejected'],
    ['a newline in a path', () => user('alice%0a'), 400, 'parameter_rejected'],
    ['a newline in a body', () => project('vision\n'), 400, 'body_rejected'],
    ['not ASCII in a path', () => user('al%C3%AFce'), 400, 'name_rejected'],
    ['not ASCII in a body', () => project('visiоn'), 400, 'name_rejected'],
    ['a path that is no UTF-8', () => user('al%ffice'), 400, 'name_rejected'],
    ['a slash, encoded', () => user('..%2fadmin'), 400, 'name_rejected'],
    ['sa- as a user', () => user('sa-alice'), 400, 'name_rejected'],
    ['SA- as a user', () => user('SA-alice'), 400, 'name_rejected'],
    ['a project of 25', () => project('p'.repeat(25)), 400, 'name_rejected'],
    ['a user of 49', () => user('u'.repeat(49)), 400, 'name_rejected'],
    ['a wildcard service', () => host('*.internal'), 400, 'name_rejected'],
    ['a service in upper case', () => host('Model.internal'), 400, 'name_rejected'],
    ['an address as a service', () => host('10.0.0.1'), 400, 'name_rejected'],
    ['a service of 65', () => host(`${'a'.repeat(56)}.internal`), 400, 'name_rejected'],
    ['a service outside the zones', () => host('www.example.com'), 400, 'name_outside_zones'],
    ['a system user with __', () => systemUser('a__b'), 400, 'name_rejected'],
    ['a system user in upper case', () => systemUser('Svc'), 400, 'name_rejected'],
    ['a user that was there, in another case', () => user('ALICE'), 409, 'name_taken'],
    ['a project that was there, in another case', () => project('VISION'), 409, 'name_taken'],
  ])('%s is refused', (_, act, status, code) => expectRefused(status, code, act))

  test('a common name over 64 is refused when the member is added, and one of 64 is not', async () => {
    const long = 'u'.repeat(48)
    await service.addUser(long)
    const fits = `p${'r'.repeat(13)}`
    expectStatus(await project(fits, long), 201)
    await expectRefused(400, 'name_rejected', () => project(`${fits}x`, long))
    const enrolled = await service.enrol(fits, long, service.admin)
    expect(String(enrolled.answer['commonName'])).toHaveLength(64)
  })
})

describe('a request', () => {
  const body = '{"name":"raw","owner":"carol"}'
  const request = (headers: readonly string[], content = body): string =>
    ['POST /v1/projects HTTP/1.1', ...headers, 'connection: close', '', content].join('\r\n')
  const HOST = 'host: localhost'
  const JSON_TYPE = 'content-type: application/json'
  const LENGTH = `content-length: ${String(body.length)}`

  test.each<[what: string, text: string, status: number, code: string | undefined]>([
    ['with two Host headers', request([HOST, 'host: evil.example', JSON_TYPE, LENGTH]), 400, 'request_ambiguous'],
    [
      'with two Authorization headers',
      request([HOST, JSON_TYPE, LENGTH, 'authorization: Bearer a', 'authorization: Bearer b']),
      400,
      'request_ambiguous',
    ],
    [
      'with two Idempotency-Key headers',
      request([HOST, JSON_TYPE, LENGTH, 'idempotency-key: a', 'idempotency-key: b']),
      400,
      'request_ambiguous',
    ],
    ['with two content types', request([HOST, JSON_TYPE, 'content-type: text/xml', LENGTH]), 400, 'request_ambiguous'],
    [
      'with a body over the limit',
      request([HOST, JSON_TYPE, `content-length: ${String(64 * 1024 + 1)}`]),
      413,
      'body_too_large',
    ],
    [
      'with a body that does not say how long it is',
      request([HOST, JSON_TYPE, 'transfer-encoding: chunked'], `11000\r\n${' '.repeat(0x11000)}\r\n0\r\n\r\n`),
      411,
      'length_required',
    ],
    [
      'with headers over the limit',
      request([HOST, JSON_TYPE, LENGTH, `x-filler: ${'x'.repeat(17 * 1024)}`]),
      431,
      'headers_too_large',
    ],
    ['without a Host header', request([JSON_TYPE, LENGTH]), 400, 'request_ambiguous'],
    ['with two content lengths', request([HOST, JSON_TYPE, LENGTH, 'content-length: 4']), 400, 'request_unreadable'],
    [
      'with a length and chunks',
      request([HOST, JSON_TYPE, LENGTH, 'transfer-encoding: chunked'], '0\r\n\r\n'),
      400,
      'request_unreadable',
    ],
  ])('%s is refused', async (_, text, status, code) => {
    const answer = await leavesNothing<RawAnswer>(service, () => sendRaw(service, text, service.admin))
    expect({ status: answer.status, code: answer.code }).toEqual({ status, code })
  })
})

describe('a client certificate', () => {
  const me = (identity?: ClientIdentity): Promise<Answer> => service.get('/v1/me', identity)

  async function expectCertificateRefused(identity: ClientIdentity, reason: string): Promise<void> {
    const csr = (await makeCsr()).pem
    for (const act of [() => me(identity), () => service.post(PATH, { csr }, identity)]) {
      const answer = await leavesNothing(service, act)
      expectProblem(answer, 401, 'client_certificate_refused')
      expect(answer.json['facts']).toEqual({ reason })
    }
  }

  test('that is sound is accepted, and none is refused', async () => {
    expectStatus(await me(alice), 200)
    await expectRefused(401, 'authorization_missing', () => me())
  })

  test('of another CA with the same names is refused', async () => {
    await expectCertificateRefused(await lookAlike(alice, 'every name and extension'), 'CERT_UNTRUSTED')
  })

  test('that only has the common name is refused', async () => {
    await expectCertificateRefused(await lookAlike(alice, 'the common name alone'), 'CERT_UNTRUSTED')
  })

  test('that is for servers only is refused', async () => {
    const opened = await openInstallation(service.configuration, undefined, clock)
    try {
      if (opened.facts === undefined) throw new Error('not initialised')
      const own = await currentServerCertificate(actContext(opened), serverMeans(opened, opened.facts))
      await expectCertificateRefused({ certificate: own.chain, key: own.privateKey }, 'CERT_EKU')
    } finally {
      await opened.storage.close()
    }
  })

  test('that was revoked is refused', async () => {
    const bob = await service.addMember('vision', 'bob', alice)
    expectStatus(await service.post(`/v1/certificates/${bob.serial}/revoke`, { reason: 'superseded' }, bob), 200)
    await expectCertificateRefused(bob, 'CERT_REVOKED')
  })

  test('that has expired is refused, and not a second before', async () => {
    const csr = await makeCsr()
    const short = certified(await service.post(PATH, { csr: csr.pem, lifetimeSeconds: 600 }, alice), csr)
    expectStatus(await me(short), 200)
    clock.pass(601)
    await expectCertificateRefused(short, 'CERT_EXPIRED')
  })
})

describe('a token', () => {
  const bearer = (token: string) =>
    service.send({ method: 'GET', path: '/v1/me', headers: { authorization: `Bearer ${token}` } })
  const introspect = (token: string) => service.post('/v1/tokens/introspect', { token }, model)

  interface Published {
    readonly kty: string
    readonly crv: string
    readonly x: string
    readonly y: string
    readonly kid: string
  }
  let claims: Record<string, unknown>
  let published: Published

  beforeAll(async () => {
    const { json } = expectStatus(await service.post('/v1/tokens', { audience: service.url }, alice), 201)
    const token = String(json['access_token'])
    expectStatus(await bearer(token), 200)
    claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }
    const jwks = (await service.get('/.well-known/jwks.json')).json['keys'] as Published[]
    const found = jwks.find((key) => key.kid === kid)
    if (found === undefined) throw new Error('the signing key is not published')
    published = found
  })

  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const sign = (changes: object, header: object, key: Parameters<SignJWT['sign']>[0] = own.privateKey) =>
    new SignJWT({ ...claims, ...changes })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: published.kid, ...header })
      .sign(key)

  test.each<[what: string, token: () => Promise<string> | string, code: string]>([
    ['of another issuer', () => sign({ iss: 'https://other.example' }, { kid: 'theirs' }), 'token_key_unknown'],
    ['of another issuer with our key id', () => sign({ iss: 'https://other.example' }, {}), 'token_signature'],
    ['with our names and another key', () => sign({}, {}), 'token_signature'],
    [
      'with its own key in the header',
      async () => sign({}, { jwk: own.publicKey.export({ format: 'jwk' }) }),
      'token_malformed',
    ],
    ['alg none', () => new UnsecuredJWT(claims).encode(), 'token_malformed'],
    [
      'alg none with a key id',
      () =>
        `${base64url.encode(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid: published.kid }))}.${base64url.encode(JSON.stringify(claims))}.`,
      'token_signature',
    ],
    [
      'HS256 with the public key in PEM',
      () =>
        sign(
          {},
          { alg: 'HS256' },
          Buffer.from(
            createPublicKey({ key: { ...published }, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
          ),
        ),
      'token_signature',
    ],
    [
      'HS256 with the public key in DER',
      () =>
        sign(
          {},
          { alg: 'HS256' },
          createPublicKey({ key: { ...published }, format: 'jwk' }).export({ type: 'spki', format: 'der' }),
        ),
      'token_signature',
    ],
    [
      'HS256 with the x of the public key',
      () => sign({}, { alg: 'HS256' }, Buffer.from(published.x, 'base64url')),
      'token_signature',
    ],
    ['that is no token', () => 'a.b.c', 'token_malformed'],
  ])('%s is refused, and inactive', async (_, make, code) => {
    const token = await make()
    expectProblem(await leavesNothing(service, () => bearer(token)), 401, code)
    const answer = await leavesNothing(service, () => introspect(token))
    expect({ status: answer.status, json: answer.json }).toEqual({ status: 200, json: { active: false } })
  })

  test.each(['Basic YTpi', 'Bearer', 'bearer a b', 'Bearer a b'])(
    'Authorization %s is refused',
    async (authorization) => {
      const answer = await service.send({ method: 'GET', path: '/v1/me', headers: { authorization } }, alice)
      expectProblem(answer, 401, 'authorization_malformed')
    },
  )
})

type Copied = 'every name and extension' | 'the common name alone'

/** A certificate of a CA that named itself as ours is named. */
async function lookAlike(of: Certified, copied: Copied): Promise<ClientIdentity> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
  const make = async () => (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const ours = new ParsedCertificate(of.certificate)
  const [authority, leaf] = [await make(), await make()]
  const { serialNumber, issuerName: issuer, notBefore, notAfter, subjectName, extensions } = ours
  const names =
    copied === 'every name and extension'
      ? { subject: subjectName, extensions }
      : { subject: 'CN=vision__alice', extensions: [new BasicConstraintsExtension(false)] }
  const made = await X509CertificateGenerator.create(
    {
      ...{ serialNumber, issuer, notBefore, notAfter, ...names },
      publicKey: leaf.publicKey,
      signingKey: authority.privateKey,
      signingAlgorithm: algorithm,
    },
    webcrypto as Crypto,
  )
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', leaf.privateKey as webcrypto.CryptoKey))
  return { certificate: made.toString('pem'), key: pemOf('PRIVATE KEY', pkcs8) }
}
