// Trusted issuers and token exchange (RFC 8693) over the running service: a cluster and a cloud of our own stand in for real ones.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TOKEN_EXCHANGE_GRANT } from '../../src/tokens/discovery.ts'
import { makeCsr } from '../support/csr.ts'
import { ForeignIssuer, foreignKey, signedBy } from '../support/foreign-issuer.ts'
import type { Answer, ClientIdentity } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, TestService } from '../support/test-service.ts'
import { leavesNothing } from './stored.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const JWT = 'urn:ietf:params:oauth:token-type:jwt'
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token'
const CERTIFICATE = 'urn:signet:params:oauth:token-type:certificate'

const key = foreignKey('k1')
const folder = mkdtempSync(join(tmpdir(), 'signet-exchange-'))
let cluster: ForeignIssuer
let cloud: ForeignIssuer
let service: TestService
let owner: Certified
let alice: Certified
let launcher: Certified
let gateway: Certified
let account: Certified

beforeAll(async () => {
  cluster = await ForeignIssuer.start(key)
  cloud = await ForeignIssuer.start(key)
  writeFileSync(join(folder, 'cluster.pem'), cluster.ca)
  writeFileSync(join(folder, 'cloud.pem'), cloud.ca)
  const trustedIssuers = {
    'cluster-a': {
      kind: 'kubernetes',
      issuer: 'https://kubernetes.default.svc.cluster.local',
      jwksUrl: `${cluster.url}/jwks`,
      caFile: join(folder, 'cluster.pem'),
      audience: 'signet',
      serviceAccounts: [
        { namespace: 'ml', name: 'trainer', project: 'vision', account: 'sa-train' },
        { namespace: 'ml', name: 'gone', project: 'vision', account: 'sa-gone' },
      ],
    },
    cloud: {
      kind: 'oidc',
      issuer: cloud.url,
      caFile: join(folder, 'cloud.pem'),
      audience: 'signet',
      subjects: [
        { sub: 'alice-1', project: 'vision', user: 'alice' },
        { sub: 'other', project: 'vision', user: 'nobody' },
        { sub: 'olga-1', project: 'vision', user: 'olga' },
      ],
    },
  }
  service = await TestService.start({ flags: { trustedIssuers: JSON.stringify(trustedIssuers) } })
  owner = await service.addProject('vision', 'olga')
  alice = await service.addMember('vision', 'alice', owner)
  await service.addMember('vision', 'bob', owner)
  launcher = await service.addService('launcher.internal', { roles: ['launcher'], projects: ['vision'] })
  gateway = await service.addService('gateway.internal')
  await service.addService('model-1.internal')
  await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model-1.internal' })
  for (const name of ['sa-train', 'sa-gone']) {
    const added = await service.put(`/v1/projects/vision/service-accounts/${name}`, {}, owner)
    expect([200, 201]).toContain(added.status)
  }
  const csr = await makeCsr()
  const path = '/v1/projects/vision/service-accounts/sa-train/certificates'
  account = certified(await service.post(path, { csr: csr.pem }, owner), csr)
  const gone = { method: 'DELETE', path: '/v1/projects/vision/service-accounts/sa-gone' }
  expectStatus(await service.send(gone, owner), 200)
})
afterAll(async () => {
  await service.close()
  await cluster.close()
  await cloud.close()
  rmSync(folder, { recursive: true })
})
afterEach(() => {
  cloud.answer = undefined
})

const now = () => Math.floor(Date.now() / 1000)
const podToken = (change: object = {}, name = 'trainer'): string =>
  signedBy(key, {
    iss: 'https://kubernetes.default.svc.cluster.local',
    sub: `system:serviceaccount:ml:${name}`,
    aud: ['signet'],
    iat: now(),
    nbf: now(),
    exp: now() + 600,
    jti: String(Math.random()),
    'kubernetes.io': { namespace: 'ml', serviceaccount: { name, uid: 'u' }, pod: { name: 'p', uid: 'p' } },
    ...change,
  })
const idToken = (change: object = {}): string =>
  signedBy(key, { iss: cloud.url, sub: 'alice-1', aud: 'signet', iat: now(), exp: now() + 600, ...change })

async function ownToken(by: ClientIdentity, body: object = {}): Promise<string> {
  const answer = await service.post('/v1/tokens', { audience: service.url, ...body }, by)
  return String(expectStatus(answer, 201).json['access_token'])
}

function send(form: Readonly<Record<string, string>> | string, by?: ClientIdentity): Promise<Answer> {
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return service.send({ method: 'POST', path: '/v1/tokens/exchange', body, headers }, by)
}

