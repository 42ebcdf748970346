// ext_authz over the running service's own listener, with a client on Envoy's files: who is listened to, what is read of a check,
// and what Envoy is told to do with the headers.
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HEALTH } from '../../src/grpc/protocol.ts'
import { EMITTED_IDENTITY_HEADERS, FOREIGN_IDENTITY_HEADERS } from '../../src/proxies/identity-headers.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { checkRequest, EnvoyClient, type EnvoyCall, forwarded, headerOf, told } from '../support/envoy-client.ts'
import type { ClientIdentity } from '../support/https-client.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'

const clock = new SettableClock()
const socketFolder = mkdtempSync(join(tmpdir(), 'signet-grpc-'))
const socket = join(socketFolder, 'authz.sock')
let service: TestService
let alice: Certified
let bob: Certified
let gateway: Certified
let mesh: Certified
const clients: EnvoyClient[] = []

beforeAll(async () => {
  const flags = { 'listeners.grpcSocket': socket, 'listeners.grpcSocketService': 'gateway.internal' }
  service = await TestService.start({ clock, grpc: 'on', flags })
  alice = await service.addProject('vision', 'alice')
  bob = await service.addMember('vision', 'bob', alice)
  gateway = await service.addService('gateway.internal')
  mesh = await service.addService('mesh.internal')
  await service.addService('model-1.internal')
  const at = { project: 'vision', service: 'model-1.internal' }
  await service.addDeployment('resnet', { ...at, host: 'resnet.internal' })
  await service.addDeployment('other', { ...at, host: 'other.internal' })
  await register('edge', 'gateway.internal', 'envoy-grpc', ['resnet'])
  await register('mesh', 'mesh.internal', 'xfcc', 'all')
})
afterAll(async () => {
  for (const client of clients) client.close()
  await service.close()
  rmSync(socketFolder, { recursive: true, force: true })
})

async function register(name: string, of: string, certificateHeader: string, deployments: unknown): Promise<void> {
  expectStatus(
    await service.put(`/v1/proxies/${name}`, { service: of, certificateHeader, deployments }, service.admin),
    200,
  )
}

function envoy(identity?: ClientIdentity): EnvoyClient {
  const by = { ca: service.ca, ...(identity === undefined ? {} : { identity }) }
  const client = new EnvoyClient(service.grpcTarget, by)
  clients.push(client)
  return client
}

const acting = (user = 'vision__alice') => ({ 'signet-act-as': user })
const allowed = { grpc: 'OK', status: 200, reason: 'ALLOWED', subject: 'vision__alice' }
const denied = (grpc: string, httpStatus: number, reason: string) => ({ grpc, status: httpStatus, reason })
const UNTRUSTED = denied('PERMISSION_DENIED', 403, 'PEP_UNTRUSTED')

