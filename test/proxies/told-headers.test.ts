import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  headersOfMerged,
  headersOfRaw,
  MAX_HEADER_BYTES,
  MAX_HEADERS,
  type RawHeader,
  readToldHeaders,
} from '../../src/proxies/told-headers.ts'

const HOST: RawHeader = ['Host', 'models.example.org']
const ALSO_READ = new Set(['x-api-key', 'x-gateway-model-name'])

function outcomeOf(...headers: RawHeader[]): string {
  const read = readToldHeaders(headers, ALSO_READ)
  return read.kind === 'told' ? 'told' : read.fault
}

describe('headers that are told', () => {
  it('are found by their name in lower case, whatever the spelling', () => {
    const read = readToldHeaders([HOST, ['SIGNET-Act-As', 'vision__alice'], ['X-Api-Key', 'a.b']], ALSO_READ)
    if (read.kind !== 'told') throw new Error(read.fault)
    expect(read.get('host')).toBe('models.example.org')
    expect(read.get('signet-act-as')).toBe('vision__alice')
    expect(read.get('x-api-key')).toBe('a.b')
    expect(read.get('authorization')).toBeUndefined()
  })

  it('do not hand out one that might stand there twice', () => {
    const read = readToldHeaders([HOST, ['Accept', 'a'], ['Accept', 'b']], ALSO_READ)
    if (read.kind !== 'told') throw new Error(read.fault)
    expect(() => read.get('accept')).toThrow('accept is not read strictly')
  })

  it('say which certificate headers there are, and what must not go on', () => {
    const told: RawHeader[] = [
      HOST,
      ['X-Client-Cert', 'MAA='],
      ['X-SSL-Client-S-DN', 'CN=mallory'],
      ['X-Forwarded-User', 'mallory'],
      ['Signet-Anything', 'mallory'],
      ['signet-act-as', 'vision__alice'],
      ['X-Signet-Normalized-URI', '/'],
      ['Accept', '*/*'],
    ]
    expect(readToldHeaders(told, ALSO_READ)).toMatchObject({
      certificateHeaders: ['x-client-cert', 'x-ssl-client-s-dn'],
      toRemove: ['x-client-cert', 'x-ssl-client-s-dn', 'x-forwarded-user', 'signet-anything', 'signet-act-as'],
    })
  })
})

const DECIDING = [
  'Host',
  'Authorization',
  'Client-Cert',
  'X-Forwarded-Client-Cert',
  'X-SSL-Client-Cert',
  'X-SSL-Client-Verify',
  'X-SSL-Client-S-DN',
  'X-Forwarded-Tls-Client-Cert',
  'X-Client-Cert',
  'Signet-Subject',
  'Signet-Identity',
  'Signet-Act-As',
  'X-Signet-Delegate-For',
  'X-Signet-Normalized-URI',
  'X-Forwarded-User',
  'X-Forwarded-Host',
  'X-Forwarded-Uri',
  'X-Forwarded-For',
  'X-Original-URI',
  'X-Original-Method',
  'X-Auth-Request-Anything',
  'X-Maas-User',
  'Remote-User',
  'X-Authz-Anything',
  'X-Ext-Auth-Anything',
  'X-Api-Key',
  'X-Gateway-Model-Name',
  'Content-Type',
]

describe.each(DECIDING)('%s', (name) => {
  const dashed: RawHeader = [name, 'x']
  it('is told once', () => expect(outcomeOf(dashed)).toBe('told'))
  it('is refused twice', () => expect(outcomeOf(dashed, dashed)).toBe('duplicate'))
  it('is refused twice in two letter cases', () => {
    expect(outcomeOf([name.toUpperCase(), 'x'], ['accept', 'x'], [name.toLowerCase(), 'y'])).toBe('duplicate')
  })
  it('is refused in its own spelling with a letter of another alphabet', () => {
    expect(outcomeOf([`${name}\u212a`, 'x'])).toBe('name-malformed')
  })
  it('is refused with a control character', () => expect(outcomeOf([name, 'a\u0000b'])).toBe('control-character'))
  it('is refused with a letter beyond ASCII', () => expect(outcomeOf([name, 'caf\u00e9'])).toBe('non-ascii'))
})

describe.each(DECIDING.filter((name) => name.includes('-')))('%s with underscores', (name) => {
  const underscored: RawHeader = [name.replaceAll('-', '_'), 'x']
  it('is refused alone', () => expect(outcomeOf(HOST, underscored)).toBe('spelling'))
  it('is refused before its twin', () => expect(outcomeOf(underscored, [name, 'x'])).toBe('spelling'))
  it('is refused behind its twin', () => expect(outcomeOf([name, 'x'], underscored)).toBe('spelling'))
  it('is refused with one underscore of several', () =>
    expect(outcomeOf([name.replace('-', '_'), 'x'])).toBe('spelling'))
  it('is refused with a dot', () => expect(outcomeOf([name.replace('-', '.'), 'x'])).toBe('spelling'))
  it('is refused in Connection', () => {
    expect(outcomeOf(['Connection', `close, ${name}`])).toBe('hop-by-hop')
  })
})

