// Rows A9, A10, A11, A14 and A15: what a call may present, as a proxy tells of it over HTTP, and what ours refuses where Authorino lets
// it through.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import { UNKNOWN_KID_SECONDS } from '../../src/federation/issuer-keys.ts'
import { ModelCalls, type Told, VOUCHED } from '../http/model-calls.ts'
import { leavesNothing } from '../http/stored.ts'
import { ForeignIssuer, foreignKey, type ForeignKeyPair, signedBy } from '../support/foreign-issuer.ts'
import type { Answer } from '../support/https-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'signet-by-proxy-'))
const FIRST = foreignKey('k1')
let aheadMilliseconds = 0
const clock: Clock = {
  now: () => systemClock.now(),
  monotonicMilliseconds: () => systemClock.monotonicMilliseconds() + aheadMilliseconds,
}
let issuer: ForeignIssuer
let calls: ModelCalls
let key: string

beforeAll(async () => {
  issuer = await ForeignIssuer.start(FIRST)
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, issuer.ca)
  const idp = { kind: 'oidc', issuer: issuer.url, audience: 'signet', caFile, groupClaim: 'groups' }
  const flags = {
    'access.authModes': 'mtls,jwt,oidc,api-key,passphrase,none',
    trustedIssuers: JSON.stringify({ idp }),
  }
  calls = await ModelCalls.start({ clock, flags })
  key = await calls.apiKey(calls.alice, 'friends')
})
afterAll(async () => {
  await calls.close()
  await issuer.close()
  rmSync(folder, { recursive: true, force: true })
})

/** As forward-auth is asked, of a deployment's own host. */
const call = (deployment: string, told: Told = {}): Promise<Answer> =>
  calls.forwardAuth({ 'x-forwarded-host': `${deployment}.internal`, ...told })
const reasonOf = ({ status, headers }: Answer) => ({ status, reason: headers['x-authz-reason'] })
const namesTold = ({ headers }: Answer) =>
  Object.keys(headers).filter((name) => name.startsWith('signet-') && name !== 'signet-policy-revision')
const alice = () => VOUCHED.traefik(calls.alice)
const apiKey = (value = key) => ({ authorization: `ApiKey ${value}` })
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

function idToken(claims: object = {}, by: ForeignKeyPair = FIRST): string {
  const now = Math.floor(Date.now() / 1000)
  const good = { iss: issuer.url, aud: 'signet', sub: 'erin', groups: ['raters'], iat: now - 10, exp: now + 600 }
  return signedBy(by, { ...good, ...claims })
}

describe('A9: an API key that is wrong', () => {
  beforeAll(() => calls.putDeployment({ authModes: ['api-key'], passphrases: [] }, 'friends'))

  test.each([
    ['nobody has it', 'nobody.secret'],
    ['the secret is another', undefined],
    ['it is no key', 'ndyBzreUzF4zqDQsqSPMHkRhriEOtcRx'],
  ])('A9: %s', async (_, value) => {
    const wrong = value ?? `${key}x`
    const answer = await leavesNothing(calls.service, () => call('friends', apiKey(wrong)))
    expect({ ...reasonOf(answer), code: answer.code }).toEqual({
      status: 401,
      reason: 'KEY_INVALID',
      code: 'KEY_INVALID',
    })
    expect(answer.headers['www-authenticate']).toBe('ApiKey realm="friends"')
    expect(answer.headers['x-ext-auth-reason']).toBe('the API Key provided is invalid')
    expect(answer.text).not.toContain(wrong)
  })

  test('A9: where several kinds would do, each is asked for, in the realm of the deployment', async () => {
    await calls.putDeployment({}, 'several')
    const { status, headers } = await call('several', apiKey('nobody.secret'))
    expect(status).toBe(401)
    expect(headers['www-authenticate']).toBe(
      'Bearer realm="several", ApiKey realm="several", Passphrase realm="several", Mutual realm="several"',
    )
  })

  test('A9: the right one is let in', async () => {
    expect((await call('friends', apiKey())).status).toBe(200)
  })
})

