// A suite over the running service, once on SQLite and once on PostgreSQL.
import { afterAll, beforeAll, describe } from 'vitest'
import {
  type PostgresCluster,
  postgresIsInstalled,
  postgresMayBeMissing,
  startPostgresCluster,
} from '../storage/postgres-cluster.ts'
import { TestService, type TestServiceOptions } from './test-service.ts'

/** Each service gets options of its own. `service` gives the service from `beforeAll` on. */
export function onBothStores(
  name: string,
  optionsOf: () => TestServiceOptions,
  suite: (service: () => TestService) => void,
): void {
  describe.each(['sqlite', 'postgres'] as const)(`${name} on %s`, (kind) => {
    const isMissing = kind === 'postgres' && !postgresIsInstalled() && postgresMayBeMissing()
    describe.skipIf(isMissing)('over the running service', () => {
      let cluster: PostgresCluster | undefined
      let running: TestService | undefined
      beforeAll(async () => {
        if (kind === 'postgres') cluster = await startPostgresCluster()
        const database = await cluster?.createDatabase()
        running = await TestService.start({ ...optionsOf(), ...(database === undefined ? {} : { database }) })
      })
      afterAll(async () => {
        await running?.close()
        await cluster?.stop()
      })
      suite(() => {
        if (running === undefined) throw new Error('the service runs from beforeAll on')
        return running
      })
    })
  })
}
