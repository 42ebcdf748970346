// Which deployment a told call means, where host and path leave that open: the body says it, and nothing stands in for a body that
// nobody tells.
import { describe, expect, test } from 'vitest'
import { resolveRoute } from '../../src/access/route.ts'
import { DEFAULT_DEPLOYMENT_POLICY, type DeploymentPolicy } from '../../src/domain/access-policy.ts'
import type { Change } from '../../src/domain/change.ts'
import { KnownLeaves } from '../../src/proxies/known-leaves.ts'
import { MODEL_HEADER, readCall } from '../../src/proxies/read-call.ts'
import type { ToldCall } from '../../src/proxies/told-call.ts'
import { deployment, named as text, snapshotOf } from '../access/world.ts'

const at = (name: string, host: string, more: Partial<DeploymentPolicy> = {}): Change =>
  deployment(name, 'fraud', { host: text(host), policy: { ...DEFAULT_DEPLOYMENT_POLICY, ...more } })
const snapshot = snapshotOf(
  at('left', 'shared.internal'),
  at('right', 'shared.internal'),
  at('deep', 'shared.internal', { paths: ['/deep'] }),
  at('strict', 'strict.internal', { modelSelector: 'required' }),
  at('alone', 'alone.internal'),
)
const means = {
  snapshot,
  leaves: new KnownLeaves(),
  certificates: {
    verify: () => {
      throw new Error('no certificate is told of here')
    },
  },
}

interface Told {
  readonly host: string
  readonly target?: string
  readonly header?: string
  readonly deployment?: string
  readonly model?: ToldCall['model']
}

function meant({ host, target = '/v1/chat', header, deployment: byConfiguration, model = 'untold' }: Told): string {
  const headers = header === undefined ? [] : ([[MODEL_HEADER, header]] as const)
  const { read } = readCall(
    means,
    {
      ...{ headers, target, host, model, deployment: byConfiguration },
      ...{ method: 'POST', normalizedPath: undefined, clientAddress: undefined },
      certificate: { kind: 'in-headers' },
    },
    { dialect: 'nginx', hops: 0 },
  )
  const route = resolveRoute(snapshot, read.route, read.call.path)
  return route.kind === 'found' ? route.deployment.name : `${route.kind} ${route.reason}`
}

const named = (model: string): Partial<Told> => ({ model: { kind: 'named', model } })
const NO_BODY: Partial<Told> = { model: { kind: 'absent', why: 'no-body' } }
const UNKNOWN = 'held ROUTE_UNKNOWN'
const CONFLICT = 'held ROUTE_CONFLICT'

describe('several deployments of a host', () => {
  const host = 'shared.internal'
  test.each<[what: string, told: Partial<Told>, expected: string]>([
    ['the body alone', named('left'), 'left'],
    ['header and body agree', { header: 'right', ...named('right') }, 'right'],
    ['header and body disagree', { header: 'right', ...named('left') }, CONFLICT],
    ['a header, and there is no body', { header: 'left', ...NO_BODY }, 'left'],
    ['a header, and the body is not told', { header: 'left' }, UNKNOWN],
    ['nothing, and the body is not told', {}, UNKNOWN],
    ['the proxy’s own configuration', { deployment: 'left' }, 'left'],
    ['the proxy’s own configuration against a header', { deployment: 'left', header: 'right' }, CONFLICT],
    ['a path of its own', { target: '/deep/v1' }, 'deep'],
    ['a path of its own against a header', { target: '/deep/v1', header: 'left' }, CONFLICT],
  ])('%s', (_, told, expected) => {
    expect(meant({ host, ...told })).toBe(expected)
  })
})

describe('a deployment whose model has to be named', () => {
  const host = 'strict.internal'
  test.each<[what: string, told: Partial<Told>, expected: string]>([
    ['in the body', named('strict'), 'strict'],
    ['in a header, without a body', { header: 'strict', ...NO_BODY }, 'strict'],
    ['in a header, and the body is not told', { header: 'strict' }, UNKNOWN],
    ['by the proxy’s configuration, and the body is not told', { deployment: 'strict', header: 'strict' }, UNKNOWN],
    ['by a path that names another', { target: '/publishers/a/models/b/v1', header: 'strict' }, UNKNOWN],
  ])('%s', (_, told, expected) => {
    expect(meant({ host, ...told })).toBe(expected)
  })
})

describe('the only deployment of a host', () => {
  const host = 'alone.internal'
  test.each<[what: string, told: Partial<Told>, expected: string]>([
    ['nothing named', {}, 'alone'],
    ['a header that agrees', { header: 'alone' }, 'alone'],
    ['a header that names another', { header: 'left' }, CONFLICT],
    ['a path that names nobody’s model', { target: '/publishers/a/models/b/v1' }, UNKNOWN],
    ['and a header cannot make up for that path', { target: '/publishers/a/models/b/v1', header: 'alone' }, UNKNOWN],
  ])('%s', (_, told, expected) => {
    expect(meant({ host, ...told })).toBe(expected)
  })
})