describe('a check of a registered proxy', () => {
  const rows: readonly (readonly [string, () => EnvoyCall, object])[] = [
    ['of a member, for itself', () => ({ certificate: alice.certificate, headers: acting() }), allowed],
    [
      'of a member for another',
      () => ({ certificate: alice.certificate, headers: acting('vision__bob') }),
      denied('PERMISSION_DENIED', 403, 'CERT_CN_MISMATCH'),
    ],
    ['without a certificate', () => ({ headers: acting() }), denied('UNAUTHENTICATED', 401, 'CREDENTIAL_MISSING')],
    [
      'whose principal says who it is, without a certificate',
      () => ({ headers: acting(), principal: 'spiffe://test.internal/project/vision/user/alice' }),
      denied('UNAUTHENTICATED', 401, 'CREDENTIAL_MISSING'),
    ],
    [
      'for a deployment that it does not speak for',
      () => ({ certificate: alice.certificate, headers: acting(), host: 'other.internal' }),
      UNTRUSTED,
    ],
    [
      'for a deployment by its own configuration',
      () => ({ certificate: alice.certificate, headers: acting(), extensions: { deployment: 'resnet' } }),
      allowed,
    ],
    [
      'where configuration and host mean two',
      () => ({ certificate: alice.certificate, headers: acting(), extensions: { deployment: 'other' } }),
      UNTRUSTED,
    ],
    [
      'of a path that changes when it is decoded',
      () => ({ certificate: alice.certificate, headers: acting(), path: '/v1%2f..%2fhealthz' }),
      denied('INVALID_ARGUMENT', 400, 'PATH_NOT_CANONICAL'),
    ],
    [
      'with a certificate in a header beside the one of the connection',
      () => ({ certificate: alice.certificate, headers: { ...acting(), 'x-forwarded-client-cert': 'By=a' } }),
      denied('INVALID_ARGUMENT', 400, 'REQUEST_AMBIGUOUS'),
    ],
    [
      'with headers that Envoy has merged',
      () => ({ certificate: alice.certificate, headers: { 'signet-act-as': 'vision__alice,vision__bob' } }),
      denied('INVALID_ARGUMENT', 400, 'REQUEST_AMBIGUOUS'),
    ],
    [
      'with raw headers, one of them twice',
      () => ({
        certificate: alice.certificate,
        rawHeaders: [
          [':authority', 'resnet.internal'],
          ['signet-act-as', 'vision__alice'],
          ['signet-act-as', 'vision__bob'],
        ],
      }),
      denied('INVALID_ARGUMENT', 400, 'REQUEST_AMBIGUOUS'),
    ],
    [
      'with raw headers, each once',
      () => ({
        certificate: alice.certificate,
        rawHeaders: [
          [':authority', 'resnet.internal'],
          ['signet-act-as', 'vision__alice'],
        ],
      }),
      allowed,
    ],
    [
      'whose body names a model that there is not',
      () => ({
        certificate: alice.certificate,
        headers: { ...acting(), 'content-type': 'application/json' },
        body: '{"model": "somebody-elses"}',
      }),
      denied('NOT_FOUND', 404, 'ROUTE_UNKNOWN'),
    ],
    [
      'whose body names two, as bytes',
      () => ({
        certificate: alice.certificate,
        headers: { ...acting(), 'content-type': 'application/json' },
        rawBody: Buffer.from('{"model": "resnet", "model": "other"}'),
      }),
      denied('INVALID_ARGUMENT', 400, 'REQUEST_AMBIGUOUS'),
    ],
  ]
  test.each(rows)('%s', async (_, call, expected) => {
    expect(told(await envoy(gateway).check(call()))).toEqual(expected)
  })

  test('reads the certificate of a header only for a proxy that is registered for it', async () => {
    const leaf = checkRequest({ certificate: alice.certificate }) as { attributes: { source: { certificate: string } } }
    const xfcc = `By=spiffe://x;Cert="${leaf.attributes.source.certificate}"`
    const headers = { ...acting(), 'x-forwarded-client-cert': xfcc }
    expect(told(await envoy(mesh).check({ headers }))).toEqual(allowed)
    expect(told(await envoy(gateway).check({ headers }))).toEqual(denied('INVALID_ARGUMENT', 400, 'REQUEST_AMBIGUOUS'))
    expect(told(await envoy(mesh).check({ headers: acting(), certificate: alice.certificate }))).toEqual(
      denied('INVALID_ARGUMENT', 400, 'REQUEST_AMBIGUOUS'),
    )
  })
})

describe('who is listened to', () => {
  const call = () => ({ certificate: alice.certificate, headers: acting() })

  test('nobody without a certificate that our CAs have signed', async () => {
    await expect(envoy().check(call())).rejects.toMatchObject({ code: status.UNAVAILABLE })
  })

  test.each<readonly [string, () => ClientIdentity]>([
    ['a member', () => bob],
    ['an administrator', () => service.admin],
  ])('%s is told that it is no proxy', async (_, who) => {
    expect(told(await envoy(who()).check(call()))).toEqual(UNTRUSTED)
  })

  test('a service that is not registered is told so, and heard once it is, and no longer when it is not, on one connection', async () => {
    const late = await service.addService('late.internal')
    const client = envoy(late)
    expect(told(await client.check(call()))).toEqual(UNTRUSTED)
    await register('late', 'late.internal', 'envoy-grpc', 'all')
    expect(told(await client.check(call()))).toEqual(allowed)
    expectStatus(await service.send({ method: 'DELETE', path: '/v1/proxies/late' }, service.admin), 200)
    expect(told(await client.check(call()))).toEqual(UNTRUSTED)
  })

  test('rule 36: a proxy whose certificate is revoked is refused at its next call, on the connection that it has', async () => {
    const gone = await service.addService('gone.internal')
    await register('gone', 'gone.internal', 'envoy-grpc', 'all')
    const client = envoy(gone)
    expect(told(await client.check(call()))).toEqual(allowed)
    const revoke = { reason: 'superseded' }
    expectStatus(await service.post(`/v1/certificates/${gone.serial}/revoke`, revoke, service.admin), 200)
    expect(told(await client.check(call()))).toEqual(UNTRUSTED)
  })

  test('whoever may open the Unix socket, as the proxy that the configuration names', async () => {
    expect(statSync(socket).mode & 0o777).toBe(0o660)
    const client = new EnvoyClient(`unix:${socket}`, 'plain')
    clients.push(client)
    expect(told(await client.check(call()))).toEqual(allowed)
    expect(told(await client.check({ ...call(), host: 'other.internal' }))).toEqual(UNTRUSTED)
  })
})

