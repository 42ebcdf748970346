// Rule 34 in delta CRLs, over the running service and on both stores: a release is `removeFromCRL` in each delta whose base listed
// the hold, also when a relying party got to know of it later, and is gone from the deltas of the next base (RFC 5280 §5.2.4).
import { beforeAll, expect, test, vi } from 'vitest'
import { type Crl, parseCrl } from '../../src/x509/crl.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { onBothStores } from '../support/both-stores.ts'
import { type Certified, expectStatus } from '../support/test-service.ts'

const HOUR = 3600
const SOON = { timeout: 20_000, interval: 50 }

interface Published {
  readonly complete: Crl
  readonly delta: Crl
}

/** What they say of a certificate. */
function saysOf({ complete, delta }: Published, { serial }: Certified) {
  return { complete: complete.entries.get(serial)?.reason, delta: delta.entries.get(serial)?.reason }
}

// It arrives at now and never beyond: the clients hold the server's certificate against the real time.
const clocks: SettableClock[] = []
function clockOfYesterday(): SettableClock {
  const clock = new SettableClock()
  clock.pass(-60 * HOUR)
  clocks.push(clock)
  return clock
}

onBothStores(
  'rule 34',
  () => ({ clock: clockOfYesterday() }),
  (running) => {
    let servers = 0
    let known: Certified
    let unknown: Certified

    beforeAll(async () => {
      known = await added()
      unknown = await added()
    })

    const added = (): Promise<Certified> => running().addService(`s${String((servers += 1))}.internal`)
    const pass = (hours: number): void => clocks.at(-1)?.pass(hours * HOUR)

    async function crlAt(path: string): Promise<Crl> {
      return parseCrl((await running().send({ method: 'GET', path: `/pki/crl/${path}` })).bytes)
    }

    /** Resolves with the CRLs that are the first to say so. */
    async function revoke({ serial }: Certified, reason: string): Promise<Published> {
      const service = running()
      const before = await crlAt('services-1.crl')
      expectStatus(await service.post(`/v1/certificates/${serial}/revoke`, { reason }, service.admin), 200)
      return vi.waitFor(async () => {
        const [complete, delta] = [await crlAt('services-1.crl'), await crlAt('services-1/delta.crl')]
        if (complete.number === before.number || delta.number !== complete.number) throw new Error('not yet')
        return { complete, delta }
      }, SOON)
    }

    test('rule 34: a hold stands in the delta until a base lists it; a release is removeFromCRL until no base does', async () => {
      const held = await revoke(known, 'certificateHold')
      expect(saysOf(held, known)).toEqual({ complete: 'certificateHold', delta: 'certificateHold' })

      pass(2)
      const base = await revoke(await added(), 'superseded')
      pass(25)
      const next = await revoke(await added(), 'superseded')
      expect(next.delta.deltaBase).toBe(base.complete.number)
      expect(saysOf(next, known)).toEqual({ complete: 'certificateHold', delta: undefined })

      const released = await revoke(known, 'removeFromCRL')
      expect(released.delta.deltaBase).toBe(base.complete.number)
      expect(saysOf(released, known)).toEqual({ complete: undefined, delta: 'removeFromCRL' })

      const again = await revoke(known, 'certificateHold')
      expect(saysOf(again, known)).toEqual({ complete: 'certificateHold', delta: 'certificateHold' })
      const free = await revoke(known, 'removeFromCRL')
      expect(saysOf(free, known)).toEqual({ complete: undefined, delta: 'removeFromCRL' })

      pass(2)
      const nextBase = await revoke(await added(), 'superseded')
      expect(saysOf(nextBase, known).delta).toBe('removeFromCRL')
      pass(25)
      const last = await revoke(await added(), 'superseded')
      expect(last.delta.deltaBase).toBe(nextBase.complete.number)
      expect(saysOf(last, known)).toEqual({ complete: undefined, delta: undefined })
    })

    test('rule 34: also one that the base did not list: complete CRLs since then did', async () => {
      const held = await revoke(unknown, 'certificateHold')
      const released = await revoke(unknown, 'removeFromCRL')
      expect(released.delta.deltaBase).toBeLessThan(held.complete.number ?? 0n)
      expect(saysOf(held, unknown)).toEqual({ complete: 'certificateHold', delta: 'certificateHold' })
      expect(saysOf(released, unknown)).toEqual({ complete: undefined, delta: 'removeFromCRL' })
    })

    test('rule 34: a final reason after a hold is the only one that the delta says', async () => {
      const held = await revoke(unknown, 'certificateHold')
      const final = await revoke(unknown, 'keyCompromise')
      expect(saysOf(final, unknown)).toEqual({ complete: 'keyCompromise', delta: 'keyCompromise' })
      const date = held.complete.entries.get(unknown.serial)?.date
      expect(date).toBeDefined()
      expect(final.delta.entries.get(unknown.serial)?.date).toEqual(date)
      // And there is nothing to release any more.
      const service = running()
      const path = `/v1/certificates/${unknown.serial}/revoke`
      const refused = await service.post(path, { reason: 'removeFromCRL' }, service.admin)
      expect(refused).toMatchObject({ status: 409, code: 'certificate_not_held' })
    })
  },
)
