// What changes ask to be fetched is fetched again when that failed, a change that was missed stops decisions until the state
// is read anew, and CAs that came later are watched.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { SnapshotGap } from '../../src/access/live-snapshot.ts'
import { recogniseCaller } from '../../src/access/recognise.ts'
import type { Change } from '../../src/domain/change.ts'
import { crlScopeKey, fullScope } from '../../src/domain/crl-scope.ts'
import type { IssuerId } from '../../src/domain/issuer-id.ts'
import { parseSerialNumber } from '../../src/domain/serial-number.ts'
import { parseUserName } from '../../src/domain/user-name.ts'
import { addUser } from '../../src/enrollment/directory-acts.ts'
import { revokeCertificate } from '../../src/enrollment/revoke-certificate.ts'
import { actContext, NOBODY, type OpenInstallation, openInstallation } from '../../src/main/installation.ts'
import { LiveState } from '../../src/main/live-state.ts'
import { openMonitoring } from '../../src/main/monitoring.ts'
import { Reload } from '../../src/main/reload.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { parsePemBundle } from '../../src/x509/pem.ts'
import { type Certified, TestService } from '../support/test-service.ts'
import { StillClock } from '../enrollment/still-clock.ts'

const clock = new StillClock()
const USERS = 'users-1' as IssuerId

/** Bounds a hang, not a speed. */
const WAIT = { timeout: 30_000 }
let service: TestService
let owner: Certified
let opened: OpenInstallation

beforeAll(async () => {
  service = await TestService.start({ clock })
  owner = await service.addProject('vision', 'owner')
  await service.stop()
  opened = await openInstallation(service.configuration, NOBODY, clock)
})
afterAll(async () => {
  await opened.storage.close()
  await service.close()
})

