import { describe, expect, it } from 'vitest'
import { LiveSnapshot, SnapshotBehind, SnapshotGap } from '../../src/access/live-snapshot.ts'
import type { Change } from '../../src/domain/change.ts'
import * as world from './world.ts'
import { named, numbered, SERIAL, snapshotOf, WORLD } from './world.ts'

describe('folding changes', () => {
  it('shows each thing by its name', () => {
    const snapshot = snapshotOf(
      world.service('launch.internal', 'launch', { roles: ['launcher'], projects: [named('fraud')] }),
    )
    expect(snapshot.user('root_admin')).toEqual({ name: 'root_admin', status: 'active', platformRole: 'admin' })
    expect(snapshot.project('fraud')).toEqual({ name: 'fraud' })
    expect(snapshot.member('fraud', 'bob')).toEqual({ project: 'fraud', user: 'bob', role: 'scientist' })
    expect(snapshot.service('launch.internal')).toMatchObject({ systemUser: 'launch', dnsNames: ['launch.internal'] })
    expect(snapshot.service('launch.internal')?.roles.has('launcher')).toBe(true)
    expect(snapshot.service('launch.internal')?.projects.has(named('fraud'))).toBe(true)
    expect(snapshot.deployment('scorer')).toBe(snapshot.deploymentsOfHost('scorer.models.internal')[0])
    expect(snapshot.deployment('scorer')?.serviceCallers.has(named('batch.internal'))).toBe(true)
  })

  it('knows what a service serves now', () => {
    const served = (snapshot: LiveSnapshot) => snapshot.deploymentsServedBy('models.internal').map(({ name }) => name)
    expect(served(snapshotOf())).toEqual(['scorer', 'churner'])
    const moved = world.deployment('churner', 'churn', { service: named('other.internal') })
    expect(served(snapshotOf(moved))).toEqual(['scorer'])
    expect(served(snapshotOf(world.deployment('scorer', 'fraud', { status: 'deleted' })))).toEqual(['churner'])
  })

  it.each(['__proto__', 'constructor', '', 'Alice', 'alice '])('finds nothing under %j', (name) => {
    const snapshot = snapshotOf()
    const found = [snapshot.user(name), snapshot.project(name), snapshot.member(name, name), snapshot.service(name)]
    expect([
      ...found,
      snapshot.deployment(name),
      snapshot.deploymentsOfHost(name)[0],
      snapshot.revocation(name, name),
    ]).toEqual(Array.from({ length: 7 }, () => undefined))
  })

  const ended: readonly (readonly [string, Change, (snapshot: LiveSnapshot) => unknown])[] = [
    ['user', world.user('alice', { status: 'deleted' }), (snapshot) => snapshot.user('alice')],
    ['project', world.project('fraud', 'deleted'), (snapshot) => snapshot.project('fraud')],
    ['member with its project', world.project('fraud', 'deleted'), (snapshot) => snapshot.member('fraud', 'alice')],
    ['member', world.member('fraud', 'alice', 'removed'), (snapshot) => snapshot.member('fraud', 'alice')],
    [
      'service',
      world.service('batch.internal', 'b', { status: 'deleted' }),
      (snapshot) => snapshot.service('batch.internal'),
    ],
    [
      'deployment',
      world.deployment('scorer', 'fraud', { status: 'deleted' }),
      (snapshot) => snapshot.deployment('scorer'),
    ],
    [
      'host',
      world.deployment('scorer', 'fraud', { status: 'deleted' }),
      (snapshot) => snapshot.deploymentsOfHost('scorer.models.internal')[0],
    ],
  ]
  it.each(ended)('forgets a %s that ended', (_, change, look) => {
    expect(look(snapshotOf())).toBeDefined()
    expect(look(snapshotOf(change))).toBeUndefined()
  })

  it('lets a host move from one deployment to the next', () => {
    const snapshot = snapshotOf(
      world.deployment('scorer', 'fraud', { host: named('free.internal') }),
      world.deployment('churner', 'churn', { host: named('scorer.models.internal') }),
      world.deployment('scorer', 'fraud', { status: 'deleted' }),
    )
    expect(snapshot.deploymentsOfHost('scorer.models.internal')[0]?.name).toBe('churner')
    expect(snapshot.deploymentsOfHost('churner.models.internal')[0]).toBeUndefined()
    expect(snapshot.deploymentsOfHost('free.internal')[0]).toBeUndefined()
  })

  it('does not drop a host that another deployment has taken', () => {
    const snapshot = snapshotOf(
      world.deployment('churner', 'churn', { host: named('scorer.models.internal') }),
      world.deployment('scorer', 'fraud', { status: 'deleted' }),
    )
    expect(snapshot.deploymentsOfHost('scorer.models.internal')[0]?.name).toBe('churner')
  })

  it('follows hold, release and revocation, by issuer', () => {
    const snapshot = snapshotOf()
    const status = () => snapshot.revocation('users-1', SERIAL)
    for (const next of ['held', 'released', 'revoked'] as const) {
      snapshot.apply([{ seq: snapshot.revision + 1, change: world.revocation(SERIAL, next) }])
      expect(status()).toBe(next === 'released' ? undefined : next)
    }
    expect(snapshot.revocation('users-2', SERIAL)).toBeUndefined()
  })

  it('hands out entries that nobody can change', () => {
    const user = snapshotOf().user('alice')
    expect(() => Object.assign(user ?? {}, { platformRole: 'admin' })).toThrow(TypeError)
  })

  it('has no way in through what it was given', () => {
    const callers = [named<never>('batch.internal')]
    const snapshot = snapshotOf(world.deployment('late', 'fraud', { serviceCallers: callers }))
    callers.push(named<never>('evil.internal'))
    expect(snapshot.deployment('late')?.serviceCallers.size).toBe(1)
  })

  it('passes over changes that are for others, and counts them', () => {
    const changes: readonly Change[] = [
      { kind: 'issuer', issuer: named('users-1') },
      { kind: 'crl', issuer: named('users-1'), scope: named('users-1'), number: 1 },
      { kind: 'token-key', kid: 'k' },
    ]
    expect(snapshotOf(...changes).revision).toBe(WORLD.length + 3)
  })
})

