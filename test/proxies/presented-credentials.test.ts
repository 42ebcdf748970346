import { describe, expect, it } from 'vitest'
import type { CredentialPlace } from '../../src/domain/access-policy.ts'
import { type AcceptedPlaces, headersOfPlaces, presentedCredentials } from '../../src/proxies/presented-credentials.ts'
import type { RawHeader } from '../../src/proxies/told-headers.ts'
import { told } from './told.ts'

const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln'
const KEY = 'AAAA.bbbb'

function accepting(bearerPassphrase: AcceptedPlaces['bearerPassphrase'], ...places: CredentialPlace[]): AcceptedPlaces {
  return { places, bearerPassphrase }
}

function presented(accepted: AcceptedPlaces, headers: readonly RawHeader[], query?: string): readonly string[] {
  const read = told(headers, headersOfPlaces(accepted.places))
  return presentedCredentials(read, query, accepted).map((each) => {
    switch (each.kind) {
      case 'token':
        return `token ${each.token}`
      case 'api-key':
        return `api-key ${each.prefix} ${each.secret}`
      case 'passphrase':
        return `passphrase ${each.passphrase}`
      case 'refused':
        return each.fault
    }
  })
}

const LONG = 'a'.repeat(600)

describe('Authorization', () => {
  it.each([
    [`ApiKey ${KEY}`, 'api-key AAAA bbbb'],
    [`Bearer ${TOKEN}`, `token ${TOKEN}`],
    ['Passphrase correct horse', 'passphrase correct horse'],
    [`apikey ${KEY}`, 'unknown-scheme'],
    [`APIKEY ${KEY}`, 'unknown-scheme'],
    [`ApiKey\t${KEY}`, 'unknown-scheme'],
    [`ApiKey${KEY}`, 'unknown-scheme'],
    [` ApiKey ${KEY}`, 'unknown-scheme'],
    ['ApiKey', 'unknown-scheme'],
    ['ApiKey ', 'api-key-malformed'],
    [`ApiKey  ${KEY}`, 'api-key-malformed'],
    [`ApiKey \t${KEY}`, 'api-key-malformed'],
    [`ApiKey ${KEY} `, 'api-key-malformed'],
    ['ApiKey AAAAbbbb', 'api-key-malformed'],
    ['ApiKey AAAA.', 'api-key-malformed'],
    ['ApiKey .bbbb', 'api-key-malformed'],
    ['ApiKey AAAA.bb.bb', 'api-key-malformed'],
    [`ApiKey ${LONG}.a`, 'api-key-malformed'],
    [`Bearer ${KEY}`, 'token-malformed'],
    [`bearer ${TOKEN}`, 'unknown-scheme'],
    [`Bearer  ${TOKEN}`, 'token-malformed'],
    [`Bearer ${TOKEN} x`, 'token-malformed'],
    [`Bearer ${TOKEN}.x`, 'token-malformed'],
    ['Bearer a.b.', 'token-malformed'],
    ['Bearer ', 'token-malformed'],
    ['Bearer', 'unknown-scheme'],
    [`Bearer ${'a'.repeat(17_000)}.b.c`, 'token-malformed'],
    ['Passphrase ', 'passphrase-malformed'],
    ['Passphrase  two spaces', 'passphrase-malformed'],
    ['Passphrase a\tb', 'passphrase-malformed'],
    [`Passphrase ${'a'.repeat(1025)}`, 'passphrase-malformed'],
    ['Basic YTpi', 'unknown-scheme'],
    ['Negotiate YII=', 'unknown-scheme'],
    [TOKEN, 'unknown-scheme'],
    ['', 'unknown-scheme'],
  ])('%j', (value, outcome) => {
    expect(presented(accepting('refused'), [['Authorization', value]])).toEqual([outcome])
  })

  it.each([
    ['Bearer correct horse', 'passphrase correct horse'],
    [`Bearer ${KEY}`, `passphrase ${KEY}`],
    [`Bearer ${TOKEN}`, `token ${TOKEN}`],
    ['Bearer  x', 'passphrase-malformed'],
    ['bearer x', 'unknown-scheme'],
  ])('%j where a passphrase may come as Bearer', (value, outcome) => {
    expect(presented(accepting('accepted'), [['Authorization', value]])).toEqual([outcome])
  })

  it.each([
    [`Bearer ${KEY}`, `api-key AAAA bbbb`],
    [`Bearer ${TOKEN}`, `token ${TOKEN}`],
    ['Bearer nodot', 'token-malformed'],
    [`ApiKey ${KEY}`, 'api-key AAAA bbbb'],
  ])('%j where a place says that an API key may come as Bearer', (value, outcome) => {
    const place = { in: 'authorization', name: 'Bearer', carries: 'api-key' } as const
    expect(presented(accepting('refused', place), [['Authorization', value]])).toEqual([outcome])
  })
})

