// `/authz/*` over the running service: what each proxy is answered, whom it may speak for, and what it is refused.
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../support/https-client.ts'
import { expectStatus } from '../support/test-service.ts'
import { base64Of, leafOf, ModelCalls, PASSPHRASE, type Told, VOUCHED } from './model-calls.ts'

let calls: ModelCalls
let apiKey: string

beforeAll(async () => {
  calls = await ModelCalls.start()
  apiKey = await calls.apiKey(calls.alice, 'calls')
})
afterAll(() => calls.close())

const reasonOf = ({ status, code, headers }: Answer) => ({
  status,
  code,
  reason: headers['x-authz-reason'],
  meant: headers['x-authz-status'],
})
/** Another signature of the right length. */
const forged = (token: string) =>
  token.replace(
    /\.([^.]{8})([^.]*)$/,
    (_, head: string, rest: string) => `.${head.split('').reverse().join('')}${rest}`,
  )
const refused = (status: number, reason: string, meant?: number) => ({
  status,
  code: reason,
  reason,
  meant: meant === undefined ? undefined : String(meant),
})

describe('a call that may go on', () => {
  test('nginx is told who calls, in clear and signed', async () => {
    const answer = await calls.nginx(VOUCHED.nginx(calls.alice))
    expect(answer.status).toBe(200)
    expect(answer.text).toBe('')
    expect(answer.headers).toMatchObject({
      'x-authz-reason': 'ALLOWED',
      'signet-subject': 'vision__alice',
      'signet-subject-kind': 'member',
      'signet-project': 'vision',
      'signet-acting-user': 'vision__alice',
      'signet-deployment': 'resnet',
      'cache-control': 'no-store',
    })
    expect(Date.parse(String(answer.headers['x-authz-valid-until']))).toBeGreaterThan(Date.now())
    const token = String(answer.headers['signet-identity'])
    expect(decodeProtectedHeader(token).typ).toBe('identity+jwt')
    const claims = decodeJwt(token)
    expect(claims).toMatchObject({
      iss: calls.service.url,
      aud: 'resnet',
      sub: 'vision__alice',
      acting_user: 'vision__alice',
      deployment: 'resnet',
      cnf: { 'x5t#S256': expect.stringMatching(/^[\w-]{43}$/) as string },
    })
    expect(Number(claims.exp) - Number(claims.iat)).toBe(60)
    const { json } = await calls.service.get('/.well-known/jwks.json')
    const kids = (json['keys'] as { kid: string }[]).map(({ kid }) => kid)
    expect(kids).toContain(decodeProtectedHeader(token).kid)
  })

  test('answers have a length, allowed or refused: a proxy may take no chunks', async () => {
    const answers = [await calls.nginx(VOUCHED.nginx(calls.alice)), await calls.nginx({})]
    expect(answers.map(({ status }) => status)).toEqual([200, 401])
    for (const { headers, bytes } of answers) {
      expect(headers).toMatchObject({ 'content-length': String(bytes.length) })
      expect(headers).not.toHaveProperty('transfer-encoding')
    }
  })

  test('the signature of a call is passed on again, and is for one subject and deployment alone', async () => {
    const [first, second, other] = [
      await calls.nginx(VOUCHED.nginx(calls.alice)),
      await calls.nginx(VOUCHED.nginx(calls.alice)),
      await calls.nginx(VOUCHED.nginx(calls.owner)),
    ]
    expect(second.headers['signet-identity']).toBe(first.headers['signet-identity'])
    expect(decodeJwt(String(other.headers['signet-identity'])).sub).toBe('vision__olivia')
  })

  test('rule 20: an identity token buys nothing where an access token is asked for', async () => {
    const { headers } = await calls.nginx(VOUCHED.nginx(calls.alice))
    const answer = await calls.nginx({ authorization: `Bearer ${String(headers['signet-identity'])}` })
    expect(reasonOf(answer)).toEqual(refused(401, 'TOKEN_TYPE', 401))
  })

  test.each(['traefik', 'caddy', 'client-cert', 'haproxy', 'xfcc'] as const)(
    '%s vouches in its own way',
    async (dialect) => {
      const answer = await calls.forwardAuth(VOUCHED[dialect](calls.alice), calls.proxy(dialect))
      expect(answer.status).toBe(200)
      expect(answer.headers['signet-subject']).toBe('vision__alice')
    },
  )

  test('Envoy asks with the method and the path of the call, and is told what to take away', async () => {
    const told = { host: 'resnet.internal', ...VOUCHED.xfcc(calls.alice) }
    const answer = await calls.tell('/authz/envoy/v1/predict?x=1', told, calls.proxy('xfcc'), 'DELETE')
    expect(answer.status).toBe(200)
    const toRemove = String(answer.headers['x-envoy-auth-headers-to-remove']).split(',')
    expect(toRemove).toEqual(
      expect.arrayContaining(['x-maas-user', 'x_maas_user', 'x-forwarded-client-cert', 'signet-act-as']),
    )
    expect(toRemove).not.toContain('signet-subject')
  })

  test.each<[what: string, headers: () => Told | Promise<Told>, subject: string]>([
    ['an API key', () => ({ authorization: `ApiKey ${apiKey}` }), 'vision__alice'],
    ['a token', async () => ({ authorization: `Bearer ${await calls.token(calls.alice)}` }), 'vision__alice'],
    ['a passphrase', () => ({ authorization: `Passphrase ${PASSPHRASE}` }), 'passphrase|resnet|a'],
    ['a passphrase as a Bearer', () => ({ authorization: `Bearer ${PASSPHRASE}` }), 'passphrase|resnet|a'],
  ])('by %s', async (_, headers, subject) => {
    const answer = await calls.nginx(await headers())
    expect(answer.status).toBe(200)
    expect(answer.headers['signet-subject']).toBe(subject)
  })

  test('an unprotected path has no identity, and only exactly as it stands there', async () => {
    const health = (uri: string, method = 'GET') =>
      calls.nginx({ 'x-original-uri': uri, 'x-original-method': method, 'x-signet-normalized-uri': '/healthz' })
    const open = await health('/healthz')
    expect(open.status).toBe(200)
    expect(open.headers['signet-subject']).toBeUndefined()
    for (const [uri, method] of [['//healthz'], ['/healthz?x'], ['/healthz', 'POST']] as const) {
      expect((await health(uri, method)).status).toBe(401)
    }
  })

  test('an unprotected path that the proxy has rewritten is protected', async () => {
    const answer = await calls.nginx({
      'x-original-uri': '/healthz',
      'x-original-method': 'GET',
      'x-signet-normalized-uri': '/v1/predict',
    })
    expect(reasonOf(answer)).toEqual(refused(401, 'CREDENTIAL_MISSING', 401))
  })
})

