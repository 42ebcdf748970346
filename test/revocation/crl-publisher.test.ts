// Publishing on real storage, with a clock that moves when the test says so: one process, and two that race.
import { describe, expect, test } from 'vitest'
import { fullScope } from '../../src/domain/crl-scope.ts'
import type { IssuerId } from '../../src/domain/issuer-id.ts'
import { wholeCrl } from '../../src/revocation/crl-store.ts'
import { CrlShelf } from '../../src/revocation/crl-shelf.ts'
import { parseCrl, verifyCrlSignature } from '../../src/x509/crl.ts'
import { onBothDatabases, type TestDatabase } from '../storage/databases.ts'
import { serial } from '../storage/fixtures.ts'
import { change, crlIssuer, HeldClock, openPublisher, type Publishing, services, USERS, users } from './publishing.ts'

function inForce({ shelf }: Publishing, issuer: IssuerId = USERS) {
  const shelved = shelf.get(fullScope(issuer))
  if (shelved === undefined) throw new Error('no CRL')
  const crl = parseCrl(Buffer.concat(shelved.der.parts))
  expect(Number(crl.number)).toBe(shelved.crl.number)
  return { number: shelved.crl.number, serials: [...crl.entries.keys()], crl }
}

onBothDatabases('the publisher', (fresh) => {
  const start = async () => {
    const clock = new HeldClock()
    const database = await fresh()
    const one = await openPublisher(database, clock)
    return { clock, database, one }
  }
  const history = async (database: TestDatabase): Promise<number[]> => {
    const rows = await database.inspect(`select number from crl_history where scope = '${USERS}' order by number`)
    return rows.map(({ number }) => Number(number))
  }

  test('makes the first CRL, which verifies, and looks again after its second', async () => {
    const { clock, one } = await start()
    const next = await one.publisher.publishDue()
    expect(next).toEqual(new Date(clock.now().getTime() + 1000))
    const { crl, number, serials } = inForce(one)
    expect(verifyCrlSignature(crl, users.key.publicKey)).toBe(true)
    expect({ number, serials }).toEqual({ number: clock.now().getTime() / 1000, serials: [] })
  })

  test('a revocation is on the next CRL, in one transaction with its audit event', async () => {
    const { clock, database, one } = await start()
    await one.publisher.publishDue()
    await change(one, clock, 1)
    clock.pass(1)
    await one.publisher.publishDue()
    expect(inForce(one).serials).toEqual([serial(1)])
    const events = await database.inspect(
      "select details from audit_events where act = 'crl.publish' order by position",
    )
    expect(events.map(({ details }) => JSON.parse(String(details)) as unknown)).toMatchObject([
      { number: clock.now().getTime() / 1000 - 1, scopes: ['users-1', 'users-1/delta'] },
      { number: clock.now().getTime() / 1000, scopes: ['users-1', 'users-1/delta'] },
    ])
  })

  test('a hold is on the CRL, and a release takes it off', async () => {
    const { clock, one } = await start()
    await change(one, clock, 1, 'held')
    await one.publisher.publishDue()
    expect(inForce(one).serials).toEqual([serial(1)])
    await change(one, clock, 1, 'released')
    clock.pass(1)
    await one.publisher.publishDue()
    expect(inForce(one).serials).toEqual([])
  })

  test('each round is told once, and nothing while nothing is due', async () => {
    const { clock, one } = await start()
    await one.publisher.publishDue()
    await one.publisher.publishDue()
    expect(one.rounds).toEqual([USERS])
    await change(one, clock, 1)
    clock.pass(1)
    await one.publisher.publishDue()
    expect(one.rounds).toEqual([USERS, USERS])
  })

  test('one CRL a second, whatever happens in it', async () => {
    const { clock, database, one } = await start()
    for (let n = 1; n <= 5; n += 1) {
      await change(one, clock, n)
      await one.publisher.publishDue()
    }
    expect(await history(database)).toHaveLength(1)
    clock.pass(1)
    await one.publisher.publishDue()
    expect(await history(database)).toHaveLength(2)
    expect(inForce(one).serials).toHaveLength(5)
  })

  test('one CRL a second on a clock that was set back too, and numbers rise', async () => {
    const { clock, database, one } = await start()
    await one.publisher.publishDue()
    clock.pass(1)
    clock.setBack(3600)
    for (let n = 1; n <= 5; n += 1) {
      await change(one, clock, n)
      await one.publisher.publishDue()
    }
    const [first = 0, second] = await history(database)
    expect(await history(database)).toHaveLength(2)
    expect(second).toBe(first + 1)
    clock.pass(1)
    await one.publisher.publishDue()
    expect(inForce(one).serials).toHaveLength(5)
    expect(inForce(one).number).toBe(first + 2)
  })

  test('quiet: nothing for an hour, then one, long before nextUpdate', async () => {
    const { clock, database, one } = await start()
    await one.publisher.publishDue()
    clock.pass(3599)
    await one.publisher.publishDue()
    expect(await history(database)).toHaveLength(1)
    clock.pass(1)
    await one.publisher.publishDue()
    expect(await history(database)).toHaveLength(2)
  })

  test('late at start: a CRL that has ended is replaced at once', async () => {
    const { clock, database, one } = await start()
    await one.publisher.publishDue()
    clock.pass(90_000)
    const restarted = await openPublisher(database, clock)
    await restarted.publisher.publishDue()
    const { crl } = inForce(restarted)
    expect(crl.nextUpdate).toEqual(new Date(clock.now().getTime() + 86_400_000))
  })

  test('a CRL that is known and cannot be served is followed at once, in the same second', async () => {
    const { clock, database, one } = await start()
    await one.publisher.publishDue()
    const [last = 0] = await history(database)
    await database.inspect('update crls set der = null, signature = null')
    const restarted = await openPublisher(database, clock)
    expect(restarted.publisher.isComplete).toBe(false)
    await restarted.publisher.publishDue()
    expect(restarted.publisher.isComplete).toBe(true)
    expect(inForce(restarted).number).toBe(last + 1)
  })

  test('an entry stays for a day after its certificate ended, and one CRL more', async () => {
    const { clock, one } = await start()
    await change(one, clock, 1, 'revoked', { notAfter: clock.now().getTime() + 3_600_000 })
    await one.publisher.publishDue()
    clock.pass(3600 + 86_400)
    await one.publisher.publishDue()
    expect(inForce(one).serials).toEqual([serial(1)])
    clock.pass(3600)
    await one.publisher.publishDue()
    expect(inForce(one).serials).toEqual([serial(1)])
    clock.pass(3600)
    await one.publisher.publishDue()
    expect(inForce(one).serials).toEqual([])
  })

  test('two at once: numbers strictly rise, one publishes, and the other fetches what won', async () => {
    const { clock, database, one } = await start()
    const two = await openPublisher(database, clock)
    for (let n = 1; n <= 5; n += 1) {
      await change(n % 2 === 0 ? one : two, clock, n)
      await Promise.all([one.storage.pollNow(), two.storage.pollNow()])
      await Promise.all([one.publisher.publishDue(), two.publisher.publishDue()])
      expect(inForce(one).number).toBe(inForce(two).number)
      expect(inForce(two).serials).toHaveLength(n)
      clock.pass(1)
    }
    const numbers = await history(database)
    expect(numbers).toHaveLength(5)
    expect(new Set(numbers).size).toBe(5)
  })

  test('one that knows less does not follow one that knows more', async () => {
    const { clock, database, one } = await start()
    const two = await openPublisher(database, clock)
    await one.publisher.publishDue()
    await change(one, clock, 1)
    clock.pass(1)
    await one.publisher.publishDue()
    // The second process has polled nothing, and believes that there is no CRL yet.
    await two.publisher.publishDue()
    expect(inForce(two).serials).toEqual([serial(1)])
    expect(await history(database)).toHaveLength(2)
  })

  test('an issuer that fails keeps no other back', async () => {
    const clock = new HeldClock()
    const broken = crlIssuer(services)
    const fails = { ...broken, signer: { ...broken.signer, sign: () => Promise.reject(new Error('no key')) } }
    const one = await openPublisher(await fresh(), clock, [fails, crlIssuer(users)])
    await expect(one.publisher.publishDue()).rejects.toThrow(AggregateError)
    expect(inForce(one).serials).toEqual([])
    expect(one.shelf.get(fullScope(services.issuer.id))).toBeUndefined()
  })
})

describe('the shelf', () => {
  test('keeps the highest number, and bundles in order', async () => {
    const shelf = new CrlShelf()
    const put = (number: number, issuer = USERS): void => {
      const der = Buffer.from(`${issuer} ${String(number)}`)
      const crl = wholeCrl(
        {
          scope: fullScope(issuer),
          number,
          thisUpdate: new Date(number * 1000),
          nextUpdate: new Date(number * 2000),
          coversRevision: 0,
          endedBefore: new Date(0),
          base: undefined,
        },
        der,
      )
      shelf.put(crl, [der])
    }
    for (const number of [5, 7, 6, 7]) put(number)
    expect(shelf.get(fullScope(USERS))?.crl.number).toBe(7)
    put(3, 'services-1' as IssuerId)
    const { parts, lastModified, expires } = shelf.bundle()
    const text = Buffer.concat([...parts]).toString()
    expect(text.match(/BEGIN X509 CRL/g)).toHaveLength(2)
    expect(text.indexOf(Buffer.from('services-1 3').toString('base64'))).toBeLessThan(
      text.indexOf(Buffer.from('users-1 7').toString('base64')),
    )
    expect([lastModified, expires]).toEqual([new Date(7000), new Date(6000)])
  })
})