describe('form', () => {
  it.each<[string, RawHeader, string]>([
    ['an empty Host', ['Host', ''], 'empty'],
    ['a Host of spaces', ['Host', '  '], 'empty'],
    ['two Hosts in one', ['Host', 'a.example.org, b.example.org'], 'merged'],
    ['two Authorizations in one', ['Authorization', 'Bearer a,Bearer b'], 'merged'],
    ['two acting users in one', ['signet-act-as', 'vision__alice,vision__bob'], 'merged'],
    ['two forwarded hosts in one', ['X-Forwarded-Host', 'a, b'], 'merged'],
    ['an empty name', ['', 'x'], 'name-malformed'],
    ['a space in a name', ['Host ', 'x'], 'name-malformed'],
    ['a colon in a name', ['signet-act-as:', 'x'], 'name-malformed'],
    ['a NUL in a name', ['a\u0000b', 'x'], 'name-malformed'],
    ['a line feed in a name', ['a\nb', 'x'], 'name-malformed'],
    ['a letter beyond ASCII in a name', ['h\u00f6st', 'x'], 'name-malformed'],
    ['a pseudo-header', [':authority', 'x'], 'name-malformed'],
    ['a NUL', ['Accept', 'a\u0000b'], 'control-character'],
    ['a carriage return', ['Accept', 'a\rHost: b'], 'control-character'],
    ['a line feed', ['Accept', 'a\nHost: b'], 'control-character'],
    ['a folded line', ['Accept', 'a\r\n b'], 'control-character'],
    ['DEL', ['Accept', 'a\u007fb'], 'control-character'],
    ['a letter beyond Latin-1', ['Accept', '\u0430'], 'non-ascii'],
    ['a tab', ['Accept', 'a\tb'], 'told'],
    ['a letter of Latin-1', ['User-Agent', 'caf\u00e9'], 'told'],
    ['Connection: keep-alive, Upgrade', ['Connection', 'keep-alive, Upgrade'], 'told'],
    ['a list in X-Forwarded-For', ['X-Forwarded-For', '192.0.2.1, 192.0.2.2'], 'told'],
    ['a header of somebody else with underscores', ['my_header', 'x'], 'told'],
  ])('%s', (_what, header, outcome) => {
    expect(outcomeOf(header)).toBe(outcome)
  })

  it.each([
    [MAX_HEADERS, 'told'],
    [MAX_HEADERS + 1, 'too-many'],
  ])('%d headers', (count, outcome) => {
    expect(outcomeOf(...Array.from({ length: count }, (_, at): RawHeader => [`x-${String(at)}`, '']))).toBe(outcome)
  })

  it.each([
    [MAX_HEADER_BYTES, 'told'],
    [MAX_HEADER_BYTES + 1, 'too-long'],
  ])('%d bytes of headers', (bytes, outcome) => {
    expect(outcomeOf(['a', 'x'.repeat(1000)], ['b', 'x'.repeat(bytes - 1002)])).toBe(outcome)
  })

  it('cuts the name that it reports', () => {
    const read = readToldHeaders([[`${'x'.repeat(5000)} `, '']], ALSO_READ)
    expect(read).toEqual({ kind: 'ambiguous', header: 'x'.repeat(64), fault: 'name-malformed' })
  })
})

describe('sources', () => {
  it('reads the flat list of Node', () => {
    expect(headersOfRaw(['Host', 'a', 'host', 'b'])).toEqual([
      ['Host', 'a'],
      ['host', 'b'],
    ])
  })

  it.each<[string, Record<string, string>, string]>([
    [
      'an authority',
      { ':authority': 'models.example.org', ':path': '/', ':method': 'POST', ':scheme': 'https' },
      'told',
    ],
    ['an authority beside a host', { ':authority': 'a', host: 'b' }, 'duplicate'],
    ['two authorities, joined', { ':authority': 'a,b' }, 'merged'],
    ['two Authorizations, joined', { authorization: 'Bearer a,Bearer b' }, 'merged'],
    ['a pseudo-header that Envoy does not have', { ':evil': 'a' }, 'name-malformed'],
    ['a twin', { 'x-forwarded-user': 'a', x_forwarded_user: 'b' }, 'spelling'],
  ])('reads the map of Envoy with %s', (_what, map, outcome) => {
    expect(outcomeOf(...headersOfMerged(Object.entries(map)))).toBe(outcome)
  })
})

describe('whatever comes', () => {
  const name = fc.oneof(fc.constantFrom(...DECIDING, 'host', 'signet_act_as', 'Accept'), fc.string())
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a', 'a,b', ''))
  it('what is told has one reading', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (headers) => {
        const read = readToldHeaders(headers, ALSO_READ)
        if (read.kind !== 'told') return
        for (const [each, text] of headers) {
          expect(text).not.toMatch(/[\r\n\0]/)
          const same = headers.filter(([other]) => fold(other) === fold(each))
          if (DECIDING.some((deciding) => fold(deciding) === fold(each))) expect(same).toHaveLength(1)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

function fold(text: string): string {
  return text.toLowerCase().replaceAll('_', '-')
}