describe('step 0: who tells of calls', () => {
  test.each<[who: string, by: () => Parameters<ModelCalls['tell']>[2]]>([
    ['nobody', () => undefined],
    ['a member', () => calls.alice],
    ['an administrator', () => calls.service.admin],
    ['a service that is no proxy', () => calls.modelServer],
  ])('%s is refused, whatever it says', async (_, by) => {
    const told = {
      'x-original-method': 'GET',
      'x-original-uri': '/healthz',
      'x-original-host': 'resnet.internal',
      ...VOUCHED.nginx(calls.alice),
    }
    for (const path of ['/authz/nginx', '/authz/forward-auth', '/authz/envoy/healthz']) {
      const answer = await calls.tell(path, told, by())
      expect({ status: answer.status, code: answer.code }).toEqual({ status: 403, code: 'PEP_UNTRUSTED' })
    }
  })

  test('whoever can be no proxy has no body read', async () => {
    // It says how much comes, and none of it does.
    for (const length of ['1000000', '100000000']) {
      const head = ['POST /authz/envoy/v1 HTTP/1.1', 'host: resnet.internal', `content-length: ${length}`]
      const { status, text } = await calls.raw(head, calls.alice)
      expect({ status, reason: /"code":"(\w+)"/.exec(text)?.[1] }).toEqual({ status: 403, reason: 'PEP_UNTRUSTED' })
    }
    const body = { model: 'resnet' }
    for (const by of [undefined, calls.alice]) {
      const answer = await calls.tell('/authz/envoy/v1', { host: 'resnet.internal' }, by, 'POST', body)
      expect({ status: answer.status, code: answer.code }).toEqual({ status: 403, code: 'PEP_UNTRUSTED' })
    }
  })

  test('rule 16: a proxy speaks for its own deployments, and only in its own form', async () => {
    const narrow = await calls.service.addService('narrow.internal')
    const register = (deployments: readonly string[]) =>
      calls.service.put(
        '/v1/proxies/narrow',
        { service: 'narrow.internal', certificateHeader: 'nginx', deployments },
        calls.service.admin,
      )
    await calls.putDeployment({}, 'other')
    expectStatus(await register(['other']), 200)
    const told = VOUCHED.nginx(calls.alice)
    expect((await calls.nginx({ ...told, 'x-original-host': 'other.internal' }, narrow)).status).toBe(200)
    expect(reasonOf(await calls.nginx(told, narrow))).toEqual(refused(403, 'PEP_UNTRUSTED', 403))
    const unknown = { ...told, 'x-original-host': 'nowhere.internal' }
    expect(reasonOf(await calls.nginx(unknown, narrow))).toEqual(refused(403, 'PEP_UNTRUSTED', 403))
    expectStatus(await register(['other', 'resnet']), 200)
    expect((await calls.nginx(told, narrow)).status).toBe(200)
    expectStatus(await calls.service.send({ method: 'DELETE', path: '/v1/proxies/narrow' }, calls.service.admin), 200)
    expect(reasonOf(await calls.nginx(told, narrow))).toEqual(refused(403, 'PEP_UNTRUSTED', 403))
  })
})

