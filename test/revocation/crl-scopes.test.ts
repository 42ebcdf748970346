// Deltas, partitions and long CRLs, published on real storage by one process and by two: whoever puts a delta on its base has
// the complete CRL of that number, and no number stands for two different CRLs.
import { describe, expect, test } from 'vitest'
import { type CrlScope, crlScopeKey, fullScope } from '../../src/domain/crl-scope.ts'
import { type Crl, parseCrl, verifyCrlSignature } from '../../src/x509/crl.ts'
import { onBothDatabases, type TestDatabase } from '../storage/databases.ts'
import { serial } from '../storage/fixtures.ts'
import { change, crlIssuer, HeldClock, openPublisher, type Publishing, revokeMany, USERS, users } from './publishing.ts'

const FULL = fullScope(USERS)
const DELTA = { kind: 'delta', issuer: USERS } as const
const partition = (number: number): CrlScope => ({ kind: 'partition', issuer: USERS, partition: number })

function inForce({ shelf }: Publishing, scope: CrlScope): Crl {
  const shelved = shelf.get(scope)
  if (shelved === undefined) throw new Error(`no CRL of ${crlScopeKey(scope)}`)
  const crl = parseCrl(Buffer.concat(shelved.der.parts))
  expect(Number(crl.number)).toBe(shelved.crl.number)
  expect(verifyCrlSignature(crl, users.key.publicKey)).toBe(true)
  return crl
}

const reasonsOf = (crl: Crl): Map<string, string> =>
  new Map([...crl.entries].map(([hex, { reason }]) => [hex, reason as string]))

/** By serial, the reason; RFC 5280 §6.3.3: what a delta says takes the place of what the base says. */
function combined(base: Crl, delta: Crl): Map<string, string> {
  const all = reasonsOf(base)
  for (const [hex, reason] of reasonsOf(delta)) {
    if (reason === 'removeFromCRL') all.delete(hex)
    else all.set(hex, reason)
  }
  return all
}

const serialsOf = (crl: Crl): string[] => [...crl.entries.keys()]

