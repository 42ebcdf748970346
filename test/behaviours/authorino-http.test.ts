// Rows A5, A7, A8, A12, A13, A16 and A18 as Envoy asks over HTTP: with the caller's own method, Host and path behind `/authz/envoy`.
// test/behaviours/authorino.test.ts has them over gRPC, and calls-by-proxy.test.ts as other proxies ask.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAuthority, makeServer } from '../cli/test-ca.ts'
import { base64Of, ModelCalls, type Told, VOUCHED } from '../http/model-calls.ts'
import type { Answer } from '../support/https-client.ts'
import { expectStatus } from '../support/test-service.ts'

let calls: ModelCalls
/** PEM of a certificate that no CA of ours has signed. */
let stranger: string

beforeAll(async () => {
  stranger = (await makeServer(await makeAuthority('Somebody', undefined))).pem
  calls = await ModelCalls.start()
})
afterAll(() => calls.close())

interface Asked {
  readonly host?: string
  readonly path?: string
  readonly method?: string
  readonly body?: unknown
  readonly by?: string
}

const xfcc = () => VOUCHED.xfcc(calls.alice)
const ask = (told: Told, asked: Asked = {}): Promise<Answer> => {
  const { host = 'resnet.internal', path = '/v1/predict', method = 'POST', body, by = 'xfcc' } = asked
  return calls.tell(`/authz/envoy${path}`, { host, ...told }, calls.proxy(by), method, body)
}
const outcome = ({ status, headers }: Answer) => ({
  status,
  reason: headers['x-authz-reason'],
  words: headers['x-ext-auth-reason'],
})
const ALLOWED = { status: 200, reason: 'ALLOWED', words: undefined }
const NOT_FOUND = { status: 404, reason: 'ROUTE_UNKNOWN', words: 'Service not found' }

describe('A5: every host of a deployment is protected alike', () => {
  const HOSTS = ['iris.ns.svc.cluster.local', 'iris.ns.svc', 'iris-ns.apps.internal', 'canary-iris.ns.svc']
  beforeAll(() => calls.putDeployment({ moreHosts: HOSTS.slice(1) }, 'iris', HOSTS[0]))

  test.each(HOSTS)('A5: %s, however it is written', async (host) => {
    for (const written of [host, `${host}:8443`, `${host}.`, host.toUpperCase()]) {
      expect(outcome(await ask({}, { host: written }))).toMatchObject({ status: 401, reason: 'CREDENTIAL_MISSING' })
      expect(outcome(await ask(xfcc(), { host: written }))).toEqual(ALLOWED)
    }
  })
})

test.each(['nobody.internal', 'nobody.internal:8080', 'xresnet.internal', 'resnet.internal.evil.internal'])(
  'A7: %s is not found, in Authorino’s words',
  async (host) => {
    expect(outcome(await ask(xfcc(), { host }))).toEqual(NOT_FOUND)
  },
)

describe('A8: what cannot be answered as asked', () => {
  test('A8: a body over the bound is 413, and nothing is decided', async () => {
    const answer = await ask(xfcc(), { body: { model: 'resnet', filler: 'x'.repeat(1024 * 1024) } })
    expect({ status: answer.status, code: answer.code }).toEqual({ status: 413, code: 'body_too_large' })
    expect(answer.headers['x-authz-reason']).toBeUndefined()
  })

  test.each<[what: string, told: Told, asked: Asked]>([
    ['a body that names two models', {}, { body: '{"model":"resnet","model":"other"}' }],
    ['a path that climbs in code', {}, { path: '/v1%2f..%2fhealthz' }],
    ['two acting users', { 'signet-act-as': ['vision__alice', 'vision__olivia'] }, {}],
  ])('A8: %s is an invalid request', async (_, told, asked) => {
    const { status, words } = outcome(await ask({ ...xfcc(), ...told }, asked))
    expect({ status, words }).toEqual({ status: 400, words: 'Invalid request' })
  })
})

describe('A12: mutual TLS', () => {
  test('A12: a certificate of ours is let in, one of another project is Unauthorized', async () => {
    expect(outcome(await ask(xfcc()))).toEqual(ALLOWED)
    const mallory = await ask(VOUCHED.xfcc(calls.mallory))
    expect(outcome(mallory)).toEqual({ status: 403, reason: 'PROJECT_BOUNDARY', words: 'Unauthorized' })
  })

  test('A12: one of an unknown CA is not, in x509’s words', async () => {
    expect(outcome(await ask(VOUCHED.xfcc({ ...calls.alice, certificate: stranger })))).toEqual({
      status: 401,
      reason: 'CERT_UNTRUSTED',
      words: 'x509: certificate signed by unknown authority',
    })
  })

  test('A12: what is revoked is refused at the next request, and the inventory says so', async () => {
    const bob = await calls.service.addMember('vision', 'bob', calls.owner)
    expect(outcome(await ask(VOUCHED.xfcc(bob)))).toEqual(ALLOWED)
    const path = `/v1/certificates/${bob.serial}`
    expectStatus(await calls.service.post(`${path}/revoke`, { reason: 'superseded' }, calls.owner), 200)
    expect(outcome(await ask(VOUCHED.xfcc(bob)))).toMatchObject({ status: 401, reason: 'CERT_REVOKED' })
    expect((await calls.service.get(path, calls.service.admin)).json['status']).toBe('revoked')
  })
})

