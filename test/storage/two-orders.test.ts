// Two acts that lock the same jobs in two orders: all that a launcher obtained is revoked (in the order of their start) while
// the sweep ends those that lapsed (in the order of their leases). On PostgreSQL that is a deadlock: one of them is run again.
import { expect, it } from 'vitest'
import { parseRequester } from '../../src/domain/requester.ts'
import { onBothDatabases } from './databases.ts'
import { addPeople, gate, job, LAUNCHER, seconds } from './fixtures.ts'

const [STARTED_FIRST, LAPSED_FIRST] = ['j1', 'j2']

onBothDatabases('jobs that two acts end in two orders', (fresh) => {
  it('are ended once, and both acts come through', async () => {
    const database = await fresh()
    const [a, b] = [await database.open(), await database.open()]
    await a.storage.run(async (tx) => {
      await addPeople(tx)
      await tx.insertJob(job(STARTED_FIRST, { leaseUntil: 2000 }))
      await tx.insertJob(job(LAPSED_FIRST, { leaseUntil: 1000 }))
    })
    // SQLite has one writer: the other side comes to its first row when this one is done.
    const both = database.kind === 'postgres' ? meeting(2) : () => Promise.resolve()
    let attempts = 0
    const revoking = a.storage.run(async (tx) => {
      attempts += 1
      await tx.job(STARTED_FIRST, 'update')
      await both()
      return tx.endObtainedBy(parseRequester(`service:${LAUNCHER}`), 'privilegeWithdrawn', seconds(0))
    })
    const sweeping = b.storage.run(async (tx) => {
      attempts += 1
      await tx.job(LAPSED_FIRST, 'update')
      await both()
      const lapsed = await tx.lapsedJobs(5000, 10)
      for (const one of lapsed) await tx.updateJob({ ...one, status: 'finished', finishedAt: seconds(0) })
      return lapsed
    })
    const [revoked, swept] = await Promise.all([revoking, sweeping])
    expect([...revoked.jobs, ...swept].map(({ id }) => id).sort()).toEqual([STARTED_FIRST, LAPSED_FIRST])
    for (const id of [STARTED_FIRST, LAPSED_FIRST]) {
      expect(await a.storage.run((tx) => tx.job(id, 'none'))).toMatchObject({ status: 'finished' })
    }
    if (database.kind === 'postgres') expect(attempts).toBeGreaterThan(2)
  })
})

function meeting(count: number): () => Promise<void> {
  const all = gate()
  let there = 0
  return () => {
    there += 1
    if (there >= count) all.open()
    return all.opened
  }
}