/** What is asked here answers at once: a few turns of the event loop are enough. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => void setImmediate(resolve))
}

/** The same storage, of which some answers are the test's own. */
function withOwn(storage: Storage, own: { readonly [Name in keyof Storage]?: unknown }): Storage {
  return new Proxy(storage, {
    get: (target, name) => {
      const value: unknown = Reflect.get(own, name) ?? Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

describe('a CRL that could not be fetched', () => {
  test('is fetched by a poll a second later, and once', async () => {
    let [reads, isDown] = [0, false]
    // A view without CRLs.
    const read = async (): Promise<readonly never[]> => {
      reads += 1
      if (isDown) throw new Error('down')
      return []
    }
    const live = new LiveState(clock, 5000)
    await live.load({ ...opened, storage: withOwn(opened.storage, { read }) })
    const failures: unknown[] = []
    const nothing = (): undefined => undefined
    live.listen({
      onRevocation: nothing,
      onIssuers: nothing,
      onTokenKey: nothing,
      onFailure: (error) => failures.push(error),
    })
    const startedAt = live.snapshot.confirmedAtMilliseconds
    const perFetch = opened.book.all().length
    reads = 0
    isDown = true
    live.apply([
      {
        seq: live.snapshot.revision + 1,
        change: { kind: 'crl', issuer: USERS, scope: crlScopeKey(fullScope(USERS)), number: 2 ** 40 },
      },
    ])
    await vi.waitFor(() => expect([failures.length, reads]).toEqual([1, 1]), WAIT)
    await settled()
    live.confirm(startedAt + 999)
    await settled()
    expect(reads).toBe(1)
    isDown = false
    // A second more than a fraction of a millisecond, subtracted again, may come out a little under a second.
    live.confirm(startedAt + 1001)
    await vi.waitFor(() => expect([failures.length, reads]).toEqual([1, 1 + perFetch]), WAIT)
    await settled()
    live.confirm(startedAt + 5000)
    await settled()
    expect(reads).toBe(1 + perFetch)
  })
})

describe('a change that never reached the snapshot', () => {
  test('is found by the next one: decisions stop, the state is read anew, and they go on with it', async () => {
    const live = new LiveState(clock, 5000)
    const mayLoad = Promise.withResolvers<undefined>()
    const [faults, asked]: [unknown[], string[]] = [[], []]
    let isLosing = false
    const reload = new Reload(
      () => mayLoad.promise.then(() => live.loadAgain()),
      (error) => faults.push(error),
    )
    const watch = {
      onCommitted: (changes: Parameters<typeof live.apply>[0]) => (isLosing ? undefined : live.apply(changes)),
      onConfirmed: (at: number) => live.confirm(at),
      onUnshown: (seq: number) => live.snapshot.expect(seq),
      onFault: (error: unknown) => {
        faults.push(error)
        reload.after(error)
      },
    }
    const running = await openInstallation(service.configuration, watch, clock)
    try {
      await live.load(running)
      live.listen({
        onRevocation: () => asked.push('revocation'),
        onIssuers: () => asked.push('issuers'),
        onTokenKey: () => asked.push('token key'),
        onFailure: (error) => faults.push(error),
      })
      const [der = new Uint8Array()] = parsePemBundle(owner.certificate, 'CERTIFICATE')
      const decided = (): string => {
        const at = { wall: clock.now(), monotonic: clock.monotonicMilliseconds() }
        const found = recogniseCaller(live.snapshot, live.certificates.verify(der), at)
        return found.kind === 'recognised' ? 'recognised' : found.reason
      }
      const context = actContext(running)
      const by = { caller: { kind: 'offline' }, origin: { requestId: 'test' } } as const
      expect(decided()).toBe('recognised')

      isLosing = true
      const serial = parseSerialNumber(owner.serial)
      await revokeCertificate(context, { ...by, serial, reason: 'keyCompromise' })
      isLosing = false
      expect([faults, asked]).toEqual([[], []])

      const name = parseUserName('dora', running.policy.names)
      await addUser(context, { ...by, name, platformRole: 'user' })
      expect(decided()).toBe('SNAPSHOT_STALE')
      expect(faults[0]).toBeInstanceOf(SnapshotGap)

      await expect(running.storage.pollNow()).rejects.toThrow(SnapshotGap)
      expect(decided()).toBe('SNAPSHOT_STALE')

      mayLoad.resolve(undefined)
      await vi.waitFor(() => expect(decided()).toBe('CERT_REVOKED'), WAIT)
      expect([live.ledger.count(USERS), live.snapshot.user('dora')?.status]).toEqual([1, 'active'])
      await vi.waitFor(() => expect(asked).toEqual(['revocation', 'token key', 'issuers']), WAIT)
      await running.storage.pollNow()
      expect(faults.filter((fault) => !(fault instanceof SnapshotGap))).toEqual([])
    } finally {
      await running.storage.close()
    }
  })
})

describe('a state that takes longer to read than a snapshot may go unconfirmed', () => {
  test('is confirmed once it is loaded, and holds what was committed meanwhile', async () => {
    let lateMilliseconds = 0
    const slow = {
      now: () => clock.now(),
      monotonicMilliseconds: () => clock.monotonicMilliseconds() + lateMilliseconds,
    }
    const live = new LiveState(slow, 5000)
    const watch = {
      ...NOBODY,
      onCommitted: (changes: Parameters<typeof live.apply>[0]) => live.apply(changes),
      onConfirmed: (at: number) => live.confirm(at),
    }
    const running = await openInstallation(service.configuration, watch, slow)
    try {
      const readStateInto: Storage['readStateInto'] = async (take) => {
        const state = await running.storage.readStateInto(take)
        const name = parseUserName('late', running.policy.names)
        const by = { caller: { kind: 'offline' }, origin: { requestId: 'test' } } as const
        await addUser(actContext(opened), { ...by, name, platformRole: 'user' })
        lateMilliseconds = 9000
        return state
      }
      await live.load({ ...running, storage: withOwn(running.storage, { readStateInto }) })
      expect(slow.monotonicMilliseconds() - live.snapshot.confirmedAtMilliseconds).toBeLessThan(5000)
      expect(live.snapshot.user('late')?.status).toBe('active')
    } finally {
      await running.storage.close()
    }
  })
})

describe('a state that is read anew after a gap', () => {
  const FULL = fullScope(USERS)

  /** The same, with a log of its own making. */
  function withLog(changesAfter: Storage['changesAfter']): OpenInstallation {
    return { ...opened, storage: withOwn(opened.storage, { changesAfter }) }
  }

  const last = async (): Promise<number> => (await opened.storage.readState()).seq
  const add = (change: Change): Promise<unknown> => opened.storage.run((tx) => tx.change(change))

  test.each([
    { title: 'no change is missing', missing: 0, hasNews: false },
    { title: 'the first is missing', missing: 1, hasNews: true },
    { title: 'one in the middle is missing', missing: 2, hasNews: true },
    { title: 'the last is missing', missing: 3, hasNews: true },
  ])('may hold revocations that no CRL lists, if the log lacks a change: $title', async (row) => {
    await add({
      kind: 'revocation',
      serial: parseSerialNumber('01'.padEnd(34, '7')),
      issuer: USERS,
      status: 'revoked',
      revokedAt: clock.now().getTime(),
      reason: 'keyCompromise',
      notAfter: clock.now().getTime() + 1000,
    })
    const covered = await last()
    for (const kid of ['one', 'two', 'three']) await add({ kind: 'token-key', kid })
    const missing = row.missing === 0 ? undefined : covered + row.missing
    const live = new LiveState(clock, 5000)
    await live.load(
      withLog(async (seq, limit) =>
        (await opened.storage.changesAfter(seq, limit)).filter((change) => change.seq !== missing),
      ),
    )
    expect(live.ledger.revision).toBe(covered + 3)
    expect(live.ledger.hasNewsAfter(FULL, covered)).toBe(row.hasNews)
    expect(live.ledger.knowsChangesSince(USERS, covered)).toBe(!row.hasNews)
    expect(live.ledger.hasNewsAfter(FULL, covered + 3)).toBe(false)
  })

  test('asks for new CRLs also when the log before it cannot be read', async () => {
    let isDown = false
    const live = new LiveState(clock, 5000)
    await live.load(
      withLog(async (seq, limit) => {
        if (isDown) throw new Error('down')
        return await opened.storage.changesAfter(seq, limit)
      }),
    )
    const asked: string[] = []
    live.listen({
      onRevocation: () => asked.push('revocation'),
      onIssuers: () => asked.push('issuers'),
      onTokenKey: () => asked.push('token key'),
      onFailure: (error) => asked.push(String(error)),
    })
    const covered = await last()
    await add({ kind: 'token-key', kid: 'four' })
    isDown = true
    await expect(live.loadAgain()).rejects.toThrow('down')
    await vi.waitFor(() => expect(asked).toEqual(['revocation', 'token key', 'issuers']), WAIT)
    expect(live.ledger.hasNewsAfter(FULL, covered)).toBe(true)
  })
})

describe('an own change that could not be shown', () => {
  test('is answered, and nothing is decided until a poll has brought it', async () => {
    const live = new LiveState(clock, 5000)
    const broken: Error[] = []
    const faults: unknown[] = []
    const watch = {
      onCommitted: (changes: Parameters<typeof live.apply>[0]) => {
        const error = broken.shift()
        if (error !== undefined) throw error
        live.apply(changes)
      },
      onConfirmed: (at: number) => live.confirm(at),
      onUnshown: (seq: number) => live.snapshot.expect(seq),
      onFault: (error: unknown) => faults.push(error),
    }
    const running = await openInstallation(service.configuration, watch, clock)
    try {
      await live.load(running)
      const isDeciding = (): boolean => live.snapshot.confirmedAtMilliseconds !== -Infinity
      const add = (text: string) =>
        addUser(actContext(running), {
          caller: { kind: 'offline' },
          origin: { requestId: 'test' },
          name: parseUserName(text, running.policy.names),
          platformRole: 'user',
        })
      await add('eve')
      expect([isDeciding(), live.snapshot.user('eve')?.status]).toEqual([true, 'active'])
      const error = new Error('the snapshot is broken')
      broken.push(error)
      await add('frank')
      expect([isDeciding(), live.snapshot.user('frank'), faults]).toEqual([false, undefined, [error]])
      await running.storage.pollNow()
      expect([isDeciding(), live.snapshot.user('frank')?.status]).toEqual([true, 'active'])
    } finally {
      await running.storage.close()
    }
  })
})

describe('a CA that was added while the process runs', () => {
  test('is watched from then on', async () => {
    const live = new LiveState(clock, 5000)
    await live.load(opened)
    const monitoring = openMonitoring(opened.configuration, live, clock)
    monitoring.watchIssuers(opened)
    const [known] = opened.book.all().filter(({ issuer }) => issuer.id === USERS)
    if (known === undefined) throw new Error('users-1 is not there')
    opened.book.add({ ...known, issuer: { ...known.issuer, id: 'users-9' as IssuerId } })
    monitoring.watchIssuers(opened)
    monitoring.watchIssuers(opened)
    const { missing } = await monitoring.health.readiness()
    expect(missing.map(({ check }) => check)).toContain('crl users-9')
    expect((await monitoring.metrics()).text).toContain('signet_certificate_life_seconds{certificate="users-9"}')
  })
})
