// The directory store's contract (directory/directory-store.ts), mostly what it refuses.
import { expect, it } from 'vitest'
import type { UserName } from '../../src/domain/user-name.ts'
import type { StorageTx } from '../../src/storage/tables.ts'
import { NOW, onBothDatabases } from './databases.ts'
import {
  addPeople,
  ANN,
  BOB,
  codeOf,
  dnsName,
  FRAUD,
  job,
  LAUNCHER,
  member,
  MODEL,
  project,
  seconds,
  service,
  user,
} from './fixtures.ts'

const LAUNCHED = { kind: 'launcher', launcher: LAUNCHER } as const

onBothDatabases('the directory store', (fresh) => {
  const opened = async () => {
    const { storage } = await (await fresh()).open()
    await storage.run(addPeople)
    return storage
  }

  it.each<[string, (tx: StorageTx) => Promise<void>, string]>([
    ['a user name that is taken', (tx) => tx.insertUser(user('ann', { id: 'other' })), 'name_taken'],
    ['a user name in other case', (tx) => tx.insertUser(user('ANN', { id: 'other' })), 'name_taken'],
    ['a user id that is taken', (tx) => tx.insertUser(user('carol', { id: 'id of ann' })), 'name_taken'],
    ['a project name in other case', (tx) => tx.insertProject(project('Fraud', { id: 'other' })), 'name_taken'],
    ['a member twice', (tx) => tx.insertMember(member('FRAUD', 'ann', { id: 'other' })), 'member_exists'],
    ['a service name twice', (tx) => tx.insertService(service(MODEL, { id: 'other' })), 'name_taken'],
    [
      "another service's name as DNS name",
      (tx) => tx.insertService(service('new.internal', { dnsNames: [dnsName('new.internal'), MODEL] })),
      'name_taken',
    ],
    [
      'an update with a foreign DNS name',
      (tx) => tx.updateService(service(LAUNCHER, { dnsNames: [MODEL] })),
      'name_taken',
    ],
    ['the update of a user that is not there', (tx) => tx.updateUser(user('carol')), 'record_missing'],
    ['the update of a member that is not there', (tx) => tx.updateMember(member('FRAUD', 'carol')), 'record_missing'],
    [
      'the update of a project that is not there',
      (tx) => tx.updateProject(project('no', { status: 'deleted' })),
      'record_missing',
    ],
    ['the update of a service that is not there', (tx) => tx.updateService(service('no.internal')), 'record_missing'],
    ['the update of a job that is not there', (tx) => tx.updateJob(job('none')), 'record_missing'],
  ])('refuses %s', async (_, act, code) => {
    const storage = await opened()
    expect(await codeOf(storage.run(act))).toBe(code)
  })

  it('keeps a deleted name as a tombstone', async () => {
    const storage = await opened()
    await storage.run((tx) => tx.updateUser(user('bob', { status: 'deleted' })))
    expect(await codeOf(storage.run((tx) => tx.insertUser(user('bob', { id: 'new' }))))).toBe('name_taken')
    await storage.run((tx) => tx.updateService(service(MODEL, { status: 'deleted' })))
    expect(await codeOf(storage.run((tx) => tx.insertService(service(MODEL, { id: 'new' }))))).toBe('name_taken')
  })

  it('keeps a DNS name with the service that had it', async () => {
    const storage = await opened()
    const withAlias = service('a.internal', { dnsNames: [dnsName('a.internal'), dnsName('alias.internal')] })
    await storage.run((tx) => tx.insertService(withAlias))
    await storage.run((tx) => tx.updateService(service('a.internal')))
    const taken = service('b.internal', { dnsNames: [dnsName('b.internal'), dnsName('alias.internal')] })
    expect(await codeOf(storage.run((tx) => tx.insertService(taken)))).toBe('name_taken')
    await storage.run((tx) => tx.updateService(withAlias))
    expect(await storage.run((tx) => tx.service(dnsName('a.internal'), 'none'))).toEqual(withAlias)
  })

  it('compares names with regard to case', async () => {
    const storage = await opened()
    expect(await storage.run((tx) => tx.user('ANN' as UserName, 'none'))).toBeUndefined()
    expect(await storage.run((tx) => tx.user(ANN, 'none'))).toEqual(user('ann'))
  })

  it('makes a removed member active again on the same row', async () => {
    const storage = await opened()
    await storage.run((tx) => tx.updateMember(member('FRAUD', 'bob', { status: 'removed' })))
    await storage.run((tx) => tx.insertMember(member('FRAUD', 'bob', { id: 'new id', role: 'owner' })))
    const again = await storage.run((tx) => tx.membership(FRAUD, BOB, 'share'))
    expect(again?.member).toEqual(member('FRAUD', 'bob', { role: 'owner' }))
    expect(again?.user).toMatchObject({ status: 'active', platformRole: 'user' })
    expect(again?.project).toMatchObject({ status: 'active' })
  })

  it('knows no membership without member, user or project', async () => {
    const storage = await opened()
    await storage.run((tx) => tx.insertUser(user('carol')))
    for (const name of ['carol', 'nobody'] as UserName[]) {
      expect(await storage.run((tx) => tx.membership(FRAUD, name, 'share'))).toBeUndefined()
    }
    expect(await storage.run((tx) => tx.membership('NONE' as typeof FRAUD, ANN, 'update'))).toBeUndefined()
  })

  it('counts active administrators and owners', async () => {
    const storage = await opened()
    await storage.run(async (tx) => {
      await tx.updateUser(user('ann', { platformRole: 'admin' }))
      await tx.insertUser(user('carol', { platformRole: 'admin', status: 'blocked' }))
      await tx.insertMember(member('FRAUD', 'carol', { role: 'owner' }))
    })
    const counts = await storage.run(async (tx) => [
      await tx.countActiveAdministrators(),
      await tx.countActiveOwners(FRAUD),
    ])
    expect(counts).toEqual([1, 1])
    expect((await storage.run((tx) => tx.membershipsOf(BOB))).map((found) => found.project)).toEqual(['FRAUD'])
    await storage.run((tx) => tx.updateMember(member('FRAUD', 'bob', { status: 'removed' })))
    expect(await storage.run((tx) => tx.membershipsOf(BOB))).toEqual([])
  })

  it('keeps jobs, and lists them newest first', async () => {
    const storage = await opened()
    await storage.run(async (tx) => {
      for (const id of ['j1', 'j2', 'j3']) await tx.insertJob(job(id))
      await tx.updateJob(job('j2', { status: 'finished', finishedAt: seconds(60) }))
    })
    expect(await codeOf(storage.run((tx) => tx.insertJob(job('j1'))))).toBe('record_exists')
    expect(await storage.run((tx) => tx.job('j2', 'share'))).toEqual(
      job('j2', { status: 'finished', finishedAt: seconds(60) }),
    )
    expect((await storage.run((tx) => tx.activeJobsOf(FRAUD, ANN))).map(({ id }) => id)).toEqual(['j1', 'j3'])
    const first = await storage.read((view) => view.listJobs(LAUNCHED, 'any', NOW, { limit: 2 }))
    expect(first.items.map(({ id }) => id)).toEqual(['j3', 'j2'])
    const cursor = first.cursor ?? ''
    const second = await storage.read((view) => view.listJobs(LAUNCHED, 'any', NOW, { limit: 2, cursor }))
    expect(second.items.map(({ id }) => id)).toEqual(['j1'])
    expect(second.cursor).toBeUndefined()
    const finished = await storage.read((view) => view.listJobs(LAUNCHED, 'finished', NOW, { limit: 2 }))
    expect(finished.items.map(({ id }) => id)).toEqual(['j2'])
    expect(await codeOf(storage.read((view) => view.listJobs(LAUNCHED, 'active', NOW, { limit: 2, cursor })))).toBe(
      'cursor_rejected',
    )
  })

  it('counts a job as finished from its end on, whoever finished it', async () => {
    const { storage } = await (await fresh()).open()
    await storage.run(async (tx) => {
      await addPeople(tx)
      await tx.insertJob(job('late', { endsAt: seconds(60) }))
      await tx.insertJob(job('later', { endsAt: seconds(120) }))
      await tx.insertJob(job('done', { endsAt: seconds(60), status: 'finished', finishedAt: seconds(30) }))
    })
    const ids = async (state: 'active' | 'finished', at: number): Promise<readonly string[]> => {
      const page = await storage.read((view) => view.listJobs(LAUNCHED, state, seconds(at), { limit: 10 }))
      return page.items.map(({ id }) => id)
    }
    const ended = async (at: number, limit = 10): Promise<readonly string[]> =>
      (await storage.run((tx) => tx.endedJobs(seconds(at), limit))).map(({ id }) => id)
    expect([await ids('active', 59), await ids('finished', 59), await ended(59)]).toEqual([
      ['later', 'late'],
      ['done'],
      [],
    ])
    expect([await ids('active', 60), await ids('finished', 60)]).toEqual([['later'], ['done', 'late']])
    expect(await ended(60)).toEqual(['late'])
    expect([await ended(120), await ended(120, 1)]).toEqual([['late', 'later'], ['late']])
  })

  it('lists people, projects and services page by page', async () => {
    const storage = await opened()
    const pages = async <Item>(
      read: (page: { limit: number; cursor?: string }) => Promise<{ items: readonly Item[]; cursor?: string }>,
    ) => {
      const all: Item[] = []
      for (let page = await read({ limit: 1 }); ; page = await read({ limit: 1, cursor: page.cursor })) {
        all.push(...page.items)
        if (page.cursor === undefined) return all
      }
    }
    const names = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name)
    expect(names(await pages((page) => storage.read((view) => view.listUsers(page))))).toEqual(['ann', 'bob'])
    expect(names(await pages((page) => storage.read((view) => view.listProjects(page))))).toEqual(['FRAUD'])
    expect(names(await pages((page) => storage.read((view) => view.listServices(page))))).toEqual([LAUNCHER, MODEL])
    const members = await pages((page) => storage.read((view) => view.listMembers(FRAUD, page)))
    expect(members).toEqual([member('FRAUD', 'ann', { role: 'owner' }), member('FRAUD', 'bob')])
  })
})