describe('a call that is refused', () => {
  const vouched = (more: Told = {}) => ({ ...VOUCHED.nginx(calls.alice), ...more })
  test.each<[what: string, told: () => Told | Promise<Told>, reason: string, meant: number]>([
    ['without a credential', () => ({}), 'CREDENTIAL_MISSING', 401],
    ['as somebody else', () => vouched({ 'signet-act-as': 'vision__olivia' }), 'CERT_CN_MISMATCH', 403],
    ['by a member of another project', () => VOUCHED.nginx(calls.mallory), 'PROJECT_BOUNDARY', 403],
    ['of a host that nobody has', () => vouched({ 'x-original-host': 'nowhere.internal' }), 'ROUTE_UNKNOWN', 404],
    ['of no host', () => vouched({ 'x-original-host': undefined }), 'ROUTE_UNKNOWN', 404],
    ['of no path', () => vouched({ 'x-original-uri': undefined }), 'PATH_NOT_CANONICAL', 400],
    ['of a path that climbs', () => vouched({ 'x-original-uri': '/healthz/../v1' }), 'PATH_NOT_CANONICAL', 400],
    ['of a path encoded twice', () => vouched({ 'x-original-uri': '/healthz%252f..' }), 'PATH_NOT_CANONICAL', 400],
    ['of another model', () => vouched({ 'x-gateway-model-name': 'nobodys' }), 'ROUTE_UNKNOWN', 404],
    ['of a model in the path', () => vouched({ 'x-original-uri': '/publishers/a/models/b/v1' }), 'ROUTE_UNKNOWN', 404],
    [
      'with a certificate that was not verified',
      () => vouched({ 'x-ssl-client-verify': 'NONE' }),
      'CERT_UNTRUSTED',
      401,
    ],
    [
      'with a certificate that failed',
      () => vouched({ 'x-ssl-client-verify': 'FAILED:expired' }),
      'CERT_UNTRUSTED',
      401,
    ],
    [
      'with another form beside it',
      () => vouched({ 'client-cert': `:${base64Of(calls.owner)}:` }),
      'REQUEST_AMBIGUOUS',
      400,
    ],
    ['with a certificate twice', () => vouched({ 'x-ssl-client-cert': ['a', 'b'] }), 'REQUEST_AMBIGUOUS', 400],
    ['with an underscore twin', () => vouched({ x_ssl_client_cert: 'a' }), 'REQUEST_AMBIGUOUS', 400],
    ['with two keys', () => ({ authorization: `ApiKey ${apiKey}, ApiKey ${apiKey}` }), 'REQUEST_AMBIGUOUS', 400],
    ['with a scheme in lower case', () => ({ authorization: `apikey ${apiKey}` }), 'AUTH_METHOD_NOT_ENABLED', 401],
    ['with a key that is wrong', () => ({ authorization: `ApiKey ${apiKey}x` }), 'KEY_INVALID', 401],
    ['with a key that nobody has', () => ({ authorization: 'ApiKey nobody.secret' }), 'KEY_INVALID', 401],
    [
      'with a good key and a bad certificate',
      () => vouched({ authorization: `ApiKey ${apiKey}`, 'x-ssl-client-verify': 'NONE' }),
      'CERT_UNTRUSTED',
      401,
    ],
    [
      'with a good certificate and a bad key',
      () => vouched({ authorization: `ApiKey ${apiKey}x` }),
      'KEY_INVALID',
      401,
    ],
    [
      'with credentials of two',
      async () => ({ ...VOUCHED.nginx(calls.owner), authorization: `ApiKey ${apiKey}` }),
      'CREDENTIAL_CONFLICT',
      403,
    ],
    [
      'with a token for somebody else',
      async () => ({ authorization: `Bearer ${await calls.token(calls.alice, 'edge-nginx.internal')}` }),
      'TOKEN_AUDIENCE',
      401,
    ],
    [
      'with a forged token',
      async () => ({ authorization: `Bearer ${forged(await calls.token(calls.alice))}` }),
      'TOKEN_SIGNATURE',
      401,
    ],
    [
      'with a bound token alone',
      async () => ({ authorization: `Bearer ${await calls.token(calls.alice, 'resnet', { bind: true })}` }),
      'TOKEN_BINDING',
      401,
    ],
    [
      'with a passphrase that is wrong',
      () => ({ authorization: 'Passphrase not the passphrase' }),
      'PASSPHRASE_INVALID',
      401,
    ],
    [
      'with a key without the scope',
      async () => ({ authorization: `ApiKey ${await calls.apiKey(calls.alice, 'jobs', ['JOB'])}` }),
      'SCOPE_MISSING',
      403,
    ],
    [
      'for another without being a delegate',
      () => vouched({ 'x-signet-delegate-for': 'vision__olivia' }),
      'DELEGATION_DENIED',
      403,
    ],
  ])('%s', async (_, told, reason, meant) => {
    const answer = await calls.nginx(await told())
    expect(reasonOf(answer)).toEqual(refused(meant === 401 ? 401 : 403, reason, meant))
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('signet-'))).toEqual([])
    if (meant !== 401 && reason !== 'SCOPE_MISSING') expect(answer.headers['www-authenticate']).toBeUndefined()
  })

  test('with the status of the table where the proxy can pass it on', async () => {
    const told: readonly (readonly [Told, number, string])[] = [
      [{ 'x-forwarded-host': 'nowhere.internal' }, 404, 'ROUTE_UNKNOWN'],
      [{ 'x-forwarded-uri': '/a/../b' }, 400, 'PATH_NOT_CANONICAL'],
      [{}, 401, 'CREDENTIAL_MISSING'],
      [VOUCHED.traefik(calls.mallory), 403, 'PROJECT_BOUNDARY'],
    ]
    for (const [headers, status, reason] of told) {
      expect(reasonOf(await calls.forwardAuth(headers))).toEqual(refused(status, reason))
    }
  })

  test('a body that names another model, or one in two ways', async () => {
    const told = { host: 'resnet.internal', ...VOUCHED.xfcc(calls.alice) }
    const envoy = (body: unknown) => calls.tell('/authz/envoy/v1/chat', told, calls.proxy('xfcc'), 'POST', body)
    expect((await envoy({ model: 'resnet' })).status).toBe(200)
    expect(reasonOf(await envoy({ model: 'nobodys' }))).toEqual(refused(404, 'ROUTE_UNKNOWN'))
    expect(reasonOf(await envoy('{"model":"resnet","model":"x"}'))).toEqual(refused(400, 'REQUEST_AMBIGUOUS'))
    const huge = await envoy(`{"model":"resnet","x":"${'a'.repeat(1024 * 1024)}"}`)
    expect({ status: huge.status, code: huge.code }).toEqual({ status: 413, code: 'body_too_large' })
  })

  describe('at a gateway, where the model says which deployment is meant', () => {
    const MODEL = 'x-gateway-model-name'
    beforeAll(async () => {
      const { service } = calls
      const { id } = expectStatus(await service.post('/v1/models', { name: 'llama' }, service.admin), 201).json
      await calls.putDeployment({ model: id, modelSelector: 'required' }, 'named')
      await calls.putDeployment({}, 'left')
    })

    test('a header is nobody’s word for a body', async () => {
      const [host, model] = ['named.internal', 'named']
      const header = { [MODEL]: model }
      const byNginx = { ...VOUCHED.nginx(calls.alice), 'x-original-host': host, ...header }
      expect(reasonOf(await calls.nginx(byNginx))).toEqual(refused(403, 'ROUTE_UNKNOWN', 404))
      const byTraefik = { ...VOUCHED.traefik(calls.alice), 'x-forwarded-host': host, ...header }
      expect(reasonOf(await calls.forwardAuth(byTraefik))).toEqual(refused(404, 'ROUTE_UNKNOWN'))
      const told = { host, ...VOUCHED.xfcc(calls.alice), ...header }
      const envoy = (body?: unknown) => calls.tell('/authz/envoy/v1/chat', told, calls.proxy('xfcc'), 'POST', body)
      expect(reasonOf(await envoy())).toEqual(refused(404, 'ROUTE_UNKNOWN'))
      expect(reasonOf(await envoy({ model: 'resnet' }))).toEqual(refused(403, 'ROUTE_CONFLICT'))
      expect(reasonOf(await envoy({ other: model }))).toMatchObject({ status: 200 })
      const allowed = await envoy({ model })
      expect({ status: allowed.status, deployment: allowed.headers['signet-deployment'] }).toEqual({
        status: 200,
        deployment: model,
      })
    })

    test('where host and path say it, a header has to agree and no body is needed', async () => {
      const told = (more: Told) => ({ ...VOUCHED.nginx(calls.alice), ...more })
      expect((await calls.nginx(told({ [MODEL]: 'resnet' }))).status).toBe(200)
      expect(reasonOf(await calls.nginx(told({ [MODEL]: 'left' })))).toEqual(refused(403, 'ROUTE_CONFLICT', 403))
    })

    test('a publisher’s path names the model', async () => {
      const { service } = calls
      const { id } = expectStatus(await service.post('/v1/models', { name: 'hub/llama' }, service.admin), 201).json
      await calls.putDeployment({ model: id, modelSelector: 'required' }, 'published')
      const path = '/publishers/hub/models/llama/v1/chat'
      const of = (uri: string, more: Told = {}) =>
        calls.nginx({
          ...VOUCHED.nginx(calls.alice),
          'x-original-host': 'published.internal',
          'x-original-uri': uri,
          'x-signet-normalized-uri': uri,
          ...more,
        })
      expect((await of(path)).status).toBe(200)
      expect((await of(path, { [MODEL]: 'hub/llama' })).status).toBe(200)
      expect(reasonOf(await of(path, { [MODEL]: 'resnet' }))).toEqual(refused(403, 'ROUTE_CONFLICT', 403))
      for (const other of ['/publishers/hub/models/other/v1/chat', '/v1/chat']) {
        expect(reasonOf(await of(other, { [MODEL]: 'hub/llama' })), other).toEqual(refused(403, 'ROUTE_UNKNOWN', 404))
      }
    })
  })

  test("a caller's path behind Envoy's prefix reaches no other route", async () => {
    const by = calls.proxy('xfcc')
    for (const path of ['/authz/envoy/../../v1/me', '/authz/../v1/me', '/authz/envoy/%2e%2e/%2e%2e/v1/me']) {
      const { text } = await calls.raw([`GET ${path} HTTP/1.1`, 'host: resnet.internal'], by)
      expect(text).not.toContain('edge-xfcc')
      expect(text).toMatch(/^HTTP\/1.1 40[0-4]/)
    }
  })
})

