// A backup of one database restored on the other, with the journal: the service goes on there, issues, revokes and publishes.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Configuration } from '../../src/ops/configuration.ts'
import { openTarget } from '../../src/storage/backup/restore-target.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { postgresIsInstalled, postgresMayBeMissing, startPostgresCluster } from '../storage/postgres-cluster.ts'
import { backup, restore } from '../support/restoring.ts'
import { expectStatus, TestService } from '../support/test-service.ts'

const isMissing = !postgresIsInstalled() && postgresMayBeMissing()

test.skipIf(isMissing).each(['sqlite', 'postgres'] as const)(
  'from %s to the other',
  async (from) => {
    const cluster = await startPostgresCluster()
    const database = await cluster.createDatabase()
    const service = await TestService.start(from === 'postgres' ? { database } : {})
    try {
      const file = join(service.folder, 'signet.backup')
      const owner = await service.addProject('vision', 'carol')
      await backup(service, file)
      const [kept, lost] = [
        await service.addMember('vision', 'kim', owner),
        await service.addMember('vision', 'lou', owner),
      ]
      const reason = { reason: 'keyCompromise' }
      expectStatus(await service.post(`/v1/certificates/${lost.serial}/revoke`, reason, owner), 200)
      await service.stop()
      const path = join(service.folder, 'data', 'other.db')
      const other =
        from === 'sqlite' ? ({ kind: 'postgres', url: database } as const) : ({ kind: 'sqlite', path } as const)
      const configuration: Configuration = { ...service.configuration, database: other }
      const restored = await restore(service, file, { configuration, replacing: 'nothing' })
      expect(restored).toMatchObject({ quarantine: 'off', issued: 2, revocations: 1, review: [] })
      await expect(restore(service, file, { configuration, replacing: 'nothing' })).rejects.toMatchObject({
        code: 'restore_not_empty',
      })
      await refusesTwoAtOnce(other)
      await service.restart({ database: other })
      expect((await service.get('/v1/me', kept)).status).toBe(200)
      expect((await service.get('/v1/me', lost)).json['facts']).toMatchObject({ reason: 'CERT_REVOKED' })
      const added = await service.addMember('vision', 'ann', owner)
      expect((await service.get('/v1/me', added)).status).toBe(200)
      const { bytes } = expectStatus(await service.send({ method: 'GET', path: '/pki/crl/users-1.crl' }), 200)
      expect([...parseCrl(bytes).entries.keys()]).toEqual([lost.serial])
    } finally {
      await service.close()
      await cluster.stop()
    }
  },
  120_000,
)

async function refusesTwoAtOnce(database: Configuration['database']): Promise<void> {
  const url = database.kind === 'sqlite' ? `sqlite:${database.path}` : database.url
  const first = await openTarget(url)
  await expect(openTarget(url)).rejects.toMatchObject({ code: 'restore_in_use' })
  await first.close()
}
