// Rows A5, A6, A16 and A17: which calls want a credential, as a proxy tells of them over HTTP, and how it asks. Those of gRPC are in
// test/behaviours/authorino.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ModelCalls, type Told, VOUCHED } from '../http/model-calls.ts'
import type { Answer } from '../support/https-client.ts'

let calls: ModelCalls
let key: string

beforeAll(async () => {
  calls = await ModelCalls.start({ flags: { 'access.authModes': 'mtls,jwt,api-key,passphrase,none' } })
  key = await calls.apiKey(calls.alice, 'friends')
})
afterAll(() => calls.close())

/** As forward-auth is asked, of a deployment's own host. */
const call = (deployment: string, told: Told = {}): Promise<Answer> =>
  calls.forwardAuth({ 'x-forwarded-host': `${deployment}.internal`, ...told })
const reasonOf = ({ status, headers }: Answer) => ({ status, reason: headers['x-authz-reason'] })
const namesTold = ({ headers }: Answer) =>
  Object.keys(headers).filter((name) => name.startsWith('signet-') && name !== 'signet-policy-revision')
const alice = () => VOUCHED.traefik(calls.alice)
const apiKey = () => ({ authorization: `ApiKey ${key}` })

describe('A5: every host of a deployment, as a proxy tells of it', () => {
  const HOSTS = [
    'iris-ns.example.com',
    'iris.ns.svc.cluster.local',
    'iris.ns.svc',
    'iris.ns',
    'iris-predictor-ns-grpc.example.com',
    'iris-predictor-rest.example.com',
    'iris-predictor.ns.svc.cluster.local',
    'canary-iris-predictor-ns.example.com',
  ]
  beforeAll(() => calls.putDeployment({ moreHosts: HOSTS.slice(1) }, 'iris', HOSTS[0]))

  test.each(HOSTS)('A5: %s wants a credential, however it is written', async (host) => {
    for (const written of [host, `${host}:8080`, `${host}.`, host.toUpperCase()]) {
      const told = { 'x-forwarded-host': written }
      expect(reasonOf(await call('iris', told))).toEqual({ status: 401, reason: 'CREDENTIAL_MISSING' })
      const answer = await call('iris', { ...told, ...alice() })
      expect(reasonOf(answer)).toEqual({ status: 200, reason: 'ALLOWED' })
      expect(answer.headers['signet-deployment']).toBe('iris')
    }
  })

  test.each(['ns.svc.cluster.local', 'iris.ns.svc.cluster', 'xiris.ns', 'iris.ns.evil.example', '*.ns'])(
    'A5: %s is none of them',
    async (host) => {
      const answer = await call('iris', { 'x-forwarded-host': host, ...alice() })
      expect(reasonOf(answer)).toEqual({ status: 404, reason: 'ROUTE_UNKNOWN' })
    },
  )
})

describe('A6: unprotected paths as calls', () => {
  const PATHS = ['/healthz', '/debug/pprof/', '/metrics', '/wait-for-drain']
  beforeAll(async () => {
    await calls.putDeployment({ unprotectedPaths: [], unprotectedPreset: 'kserve' }, 'probed')
    await calls.putDeployment({ unprotectedPaths: [] }, 'shut')
  })

  test.each(PATHS)('A6: %s is open with the preset, and shut without', async (path) => {
    for (const method of ['GET', 'HEAD']) {
      const told = { 'x-forwarded-uri': path, 'x-forwarded-method': method }
      const answer = await call('probed', told)
      expect(reasonOf(answer)).toEqual({ status: 200, reason: 'ALLOWED' })
      expect(namesTold(answer)).toEqual([])
      expect(reasonOf(await call('shut', told))).toEqual({ status: 401, reason: 'CREDENTIAL_MISSING' })
    }
  })

  test.each([
    ['GET', '/debug/pprof'],
    ['GET', '/debug/pprof/heap'],
    ['GET', '/debug//pprof/'],
    ['GET', '/healthz/'],
    ['GET', '/healthz?x'],
    ['GET', '/healthz?'],
    ['GET', '//healthz'],
    ['GET', '/%68ealthz'],
    ['GET', '/Healthz'],
    ['GET', '/healthz/predict'],
    ['GET', '/metrics/'],
    ['GET', '/v1/metrics'],
    ['GET', '/wait-for-drain?now=1'],
    ['POST', '/healthz'],
    ['DELETE', '/metrics'],
    ['OPTIONS', '/wait-for-drain'],
    ['get', '/healthz'],
  ])('A6: %s %s is not one of the four', async (method, path) => {
    const told = { 'x-forwarded-uri': path, 'x-forwarded-method': method }
    const answer = await call('probed', told)
    expect(reasonOf(answer)).toEqual({ status: 401, reason: 'CREDENTIAL_MISSING' })
    expect((await call('probed', { ...told, ...alice() })).status).toBe(200)
  })
})

