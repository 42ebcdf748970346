// What breaks while a call is decided refuses it, whichever part it is: nothing of it is an allowance, and nothing rejects.
import { describe, expect, test } from 'vitest'
import type { CertificateFacts } from '../../src/access/facts.ts'
import { LiveSnapshot } from '../../src/access/live-snapshot.ts'
import { DEFAULT_DEPLOYMENT_POLICY } from '../../src/domain/access-policy.ts'
import { CallDesk, type CallDeskParts } from '../../src/proxies/answer-call.ts'
import type { Asker, ToldCall } from '../../src/proxies/told-call.ts'
import { AT, deployment, MONOTONIC, named, NOW, numbered, serviceCertificate, WORLD } from '../access/world.ts'

const SHOWN = new Uint8Array([1])
const PROXY: Asker = { kind: 'proxy', certificate: SHOWN }
const TOLD: ToldCall = {
  headers: [['authorization', 'ApiKey nobody.secret']],
  method: 'POST',
  target: '/v1/predict',
  normalizedPath: undefined,
  host: 'scorer.models.internal',
  deployment: undefined,
  model: 'untold',
  certificate: { kind: 'in-headers' },
  clientAddress: undefined,
}

class Broken extends Error {}
const breaks = (): never => {
  throw new Broken()
}
const rejects = (): Promise<never> => Promise.reject(new Broken())

/** `breakAt(n)`: it breaks the n-th time that it is asked anything, from then on. */
function breakingSnapshot(): { readonly snapshot: LiveSnapshot; readonly breakAt: (n: number) => void } {
  const inner = new LiveSnapshot()
  const authModes = ['api-key', 'jwt', 'passphrase'] as const
  const policy = { ...DEFAULT_DEPLOYMENT_POLICY, authModes, actingUser: 'credential-itself' as const }
  inner.apply(
    numbered([
      ...WORLD,
      deployment('scorer', 'fraud', { policy }),
      {
        kind: 'proxy',
        name: named('edge'),
        service: named('batch.internal'),
        certificateDialect: 'nginx',
        hops: 0,
        deployments: 'all',
        status: 'active',
      },
    ]),
  )
  inner.confirm(MONOTONIC - 1_000)
  let left = Infinity
  const snapshot = new Proxy(inner, {
    get(target, property) {
      if (left-- === 0) breaks()
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  return { snapshot, breakAt: (n) => (left = n) }
}

function deskOf(snapshot: LiveSnapshot, more: Partial<CallDeskParts> = {}): CallDesk {
  const facts: CertificateFacts = serviceCertificate()
  return new CallDesk({
    snapshot,
    clock: { now: () => NOW, monotonicMilliseconds: () => AT.monotonic },
    certificates: { verify: () => facts },
    tokens: { factsOf: rejects },
    passphrases: { check: rejects },
    identity: 'none',
    limit: { waitSeconds: () => undefined, failed: () => undefined },
    refresh: () => Promise.resolve(),
    observer: { decided: () => undefined },
    ...more,
  })
}

const answered = async (desk: CallDesk, told: Partial<ToldCall> = {}) => {
  const { status, reason, identity } = await desk.answer({ ...TOLD, ...told }, PROXY, 'nginx')
  return { status, reason, identity }
}
const UNAVAILABLE = { status: 503, reason: 'PDP_UNAVAILABLE', identity: [] }
const bearing = (authorization: string): Partial<ToldCall> => ({ headers: [['authorization', authorization]] })

test('a desk where nothing is broken gets as far as the key', async () => {
  const { snapshot } = breakingSnapshot()
  expect(await answered(deskOf(snapshot))).toEqual({ status: 401, reason: 'KEY_INVALID', identity: [] })
})

describe('what is broken refuses', () => {
  test.each<[what: string, more: Partial<CallDeskParts>, told: Partial<ToldCall>]>([
    ['the verifier', { certificates: { verify: breaks } }, {}],
    ['the reader of tokens', {}, bearing('Bearer a.b.c')],
    ['the check of passphrases', {}, bearing('Passphrase sixteen and more characters')],
    ['the limits', { limit: { waitSeconds: breaks, failed: breaks } }, {}],
    ['the count of failures', { limit: { waitSeconds: () => undefined, failed: breaks } }, {}],
    ['the change log', { refresh: rejects }, {}],
    ['the clock', { clock: { now: breaks, monotonicMilliseconds: breaks } }, {}],
  ])('%s', async (_, more, told) => {
    const { snapshot } = breakingSnapshot()
    expect(await answered(deskOf(snapshot, more), told)).toEqual(UNAVAILABLE)
  })
})

test('wherever the snapshot breaks once, nobody is let in and nothing rejects', async () => {
  const { snapshot, breakAt } = breakingSnapshot()
  const statuses = new Set<number>()
  for (let n = 0; n < 200; n++) {
    breakAt(n)
    const outcome = await deskOf(snapshot)
      .answer(TOLD, PROXY, 'nginx')
      .then(({ status, reason }) => `${String(status)} ${reason}`)
    expect(['503 PDP_UNAVAILABLE', '401 KEY_INVALID'], String(n)).toContain(outcome)
    statuses.add(Number(outcome.slice(0, 3)))
  }
  expect(statuses).toEqual(new Set([503, 401]))
})