onBothDatabases('the publisher', (fresh) => {
  const start = async (partitions: readonly number[] = []) => {
    const clock = new HeldClock()
    const database = await fresh()
    const one = await openPublisher(database, clock, [crlIssuer(users, partitions)])
    return { clock, database, one }
  }
  const numbersOf = async (database: TestDatabase, scope: CrlScope): Promise<number[]> => {
    const where = `scope = '${crlScopeKey(scope)}'`
    return (await database.inspect(`select number from crl_history where ${where} order by number`)).map((row) =>
      Number(row['number']),
    )
  }

  describe('deltas', () => {
    test('go out with the complete CRL, under its number, and add up to it from any base they allow', async () => {
      const { clock, one } = await start()
      await change(one, clock, 1, 'held')
      await change(one, clock, 2)
      await one.publisher.publishDue()
      const bases = [inForce(one, FULL)]
      const steps = [
        () => change(one, clock, 3),
        () => change(one, clock, 1, 'released'),
        () => change(one, clock, 4, 'held'),
        () => change(one, clock, 4),
        () => change(one, clock, 3, 'revoked', { reason: 'keyCompromise' }),
      ]
      for (const step of steps) {
        await step()
        clock.pass(1)
        await one.publisher.publishDue()
        const [full, delta] = [inForce(one, FULL), inForce(one, DELTA)]
        expect(delta.number).toBe(full.number)
        expect(delta.thisUpdate).toEqual(full.thisUpdate)
        const usable = bases.filter(({ number = 0n }) => number >= (delta.deltaBase ?? 0n))
        expect(usable.length).toBe(bases.length)
        for (const base of usable) expect(combined(base, delta)).toEqual(reasonsOf(full))
        bases.push(full)
      }
      expect(inForce(one, DELTA).entries.get(serial(1))?.reason).toBe('removeFromCRL')
    })

    test('take a later base when a day has gone by, and none that was never published', async () => {
      const { clock, database, one } = await start()
      await one.publisher.publishDue()
      const first = inForce(one, FULL).number
      for (let hour = 1; hour <= 30; hour += 1) {
        clock.pass(3600)
        await change(one, clock, hour)
        await one.publisher.publishDue()
      }
      const { deltaBase, entries } = inForce(one, DELTA)
      expect(deltaBase).toBeGreaterThan(first ?? 0n)
      expect(await numbersOf(database, FULL)).toContain(Number(deltaBase))
      expect(clock.now().getTime() / 1000 - Number(deltaBase)).toBeGreaterThanOrEqual(86_400)
      expect(entries.size).toBeLessThan(30)
      expect(entries.size).toBeGreaterThanOrEqual(24)
    })

    test('the complete CRL says where they are, and they do not', async () => {
      const { one } = await start()
      await one.publisher.publishDue()
      expect([inForce(one, FULL), inForce(one, DELTA)].map(({ extensions }) => extensions.has('2.5.29.46'))).toEqual([
        true,
        false,
      ])
    })
  })

  describe('partitions', () => {
    test('list their own, each says which it is, and the complete CRL lists all', async () => {
      const { clock, one } = await start([1, 2])
      await change(one, clock, 1, 'revoked', { partition: 1 })
      await change(one, clock, 2, 'revoked', { partition: 2 })
      await change(one, clock, 3)
      await one.publisher.publishDue()
      expect([partition(1), partition(2)].map((scope) => serialsOf(inForce(one, scope)))).toEqual([
        [serial(1)],
        [serial(2)],
      ])
      expect(serialsOf(inForce(one, FULL)).toSorted()).toEqual([serial(1), serial(2), serial(3)].toSorted())
      const { issuingDistributionPoint } = inForce(one, partition(2))
      expect(JSON.stringify(issuingDistributionPoint?.name)).toContain('/pki/crl/users-1/2.crl')
      expect(inForce(one, FULL).issuingDistributionPoint).toBeUndefined()
    })

    test('are published when something happens in them, and hourly', async () => {
      const { clock, database, one } = await start([1, 2])
      await one.publisher.publishDue()
      await change(one, clock, 1, 'revoked', { partition: 1 })
      clock.pass(1)
      await one.publisher.publishDue()
      const counts = async () =>
        Promise.all([FULL, partition(1), partition(2)].map(async (scope) => (await numbersOf(database, scope)).length))
      expect(await counts()).toEqual([2, 2, 1])
      clock.pass(3599)
      await one.publisher.publishDue()
      expect(await counts()).toEqual([2, 2, 2])
      clock.pass(1)
      await one.publisher.publishDue()
      expect(await counts()).toEqual([3, 3, 2])
    })
  })

  describe('a long CRL', () => {
    const many = async (one: Publishing, clock: HeldClock, from: number, count: number) => {
      const numbers = Array.from({ length: count }, (_, index) => from + index)
      await revokeMany(one, clock, numbers, 1)
    }
    const bytesOf = ({ shelf }: Publishing, scope: CrlScope): Buffer => {
      const { crl, der } = shelf.get(scope) ?? {}
      if (crl === undefined || der === undefined) throw new Error('no CRL')
      const bytes = Buffer.concat(der.parts)
      expect(bytes).toHaveLength(crl.length)
      return bytes
    }

    test('is kept as digest and signature, and another process makes the same bytes', async () => {
      const { clock, database, one } = await start([1])
      const two = await openPublisher(database, clock, [crlIssuer(users, [1])])
      await many(one, clock, 0, 2000)
      await one.publisher.publishDue()
      const [kept] = await database.inspect(`select der, length from crls where scope = '${USERS}'`)
      expect([kept?.['der'], Number(kept?.['length'])]).toEqual([null, bytesOf(one, FULL).length])
      // It knows more by now: the CRL is made as of the number that it covers.
      await revokeMany(one, clock, [9000], 1)
      await two.storage.pollNow()
      await two.takeUp()
      for (const scope of [FULL, partition(1)]) expect(bytesOf(two, scope).equals(bytesOf(one, scope))).toBe(true)
      expect(inForce(two, FULL).entries.size).toBe(2000)
      clock.pass(1)
      await two.publisher.publishDue()
      expect(inForce(two, FULL).entries.size).toBe(2001)
    })

    test('after a restart the same bytes are served under the same number, and nothing is published', async () => {
      const { clock, database, one } = await start([1])
      await many(one, clock, 0, 2000)
      await one.publisher.publishDue()
      const restarted = await openPublisher(database, clock, [crlIssuer(users, [1])])
      expect(bytesOf(restarted, FULL).equals(bytesOf(one, FULL))).toBe(true)
      clock.pass(2)
      await restarted.publisher.publishDue()
      expect(await numbersOf(database, FULL)).toHaveLength(1)
    })

    test('that cannot be made again is followed by one with a higher number, and is never served', async () => {
      const { clock, database, one } = await start([1])
      await many(one, clock, 0, 2000)
      await one.publisher.publishDue()
      const restarted = await openPublisher(database, clock, [crlIssuer(users, [1], 'elsewhere.internal')])
      expect(restarted.shelf.get(FULL)).toBeUndefined()
      clock.pass(1)
      await restarted.publisher.publishDue()
      const numbers = await numbersOf(database, FULL)
      expect(numbers).toHaveLength(2)
      expect(inForce(restarted, FULL).number).toBe(BigInt(Math.max(...numbers)))
      expect(inForce(restarted, FULL).entries.size).toBe(2000)
    })

    test('of two processes that publish at once, both serve the bytes of the one that won', async () => {
      const { clock, database, one } = await start([1])
      const two = await openPublisher(database, clock, [crlIssuer(users, [1])])
      await many(one, clock, 0, 1500)
      for (let n = 1; n <= 4; n += 1) {
        await many(n % 2 === 0 ? one : two, clock, 2000 + n * 10, 3)
        await Promise.all([one.storage.pollNow(), two.storage.pollNow()])
        await Promise.all([one.publisher.publishDue(), two.publisher.publishDue()])
        expect(one.shelf.get(FULL)?.crl.number).toBe(two.shelf.get(FULL)?.crl.number)
        expect(bytesOf(one, FULL).equals(bytesOf(two, FULL))).toBe(true)
        clock.pass(1)
      }
      expect(await numbersOf(database, FULL)).toHaveLength(4)
    })
  })
})
