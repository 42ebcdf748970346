// Group commit: what shares a commit, what does not, and what is told when a commit fails.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { UserName } from '../../src/domain/user-name.ts'
import { type Journal, openJournal } from '../../src/storage/journal.ts'
import { onBothDatabases, type TestDatabase } from './databases.ts'
import { addPeople, codeOf, event, gate, linesOf, revokedEntry, token, user, userChange } from './fixtures.ts'

/** A journal that counts its syncs, and fails or waits when it is told to. */
class WatchedJournal implements Journal {
  readonly #journal: Journal
  syncs = 0
  entries = 0
  before: () => Promise<void> = async () => undefined

  constructor(journal: Journal) {
    this.#journal = journal
  }

  async append(...[entries, at]: Parameters<Journal['append']>): Promise<void> {
    await this.before()
    this.syncs += 1
    this.entries += entries.length
    await this.#journal.append(entries, at)
  }

  close(): Promise<void> {
    return this.#journal.close()
  }
}

async function withWatchedJournal(database: TestDatabase) {
  let watched: WatchedJournal | undefined
  const process = await database.open({
    openJournal: async (path) => (watched = new WatchedJournal(await openJournal(path))),
  })
  if (watched === undefined) throw new Error('no journal was opened')
  return { ...process, watched }
}

const noSpace = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })

onBothDatabases('group commit', (fresh) => {
  it('commits what arrives together at once', async () => {
    const { storage, watched, seen } = await withWatchedJournal(await fresh())
    const acts = Array.from({ length: 100 }, (_, n) =>
      storage.run(async (tx) => {
        await tx.insertToken(token(`t${n}`))
        await tx.change(userChange(`u${n}`))
        tx.journal(revokedEntry(n))
        return n
      }),
    )
    expect(await Promise.all(acts)).toEqual(Array.from({ length: 100 }, (_, n) => n))
    expect(watched.syncs).toBe(1)
    // The entry of each act, and its change.
    expect(watched.entries).toBe(200)
    expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1))
  })

  it('bounds a batch', async () => {
    const { storage, watched } = await withWatchedJournal(await fresh())
    await Promise.all(Array.from({ length: 600 }, (_, n) => storage.run((tx) => tx.insertToken(token(`t${n}`)))))
    expect(watched.syncs).toBe(3)
  })

  it('lets acts queue for the next batch while one waits for its sync', async () => {
    const { storage, watched } = await withWatchedJournal(await fresh())
    const [reached, sync] = [gate(), gate()]
    watched.before = async () => {
      reached.open()
      await sync.opened
    }
    const done: string[] = []
    const first = storage.run((tx) => tx.insertToken(token('first'))).then(() => done.push('first'))
    await reached.opened
    const others = ['a', 'b', 'c'].map((jti) =>
      storage.run((tx) => tx.insertToken(token(jti))).then(() => done.push(jti)),
    )
    expect(done).toEqual([])
    sync.open()
    await Promise.all([first, ...others])
    expect(done).toEqual(['first', 'a', 'b', 'c'])
    expect(watched.syncs).toBe(2)
  })

  it('takes back what a failed act wrote, and only that', async () => {
    const database = await fresh()
    const { storage, seen, journal } = await database.open()
    const outcomes = await Promise.allSettled([
      storage.run(async (tx) => {
        await tx.insertUser(user('ann'))
        await tx.change(userChange('ann'))
        await tx.audit(event('ann'))
        tx.journal(revokedEntry(1))
      }),
      storage.run(async (tx) => {
        await tx.insertUser(user('bob'))
        await tx.change(userChange('bob'))
        await tx.audit(event('bob'))
        tx.journal(revokedEntry(2))
        throw new Error('changed my mind')
      }),
      storage.run(async (tx) => {
        expect(await tx.user('ann' as UserName, 'none')).toBeDefined()
        expect(await tx.user('bob' as UserName, 'none')).toBeUndefined()
        await tx.insertUser(user('carol'))
        await tx.change(userChange('carol'))
        await tx.audit(event('carol'))
        tx.journal(revokedEntry(3))
      }),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(seen).toEqual([
      { seq: 1, change: userChange('ann') },
      { seq: 2, change: userChange('carol') },
    ])
    const names = (await storage.read((view) => view.listUsers({ limit: 10 }))).items.map(({ name }) => name)
    expect(names).toEqual(['ann', 'carol'])
    expect((await storage.read((view) => view.listAudit({ limit: 10 }))).items.map(({ object }) => object)).toEqual([
      'carol',
      'ann',
    ])
    const entries = (await linesOf(journal)).flatMap((line) => (line.kind === 'entry' ? [line.entry] : []))
    expect(entries.filter(({ kind }) => kind === 'revoked')).toEqual([revokedEntry(1), revokedEntry(3)])
    expect(entries.map((entry) => (entry.kind === 'act' ? entry.object : entry.kind))).toEqual([
      ...['revoked', 'revoked', 'change', 'change', 'ann', 'carol'],
    ])
  })

  it.each([
    ['before it has written: nothing runs twice', false, [1, 1, 1]],
    ['after it has written: the batch begins again', true, [2, 2, 1]],
  ])('refuses an act %s', async (_, writesFirst, runs) => {
    const { storage, seen } = await (await fresh()).open()
    const ran = [0, 0, 0]
    const acts = ran.map((__, n) =>
      storage.run(async (tx) => {
        ran[n] = (ran[n] ?? 0) + 1
        if (n === 1 && !writesFirst) {
          // A change and an event that nobody has written yet are taken back by themselves.
          await tx.change(userChange(`u${n}`))
          await tx.audit(event(`u${n}`))
          throw new Error('refused')
        }
        await tx.insertUser(user(`u${n}`))
        await tx.change(userChange(`u${n}`))
        if (n === 1) throw new Error('refused')
      }),
    )
    const outcomes = await Promise.allSettled(acts)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(ran).toEqual(runs)
    expect(seen.map(({ change }) => change)).toEqual([userChange('u0'), userChange('u2')])
    const users = await storage.read((view) => view.listUsers({ limit: 10 }))
    expect(users.items.map(({ name }) => name)).toEqual(['u0', 'u2'])
    expect((await storage.read((view) => view.listAudit({ limit: 10 }))).items).toEqual([])
  })

  it('takes back what a lone act wrote', async () => {
    const { storage, watched, seen } = await withWatchedJournal(await fresh())
    const act = storage.run(async (tx) => {
      await tx.insertUser(user('bob'))
      await tx.change(userChange('bob'))
      tx.journal(revokedEntry(2))
      throw new Error('changed my mind')
    })
    await expect(act).rejects.toThrow('changed my mind')
    expect([watched.syncs, seen]).toEqual([0, []])
    expect(await storage.read((view) => view.user('bob' as UserName, 'none'))).toBeUndefined()
  })

  it('survives an act that the database refuses', async () => {
    const { storage } = await (await fresh()).open()
    const [bad, good] = await Promise.allSettled([
      // No such project: a foreign key.
      storage.run((tx) => tx.insertMember({ ...user('x'), project: 'NONE', user: 'x', role: 'owner' } as never)),
      storage.run((tx) => tx.insertUser(user('ann'))),
    ])
    expect([bad.status, good.status]).toEqual(['rejected', 'fulfilled'])
  })

  it('syncs the journal before it commits', async () => {
    const database = await fresh()
    const { storage, watched } = await withWatchedJournal(database)
    let committed: number | undefined
    watched.before = async () => {
      committed = Number((await database.inspect('select count(*) as n from tokens'))[0]?.['n'])
    }
    await storage.run((tx) => tx.insertToken(token('t1')))
    expect(committed).toBe(0)
    expect(await storage.read((view) => view.token('t1'))).toBeDefined()
  })

  it('keeps nothing when the journal cannot be written, and goes on when it can', async () => {
    const { storage, watched, seen } = await withWatchedJournal(await fresh())
    watched.before = () => Promise.reject(noSpace)
    const acts = ['a', 'b'].map((jti) =>
      storage.run(async (tx) => {
        await tx.insertToken(token(jti))
        await tx.change(userChange(jti))
      }),
    )
    expect(await Promise.all(acts.map(codeOf))).toEqual(['storage_unavailable', 'storage_unavailable'])
    expect(seen).toEqual([])
    watched.before = async () => undefined
    await storage.run((tx) => tx.change(userChange('c')))
    expect(seen.map(({ seq }) => seq)).toEqual([1])
    expect(await storage.read((view) => view.token('a'))).toBeUndefined()
  })

  it('shows its changes before the act resolves', async () => {
    const { storage, seen } = await (await fresh()).open()
    const seenWhenDone: number[] = []
    await Promise.all(
      [1, 2, 3].map((n) =>
        storage.run((tx) => tx.change(userChange(`u${n}`))).then(() => seenWhenDone.push(seen.length)),
      ),
    )
    expect(seenWhenDone).toEqual([3, 3, 3])
  })

  it('tells of a snapshot that could not be brought up to date, and shows the change with the next poll', async () => {
    const database = await fresh()
    const [shown, broken]: [number[], Error[]] = [[], [new Error('the snapshot is broken')]]
    const { storage, unshown, faults } = await database.open({
      onCommitted: (changes) => {
        const error = broken.shift()
        if (error !== undefined) throw error
        shown.push(...changes.map(({ seq }) => seq))
      },
    })
    const told: number[][] = []
    const acts = ['ann', 'bob'].map((name) =>
      storage.run((tx) => tx.change(userChange(name))).then(() => told.push([...unshown])),
    )
    await Promise.all(acts)
    // Before anyone was answered.
    expect(told).toEqual([[2], [2]])
    expect([shown, faults.map(String)]).toEqual([[], ['Error: the snapshot is broken']])
    await storage.pollNow()
    expect([shown, unshown]).toEqual([[1, 2], [2]])
  })

  it('refuses what comes after close, and finishes what came before', async () => {
    const database = await fresh()
    const { storage } = await database.open()
    const before = storage.run((tx) => tx.insertToken(token('t1')))
    const closing = storage.close()
    expect(await codeOf(storage.run((tx) => tx.insertToken(token('t2'))))).toBe('storage_closed')
    await before
    await closing
    expect(await codeOf(storage.read((view) => view.token('t1')))).toBe('storage_closed')
    expect(await database.inspect('select jti from tokens')).toEqual([{ jti: 't1' }])
  })

  it('gives an act its own error and not a wrapped one', async () => {
    const { storage } = await (await fresh()).open()
    await storage.run(addPeople)
    const error = new Error('mine')
    await expect(storage.run(() => Promise.reject(error))).rejects.toBe(error)
  })

  it('refuses a journal that cannot be opened', async () => {
    const database = await fresh()
    const blocked = join(database.folder, 'a file')
    writeFileSync(blocked, '')
    await expect(database.open({ journal: join(blocked, 'journal') })).rejects.toThrow()
  })
})
