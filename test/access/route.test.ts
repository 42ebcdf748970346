import { describe, expect, it } from 'vitest'
import { routeHost } from '../../src/access/route.ts'

describe('the host of a route', () => {
  it.each([
    ['scorer.internal', 'scorer.internal'],
    ['SCORER.Internal', 'scorer.internal'],
    ['scorer.internal.', 'scorer.internal'],
    ['scorer.internal:8443', 'scorer.internal'],
    ['scorer.internal:', 'scorer.internal'],
    ['Scorer.Internal.:443', 'scorer.internal'],
  ])('%s is %s', (host, name) => {
    expect(routeHost(host)).toBe(name)
  })

  it.each([
    '',
    ':8443',
    '[::1]:8443',
    'scorer.internal/',
    'scorer.internal\0',
    'scorer.internal\n',
    ' scorer.internal',
    'scorer.internal ',
    'a@scorer.internal',
    'scorer.internal,other',
    '\u212aelvin.internal',
    'scor\u0130er.internal',
    'scorer\u3002internal',
    'scorer.internal:80:80',
    'scorer%2einternal',
  ])('%j is none', (host) => {
    expect(routeHost(host)).toBeUndefined()
  })

  it.each(['scorer.internal..', '.scorer.internal', 'scorer..internal'])('%s is another', (host) => {
    expect(routeHost(host)).not.toBe('scorer.internal')
  })
})