describe('order', () => {
  it('skips what it has', () => {
    const snapshot = snapshotOf(world.user('alice', { status: 'blocked' }))
    snapshot.apply(numbered(WORLD))
    expect(snapshot.user('alice')?.status).toBe('blocked')
    expect(snapshot.revision).toBe(WORLD.length + 1)
  })

  it('refuses a gap, keeps what came before it, and goes on from there', () => {
    const snapshot = new LiveSnapshot()
    const [first, , third] = numbered(WORLD)
    if (first === undefined || third === undefined) throw new Error('the world is too small')
    expect(() => snapshot.apply([first, third])).toThrow(SnapshotGap)
    expect(snapshot.revision).toBe(1)
    expect(snapshot.user('carol')).toBeUndefined()
    snapshot.apply(numbered(WORLD))
    expect(snapshot.revision).toBe(WORLD.length)
  })

  it('loads a whole state in place of its own', () => {
    const snapshot = snapshotOf()
    snapshot.load([world.user('dora')], 1_000)
    expect([snapshot.user('alice'), snapshot.user('dora')?.status, snapshot.revision]).toEqual([
      undefined,
      'active',
      1_000,
    ])
    snapshot.apply([{ seq: 1_001, change: world.user('erik') }])
    expect(snapshot.user('erik')).toBeDefined()
  })

  it('never loads what is older than itself', () => {
    const snapshot = snapshotOf(world.revocation(SERIAL, 'revoked'))
    expect(() => snapshot.load(WORLD, WORLD.length)).toThrow(SnapshotBehind)
    expect(snapshot.revocation('users-1', SERIAL)).toBe('revoked')
  })
})

