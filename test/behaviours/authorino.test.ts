// Rows A5, A7, A8, A12, A13 and A18: what users of Authorino and Open Data Hub rely on, over the gRPC listener of the running
// service, with a client on Envoy's own files. Status, code and reason of each, and what is stored where a row changes something.
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAuthority, makeServer } from '../cli/test-ca.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { EnvoyClient, type EnvoyCall, escapedLeaf, headerOf, told } from '../support/envoy-client.ts'
import { ForeignIssuer, foreignKey, signedBy } from '../support/foreign-issuer.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const clock = new SettableClock()
const folder = mkdtempSync(join(tmpdir(), 'signet-authorino-'))
const KEY = foreignKey('k1')
let issuer: ForeignIssuer
let service: TestService
let alice: Certified
let gateway: Certified
let envoy: EnvoyClient
/** PEM of a certificate that no CA of ours has signed. */
let stranger: string

beforeAll(async () => {
  issuer = await ForeignIssuer.start(KEY)
  stranger = (await makeServer(await makeAuthority('Somebody', undefined))).pem
  const caFile = join(folder, 'issuer-ca.pem')
  writeFileSync(caFile, issuer.ca)
  const slow = {
    kind: 'oidc',
    issuer: issuer.url,
    audience: 'signet',
    caFile,
    subjects: [{ sub: 'robot', project: 'vision', user: 'alice' }],
  }
  service = await TestService.start({ clock, grpc: 'on', flags: { trustedIssuers: JSON.stringify({ slow }) } })
  alice = await service.addProject('vision', 'alice')
  gateway = await service.addService('gateway.internal')
  await service.addService('model-1.internal', { projects: ['vision'] })
  await register('gateway.internal', 'envoy-grpc')
  envoy = clientOf(gateway)
})
afterAll(async () => {
  envoy.close()
  await service.close()
  await issuer.close()
  rmSync(folder, { recursive: true, force: true })
})

const clientOf = (identity: Certified) => new EnvoyClient(service.grpcTarget, { ca: service.ca, identity })

async function register(of: string, certificateHeader: string): Promise<void> {
  const body = { service: of, certificateHeader, deployments: 'all' }
  expectStatus(await service.put(`/v1/proxies/${of.split('.')[0] ?? of}`, body, service.admin), 200)
}

async function deploy(name: string, more: object): Promise<void> {
  const body = { project: 'vision', service: 'model-1.internal', actingUser: 'credential-itself', ...more }
  expectStatus(await service.put(`/v1/deployments/${name}`, body, alice), 200)
}

/** What the row compares: gRPC's code, the status and the reason in Authorino's header. */
async function outcome(call: EnvoyCall, by = envoy) {
  const answer = await by.check(call)
  const { grpc, status: httpStatus, reason } = told(answer)
  return {
    grpc,
    status: httpStatus,
    reason,
    words: headerOf(answer.denied_response?.headers ?? [], 'x-ext-auth-reason'),
  }
}

describe('A5: every host of a deployment is protected alike', () => {
  const hosts = [
    'resnet.vision.svc.cluster.local',
    'resnet.vision.svc',
    'resnet-vision.apps.internal',
    'canary-resnet.vision.svc.cluster.local',
    'resnet-grpc.vision.svc.cluster.local',
  ]
  beforeAll(() => deploy('kserved', { host: hosts[0], moreHosts: hosts.slice(1) }))

  test.each(hosts)('A5: %s, also with a port, a dot at the end and in upper case', async (host) => {
    for (const asSent of [host, `${host}:8443`, `${host}.`, host.toUpperCase()]) {
      const call = { host: asSent, path: '/v1/models/resnet:predict' }
      expect(await outcome(call)).toMatchObject({ grpc: 'UNAUTHENTICATED', status: 401, reason: 'CREDENTIAL_MISSING' })
      expect(await outcome({ ...call, certificate: alice.certificate })).toMatchObject({
        status: 200,
        reason: 'ALLOWED',
      })
    }
  })

  test('A5: a host that only begins or ends like one is nobody’s', async () => {
    for (const host of [`x${hosts[0] ?? ''}`, `${hosts[1] ?? ''}.evil.internal`, 'vision.svc']) {
      expect(await outcome({ host, certificate: alice.certificate })).toMatchObject({
        status: 404,
        reason: 'ROUTE_UNKNOWN',
      })
    }
  })
})

describe('A7: an unknown host', () => {
  test('A7: is not found, in Authorino’s words, with and without its port', async () => {
    for (const host of ['nobody.internal', 'nobody.internal:8080']) {
      expect(await outcome({ host, certificate: alice.certificate })).toEqual({
        grpc: 'NOT_FOUND',
        status: 404,
        reason: 'ROUTE_UNKNOWN',
        words: 'Service not found',
      })
    }
  })
})