describe('A13: where the certificate of a call is read from', () => {
  const FORMS = ['xfcc', 'client-cert'] as const
  test.each(FORMS)('A13: %s, by a proxy that is registered for it, and by no other', async (form) => {
    for (const by of ['xfcc', 'client-cert', 'nginx', 'haproxy', 'traefik', 'caddy'] as const) {
      const expected = by === form ? ALLOWED : { status: 400, reason: 'REQUEST_AMBIGUOUS', words: 'Invalid request' }
      expect(outcome(await ask(VOUCHED[form](calls.alice), { by })), by).toEqual(expected)
    }
  })

  test('A13: two forms in one call, or one that Connection takes away, are refused', async () => {
    const beside = { ...xfcc(), 'client-cert': `:${base64Of(calls.owner)}:` }
    expect(outcome(await ask(beside))).toMatchObject({ status: 400, reason: 'REQUEST_AMBIGUOUS' })
    for (const dropped of ['x-forwarded-client-cert', 'X_Forwarded_Client_Cert', 'signet-act-as, close']) {
      const { status, text } = await calls.raw(
        ['GET /authz/envoy/v1 HTTP/1.1', 'host: resnet.internal', `connection: ${dropped}`],
        calls.proxy('xfcc'),
      )
      expect({ status, isSaid: text.includes('REQUEST_AMBIGUOUS') }, dropped).toEqual({ status: 400, isSaid: true })
    }
  })
})

describe('A16: what is asked as a check, and what is not', () => {
  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    'A16: the method is that of the call: %s',
    async (method) => {
      expect(outcome(await ask(xfcc(), { method }))).toEqual(ALLOWED)
      expect(outcome(await ask({}, { method }))).toMatchObject({ status: 401, reason: 'CREDENTIAL_MISSING' })
    },
  )

  test.each([
    '/authz/envoy',
    '/authz/envoy?path=/v1',
    '/authz/Envoy/v1',
    '/Authz/envoy/v1',
    '//authz/envoy/v1',
    '/authz//envoy/v1',
    '/authz%2fenvoy/v1',
    '/%61uthz/envoy/v1',
    '/./authz/envoy/v1',
    '/v1/../authz/envoy/v1',
    '/check',
    'https://resnet.internal/authz/envoy/v1',
  ])('A16: %s is no check', async (target) => {
    const vouched = `x-forwarded-client-cert: ${xfcc()['x-forwarded-client-cert']}`
    for (const method of ['GET', 'POST']) {
      const lines = [`${method} ${target} HTTP/1.1`, 'host: resnet.internal', vouched]
      const { status, text } = await calls.raw(lines, calls.proxy('xfcc'))
      expect([400, 404], `${method} ${text.slice(0, 200)}`).toContain(status)
      expect(text).not.toContain('signet-subject')
    }
  })
})

describe('A18: paths of publishers and instances', () => {
  const MODEL = 'x-gateway-model-name'
  const at = (path: string, told: Told = {}, more: Asked = {}) =>
    ask({ ...xfcc(), ...told }, { host: 'gw.internal', path, ...more })
  beforeAll(async () => {
    await calls.putDeployment({ paths: ['/vision/llama'] }, 'llama', 'gw.internal')
    await calls.putDeployment({ paths: ['/vision/mistral'] }, 'mistral', 'gw.internal')
  })

  test('A18: a path of an instance is that instance’s, and a header or body that names another is misrouted', async () => {
    const path = '/vision/llama/v1/chat/completions'
    expect(outcome(await at(path, { [MODEL]: 'llama' }))).toEqual(ALLOWED)
    const misrouted = { status: 403, reason: 'ROUTE_CONFLICT', words: 'Unauthorized' }
    expect(outcome(await at(path, { [MODEL]: 'mistral' }))).toEqual(misrouted)
    expect(outcome(await at(path, {}, { body: { model: 'mistral' } }))).toEqual(misrouted)
    expect(outcome(await at(path, { [MODEL]: 'Llama' }))).toEqual(NOT_FOUND)
  })

  test('A18: a publisher’s path names the model, which has to be there', async () => {
    expect(outcome(await at('/publishers/vision/models/mistral/v1/chat/completions'))).toEqual(NOT_FOUND)
  })

  test('A18: a delegate needs its own right and the user’s', async () => {
    const delegate = await calls.service.addService('delegate.internal')
    const callers = { serviceCallers: ['delegate.internal'] }
    await calls.putDeployment({ ...callers, delegates: ['delegate.internal'] }, 'delegated')
    await calls.putDeployment(callers, 'undelegated')
    const delegating = (deployment: string, user: string) =>
      ask({ ...VOUCHED.xfcc(delegate), 'x-signet-delegate-for': user }, { host: `${deployment}.internal` })
    const denied = { status: 403, reason: 'DELEGATION_DENIED', words: 'Unauthorized' }
    const allowed = await delegating('delegated', 'vision__alice')
    expect(outcome(allowed)).toEqual(ALLOWED)
    expect(allowed.headers['signet-acting-user']).toBe('vision__alice')
    expect(outcome(await delegating('delegated', 'fraud__mallory'))).toEqual(denied)
    expect(outcome(await delegating('undelegated', 'vision__alice'))).toEqual(denied)
    // The header by which others delegate is nobody's word here: the service calls for itself.
    const told = { ...VOUCHED.xfcc(delegate), 'x-maas-user': 'vision__alice' }
    const own = await ask(told, { host: 'undelegated.internal' })
    expect(own.headers['signet-subject']).toBe('delegate.internal')
  })
})
