import { describe, expect, test } from 'vitest'
import { liesIn, missingFrom, readEchoedHeaders } from '../../../src/cli/doctor/echoed-headers.ts'
import type { RawHeader } from '../../../src/proxies/told-headers.ts'

describe('an echo is read', () => {
  const read: readonly RawHeader[] = [
    ['Host', 'model'],
    ['Accept', 'a'],
  ]
  test.each([
    ['as pairs', { method: 'GET', headers: [...read] }, read],
    ['as an object', { headers: { Host: 'model', Accept: 'a' } }, read],
    ['as the headers alone', { Host: 'model', Accept: 'a' }, read],
    ['with lists of values', { headers: { Host: ['model'], Accept: ['a', 'b'] } }, [...read, ['Accept', 'b']]],
  ])('%s', (_, document, headers) => {
    expect(readEchoedHeaders(JSON.stringify(document))).toEqual(headers)
  })

  test.each([
    ['no JSON', '<html>'],
    ['no object', '"Host: model"'],
    ['no headers', '{"status":"ok"}'],
    ['lists that are no headers', '{"capabilities":["SCORE"]}'],
    ['headers without a Host', '{"headers":{"Accept":"a"}}'],
    ['nothing', ''],
  ])('but not %s', (_, body) => {
    expect(readEchoedHeaders(body)).toBeUndefined()
  })
})

const HONEST: readonly RawHeader[] = [
  ['host', 'model'],
  ['signet-subject', 'vision__alice'],
  ['signet-identity', 'a.b.c'],
]

describe('a lie is', () => {
  test.each<readonly [string, RawHeader]>([
    ['the mark, anywhere', ['x-anything', 'vision__MALLORY']],
    ['the mark in a name', ['x-mallory', '1']],
    ['another value of a header of ours', ['signet-subject', 'vision__bob']],
    ['a further header of ours', ['signet-deployment', 'other']],
    ['the same in another spelling', ['Signet_Subject', 'vision__bob']],
    ['what another gateway would say', ['x-forwarded-user', 'alice']],
    ['the text of a certificate', ['x-ssl-client-cert', 'MII']],
  ])('%s', (_, header) => {
    expect(liesIn([...HONEST, header], HONEST)).toEqual([header.join(': ')])
  })

  test.each<readonly [string, RawHeader]>([
    ['a new signed identity', ['signet-identity', 'd.e.f']],
    ['a header that says nothing of the caller', ['x-request-id', '7']],
    ['the same once more', ['Signet-Subject', 'vision__alice']],
  ])('but not %s', (_, header) => {
    expect(liesIn([...HONEST, header], HONEST)).toEqual([])
  })

  test('nor is a header of ours missing unnoticed', () => {
    expect(missingFrom([['host', 'model']], HONEST)).toEqual(['signet-subject'])
    expect(missingFrom(HONEST, HONEST)).toEqual([])
  })
})