describe('A10: every credential that is presented must hold', () => {
  beforeAll(() =>
    calls.putDeployment({ credentialPlaces: [{ in: 'header', name: 'x-api-key', carries: 'api-key' }] }, 'all'),
  )
  const token = () => calls.token(calls.alice, 'all')

  test('A10: three of one caller are let in', async () => {
    const told = { ...alice(), ...bearer(await token()), 'x-api-key': key }
    expect(reasonOf(await call('all', told))).toEqual({ status: 200, reason: 'ALLOWED' })
  })

  test.each<[what: string, told: () => Promise<Told> | Told, status: number, reason: string]>([
    ['a good key and a bad token', async () => ({ ...bearer('a.b.c'), 'x-api-key': key }), 401, 'TOKEN_MALFORMED'],
    [
      'a good token and a bad key',
      async () => ({ ...bearer(await token()), 'x-api-key': 'no.key' }),
      401,
      'KEY_INVALID',
    ],
    ['a good key and another that is bad', () => ({ ...apiKey(), 'x-api-key': 'no.key' }), 401, 'KEY_INVALID'],
    ['a bad key and another that is good', () => ({ ...apiKey('no.key'), 'x-api-key': key }), 401, 'KEY_INVALID'],
    ['a good certificate and a bad key', () => ({ ...alice(), 'x-api-key': 'no.key' }), 401, 'KEY_INVALID'],
    [
      'a good certificate and a bad passphrase',
      () => ({ ...alice(), authorization: 'Passphrase not this one' }),
      401,
      'PASSPHRASE_INVALID',
    ],
    [
      'a good key and no certificate of ours',
      () => ({ ...apiKey(), 'x-forwarded-tls-client-cert': 'MAA=' }),
      401,
      'CERT_MALFORMED',
    ],
    [
      'a good certificate and a kind that is not taken',
      () => ({ ...alice(), ...bearer(idToken()) }),
      401,
      'AUTH_METHOD_NOT_ENABLED',
    ],
    [
      'a good key and the good certificate of another',
      () => ({ ...VOUCHED.traefik(calls.owner), ...apiKey() }),
      403,
      'CREDENTIAL_CONFLICT',
    ],
  ])('A10: %s', async (_, told, status, reason) => {
    const presented = await told()
    const answer = await leavesNothing(calls.service, () => call('all', presented))
    expect(reasonOf(answer)).toEqual({ status, reason })
    expect(namesTold(answer)).toEqual([])
  })
})

describe('A11: a rule that does not apply lets nobody in', () => {
  beforeAll(async () => {
    await calls.putDeployment({ paths: ['/v1/predict'], deniedPrincipals: ['vision__olivia'] }, 'ruled')
    await calls.putDeployment({ authModes: ['oidc', 'mtls'], passphrases: [] }, 'unruled')
  })

  test.each<[what: string, deployment: string, told: () => Told | Promise<Told>, status: number, reason: string]>([
    ['a path that no rule names', 'ruled', () => ({ 'x-forwarded-uri': '/v2/predict' }), 401, 'CREDENTIAL_MISSING'],
    [
      'such a path with a credential',
      'ruled',
      () => ({ 'x-forwarded-uri': '/v2/predict', ...alice() }),
      404,
      'ROUTE_UNKNOWN',
    ],
    ['a method that opens no path', 'ruled', () => ({ 'x-forwarded-uri': '/healthz' }), 401, 'CREDENTIAL_MISSING'],
    ['no rule for whoever is not of the project', 'unruled', () => bearer(idToken()), 403, 'GROUP_NOT_GRANTED'],
    ['a member of another project', 'unruled', () => VOUCHED.traefik(calls.mallory), 403, 'PROJECT_BOUNDARY'],
    ['all but one of the rules', 'ruled', () => VOUCHED.traefik(calls.owner), 403, 'POLICY_DENIED'],
    [
      'all but the scope',
      'ruled',
      async () => apiKey(await calls.apiKey(calls.alice, 'a11', ['JOB'])),
      403,
      'SCOPE_MISSING',
    ],
  ])('A11: %s', async (_, deployment, told, status, reason) => {
    const answer = await call(deployment, await told())
    expect(reasonOf(answer)).toEqual({ status, reason })
    expect(namesTold(answer)).toEqual([])
  })

  test('A11: who passes all of them is let in', async () => {
    for (const deployment of ['ruled', 'unruled']) expect((await call(deployment, alice())).status).toBe(200)
  })
})

