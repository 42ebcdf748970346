// What proved who calls stays with the sidecar, wherever the deployment takes it from; the rest goes on byte for byte.
import { describe, expect, test } from 'vitest'
import type { CredentialPlace } from '../../src/domain/access-policy.ts'
import { passedOn } from '../../src/http/sidecar/passed-on.ts'
import { targetWithout } from '../../src/http/sidecar/without-credentials.ts'

const PLACES: readonly CredentialPlace[] = [
  { in: 'query', name: 'api key', carries: 'api-key' },
  { in: 'cookie', name: 'key', carries: 'api-key' },
  { in: 'header', name: 'x-own-key', carries: 'api-key' },
]

describe('of a target', () => {
  test.each([
    ['/v1/x', '/v1/x'],
    ['/v1/x?', '/v1/x?'],
    ['/v1/x?a=%41&b', '/v1/x?a=%41&b'],
    ['/v1/x?api+key=s.t', '/v1/x'],
    ['/v1/x?api%20key=s.t&a=1', '/v1/x?a=1'],
    ['/v1/x?a=1&%61pi%20key=s.t&&b=2', '/v1/x?a=1&&b=2'],
    ['/v1/x?api+key', '/v1/x'],
    ['/v1/x?api+key=1&api+key=2', '/v1/x'],
    ['/v1/x?api%2key=1', '/v1/x?api%2key=1'],
    ['/v1/x?apikey=api+key', '/v1/x?apikey=api+key'],
    ['/v1/x?a=1?api+key=2', '/v1/x?a=1?api+key=2'],
  ])('%s goes on %s', (target, passed) => {
    expect(targetWithout(PLACES, target)).toBe(passed)
    expect(targetWithout([], target)).toBe(target)
  })
})

describe('of headers', () => {
  test.each<[string, string, string | undefined]>([
    ['Cookie', 'key=s.t', undefined],
    ['Cookie', 'a=1; key=s.t; b=2', 'a=1; b=2'],
    ['Cookie', 'key=s.t; a=1', 'a=1'],
    ['cookie', 'keys=1; a=key', 'keys=1; a=key'],
    ['X-Own-Key', 's.t', undefined],
    ['X_OWN.KEY', 's.t', undefined],
    ['Authorization', 'ApiKey s.t', undefined],
    ['X-Other', 's.t', 's.t'],
  ])('%s: %s goes on as %s', (name, value, passed) => {
    const answer = { identity: [], headersToRemove: () => [] }
    const flat = passedOn({ headers: [[name, value]], answer, clientAddress: '::1', places: PLACES })
    const at = flat.indexOf(name)
    expect(at < 0 ? undefined : flat[at + 1]).toBe(passed)
  })
})
