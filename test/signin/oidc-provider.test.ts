// What a provider that does not answer as it should gets: nobody in, a word for the operator, and not the same question again at once.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import type { ProvidedPerson } from '../../src/enrollment/sign-in-provider.ts'
import { SignInRefused } from '../../src/enrollment/sign-in-errors.ts'
import { isWanting, personOf } from '../../src/signin/oidc-claims.ts'
import { FAILURE_KEPT_SECONDS, METADATA_KEPT_SECONDS } from '../../src/signin/oidc-metadata.ts'
import { OidcProvider } from '../../src/signin/oidc-provider.ts'
import { ForeignIssuer, type IssuerAnswer } from '../support/foreign-issuer.ts'

const RULES = { name: 'odd', createUsers: true, administers: 'never', missingGroups: 'refuse' } as const
const SECRETS = { state: 's', nonce: 'n', verifier: 'v'.repeat(43) }
const SENT = { redirectUri: 'https://localhost/callback', login: 'as-it-is' } as const
const NAMES = { user: 'preferred_username', groups: 'groups' }

let odd: ForeignIssuer
let milliseconds = 0
const clock: Clock = { now: () => systemClock.now(), monotonicMilliseconds: () => milliseconds }

beforeAll(async () => {
  odd = await ForeignIssuer.start()
})
afterAll(() => odd.close())

const newProvider = (issuer = odd.url, ca = odd.ca): OidcProvider =>
  new OidcProvider(
    RULES,
    {
      issuer,
      clientId: 'signet',
      clientSecret: { kind: 'none' },
      ca,
      scopes: [],
      claims: NAMES,
      algorithms: ['RS256'],
      maxAgeSeconds: 900,
      timeoutSeconds: 1,
    },
    clock,
  )
const factsOf = async (act: Promise<unknown>): Promise<object> => {
  const error: unknown = await act.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  if (!(error instanceof SignInRefused)) throw new TypeError('it was not refused', { cause: error })
  return { code: error.code, ...error.facts }
}

const json =
  (document: (url: string) => object): IssuerAnswer =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document(odd.url)))
  }
const good = (url: string) => ({
  issuer: url,
  authorization_endpoint: `${url}/auth`,
  token_endpoint: `${url}/token`,
  jwks_uri: `${url}/jwks`,
  id_token_signing_alg_values_supported: ['RS256', 'none'],
})
const but = (more: object): IssuerAnswer => json((url) => ({ ...good(url), ...more }))

describe('what it says of itself', () => {
  const answers: readonly (readonly [string, IssuerAnswer, string])[] = [
    ['names another issuer', json((url) => ({ ...good(url), issuer: `${url}/x` })), 'metadata_unreadable'],
    ['names it with a slash', json((url) => ({ ...good(url), issuer: `${url}/` })), 'issuer_differs'],
    ['has another algorithm', but({ id_token_signing_alg_values_supported: ['HS256'] }), 'no_algorithm_in_common'],
    ['has no algorithm', but({ id_token_signing_alg_values_supported: ['none'] }), 'no_algorithm_in_common'],
    ['has plain HTTP for people', but({ authorization_endpoint: 'http://localhost/auth' }), 'answer_unreadable'],
    ['has no place for people', but({ authorization_endpoint: undefined }), 'answer_unreadable'],
    ['lies elsewhere', (_, response) => void response.writeHead(302, { location: '/x' }).end(), 'metadata_unreadable'],
    ['is an error', (_, response) => void response.writeHead(500).end(), 'metadata_unreadable'],
    ['is nothing', (_, response) => void response.writeHead(204).end(), 'status_204'],
    ['is a page', (_, response) => void response.writeHead(200).end('<html>'), 'metadata_unreadable'],
    ['has no end', (_, response) => void response.writeHead(200).write('x'.repeat(300_000)), 'too_large'],
    ['does not come', () => undefined, 'timed_out'],
    ['breaks off', (request) => void request.destroy(), 'econnreset'],
  ]
  test.each(answers)('%s', async (_, answer, why) => {
    odd.answer = answer
    const facts = await factsOf(newProvider().begin(SECRETS, SENT))
    expect(facts).toEqual({ code: 'provider_unreachable', provider: 'odd', why })
  })

  test('is nothing where nobody listens', async () => {
    const facts = await factsOf(newProvider('https://localhost:9').begin(SECRETS, SENT))
    expect(facts).toEqual({ code: 'provider_unreachable', provider: 'odd', why: 'econnrefused' })
  })
})

