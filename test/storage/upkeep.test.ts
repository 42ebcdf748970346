// What is deleted when it has ended, at which second, how much at once, and that a follower left behind notices.
import { expect, it } from 'vitest'
import { CHANGES_KEPT_SECONDS, FORGOTTEN_AT_ONCE } from '../../src/storage/upkeep.ts'
import { onBothDatabases, type TestProcess } from './databases.ts'
import { codeOf, digest, seconds, token, userChange } from './fixtures.ts'

const DAY = 86_400

onBothDatabases('forgetExpired', (fresh) => {
  it('deletes tokens a day after their end', async () => {
    const { storage, clock } = await (await fresh()).open()
    await storage.run((tx) => tx.insertToken(token('t1', { expiresAt: seconds(900) })))
    clock.pass(900 + DAY - 1)
    expect(await storage.forgetExpired()).toBe(0)
    expect(await storage.read((view) => view.token('t1'))).toBeDefined()
    clock.pass(1)
    expect(await storage.forgetExpired()).toBe(1)
    expect(await storage.read((view) => view.token('t1'))).toBeUndefined()
  })

  it('deletes enrolment tokens a day after their end, spent or not', async () => {
    const { storage, clock } = await (await fresh()).open()
    await storage.run(async (tx) => {
      for (const name of ['spent', 'unspent', 'young']) {
        await tx.insertEnrolmentToken({
          hash: digest(name),
          identity: 'member:FRAUD__ann',
          createdBy: 'admin:root',
          createdWith: 'offline',
          createdAt: seconds(0),
          expiresAt: seconds(name === 'young' ? 61 : 60),
        })
      }
      await tx.spendEnrolmentToken(digest('spent'), seconds(1))
    })
    clock.pass(60 + DAY - 1)
    expect(await storage.forgetExpired()).toBe(0)
    clock.pass(1)
    expect(await storage.forgetExpired()).toBe(2)
    expect(await storage.read((view) => view.enrolmentToken(digest('young')))).toBeDefined()
  })

  it('takes as many short transactions as it needs', async () => {
    const { storage, clock } = await (await fresh()).open()
    const count = FORGOTTEN_AT_ONCE * 2 + 1
    await storage.run(async (tx) => {
      for (let n = 0; n < count; n += 1) await tx.insertToken(token(`t${n}`))
    })
    clock.pass(900 + DAY)
    expect(await storage.run((tx) => tx.forgetTokens(seconds(900)))).toBe(FORGOTTEN_AT_ONCE)
    expect(await storage.forgetExpired()).toBe(count - FORGOTTEN_AT_ONCE)
  })
})

onBothDatabases('the change log', (fresh) => {
  const change = async ({ storage }: TestProcess, ...names: string[]): Promise<void> => {
    for (const name of names) await storage.run((tx) => tx.change(userChange(name)))
  }
  const numbers = async ({ storage }: TestProcess): Promise<readonly number[]> =>
    (await storage.changesAfter(0, 100)).map(({ seq }) => seq)

  it('forgets what was there a week ago, but for the last of it', async () => {
    const process = await (await fresh()).open()
    await change(process, 'a', 'b', 'c')
    await process.storage.forgetExpired()
    await change(process, 'd')
    process.clock.pass(CHANGES_KEPT_SECONDS - 1)
    expect(await process.storage.forgetExpired()).toBe(0)
    process.clock.pass(1)
    expect(await process.storage.forgetExpired()).toBe(2)
    expect(await numbers(process)).toEqual([3, 4])
    process.clock.pass(CHANGES_KEPT_SECONDS)
    expect(await process.storage.forgetExpired()).toBe(1)
    expect(await numbers(process)).toEqual([4])
  })

  it('tells a follower who was left behind, and not one who is at its beginning', async () => {
    const database = await fresh()
    const writer = await database.open()
    const behind = await database.open()
    await change(writer, 'a', 'b', 'c')
    await writer.storage.forgetExpired()
    writer.clock.pass(CHANGES_KEPT_SECONDS)
    await writer.storage.forgetExpired()
    expect(await numbers(writer)).toEqual([3])
    expect(await codeOf(behind.storage.pollNow())).toBe('change_log_gap')
    expect(behind.confirmed).toEqual([])
    behind.storage.follow(2)
    await behind.storage.pollNow()
    expect(behind.seen.map(({ seq }) => seq)).toEqual([3])
  })
})
