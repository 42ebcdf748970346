// OCSP at the running service, on both stores: what is said of each certificate, and how soon a change is in it.
import { expect, test } from 'vitest'
import { startService } from '../../src/main.ts'
import { onBothStores } from '../support/both-stores.ts'
import { get, type IssuerDer, issuerIn, post, read, requestFor, saidBy } from '../support/ocsp-client.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'
import { SettableClock } from './settable-clock.ts'

const NEVER_ISSUED = `01${'ab'.repeat(16)}`
const clocks: SettableClock[] = []
let projects = 0

interface World {
  readonly service: TestService
  readonly http: string
  readonly owner: Certified
  readonly issuer: IssuerDer
}

async function worldOf(service: TestService): Promise<World> {
  projects += 1
  const owner = await service.addProject(`ocsp${String(projects)}`, `owner${String(projects)}`)
  return { service, http: service.httpUrl, owner, issuer: issuerIn(owner.certificate) }
}

async function revoke({ service }: World, serial: string, reason: string): Promise<void> {
  expectStatus(await service.post(`/v1/certificates/${serial}/revoke`, { reason }, service.admin), 200)
}

const nonceOf = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(7)

onBothStores(
  'OCSP',
  () => {
    const clock = new SettableClock()
    clocks.push(clock)
    return { clock }
  },
  (running) => {
    test('a revocation is in the next answer of either kind, before it is answered itself; so is a release', async () => {
      const world = await worldOf(running())
      const { http, issuer, owner } = world
      const asked = requestFor(issuer, owner.serial)
      const all = async (): Promise<string[]> => [
        saidBy(await post(http, asked), issuer),
        saidBy(await get(http, asked), issuer),
        saidBy(await post(http, requestFor(issuer, owner.serial, nonceOf(32))), issuer),
      ]
      expect(await all()).toEqual(Array(3).fill('good'))
      await revoke(world, owner.serial, 'certificateHold')
      expect(await all()).toEqual(Array(3).fill('revoked certificateHold'))
      await revoke(world, owner.serial, 'removeFromCRL')
      expect(await all()).toEqual(Array(3).fill('good'))
      await revoke(world, owner.serial, 'certificateHold')
      await revoke(world, owner.serial, 'keyCompromise')
      expect(await all()).toEqual(Array(3).fill('revoked keyCompromise'))
    })

    test('thisUpdate rises with each change, and a revocation says its first date', async () => {
      const world = await worldOf(running())
      const { http, issuer, owner } = world
      const updates: number[] = []
      const look = async () => {
        const response = read(await post(http, requestFor(issuer, owner.serial)), issuer)
        if (typeof response === 'string') throw new Error(response)
        const [single] = response.responses
        if (single === undefined) throw new Error('no answer')
        updates.push(single.thisUpdate.getTime())
        const life = (single.nextUpdate?.getTime() ?? 0) - response.producedAt.getTime()
        expect(life).toBe(7_200_000)
        expect(response.producedAt.getTime()).toBeGreaterThan(single.thisUpdate.getTime())
        return single.status
      }
      await look()
      await revoke(world, owner.serial, 'certificateHold')
      const held = await look()
      await revoke(world, owner.serial, 'removeFromCRL')
      await look()
      expect(updates).toEqual([...new Set(updates)].toSorted((one, other) => one - other))
      await revoke(world, owner.serial, 'certificateHold')
      const again = await look()
      await revoke(world, owner.serial, 'superseded')
      const final = await look()
      if (held.kind !== 'revoked' || again.kind !== 'revoked' || final.kind !== 'revoked')
        throw new Error('not revoked')
      expect(final).toEqual({ kind: 'revoked', at: again.at, reason: 'superseded' })
    })

    test('what was never issued is unknown, and what another CA issued', async () => {
      const { http, issuer, owner, service } = await worldOf(running())
      const other = await service.addService(`svc${String(projects)}.internal`)
      const services = issuerIn(other.certificate)
      const said = async (by: IssuerDer, serial: string) => saidBy(await post(http, requestFor(by, serial)), by)
      expect(await said(issuer, NEVER_ISSUED)).toBe('unknown')
      expect(await said(issuer, '05')).toBe('unknown')
      expect(await said(issuer, other.serial)).toBe('unknown')
      expect(await said(services, other.serial)).toBe('good')
      expect(await said(services, owner.serial)).toBe('unknown')
    })

    test('another process of the installation says it within a second, with the one responder of both', async () => {
      const world = await worldOf(running())
      const { http, issuer, owner, service } = world
      const { listeners } = service.configuration
      const anywhere = { ...listeners.http, port: 0 }
      const other = await startService({
        ...service.configuration,
        listeners: { ...listeners, https: anywhere, http: anywhere, operations: { kind: 'off' } },
      })
      try {
        const there = `http://127.0.0.1:${String(other.ports.http)}`
        const asked = requestFor(issuer, owner.serial)
        const responderOf = async (url: string): Promise<Uint8Array | undefined> => {
          const response = read(await post(url, asked), issuer)
          return typeof response === 'string' ? undefined : response.certificates[0]
        }
        expect(saidBy(await post(there, asked), issuer)).toBe('good')
        expect(await responderOf(there)).toEqual(await responderOf(http))
        await revoke(world, owner.serial, 'certificateHold')
        const changed = async (to: string): Promise<void> => {
          const before = performance.now()
          // It has kept the answer from before, and hears of the change from the log alone.
          while (saidBy(await post(there, asked), issuer) !== to) {
            expect(performance.now() - before).toBeLessThan(1000)
          }
        }
        await changed('revoked certificateHold')
        await revoke(world, owner.serial, 'removeFromCRL')
        await changed('good')
      } finally {
        await other.stop()
      }
    })

    test('an answer is not kept past the end of its certificate: from then on it is unknown, and what was revoked is revoked', async () => {
      const world = await worldOf(running())
      const { http, issuer, owner } = world
      const second = await world.service.addMember(`ocsp${String(projects)}`, `m${String(projects)}`, owner)
      await revoke(world, second.serial, 'superseded')
      const ends = new Date(String(owner.answer['notAfter'])).getTime()
      const clock = clocks.at(-1)
      if (clock === undefined) throw new Error('no clock')
      const said = async (serial: string) => saidBy(await post(http, requestFor(issuer, serial)), issuer)
      clock.pass((ends - clock.now().getTime()) / 1000 - 20)
      expect(await said(owner.serial)).toBe('good')
      clock.pass(25)
      expect(await said(owner.serial)).toBe('unknown')
      expect(await said(second.serial)).toBe('revoked superseded')
    })
  },
)