function exchange(
  token: string,
  change: Readonly<Record<string, string>> = {},
  by?: ClientIdentity,
  type = JWT,
): Promise<Answer> {
  const base = { grant_type: TOKEN_EXCHANGE_GRANT, subject_token: token, subject_token_type: type, audience: 'resnet' }
  return send({ ...base, ...change }, by)
}

function claimsOf(answer: Answer): Record<string, unknown> {
  const [, payload = ''] = String(expectStatus(answer, 200).json['access_token']).split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
}

const told = ({ status, code, json }: Answer) => ({ status, code, error: json['error'] })
const reasonOf = ({ json }: Answer) => (json['facts'] as { reason?: string } | undefined)?.reason

describe('a workload that a trusted issuer names', () => {
  test('rule 23: a pod gets a token of the service account that its own is mapped to, and no other', async () => {
    const answer = await exchange(podToken())
    expect(answer.json).toMatchObject({ issued_token_type: ACCESS_TOKEN, token_type: 'Bearer' })
    expect(answer.headers['cache-control']).toBe('no-store')
    const claims = claimsOf(answer)
    expect(claims).toMatchObject({ sub: 'vision__sa-train', project: 'vision', user: 'sa-train', aud: 'resnet' })
    expect(claims).not.toHaveProperty('act')
    expect(Number(claims['exp'])).toBeLessThanOrEqual(now() + 600)
    const by = await service.get('/v1/audit?limit=1', service.admin)
    expect(by.json['events']).toMatchObject([
      { act: 'token.exchange', actor: 'account:vision__sa-train', details: { issuer: 'cluster-a' } },
    ])
  })

  test('a person of an OIDC issuer gets one, too', async () => {
    expect(claimsOf(await exchange(idToken(), {}, undefined, ID_TOKEN))).toMatchObject({ sub: 'vision__alice' })
  })

  test('rule 24: no longer than its own token', async () => {
    const short = idToken({ exp: now() + 100 })
    expect(Number(claimsOf(await exchange(short))['exp'])).toBeLessThanOrEqual(now() + 100)
    const answer = await leavesNothing(service, () => exchange(short, { lifetime_seconds: '600' }))
    expect(told(answer)).toEqual({ status: 400, code: 'token_lifetime_too_long', error: 'invalid_request' })
  })

  test('is who it is for /v1/me, and buys nothing else as Bearer', async () => {
    const me = (token: string, path = '/v1/me') =>
      service.send({ method: 'GET', path, headers: { authorization: `Bearer ${token}` } })
    expect((await me(podToken())).json).toMatchObject({ principal: 'vision__sa-train', by: ['token'] })
    expect(await me(podToken(), '/v1/certificates')).toMatchObject({ status: 403, code: 'credential_buys_none' })
    expect(await me(podToken({}, 'gone'))).toMatchObject({ status: 401, code: 'requester_ended' })
    expect(await me(podToken({}, 'stranger'))).toMatchObject({ status: 403, code: 'subject_unmapped' })
    expect(await me(idToken({ aud: 'other' }))).toMatchObject({ status: 401, code: 'token_audience' })
  })

  test.each<[string, () => string, string, string]>([
    [
      'A4 the audience of the API server',
      () => podToken({ aud: ['https://kubernetes.default.svc'] }),
      JWT,
      'token_audience',
    ],
    ['rule 23: a life over an hour', () => podToken({ exp: now() + 3700 }), JWT, 'token_malformed'],
    ['rule 23: no pod', () => podToken({ 'kubernetes.io': {} }), JWT, 'token_malformed'],
    ['A14 no audience', () => idToken({ aud: undefined }), JWT, 'token_audience'],
    ['over', () => idToken({ iat: now() - 700, exp: now() - 100 }), JWT, 'token_expired'],
    ['from the future', () => idToken({ iat: now() + 100 }), JWT, 'token_expired'],
    ['an issuer that nobody trusts', () => idToken({ iss: 'https://other.example' }), JWT, 'token_malformed'],
    ['the issuer of another entry', () => idToken({ iss: `${cloud.url}/` }), JWT, 'token_malformed'],
    ['rule 24: who acts there', () => idToken({ act: { sub: 'someone' } }), JWT, 'token_malformed'],
    ['an unknown key', () => signedBy({ ...key, kid: 'k9' }, { iss: cloud.url }), JWT, 'token_key_unknown'],
    ['rule 24: no access token', () => idToken(), ACCESS_TOKEN, 'token_type'],
    ['an account that has ended', () => podToken({}, 'gone'), JWT, 'account_unknown'],
    ['a user who is no member', () => idToken({ sub: 'other' }), JWT, 'member_unknown'],
  ])('refused: %s', async (_, token, type, reason) => {
    const answer = await leavesNothing(service, () => exchange(token(), {}, undefined, type))
    expect(told(answer)).toEqual({ status: 401, code: 'subject_token_refused', error: 'invalid_request' })
    expect(reasonOf(answer)).toBe(reason)
  })

  test('refused: a subject that nobody mapped', async () => {
    const answer = await exchange(podToken({}, 'stranger'))
    expect(told(answer)).toEqual({ status: 403, code: 'subject_unmapped', error: 'invalid_request' })
  })
})

