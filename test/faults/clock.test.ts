// Clocks that are late, ahead, or set back (SECURITY.md rules 31, 36): CRLs go on rising, a late one is replaced before
// anyone can fetch it, and what has expired is refused on a connection that was opened when it had not.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { agentFor, send } from '../support/https-client.ts'
import { TestService } from '../support/test-service.ts'
import { CrlWatch } from './crl-watch.ts'
import { keptCrls } from './kept-records.ts'
import { MovableClock } from './movable-clock.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const ISSUER = 'users-1'

/** One CRL a second at most, and the signing. */
const CRL_WITHIN = { timeout: 5_000, interval: 20 }

describe('clocks', () => {
  let clock: MovableClock
  let service: TestService
  let watch: CrlWatch

  beforeEach(async () => {
    clock = new MovableClock()
    service = await TestService.start({ clock })
    watch = new CrlWatch(service.httpUrl, ISSUER)
  })
  afterEach(() => service.close())

  test('a service that was down past nextUpdate publishes a CRL before it can be asked for one', async () => {
    const before = await watch.look()
    await service.stop()
    clock.move(DAY + HOUR)
    let restarted = false
    const restarting = service.restart().finally(() => (restarted = true))
    // The first answer that anyone can get is looked at, whenever it comes.
    const first = await vi.waitFor(() => watch.look(), { timeout: 20_000, interval: 1 })
    expect(first.number).toBeGreaterThan(before.number)
    expect(first.nextUpdate).toBeGreaterThan(clock.now().getTime() + 23 * HOUR * 1000)
    await restarting
    expect(restarted).toBe(true)
    expect(watch.faults).toEqual([])
  })

  test('CRLs rise when the clock is set forward and back while the service runs', async () => {
    const owner = await service.addProject('vision', 'owner')
    await expectRevocationPublished('alice')
    clock.move(20 * HOUR)
    await expectRevocationPublished('bob')
    clock.move(-10 * HOUR)
    await expectRevocationPublished('carol')
    clock.move(-10 * HOUR)
    await expectRevocationPublished('dave')
    expect(watch.faults).toEqual([])
    const kept = await keptCrls(service.configuration, ISSUER)
    expect(kept.filter(({ thisUpdate }, index) => thisUpdate <= (kept[index - 1]?.thisUpdate ?? 0))).toEqual([])

    async function expectRevocationPublished(user: string): Promise<void> {
      const { serial } = await service.addMember('vision', user, owner)
      const revoked = await service.post(`/v1/certificates/${serial}/revoke`, { reason: 'superseded' }, service.admin)
      expect(revoked.status, revoked.text).toBe(200)
      await vi.waitFor(async () => expect(await watch.revokedSerials()).toContain(serial), CRL_WITHIN)
    }
  })

  test('a clock that was set back before the start still gives a higher CRL', async () => {
    const before = await watch.look()
    await service.stop()
    clock.move(-2 * HOUR)
    await service.restart()
    await vi.waitFor(async () => expect((await watch.look()).number).toBeGreaterThan(before.number), CRL_WITHIN)
    expect(watch.faults).toEqual([])
  })

  test('a certificate that expires is refused by the next request on its open connection', async () => {
    const owner = await service.addProject('vision', 'owner')
    const agent = agentFor({ ca: service.ca, identity: owner })
    const me = () => send({ url: service.url, ca: service.ca, agent }, { method: 'GET', path: '/v1/me' })
    try {
      const { notAfter } = owner.answer
      expect((await me()).status).toBe(200)
      const [socket] = Object.values(agent.freeSockets).flat()
      clock.move((Date.parse(String(notAfter)) - clock.now().getTime()) / 1000 - 60)
      expect((await me()).status).toBe(200)
      clock.move(61)
      const refused = await me()
      expect(refused).toMatchObject({ status: 401, code: 'client_certificate_refused' })
      expect(refused.json['facts']).toEqual({ reason: 'CERT_EXPIRED' })
      expect(Object.values(agent.freeSockets).flat()).toEqual([socket])
    } finally {
      agent.destroy()
    }
  })
})