describe('A16: the question itself', () => {
  const WAYS = ['/authz/nginx', '/authz/forward-auth']
  const told = () => ({
    'x-original-method': 'POST',
    'x-original-uri': '/v1/predict',
    'x-original-host': 'resnet.internal',
    'x-forwarded-method': 'POST',
    'x-forwarded-uri': '/v1/predict',
    'x-forwarded-host': 'resnet.internal',
    ...apiKey(),
  })
  const ask = (path: string, method: string, body?: unknown) =>
    calls.tell(path, told(), calls.proxy('traefik'), method, body)

  test.each(WAYS)('A16: %s is asked by GET and POST', async (path) => {
    for (const method of ['GET', 'POST']) {
      expect(reasonOf(await ask(path, method))).toEqual({ status: 200, reason: 'ALLOWED' })
    }
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
      const { status, code } = await ask(path, method)
      expect({ method, status, code }).toEqual({ method, status: 404, code: 'not_found' })
    }
    expect((await ask(path, 'HEAD')).status).toBe(404)
  })

  test.each(['/authz', '/authz/', '/authz/nginx/', '/authz/nginx/check', '/authz/check', '/authz/envoy'])(
    'A16: %s is no place to ask',
    async (path) => {
      const { status, code } = await ask(path, 'GET')
      expect({ status, code }).toEqual({ status: 404, code: 'not_found' })
    },
  )

  const UID = '705ab4f5-6393-11e8-b7cc-42010a800002'
  const review = (more: object = {}) => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: UID, operation: 'CREATE' },
    ...more,
  })
  const envoy = (more: Told, body: object) =>
    calls.tell('/authz/envoy/v1/predict', { host: 'resnet.internal', ...more }, calls.proxy('xfcc'), 'POST', body)

  test('A16: an AdmissionReview is answered with one, and a refusal is none that a proxy would take for a yes', async () => {
    const yes = await envoy(apiKey(), review())
    expect({ status: yes.status, json: yes.json }).toEqual({
      status: 200,
      json: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: UID, allowed: true } },
    })
    expect(yes.headers['content-type']).toBe('application/json')
    const no = await envoy(VOUCHED.xfcc(calls.mallory), review({ apiVersion: 'admission.k8s.io/v1beta1' }))
    expect(reasonOf(no)).toEqual({ status: 403, reason: 'PROJECT_BOUNDARY' })
    expect(no.json).toMatchObject({
      apiVersion: 'admission.k8s.io/v1beta1',
      kind: 'AdmissionReview',
      response: { uid: UID, allowed: false, status: { status: 'Failure', code: 403, reason: 'PROJECT_BOUNDARY' } },
    })
  })

  test.each([
    ['no uid', { request: {} }],
    ['a uid that is none', { request: { uid: '<script>' } }],
    ['no request', { request: undefined }],
    ['another kind', { kind: 'ConversionReview', note: 'AdmissionReview' }],
    ['another group', { apiVersion: 'v1' }],
  ])('A16: with %s it is a body like others', async (_, more) => {
    expect((await envoy(apiKey(), review(more))).text).toBe('')
    const no = await envoy({}, review(more))
    expect({ status: no.status, code: no.code }).toEqual({ status: 401, code: 'CREDENTIAL_MISSING' })
    expect(no.json).not.toHaveProperty('response')
  })

  test('A16: one that names another model is refused like any other body', async () => {
    const answer = await envoy(apiKey(), review({ model: 'nobodys' }))
    expect(reasonOf(answer)).toEqual({ status: 404, reason: 'ROUTE_UNKNOWN' })
    expect(answer.json['response']).toMatchObject({ uid: UID, allowed: false })
  })
})

describe('A17: nobody is anonymous and somebody', () => {
  beforeAll(async () => {
    await calls.putDeployment({ authModes: ['none'], passphrases: [] }, 'open')
  })
  const lies = {
    'signet-subject': 'vision__olivia',
    'x-forwarded-user': 'olivia',
    'signet-act-as': 'vision__olivia',
  }
  const envoy = (host: string, path: string, told: Told = {}) =>
    calls.tell(`/authz/envoy${path}`, { host: `${host}.internal`, ...told }, calls.proxy('xfcc'))

  test.each([
    ['a public path', 'resnet', '/healthz'],
    ['a deployment that asks nobody', 'open', '/v1/predict'],
  ])('A17: %s is answered without a name, and what the client says of itself is taken away', async (_, host, path) => {
    const answer = await envoy(host, path, lies)
    expect(reasonOf(answer)).toEqual({ status: 200, reason: 'ALLOWED' })
    expect(namesTold(answer)).toEqual([])
    expect(answer.text).toBe('')
    const removed = String(answer.headers['x-envoy-auth-headers-to-remove']).split(',')
    for (const name of [...Object.keys(lies), 'signet-identity', 'signet-project']) expect(removed).toContain(name)
  })

  test('A17: without a credential nobody falls back to being anonymous, and none is sent to sign in', async () => {
    for (const told of [{}, { 'x-anonymous': 'true', cookie: 'anonymous=true' }, { accept: 'text/html' }]) {
      const answer = await call('resnet', told)
      expect(reasonOf(answer)).toEqual({ status: 401, reason: 'CREDENTIAL_MISSING' })
      expect(answer.headers.location).toBeUndefined()
      expect(answer.headers['www-authenticate']).toContain('realm="resnet"')
    }
  })
})