describe('what Envoy is told', () => {
  test('overwrites every identity header and removes all others, however they are spelt', async () => {
    const spoofed = [...EMITTED_IDENTITY_HEADERS, ...FOREIGN_IDENTITY_HEADERS]
    const sent = { ...acting(), ...Object.fromEntries(spoofed.map((name) => [name, 'attacker'])), accept: '*/*' }
    const answer = await envoy(gateway).check({ certificate: alice.certificate, headers: sent })
    expect(told(answer)).toEqual(allowed)
    for (const { append_action } of answer.ok_response?.headers ?? []) {
      expect(append_action).toBe('OVERWRITE_IF_EXISTS_OR_ADD')
    }
    const underscored = Object.fromEntries(
      Object.entries(sent).map(([name, value]) => [name.replaceAll('-', '_'), value]),
    )
    const got = forwarded({ ...underscored, ...sent }, answer)
    expect(Object.keys(got).toSorted()).toEqual([
      'accept',
      'signet-acting-user',
      'signet-deployment',
      'signet-identity',
      'signet-policy-revision',
      'signet-project',
      'signet-subject',
      'signet-subject-kind',
    ])
    expect(Object.values(got)).not.toContain('attacker')
    expect(got).toMatchObject({ 'signet-subject': 'vision__alice', 'signet-deployment': 'resnet', accept: '*/*' })
    const fields = answer.dynamic_metadata?.fields
    expect(fields?.['reason']).toMatchObject({ stringValue: 'ALLOWED' })
    expect(fields?.['subject']).toMatchObject({ stringValue: 'vision__alice' })
    expect(fields?.['policy_revision']?.numberValue).toBeGreaterThan(0)
    expect(Date.parse(fields?.['valid_until']?.stringValue ?? '')).toBeGreaterThan(clock.now().getTime())
  })

  test('a refusal says why, and by what one would get in', async () => {
    const { denied_response: refusal, dynamic_metadata: metadata } = await envoy(gateway).check({ headers: acting() })
    expect(headerOf(refusal?.headers ?? [], 'www-authenticate')).toBe('Mutual realm="resnet"')
    expect(headerOf(refusal?.headers ?? [], 'content-type')).toBe('application/problem+json')
    expect(JSON.parse(refusal?.body ?? '')).toMatchObject({ status: 401, code: 'CREDENTIAL_MISSING' })
    expect(metadata?.fields['reason']).toMatchObject({ stringValue: 'CREDENTIAL_MISSING' })
  })
})

describe('the listener', () => {
  test('takes a message of a body and headers, and none that is larger', async () => {
    const call = (bytes: number) => ({
      certificate: alice.certificate,
      headers: acting(),
      rawBody: Buffer.alloc(bytes, 32),
    })
    expect(told(await envoy(gateway).check(call(1024 * 1024)))).toMatchObject({ status: expect.any(Number) as number })
    await expect(envoy(gateway).check(call(2 * 1024 * 1024))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED })
  })

  test('knows no other method: no reflection', async () => {
    const client = unary(gateway, '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo')
    await expect(client.ask(Buffer.alloc(0))).rejects.toMatchObject({ code: status.UNIMPLEMENTED })
  })

  test('answers for its health', async () => {
    const { Check } = HEALTH
    if (Check === undefined) throw new Error('no health')
    const client = unary(gateway, Check.path)
    const health = async (name: string) =>
      Check.responseDeserialize(await client.ask(Check.requestSerialize({ service: name }))) as object
    expect(await health('')).toEqual({ status: 'SERVING' })
    expect(await health('envoy.service.auth.v3.Authorization')).toEqual({ status: 'SERVING' })
    await expect(health('another')).rejects.toMatchObject({ code: status.NOT_FOUND })
  })

  test('speaks HTTP/2 alone, and nothing to a message that is none', async () => {
    const client = unary(gateway, '/envoy.service.auth.v3.Authorization/Check')
    await expect(client.ask(Buffer.from([0xff, 0xff, 0xff]))).rejects.toMatchObject({ code: status.INTERNAL })
    const session = connectHttp2(`https://${service.grpcTarget}`, {
      ca: service.ca,
      cert: gateway.certificate,
      key: gateway.key,
    })
    const stream = session.request({ ':method': 'POST', ':path': '/envoy.service.auth.v3.Authorization/Check' })
    const answered = await new Promise<unknown>((got) => stream.once('response', (headers) => got(headers[':status'])))
    expect(answered).toBe(415)
    session.destroy()
  })

  function unary(identity: ClientIdentity, method: string) {
    const shown = [Buffer.from(identity.key), Buffer.from(identity.certificate)] as const
    const same = (bytes: Buffer) => bytes
    return {
      ask: (bytes: Buffer): Promise<Buffer> =>
        new Promise((answered, failed) => {
          const client = new Client(service.grpcTarget, credentials.createSsl(Buffer.from(service.ca), ...shown))
          const done = (error: ServiceError | null, answer?: Buffer): void => {
            client.close()
            if (error !== null) failed(error)
            else if (answer !== undefined) answered(answer)
          }
          client.makeUnaryRequest(method, same, same, bytes, new Metadata(), { deadline: Date.now() + 20_000 }, done)
        }),
    }
  }
})