describe('confirmation', () => {
  it('starts unconfirmed', () => {
    expect(new LiveSnapshot().confirmedAtMilliseconds).toBe(-Infinity)
  })
  it('never goes back', () => {
    const snapshot = new LiveSnapshot()
    snapshot.confirm(2_000)
    snapshot.confirm(1_000)
    snapshot.confirm(Number.NaN)
    expect(snapshot.confirmedAtMilliseconds).toBe(2_000)
  })
  it('is gone while a change is known to be missing, whatever the log says, and comes back with the change', () => {
    const snapshot = snapshotOf()
    const confirmedAt = snapshot.confirmedAtMilliseconds
    const [next, after] = numbered([world.user('dora'), world.user('erik')], snapshot.revision)
    if (next === undefined || after === undefined) throw new Error('two changes are two')
    expect(() => snapshot.apply([after])).toThrow(SnapshotGap)
    snapshot.confirm(confirmedAt + 1)
    expect(snapshot.confirmedAtMilliseconds).toBe(-Infinity)
    snapshot.apply([next])
    expect(snapshot.confirmedAtMilliseconds).toBe(-Infinity)
    snapshot.apply([after])
    expect(snapshot.confirmedAtMilliseconds).toBe(confirmedAt + 1)
  })
  it('is gone until a state is loaded that has the missing change', () => {
    const snapshot = snapshotOf()
    const { revision } = snapshot
    expect(snapshot.expectedRevision).toBe(revision)
    snapshot.expect(revision)
    expect(snapshot.confirmedAtMilliseconds).not.toBe(-Infinity)
    snapshot.expect(revision + 2)
    snapshot.expect(revision + 1)
    expect([snapshot.revision, snapshot.expectedRevision]).toEqual([revision, revision + 2])
    snapshot.load(WORLD, revision + 1)
    expect(snapshot.confirmedAtMilliseconds).toBe(-Infinity)
    snapshot.load(WORLD, revision + 2)
    expect(snapshot.confirmedAtMilliseconds).not.toBe(-Infinity)
  })
  it('rule 30: holds for five seconds unless told otherwise', () => {
    expect(new LiveSnapshot().staleAfterMilliseconds).toBe(5_000)
    expect(new LiveSnapshot(600_000).staleAfterMilliseconds).toBe(600_000)
  })
})

describe('forgetting', () => {
  const end = world.VALIDITY.notAfter.getTime()
  const day = 86_400_000
  it.each([
    ['at the end of the certificate', end, 0],
    ['a day later', end + day, 0],
    ['and a millisecond', end + day + 1, 1],
  ])('%s', (_, now, forgotten) => {
    const snapshot = snapshotOf(world.revocation(SERIAL, 'revoked'))
    expect(snapshot.forgetExpired(new Date(now))).toBe(forgotten)
    expect(snapshot.revocation('users-1', SERIAL)).toBe(forgotten === 1 ? undefined : 'revoked')
  })

  it('tokens too', () => {
    const snapshot = snapshotOf({ kind: 'token-revocation', jti: 'j', expiresAt: end })
    expect([snapshot.tokenRevoked('j'), snapshot.tokenRevoked('k')]).toEqual([true, false])
    expect(snapshot.forgetExpired(new Date(end + day + 1))).toBe(1)
    expect(snapshot.tokenRevoked('j')).toBe(false)
  })
})

describe('size', () => {
  it('takes 100,000 members in well under a second', () => {
    const members = Array.from({ length: 100_000 }, (_, i) => [
      world.user(`u${i}`),
      world.member(`p${i % 1_000}`, `u${i}`),
    ]).flat()
    const snapshot = new LiveSnapshot()
    const changes = numbered(members)
    const began = performance.now()
    snapshot.apply(changes)
    // Bounds a mistake in the order of growth, not a speed: about 100 ms where this was written.
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(snapshot.member('p999', 'u99999')).toBeDefined()
  })
})