describe('A8: what cannot be answered as asked', () => {
  const invalid = { status: { code: status.INVALID_ARGUMENT, message: 'Invalid request' } }
  test.each<readonly [string, object]>([
    ['nothing at all', {}],
    ['attributes without a request', { attributes: { context_extensions: { deployment: 'kserved' } } }],
    ['a request that is none of HTTP', { attributes: { request: {} } }],
    ['an HTTP request without a method', { attributes: { request: { http: { path: '/', host: 'a' } } } }],
    ['an HTTP request without a path', { attributes: { request: { http: { method: 'GET', host: 'a' } } } }],
  ])('A8: %s is an invalid request', async (_, request) => {
    const answer = await envoy.ask(request)
    expect(answer).toMatchObject(invalid)
    expect(answer.ok_response ?? undefined).toBeUndefined()
    expect(told(answer)).toEqual({ grpc: 'INVALID_ARGUMENT', status: 400, reason: 'REQUEST_AMBIGUOUS' })
    expect(headerOf(answer.denied_response?.headers ?? [], 'x-ext-auth-reason')).toBe('Invalid request')
  })

  test('A8: a body over the bound is refused, and a message over it is never decided', async () => {
    const body = JSON.stringify({ model: 'm', filler: 'x'.repeat(1024 * 1024) })
    const headers = { 'content-type': 'application/json' }
    const call = { host: 'resnet.vision.svc', certificate: alice.certificate, headers }
    expect(await outcome({ ...call, body })).toMatchObject({ grpc: 'INVALID_ARGUMENT', status: 400 })
    await expect(envoy.check({ ...call, body: body + body })).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED })
  })

  test('A8: when the time of the call is over before the answer is there, the answer is that there is none', async () => {
    await deploy('slow', { host: 'slow.internal', authModes: ['oidc'] })
    // The issuer takes the question and never answers.
    issuer.answer = () => undefined
    issuer.asked = 0
    const token = signedBy(KEY, { iss: issuer.url, aud: 'signet', sub: 'robot', ...lifetime() })
    const call = { host: 'slow.internal', headers: { authorization: `Bearer ${token}` } }
    const refused = { grpc: 'UNAVAILABLE', status: 503, reason: 'PDP_UNAVAILABLE' }
    // Four seconds by the proxy's deadline, under the five after which the issuer counts as out of reach.
    expect(told(await envoy.check(call, 4))).toEqual(refused)
    expect(issuer.asked).toBe(1)
  })

  function lifetime() {
    const now = Math.floor(clock.now().getTime() / 1000)
    return { iat: now, nbf: now, exp: now + 600 }
  }
})

describe('A12: mutual TLS', () => {
  const call = (certificate: string) => ({ host: 'resnet.vision.svc', certificate })

  test('A12: a certificate of ours is let in, one of another project is Unauthorized', async () => {
    const mallory = await service.addProject('fraud', 'mallory')
    expect(await outcome(call(alice.certificate))).toMatchObject({ grpc: 'OK', status: 200 })
    expect(await outcome(call(mallory.certificate))).toEqual({
      grpc: 'PERMISSION_DENIED',
      status: 403,
      reason: 'PROJECT_BOUNDARY',
      words: 'Unauthorized',
    })
  })

  test('A12: a certificate of an unknown CA is not, in x509’s words', async () => {
    expect(await outcome(call(stranger))).toEqual({
      grpc: 'UNAUTHENTICATED',
      status: 401,
      reason: 'CERT_UNTRUSTED',
      words: 'x509: certificate signed by unknown authority',
    })
  })

  test('A12: what is revoked is refused at the next request, and the inventory says so', async () => {
    const bob = await service.addMember('vision', 'bob', alice)
    expect(await outcome(call(bob.certificate))).toMatchObject({ status: 200 })
    const revoked = await service.post(`/v1/certificates/${bob.serial}/revoke`, { reason: 'superseded' }, alice)
    expectStatus(revoked, 200)
    expect(await outcome(call(bob.certificate))).toMatchObject({
      grpc: 'UNAUTHENTICATED',
      status: 401,
      reason: 'CERT_REVOKED',
    })
    expect((await service.get(`/v1/certificates/${bob.serial}`, service.admin)).json['status']).toBe('revoked')
  })

  test('A12: a server’s certificate of our own CAs is no client’s', async () => {
    const { certificate } = await ownServer()
    expect((await outcome(call(certificate))).status).toBe(401)
  })

  /** The certificate of Signet's own listener: signed by our services' CA, and not for clients. */
  async function ownServer(): Promise<{ certificate: string }> {
    const { connect } = await import('node:tls')
    const { hostname, port } = new URL(service.url)
    return new Promise((shown, failed) => {
      const socket = connect({ host: '127.0.0.1', servername: hostname, port: Number(port), ca: service.ca }, () => {
        shown({ certificate: socket.getPeerX509Certificate()?.toString() ?? '' })
        socket.destroy()
      })
      socket.once('error', failed)
    })
  }
})

