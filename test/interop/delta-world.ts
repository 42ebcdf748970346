// A day of revocations, as its CRLs: what a relying party has that fetched three hours ago, and what is published now. The
// service's clock begins behind and arrives at now, since most programs judge by the time that it is.
import { vi } from 'vitest'
import { parseCrl } from '../../src/x509/crl.ts'
import { encodePem } from '../../src/x509/pem.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { type Certified, expectStatus } from '../support/test-service.ts'
import { World } from './world.ts'

const HOUR = 3600
const SOON = { timeout: 20_000, interval: 50 }
const COMPLETE = 'services-1.crl'
const DELTA = 'services-1/delta.crl'

/** `early` was revoked before the base of the deltas, `late` a moment ago; `held` was held before the base and is released now. */
export const SERVERS = ['good', 'held', 'early', 'late'] as const
export type Server = (typeof SERVERS)[number]

export interface DeltaWorld {
  readonly world: World
  readonly servers: Readonly<Record<Server, Certified>>
  /** PEM: the complete CRL of three hours ago and that of now, and the delta that went with each. */
  readonly before: string
  readonly beforeDelta: string
  readonly now: string
  readonly nowDelta: string
}

export async function startDeltaWorld(): Promise<DeltaWorld> {
  const clock = new SettableClock()
  clock.pass(-30 * HOUR)
  const world = await World.start({ clock })
  const add = (name: string): Promise<Certified> => world.service.addService(`${name}.internal`)
  const [good, held, early, late] = [await add('good'), await add('held'), await add('early'), await add('late')]
  await revoke(world, held, 'certificateHold')
  clock.pass(2 * HOUR)
  await revoke(world, early, 'superseded')
  // More than a day later this one is the base.
  clock.pass(25 * HOUR)
  await revoke(world, await add('other'), 'superseded')
  const [before, beforeDelta] = [await crlAt(world, COMPLETE), await crlAt(world, DELTA)]
  clock.pass(3 * HOUR)
  await revoke(world, held, 'removeFromCRL')
  await revoke(world, late, 'keyCompromise')
  const [now, nowDelta] = [await crlAt(world, COMPLETE), await crlAt(world, DELTA)]
  return { world, servers: { good, held, early, late }, before, beforeDelta, now, nowDelta }
}

/** `services-1.crl`, in PEM. */
export async function crlAt(world: World, name: string): Promise<string> {
  return encodePem('X509 CRL', await world.fetchBytes(`/pki/crl/${name}`))
}

/** Resolves when the complete CRL says so, and the delta is of that number. */
async function revoke(world: World, { serial }: Certified, reason: string): Promise<void> {
  const path = `/v1/certificates/${serial}/revoke`
  expectStatus(await world.service.post(path, { reason }, world.service.admin), 200)
  await vi.waitFor(async () => {
    const [complete, delta] = [
      parseCrl(await world.fetchBytes(`/pki/crl/${COMPLETE}`)),
      parseCrl(await world.fetchBytes(`/pki/crl/${DELTA}`)),
    ]
    const isListed = complete.entries.has(serial)
    if (isListed === (reason === 'removeFromCRL') || delta.number !== complete.number) throw new Error('not yet')
  }, SOON)
}