describe('whoever acts for somebody', () => {
  const word = () => ownToken(alice, { mayAct: 'gateway.internal' })

  test('rule 24: by the word of the subject, is named in act', async () => {
    const claims = claimsOf(await exchange(await word(), {}, gateway, ACCESS_TOKEN))
    expect(claims).toMatchObject({ sub: 'vision__alice', act: { sub: 'gateway.internal' }, aud: 'resnet' })
  })

  test('rule 24: as a launcher of its project', async () => {
    const claims = claimsOf(await exchange(await ownToken(account), {}, launcher, ACCESS_TOKEN))
    expect(claims).toMatchObject({ sub: 'vision__sa-train', act: { sub: 'launcher.internal' } })
  })

  test('rule 24: is not somebody else', async () => {
    const token = await word()
    for (const [by, code] of [
      [owner, 'delegation_refused'],
      [account, 'delegation_refused'],
    ] as const) {
      const answer = await leavesNothing(service, () => exchange(token, {}, by, ACCESS_TOKEN))
      expect(told(answer)).toEqual({ status: 403, code, error: 'unauthorized_client' })
    }
    const other = await leavesNothing(service, async () => exchange(token, {}, service.admin, ACCESS_TOKEN))
    expect(told(other)).toMatchObject({ status: 403, code: 'not_permitted' })
  })

  test('rule 24: shows who it is apart from the token', async () => {
    const answer = await exchange(await word(), {}, undefined, ACCESS_TOKEN)
    expect(told(answer)).toEqual({ status: 401, code: 'unauthenticated', error: 'invalid_client' })
  })

  test('rule 24: a bound token stays bound, and is refused without its certificate', async () => {
    const bound = await ownToken(alice, { bind: true, mayAct: 'gateway.internal' })
    expect(claimsOf(await exchange(bound, {}, alice, ACCESS_TOKEN))).toHaveProperty('cnf')
    const answer = await exchange(bound, {}, gateway, ACCESS_TOKEN)
    expect(told(answer)).toMatchObject({ status: 401, code: 'subject_token_refused' })
    expect(reasonOf(answer)).toBe('token_binding')
  })

  test('a token for another audience than Signet is no subject token', async () => {
    const answer = await exchange(await ownToken(alice, { audience: 'resnet' }), {}, alice, ACCESS_TOKEN)
    expect(reasonOf(answer)).toBe('token_audience')
  })

  test('a token that was revoked is none', async () => {
    const token = await ownToken(alice)
    expectStatus(await service.post('/v1/tokens/revoke', { token }, alice), 200)
    expect(reasonOf(await exchange(token, {}, alice, ACCESS_TOKEN))).toBe('token_revoked')
  })
})

