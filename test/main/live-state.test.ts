// What changes ask to be fetched is fetched again when that failed, and CAs that came later are watched.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { IssuerId } from '../../src/domain/issuer-id.ts'
import { NOBODY, type OpenInstallation, openInstallation } from '../../src/main/installation.ts'
import { LiveState } from '../../src/main/live-state.ts'
import { openMonitoring } from '../../src/main/monitoring.ts'
import { TestService } from '../support/test-service.ts'
import { StillClock } from '../enrollment/still-clock.ts'

const clock = new StillClock()
const USERS = 'users-1' as IssuerId

/** Bounds a hang, not a speed. */
const WAIT = { timeout: 30_000 }
let service: TestService
let opened: OpenInstallation

beforeAll(async () => {
  service = await TestService.start({ clock })
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

describe('a CRL that could not be fetched', () => {
  test('is fetched by a poll a second later, and once', async () => {
    let [reads, isDown] = [0, false]
    // A view without CRLs.
    const read = async (): Promise<undefined> => {
      reads += 1
      if (isDown) throw new Error('down')
    }
    const storage = new Proxy(opened.storage, {
      get: (target, name) => {
        if (name === 'read') return read
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    const live = new LiveState(5000)
    await live.load({ ...opened, storage }, clock)
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
    live.apply([{ seq: live.snapshot.revision + 1, change: { kind: 'crl', issuer: USERS, number: 2 ** 40 } }])
    await vi.waitFor(() => expect([failures.length, reads]).toEqual([1, 1]), WAIT)
    await settled()
    live.confirm(startedAt + 999)
    await settled()
    expect(reads).toBe(1)
    isDown = false
    live.confirm(startedAt + 1000)
    await vi.waitFor(() => expect([failures.length, reads]).toEqual([1, 1 + perFetch]), WAIT)
    await settled()
    live.confirm(startedAt + 5000)
    await settled()
    expect(reads).toBe(1 + perFetch)
  })
})

describe('a CA that was added while the process runs', () => {
  test('is watched from then on', async () => {
    const live = new LiveState(5000)
    await live.load(opened, clock)
    const monitoring = openMonitoring(opened, live, clock)
    const [known] = opened.book.all().filter(({ issuer }) => issuer.id === USERS)
    if (known === undefined) throw new Error('users-1 is not there')
    opened.book.add({ ...known, issuer: { ...known.issuer, id: 'users-9' as IssuerId } })
    monitoring.issuersAdded()
    monitoring.issuersAdded()
    const { missing } = await monitoring.health.readiness()
    expect(missing.map(({ check }) => check)).toContain('crl users-9')
    expect((await monitoring.metrics()).text).toContain('signet_certificate_life_seconds{certificate="users-9"}')
  })
})