describe('asked', () => {
  beforeEach(() => {
    odd.answer = but({})
  })

  test('once by a crowd, and again after ten minutes', async () => {
    const provider = newProvider()
    const before = odd.asked
    await Promise.all(Array.from({ length: 10 }, () => provider.begin(SECRETS, SENT)))
    milliseconds += METADATA_KEPT_SECONDS * 1000 - 1
    await provider.begin(SECRETS, SENT)
    expect(odd.asked - before).toBe(1)
    milliseconds += 1
    await provider.begin(SECRETS, SENT)
    expect(odd.asked - before).toBe(2)
  })

  test('again five seconds after a failure, and not before', async () => {
    const provider = newProvider()
    odd.answer = (_, response) => void response.writeHead(500).end()
    const before = odd.asked
    for (const passed of [0, FAILURE_KEPT_SECONDS * 1000 - 1]) {
      milliseconds += passed
      expect(await factsOf(provider.begin(SECRETS, SENT))).toMatchObject({ code: 'provider_unreachable' })
    }
    expect(odd.asked - before).toBe(1)
    odd.answer = but({})
    milliseconds += 1
    expect((await provider.begin(SECRETS, SENT)).pathname).toBe('/auth')
  })
})

describe('who an ID token names', () => {
  const of = (idToken: object, more: object = {}): ProvidedPerson =>
    personOf({ sub: '1', ...idToken }, { ...more }, NAMES)

  test.each([
    ['all of it', { preferred_username: 'a', groups: ['x'] }, {}, { name: 'a', groups: ['x'] }],
    ['what the user information adds', {}, { preferred_username: 'a', groups: [] }, { name: 'a', groups: [] }],
    ['the token before the information', { groups: ['x'] }, { groups: ['y'] }, { groups: ['x'] }],
    ['no name that is no text', { preferred_username: 7 }, {}, { name: undefined }],
    ['no empty name', { preferred_username: '' }, {}, { name: undefined }],
    ['nothing inherited', {}, Object.create({ groups: ['x'] }) as object, { groups: 'unavailable' }],
    ['no null', { groups: null }, {}, { groups: 'unavailable' }],
    ['no object', { groups: { 0: 'x' } }, {}, { groups: 'unavailable' }],
    ['no part', { groups: ['x'], _claim_names: { groups: 's' } }, {}, { groups: 'unavailable' }],
    ['no part of the information', { groups: ['x'] }, { _claim_names: { groups: 's' } }, { groups: 'unavailable' }],
    ['another claim elsewhere', { groups: ['x'], _claim_names: { address: 's' } }, {}, { groups: ['x'] }],
    ['no part where there are more', { groups: ['x'], hasgroups: true }, {}, { groups: 'unavailable' }],
  ])('rule 25: %s', (_, idToken, more, expected) => {
    expect(of(idToken, more)).toMatchObject({ subject: '1', ...expected })
  })

  test.each([
    [{}, true],
    [{ preferred_username: 'a' }, true],
    [{ groups: [] }, true],
    [{ preferred_username: 'a', groups: [] }, false],
    [{ preferred_username: 'a', _claim_names: { groups: 's' } }, false],
  ])('asks more of %j: %s', (idToken, expected) => {
    expect(isWanting(idToken, NAMES)).toBe(expected)
  })
})