describe('a certificate for a token', () => {
  const ask = async (token: string, by?: ClientIdentity, change: Readonly<Record<string, string>> = {}) => {
    const csr = await makeCsr()
    const form = { grant_type: TOKEN_EXCHANGE_GRANT, subject_token: token, subject_token_type: JWT }
    return send({ ...form, requested_token_type: CERTIFICATE, csr: csr.pem, ...change }, by)
  }

  test('rule 11: ends with the token, and is given once', async () => {
    const token = podToken()
    const answer = await ask(token)
    expect(expectStatus(answer, 200).json).toMatchObject({ issued_token_type: CERTIFICATE, token_type: 'N_A' })
    const made = answer.json['certificate'] as { commonName: string; notAfter: string }
    expect(made.commonName).toBe('vision__sa-train')
    expect(Date.parse(made.notAfter)).toBeLessThanOrEqual((now() + 600) * 1000)
    const again = await leavesNothing(service, () => ask(token))
    expect(told(again)).toEqual({ status: 403, code: 'subject_token_spent', error: 'invalid_request' })
  })

  test('rule 11: no longer than the token', async () => {
    const answer = await leavesNothing(service, () => ask(podToken(), undefined, { lifetime_seconds: '601' }))
    expect(told(answer)).toMatchObject({ status: 400, code: 'token_lifetime_too_long' })
  })

  test('rule 11: what it buys for others ends with the token too', async () => {
    const csr = await makeCsr()
    const form = {
      grant_type: TOKEN_EXCHANGE_GRANT,
      subject_token: idToken({ sub: 'olga-1' }),
      subject_token_type: JWT,
    }
    const made = await send({ ...form, requested_token_type: CERTIFICATE, csr: csr.pem })
    const { certificate } = expectStatus(made, 200).json['certificate'] as { certificate: string }
    const exchanged = { key: csr.key, certificate }
    const renewed = expectStatus(await service.post('/v1/certificates/renew', {}, exchanged), 201).json
    await service.addUser('carl')
    expectStatus(await service.put('/v1/projects/vision/members/carl', { role: 'scientist' }, owner), 201)
    const passing = { key: csr.key, certificate: String(renewed['certificate']) }
    for (const by of [exchanged, passing]) {
      const other = await makeCsr()
      const path = '/v1/projects/vision/service-accounts/sa-train/certificates'
      const long = await leavesNothing(service, () => service.post(path, { csr: other.pem }, by))
      expect(told(long)).toMatchObject({ status: 403, code: 'renewal_ended' })
      const short = await service.post(path, { csr: other.pem, lifetimeSeconds: 300 }, by)
      const serial = String(expectStatus(short, 201).json['serial'])
      const record = expectStatus(await service.get(`/v1/certificates/${serial}`, owner), 200).json
      expect(Date.parse(String(record['renewUntil']))).toBeLessThanOrEqual((now() + 600) * 1000)
      const enrol = () => service.post('/v1/projects/vision/members/carl/enrolment', undefined, by)
      expect(told(await leavesNothing(service, enrol))).toMatchObject({ status: 403, code: 'not_permitted' })
    }
  })

  test('rule 11: not for a token of ours', async () => {
    const token = await ownToken(alice)
    const answer = await leavesNothing(service, () => ask(token, alice))
    expect(told(answer)).toMatchObject({ status: 403, code: 'subject_token_buys_no_certificate' })
  })

  test('rule 12: not for somebody else, also by a launcher', async () => {
    const answer = await leavesNothing(service, () => ask(podToken(), launcher))
    expect(told(answer)).toMatchObject({ status: 403, code: 'subject_token_buys_no_certificate' })
  })
})

describe('the request', () => {
  const form = () => new URLSearchParams({ grant_type: TOKEN_EXCHANGE_GRANT, subject_token: podToken() }).toString()

  test.each<[string, () => string, string]>([
    ['a parameter twice', () => `${form()}&subject_token_type=${JWT}&audience=a&audience=b`, 'body_rejected'],
    ['half an escape', () => `${form()}&audience=%4`, 'body_malformed'],
    ['an escape that is no UTF-8', () => `${form()}&audience=%ff`, 'body_malformed'],
    ['a parameter without a value', () => `${form()}&audience`, 'body_malformed'],
    ['no type', form, 'body_rejected'],
    ['a scope', () => `${form()}&subject_token_type=${JWT}&audience=resnet&scope=all`, 'body_rejected'],
    ['an actor token', () => `${form()}&subject_token_type=${JWT}&audience=resnet&actor_token=x`, 'body_rejected'],
    ['no audience', () => `${form()}&subject_token_type=${JWT}`, 'body_rejected'],
  ])('is refused with %s', async (_, body, code) => {
    expect(told(await send(body()))).toEqual({ status: 400, code, error: 'invalid_request' })
  })

  test('is refused with another grant', async () => {
    const answer = await exchange(podToken(), { grant_type: 'client_credentials' })
    expect(told(answer)).toEqual({ status: 400, code: 'exchange_unsupported', error: 'unsupported_grant_type' })
  })

  test('is refused for an audience that is not registered', async () => {
    const answer = await exchange(podToken(), { audience: 'https://kubernetes.default.svc' })
    expect(told(answer)).toEqual({ status: 400, code: 'token_audience_unknown', error: 'invalid_target' })
  })

  test('is a form, and not JSON', async () => {
    const answer = await service.post('/v1/tokens/exchange', { grant_type: TOKEN_EXCHANGE_GRANT })
    expect(told(answer)).toMatchObject({ status: 415, code: 'media_type_unsupported' })
  })
})
