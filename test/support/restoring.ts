// Backup and restore of a service of the tests, as the commands do them.
import { join } from 'node:path'
import { writeVerified, type CheckedBackup } from '../../src/cli/backup.ts'
import { type Restored, restoreBackup, type RestoreTask } from '../../src/main/restore.ts'
import type { TestService } from './test-service.ts'

export function backup(service: TestService, file: string): Promise<CheckedBackup> {
  return writeVerified(service.configuration, file, service.clock, () => undefined)
}

/** The service must not run. */
export function restore(service: TestService, file: string, task: Partial<RestoreTask> = {}): Promise<Restored> {
  const { configuration, clock } = service
  return restoreBackup({
    configuration,
    file,
    journals: [configuration.journal],
    damaged: 'refuse',
    replacing: 'same-installation',
    mode: 'restore',
    clock,
    onProgress: () => undefined,
    ...task,
  })
}

/** The installation of the service, for the commands. */
export function flagsOf({ configuration, folder }: TestService): string[] {
  const { database, publicUrl, publicHttpUrl, trustDomain, dataFolder } = configuration
  const url = database.kind === 'sqlite' ? `sqlite:${database.path}` : database.url
  return [
    ...['--data', dataFolder, '--database', url, '--public-url', publicUrl, '--public-http-url', publicHttpUrl],
    ...['--trust-domain', trustDomain, '--master-key-file', join(folder, 'master.key')],
  ]
}