describe('A15: where a credential stands', () => {
  const PLACES = [
    { in: 'authorization', name: 'FRIENDS', carries: 'api-key' },
    { in: 'header', name: 'x-api-key', carries: 'api-key' },
    { in: 'query', name: 'api_key', carries: 'api-key' },
    { in: 'cookie', name: 'APIKEY', carries: 'api-key' },
  ]
  const asked = (query: string) => ({ 'x-forwarded-uri': `/v1/predict?${query}` })
  beforeAll(() => calls.putDeployment({ credentialPlaces: PLACES }, 'placed'))

  test.each<[where: string, told: () => Told]>([
    ['a scheme of its own', () => ({ authorization: `FRIENDS ${key}` })],
    ['a header', () => ({ 'x-api-key': key })],
    ['a parameter', () => asked(`a=1&api_key=${key}`)],
    ['a parameter that is encoded', () => asked(`api%5Fkey=${key.replace('.', '%2E')}`)],
    ['a cookie', () => ({ cookie: `theme=dark; APIKEY=${key}` })],
  ])('A15: %s, where the deployment says so and nowhere else', async (_, told) => {
    const answer = await call('placed', told())
    expect(reasonOf(answer)).toEqual({ status: 200, reason: 'ALLOWED' })
    expect(answer.headers['signet-subject']).toBe('vision__alice')
    expect((await call('friends', told())).status).toBe(401)
  })

  test('A15: the usual place stays one', async () => {
    expect(reasonOf(await call('placed', apiKey()))).toEqual({ status: 200, reason: 'ALLOWED' })
  })

  test.each<[what: string, told: () => Told, reason: string]>([
    ['a scheme in another case', () => ({ authorization: `Friends ${key}` }), 'AUTH_METHOD_NOT_ENABLED'],
    ['a scheme and two blanks', () => ({ authorization: `FRIENDS  ${key}` }), 'KEY_INVALID'],
    ['another header', () => ({ 'x-apikey': key }), 'CREDENTIAL_MISSING'],
    ['a parameter in another case', () => asked(`API_KEY=${key}`), 'CREDENTIAL_MISSING'],
    ['a cookie in another case', () => ({ cookie: `apikey=${key}` }), 'CREDENTIAL_MISSING'],
    ['a cookie in quotes', () => ({ cookie: `APIKEY="${key}"` }), 'KEY_INVALID'],
    ['a parameter twice', () => asked(`api_key=${key}&api_key=${key}`), 'AUTH_METHOD_NOT_ENABLED'],
    ['a cookie twice', () => ({ cookie: `APIKEY=${key}; APIKEY=${key}` }), 'AUTH_METHOD_NOT_ENABLED'],
    ['an empty parameter', () => asked('api_key='), 'KEY_INVALID'],
    ['a good header and a bad cookie', () => ({ 'x-api-key': key, cookie: 'APIKEY=no.key' }), 'KEY_INVALID'],
  ])('A15: %s', async (_, told, reason) => {
    const answer = await call('placed', told())
    expect(reasonOf(answer)).toEqual({ status: 401, reason })
    expect(namesTold(answer)).toEqual([])
  })
})

describe('A14: tokens of another issuer', () => {
  beforeAll(async () => {
    const policy = { authModes: ['oidc'], passphrases: [], externalGroups: ['raters'] }
    await calls.putDeployment(policy, 'rated')
  })

  test('A14: whoever the payload names is who calls', async () => {
    const answer = await call('rated', bearer(idToken()))
    expect(reasonOf(answer)).toEqual({ status: 200, reason: 'ALLOWED' })
    expect(answer.headers).toMatchObject({ 'signet-subject': 'idp|erin', 'signet-subject-kind': 'external' })
  })

  test.each<[what: string, claims: object, reason: string]>([
    ['for another', { aud: 'another' }, 'TOKEN_AUDIENCE'],
    ['for another, too', { aud: ['signet', 'another'] }, 'TOKEN_AUDIENCE'],
    ['for the deployment and not for Signet', { aud: 'rated' }, 'TOKEN_AUDIENCE'],
    ['for nobody', { aud: undefined }, 'TOKEN_AUDIENCE'],
    ['for an empty list', { aud: [] }, 'TOKEN_AUDIENCE'],
    ['of another issuer', { iss: 'https://idp.example' }, 'TOKEN_ISSUER'],
  ])('A14: one %s is refused', async (_, claims, reason) => {
    const answer = await call('rated', bearer(idToken(claims)))
    expect(reasonOf(answer)).toEqual({ status: 401, reason })
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="rated", error="invalid_token"')
  })

  test('A14: a kid that is unknown has the keys fetched again, and what was taken back verifies nothing', async () => {
    const second = foreignKey('k2')
    expect((await call('rated', bearer(idToken()))).status).toBe(200)
    issuer.keys = [second]
    const before = issuer.asked
    // Fetched a moment ago: a flood of kids is no flood there.
    expect(reasonOf(await call('rated', bearer(idToken({}, second))))).toEqual({
      status: 401,
      reason: 'TOKEN_KEY_UNKNOWN',
    })
    expect(issuer.asked).toBe(before)
    aheadMilliseconds += UNKNOWN_KID_SECONDS * 1000
    // The policy is of half a minute ago then, until it is confirmed again.
    await vi.waitFor(async () => expect((await call('resnet', alice())).status).toBe(200), { timeout: 10_000 })
    expect((await call('rated', bearer(idToken({}, second)))).status).toBe(200)
    // Metadata and key set.
    expect(issuer.asked).toBe(before + 2)
    expect(reasonOf(await call('rated', bearer(idToken())))).toEqual({ status: 401, reason: 'TOKEN_KEY_UNKNOWN' })
  })
})