describe('challenges', () => {
  test('one for each kind that would do, for the realm of the deployment', async () => {
    const { headers } = await calls.nginx()
    expect(headers['www-authenticate']).toBe(
      'Bearer realm="resnet", ApiKey realm="resnet", Passphrase realm="resnet", Mutual realm="resnet"',
    )
    expect(headers['x-ext-auth-reason']).toBe('credential not found')
  })

  test('an error only where a token was shown', async () => {
    const { headers } = await calls.nginx({ authorization: 'Bearer a.b.c' })
    expect(headers['www-authenticate']).toContain('Bearer realm="resnet", error="invalid_token"')
  })

  test('a scope that is missing is named', async () => {
    const key = await calls.apiKey(calls.alice, 'views', ['DATASET_VIEW'])
    const { headers } = await calls.forwardAuth({ authorization: `ApiKey ${key}` })
    expect(headers['www-authenticate']).toBe('Bearer realm="resnet", error="insufficient_scope", scope="SERVING"')
  })

  test('the realm tells nobody of a path or a model that there is', async () => {
    const { headers } = await calls.nginx({ 'x-gateway-model-name': 'nobodys' })
    expect(headers['www-authenticate']).toContain('Mutual realm="signet"')
  })

  test('an ended key and a deleted one are told as an unknown one', async () => {
    const key = await calls.apiKey(calls.alice, 'short-lived')
    expect((await calls.nginx({ authorization: `ApiKey ${key}` })).status).toBe(200)
    const path = '/v1/api-keys/short-lived'
    expectStatus(await calls.service.send({ method: 'DELETE', path }, calls.alice), 204)
    expect(reasonOf(await calls.nginx({ authorization: `ApiKey ${key}` }))).toEqual(refused(401, 'KEY_INVALID', 401))
  })
})

test('a revoked certificate is refused by the next answer', async () => {
  const bob = await calls.service.addMember('vision', 'bob', calls.owner)
  expect((await calls.nginx(VOUCHED.nginx(bob))).status).toBe(200)
  const path = `/v1/certificates/${bob.serial}/revoke`
  expectStatus(await calls.service.post(path, { reason: 'superseded' }, calls.owner), 200)
  expect(reasonOf(await calls.nginx(VOUCHED.nginx(bob)))).toEqual(refused(401, 'CERT_REVOKED', 401))
})

test('calls over the bound of a minute are refused, and those that were refused count for nothing', async () => {
  await calls.putDeployment({ callsPerMinute: 2 }, 'bounded')
  const call = (more: Told = {}) => calls.forwardAuth({ 'x-forwarded-host': 'bounded.internal', ...more })
  const alice = VOUCHED.traefik(calls.alice)
  const statuses = []
  for (const told of [alice, {}, {}, alice, alice]) statuses.push((await call(told)).status)
  expect(statuses).toEqual([200, 401, 401, 200, 429])
  expect(leafOf(calls.alice)).toContain('BEGIN')
})