describe('other places', () => {
  const places: CredentialPlace[] = [
    { in: 'authorization', name: 'APIKEY', carries: 'api-key' },
    { in: 'header', name: 'x-api-key', carries: 'api-key' },
    { in: 'query', name: 'access_token', carries: 'token' },
    { in: 'cookie', name: 'session', carries: 'token' },
  ]
  it.each<[string, RawHeader[], string | undefined, string[]]>([
    ['nothing', [], undefined, []],
    ['an own prefix', [['Authorization', `APIKEY ${KEY}`]], undefined, ['api-key AAAA bbbb']],
    ['an own prefix in other letters', [['Authorization', `ApiKEY ${KEY}`]], undefined, ['unknown-scheme']],
    ['a header', [['X-Api-Key', KEY]], undefined, ['api-key AAAA bbbb']],
    ['an empty header', [['X-Api-Key', '']], undefined, ['api-key-malformed']],
    ['a header with a scheme', [['X-Api-Key', `ApiKey ${KEY}`]], undefined, ['api-key-malformed']],
    ['a query', [], `a=b&access_token=${TOKEN}`, [`token ${TOKEN}`]],
    ['an escaped name', [], `%61ccess_token=${TOKEN}`, [`token ${TOKEN}`]],
    ['a query twice', [], `access_token=${TOKEN}&access_token=${TOKEN}`, ['repeated']],
    ['a query twice, spelt in two ways', [], `access_token=${TOKEN}&access%5Ftoken=x`, ['repeated']],
    ['a query without a value', [], 'access_token', ['token-malformed']],
    ['a query that cannot be decoded', [], 'access_token=%zz', ['undecodable']],
    ['a query in other letters', [], `Access_Token=${TOKEN}`, []],
    ['a cookie', [['Cookie', `a=b; session=${TOKEN}; c=d`]], undefined, [`token ${TOKEN}`]],
    ['a cookie twice', [['Cookie', `session=${TOKEN}; session=x`]], undefined, ['repeated']],
    ['a cookie in quotes', [['Cookie', `session="${TOKEN}"`]], undefined, ['token-malformed']],
    ['a cookie whose name ends so', [['Cookie', `my-session=${TOKEN}`]], undefined, []],
    [
      'all at once',
      [
        ['Authorization', 'Basic YTpi'],
        ['X-Api-Key', KEY],
        ['Cookie', 'session=x'],
      ],
      `access_token=${TOKEN}`,
      ['unknown-scheme', 'api-key AAAA bbbb', `token ${TOKEN}`, 'token-malformed'],
    ],
  ])('%s', (_what, headers, query, outcome) => {
    expect(presented(accepting('refused', ...places), headers, query)).toEqual(outcome)
  })

  it('takes nothing from a place that the deployment does not name', () => {
    const headers: RawHeader[] = [
      ['X-Api-Key', KEY],
      ['Cookie', `session=${TOKEN}`],
    ]
    expect(presented(accepting('refused'), headers, `access_token=${TOKEN}`)).toEqual([])
  })
})