describe('A13: where the certificate of a call is read from', () => {
  const der = (pem: string): string => decodeURIComponent(escapedLeaf(pem)).replace(/-----[^-]+-----|\n/g, '')
  const rows: readonly (readonly [string, string, (pem: string) => EnvoyCall])[] = [
    ['source.certificate', 'envoy-grpc', (certificate) => ({ certificate })],
    ['XFCC', 'xfcc', (pem) => ({ headers: { 'x-forwarded-client-cert': `By=a;Cert="${escapedLeaf(pem)}"` } })],
    ['Client-Cert', 'client-cert', (pem) => ({ headers: { 'client-cert': `:${der(pem)}:` } })],
  ]
  test.each(rows)('A13: %s, by a proxy that is registered for it, and by no other', async (_, dialect, call) => {
    const name = `a13-${dialect}.internal`
    const proxy = clientOf(await service.addService(name))
    await register(name, dialect)
    const host = 'resnet.vision.svc'
    expect(await outcome({ host, ...call(alice.certificate) }, proxy)).toMatchObject({ status: 200, reason: 'ALLOWED' })
    for (const [, other, theirs] of rows) {
      if (other === dialect) continue
      expect(await outcome({ host, ...theirs(alice.certificate) }, proxy)).toMatchObject({
        grpc: 'INVALID_ARGUMENT',
        status: 400,
        reason: 'REQUEST_AMBIGUOUS',
      })
    }
    proxy.close()
  })
})

describe('A18: paths of publishers and instances', () => {
  beforeAll(async () => {
    await deploy('llama', { host: 'gw.internal', paths: ['/vision/llama'] })
    await deploy('mistral', { host: 'gw.internal', paths: ['/vision/mistral'] })
  })
  const of = (path: string, headers: Record<string, string> = {}) => ({
    host: 'gw.internal',
    path,
    headers,
    certificate: alice.certificate,
  })

  test('A18: a path of an instance is that instance’s, and a routing header that names another is misrouted', async () => {
    expect(await outcome(of('/vision/llama/v1/chat/completions'))).toMatchObject({ status: 200 })
    const misrouted = async (model: string) => {
      const { status: httpStatus, reason } = await outcome(
        of('/vision/llama/v1/chat/completions', { 'x-gateway-model-name': model }),
      )
      return { status: httpStatus, reason }
    }
    expect(await misrouted('llama')).toEqual({ status: 200, reason: 'ALLOWED' })
    expect(await misrouted('mistral')).toEqual({ status: 403, reason: 'ROUTE_CONFLICT' })
    for (const unknown of ['vision/mistral', 'nobody', 'Llama']) {
      expect(await misrouted(unknown), unknown).toEqual({ status: 404, reason: 'ROUTE_UNKNOWN' })
    }
  })

  test('A18: a publisher’s path names the model, which has to be there', async () => {
    const refused = await outcome(of('/publishers/vision/models/mistral/v1/chat/completions'))
    expect(refused).toMatchObject({ grpc: 'NOT_FOUND', status: 404, reason: 'ROUTE_UNKNOWN' })
  })

  test('A18: a delegate needs its own right and the user’s', async () => {
    const caller = await service.addService('delegate.internal')
    await deploy('delegated', {
      host: 'delegated.internal',
      delegates: ['delegate.internal'],
      serviceCallers: ['delegate.internal'],
    })
    await deploy('undelegated', { host: 'undelegated.internal', serviceCallers: ['delegate.internal'] })
    const delegating = (host: string, user: string) => ({
      host,
      certificate: caller.certificate,
      headers: { 'x-signet-delegate-for': user },
    })
    expect(await outcome(delegating('delegated.internal', 'vision__alice'))).toMatchObject({ status: 200 })
    expect(await outcome(delegating('delegated.internal', 'fraud__mallory'))).toMatchObject({
      status: 403,
      reason: 'DELEGATION_DENIED',
    })
    expect(await outcome(delegating('undelegated.internal', 'vision__alice'))).toMatchObject({
      status: 403,
      reason: 'DELEGATION_DENIED',
    })
    // The header by which others delegate is nobody's word here: the service calls for itself.
    const headers = { 'x-maas-user': 'vision__alice' }
    const answer = await envoy.check({ host: 'undelegated.internal', certificate: caller.certificate, headers })
    expect(told(answer)).toMatchObject({ status: 200, subject: 'delegate.internal' })
  })
})
