import { describe, expect, it } from 'vitest'
import type { CallPath, Route } from '../../src/access/decision.ts'
import { resolveRoute, routeHost } from '../../src/access/route.ts'
import { DEFAULT_DEPLOYMENT_POLICY, type DeploymentPolicy } from '../../src/domain/access-policy.ts'
import type { Change } from '../../src/domain/change.ts'
import { deployment, named, routeTo, snapshotOf } from './world.ts'

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

describe('deployments that share a host', () => {
  const sharing = (name: string, more: Partial<DeploymentPolicy>): Change =>
    deployment(name, 'fraud', { host: named('shared.internal'), policy: { ...DEFAULT_DEPLOYMENT_POLICY, ...more } })
  const snapshot = snapshotOf(
    sharing('rest', {}),
    sharing('left', { paths: ['/left'], unprotectedPaths: ['/healthz', '/left/metrics'] }),
    sharing('deep', { paths: ['/left/deep', '/other'] }),
    sharing('twin', { paths: ['/other'] }),
    deployment('alone', 'fraud', {
      host: named('alone.internal'),
      policy: { ...DEFAULT_DEPLOYMENT_POLICY, paths: ['/v1'], unprotectedPaths: ['/healthz'] },
    }),
  )
  const at = (path: string, raw = path): CallPath => ({ kind: 'canonical', path, raw })
  const resolved = (route: Partial<Route>, path: CallPath): string => {
    const found = resolveRoute(snapshot, routeTo({ host: 'shared.internal', ...route }), path)
    return found.kind === 'found' ? found.deployment.name : `${found.kind} ${found.reason}`
  }

  it.each([
    ['the longest prefix wins', '/left/deep/x', {}, 'deep'],
    ['by whole segments', '/left/deeper', {}, 'left'],
    ['exactly the prefix', '/left', {}, 'left'],
    ['a beginning of a segment is no prefix', '/leftmost', {}, 'rest'],
    ['the name has to be that of the longest prefix', '/left/deep', { deployment: 'left' }, 'held ROUTE_CONFLICT'],
    ['and not that of whoever takes every path', '/left/deep', { deployment: 'rest' }, 'held ROUTE_CONFLICT'],
    ['a name that agrees', '/left/deep', { deployment: 'deep' }, 'deep'],
    ['the model has to be that of the longest prefix', '/left/deep', { models: ['rest'] }, 'held ROUTE_CONFLICT'],
    ['on one path the model tells', '/other', { models: ['twin'] }, 'twin'],
    ['on one path no model tells nothing', '/other', {}, 'held ROUTE_UNKNOWN'],
    ['on one path two models', '/other', { models: ['twin', 'deep'] }, 'held ROUTE_CONFLICT'],
    ["what one lists as unprotected and another serves is the other's", '/healthz', {}, 'rest'],
  ])('%s', (_, path, route, expected) => {
    expect(resolved(route, at(path))).toBe(expected)
  })

  it.each([
    ['an unprotected path need not be among the paths', at('/healthz'), 'alone'],
    ['and is compared as it was sent', at('/healthz', '//healthz'), 'held ROUTE_UNKNOWN'],
    ['a path that is none of its', at('/v2'), 'held ROUTE_UNKNOWN'],
    ['a path that nobody tells', { kind: 'untold' } as const, 'alone'],
  ])('alone on its host: %s', (_, path, expected) => {
    expect(resolved({ host: 'alone.internal' }, path)).toBe(expected)
  })
})
