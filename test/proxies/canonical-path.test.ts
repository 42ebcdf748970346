import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CanonicalTarget,
  MAX_TARGET_CHARACTERS,
  readCanonicalPath,
  readDecodedPath,
} from '../../src/proxies/canonical-path.ts'

function outcomeOf(target: string): string {
  const read = readCanonicalPath(target)
  return read.kind === 'canonical' ? read.path : `refused: ${read.fault}`
}

function canonical(target: string): CanonicalTarget {
  const read = readCanonicalPath(target)
  if (read.kind === 'refused') throw new Error(read.fault)
  return read
}

describe('a path that is read', () => {
  it.each([
    ['/', '/'],
    ['/v1/chat/completions', '/v1/chat/completions'],
    ['/v1/', '/v1/'],
    ['//', '/'],
    ['//v1///chat//', '/v1/chat/'],
    ['/v1?model=a/../b;c%00', '/v1'],
    ['/%76%31/chat', '/v1/chat'],
    ['/a%20b', '/a%20b'],
    ['/a%c3%a9', '/a%C3%A9'],
    ['/%3f%23', '/%3F%23'],
    ['/a:b@c!$&()*+,=~', '/a:b@c!$&()*+,=~'],
    ['/...', '/...'],
    ['/.well-known', '/.well-known'],
    ['/a..b', '/a..b'],
  ])('%s', (target, path) => {
    expect(outcomeOf(target)).toBe(path)
  })

  it('has its parts decoded, and its query as it was sent', () => {
    expect(canonical('/a%20b//c/?x=%2f&y')).toEqual({
      kind: 'canonical',
      path: '/a%20b/c/',
      segments: ['a b', 'c', ''],
      query: 'x=%2f&y',
      raw: '/a%20b//c/?x=%2f&y',
    })
    expect(canonical('/')).toMatchObject({ segments: [], query: undefined })
    expect(canonical('/?')).toMatchObject({ segments: [], query: '' })
  })
})

describe('a path that is refused', () => {
  it.each([
    ['', 'not-origin-form'],
    ['*', 'not-origin-form'],
    ['v1', 'not-origin-form'],
    ['http://models.example.org/v1', 'not-origin-form'],
    ['models.example.org:443', 'not-origin-form'],
    ['?a', 'not-origin-form'],
    ['%2fv1', 'not-origin-form'],
    ['/v1#a', 'fragment'],
    ['/v1?a#b', 'fragment'],
    ['/v1 HTTP/1.1', 'raw-character'],
    ['/v1\t', 'raw-character'],
    ['/v1\u0000', 'raw-character'],
    ['/v1?a=\r\nb', 'raw-character'],
    ['/v1/\u00e9', 'raw-character'],
    ['/v1/\uff0e', 'raw-character'],
    ['/%', 'percent-malformed'],
    ['/%2', 'percent-malformed'],
    ['/%zz', 'percent-malformed'],
    ['/%u002f', 'percent-malformed'],
    ['/a%00', 'nul'],
    ['/healthz%00.html', 'nul'],
    ['/a%2fb', 'encoded-slash'],
    ['/a%2Fb', 'encoded-slash'],
    ['/healthz%2f..', 'encoded-slash'],
    ['/%252e%252e/v1', 'encoded-percent'],
    ['/100%25', 'encoded-percent'],
    ['/%25%32%66', 'encoded-percent'],
    ['/a\\b', 'backslash'],
    ['/a%5cb', 'backslash'],
    ['/a%5Cb', 'backslash'],
    ['/metrics;x', 'semicolon'],
    ['/metrics%3bx', 'semicolon'],
    ['/..;/v1', 'semicolon'],
    ['/..', 'dot-segment'],
    ['/../v1', 'dot-segment'],
    ['/healthz/../v1/predict', 'dot-segment'],
    ['/healthz/.', 'dot-segment'],
    ['/./v1', 'dot-segment'],
    ['/healthz/%2e%2e/v1', 'dot-segment'],
    ['/healthz/.%2E/v1', 'dot-segment'],
    ['/healthz//..', 'dot-segment'],
    ['/a%01', 'control-character'],
    ['/a%0d%0aHost:b', 'control-character'],
    ['/a%7f', 'control-character'],
    ['/a%c2%85', 'control-character'],
    ['/a%e2%80%8b', 'control-character'],
    ['/a%e2%80%ae', 'control-character'],
    ['/%c0%ae%c0%ae/v1', 'utf8'],
    ['/a%c0%afb', 'utf8'],
    ['/%ff', 'utf8'],
    ['/%ed%a0%80', 'utf8'],
    ['/%e2%82', 'utf8'],
    ['/a%ef%bc%8fb', 'look-alike'],
    ['/%ef%bc%8e%ef%bc%8e/v1', 'look-alike'],
    ['/%e2%80%a5/v1', 'look-alike'],
    ['/a%ef%bc%9bb', 'look-alike'],
  ])('%j', (target, fault) => {
    expect(outcomeOf(target)).toBe(`refused: ${fault}`)
  })

  it.each([
    [MAX_TARGET_CHARACTERS, 'canonical'],
    [MAX_TARGET_CHARACTERS + 1, 'refused'],
  ])('%d characters', (length, kind) => {
    expect(readCanonicalPath(`/${'a'.repeat(length - 1)}`).kind).toBe(kind)
  })
})

describe('a path that a proxy decoded', () => {
  it.each([
    ['/v1/a b', '/v1/a%20b'],
    ['/v1', '/v1'],
    ['/v1/%2e%2e', 'refused: encoded-percent'],
    ['/v1/..', 'refused: dot-segment'],
    ['/a;b', 'refused: semicolon'],
    ['/a\u0000', 'refused: control-character'],
    ['v1', 'refused: not-origin-form'],
  ])('%j', (path, outcome) => {
    const read = readDecodedPath(path)
    expect(read.kind === 'canonical' ? read.path : `refused: ${read.fault}`).toBe(outcome)
  })
})

describe('whatever comes', () => {
  const piece = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2E',
    '%2f',
    '%5c',
    '%25',
    '%00',
    ';',
    '\\',
    'healthz',
    'v1',
    '%c0%af',
    '%e2%80%a5',
    '?',
    '#',
    ' ',
    '%20',
    '%c3%a9',
    '"',
    '|',
  )
  const target = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece).map((pieces) => `/${pieces.join('')}`),
  )
  it('reads the same when it is read again, and never anything to merge, to resolve or to decode', () => {
    let read = 0
    fc.assert(
      fc.property(target, (text) => {
        const first = readCanonicalPath(text)
        if (first.kind === 'refused') return
        read++
        expect(canonical(first.path)).toMatchObject({ path: first.path, segments: first.segments })
        expect(first.path).not.toMatch(/\/\/|[\\;#?]|%2f|%5c|%25|%00/i)
        expect(new URL(`https://models.example.org${first.path}`).pathname).toBe(first.path)
        for (const segment of first.segments) expect(segment).not.toMatch(/^\.{1,2}$|[/\\;\0]/)
      }),
      { numRuns: 5000 },
    )
    expect(read).toBeGreaterThan(200)
  })
})
