// One who follows: from what the database keeps into what memory has, each event once, and told when some are gone. On both stores.
import { expect, it } from 'vitest'
import type { Change } from '../../src/domain/change.ts'
import { parseIssuerId } from '../../src/domain/issuer-id.ts'
import { parseSerialNumber } from '../../src/domain/serial-number.ts'
import { FewAtOnce } from '../../src/http/few-at-once.ts'
import { RevocationFollower } from '../../src/http/revocation-follower.ts'
import { coveredBy } from '../../src/http/revocation-reset.ts'
import { RevocationFeed } from '../../src/revocation/revocation-feed.ts'
import { CHANGES_KEPT_SECONDS } from '../../src/storage/upkeep.ts'
import { onBothDatabases, type TestProcess } from '../storage/databases.ts'
import { userChange } from '../storage/fixtures.ts'

const [USERS, SERVICES] = [parseIssuerId('users-1'), parseIssuerId('services-1')]

function revoked(n: number, issuer = USERS): Change {
  const serial = parseSerialNumber(`01${n.toString(16).padStart(32, '0')}`)
  return { kind: 'revocation', issuer, serial, status: 'revoked', reason: 'superseded', revokedAt: n, notAfter: 9e12 }
}

/** The numbers that a follower is given until it is up to date. */
async function given(follower: RevocationFollower): Promise<readonly (number | 'behind')[]> {
  const numbers: (number | 'behind')[] = []
  for (;;) {
    const before = follower.seq
    const step = await follower.now()
    if (step.kind === 'behind') return [...numbers, 'behind']
    numbers.push(...step.entries.flatMap(({ kind, seq }) => (kind === 'event' ? [seq] : [])))
    if (follower.seq === before && step.entries.length === 0) return numbers
  }
}

onBothDatabases('a follower of revocations', (fresh) => {
  const feedOf = async ({ storage }: TestProcess): Promise<RevocationFeed> => {
    const feed = new RevocationFeed(4)
    feed.load(await storage.read((view) => view.revocationFeedState()), 'epoch')
    return feed
  }
  const follow = (
    { storage }: TestProcess,
    feed: RevocationFeed,
    after: number,
    issuer: typeof USERS | 'all' = 'all',
  ) => new RevocationFollower({ feed, reader: storage, reads: new FewAtOnce(1) }, after, issuer)

  it('is given all of it once, from the database and from memory', async () => {
    const process = await (await fresh()).open()
    const { storage } = process
    for (let n = 1; n <= 600; n += 1) await storage.run((tx) => tx.change(revoked(n, n % 3 === 0 ? SERVICES : USERS)))
    const feed = await feedOf(process)
    await storage.run((tx) => tx.change(userChange('ann')))
    await storage.run((tx) => tx.change(revoked(601)))
    feed.add(await storage.changesAfter(600, 10))
    const all = Array.from({ length: 600 }, (_, index) => index + 1)
    expect(await given(follow(process, feed, 0))).toEqual([...all, 602])
    expect(await given(follow(process, feed, 0, USERS))).toEqual([...all.filter((n) => n % 3 !== 0), 602])
    expect(await given(follow(process, feed, 599))).toEqual([600, 602])
    expect(await given(follow(process, feed, 602))).toEqual([])
  }, 60_000)

  it('goes back to the database when memory has gone on without it', async () => {
    const process = await (await fresh()).open()
    const { storage } = process
    const feed = await feedOf(process)
    const follower = follow(process, feed, 0)
    expect(await given(follower)).toEqual([])
    for (let n = 1; n <= 9; n += 1) await storage.run((tx) => tx.change(revoked(n)))
    feed.add(await storage.changesAfter(0, 100))
    expect(feed.ordinalAfter(0)).toBeUndefined()
    expect(await given(follower)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('is told when what follows its number is gone, and not when it has it', async () => {
    const process = await (await fresh()).open()
    const { storage, clock } = process
    for (const n of [1, 2, 3]) await storage.run((tx) => tx.change(revoked(n)))
    await storage.forgetExpired()
    clock.pass(CHANGES_KEPT_SECONDS)
    await storage.run((tx) => tx.change(revoked(4)))
    await storage.forgetExpired()
    const feed = await feedOf(process)
    expect((await storage.read((view) => view.revocationFeedState())).floor).toBe(2)
    expect(await given(follow(process, feed, 0))).toEqual(['behind'])
    expect(await given(follow(process, feed, 1))).toEqual(['behind'])
    expect(await given(follow(process, feed, 2))).toEqual([3, 4])
  })

  it('finds the chain unbroken where others have written, in one transaction or many', async () => {
    const database = await fresh()
    const [one, two] = [await database.open(), await database.open()]
    await one.storage.run(async (tx) => {
      await tx.change(revoked(1))
      await tx.change(revoked(2))
      await tx.change(revoked(3, SERVICES))
    })
    await two.storage.run((tx) => tx.change(revoked(4)))
    await Promise.all([5, 6, 7].map((n) => (n === 6 ? one : two).storage.run((tx) => tx.change(revoked(n)))))
    const events = await one.storage.read((view) => view.revocationEventsAfter(0, 100, USERS))
    expect(events).toHaveLength(6)
    for (const [index, event] of events.slice(1).entries()) expect(event.previous).toBe(events[index]?.hash)
    const { heads } = await two.storage.read((view) => view.revocationFeedState())
    expect(heads.find(({ issuer }) => issuer === USERS)?.hash).toBe(events.at(-1)?.hash)
    const polled = await two.storage.changesAfter(0, 100)
    expect(polled.map(({ seq, event }) => event?.seq === seq)).toEqual(polled.map(() => true))
  })
})

it.each<[string, number, readonly (readonly [typeof USERS, number])[], readonly (readonly [typeof USERS, number])[]]>([
  ['nothing was ever revoked', 50, [[USERS, 7]], []],
  ['the CRL has the last event', 50, [[USERS, 40]], [[USERS, 40]]],
  ['the CRL lacks an event', 39, [[USERS, 39]], [[USERS, 40]]],
  [
    'the CRL of another issuer is older, and lacks nothing',
    39,
    [
      [USERS, 39],
      [SERVICES, 3],
    ],
    [
      [USERS, 40],
      [SERVICES, 2],
    ],
  ],
  [
    'both lack some',
    3,
    [
      [USERS, 39],
      [SERVICES, 3],
    ],
    [
      [USERS, 40],
      [SERVICES, 45],
    ],
  ],
  ['there is no CRL yet', 0, [], [[USERS, 40]]],
])('one begins after what the CRLs have: %s', (_, expected, crls, heads) => {
  const covering = crls.map(([issuer, coversRevision]) => ({ issuer, coversRevision }))
  expect(coveredBy(covering, { seq: 50, heads: heads.map(([issuer, seq]) => ({ issuer, seq, hash: '' })) })).toBe(
    expected,
  )
})
