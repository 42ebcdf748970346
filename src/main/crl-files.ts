// Keeps the files of `crl.directory` as new as the CRLs in force: each time one comes in force, and at start. What could not be
// written is tried again for ever.
import { addSeconds, type Clock } from '../domain/clock.ts'
import { type CrlScopeKey, crlScopeKey } from '../domain/crl-scope.ts'
import { type BackgroundWork, startBackground } from '../ops/background.ts'
import type { Timer } from '../ops/timer.ts'
import type { CrlShelf, ShelvedCrl } from '../revocation/crl-shelf.ts'
import type { CrlFolder } from '../storage/crl-folder.ts'

const IDLE_SECONDS = 3600

export interface CrlFilesMeans {
  readonly clock: Clock
  readonly timer: Timer
  readonly onFailure: (error: unknown) => void
}

export function keepCrlFiles(shelf: CrlShelf, folder: CrlFolder, means: CrlFilesMeans): Pick<BackgroundWork, 'stop'> {
  const due = new Map<CrlScopeKey, ShelvedCrl>(shelf.all().map((shelved) => [crlScopeKey(shelved.crl.scope), shelved]))
  const write = async (scope: CrlScopeKey, { crl, der }: ShelvedCrl): Promise<void> => {
    const { number, thisUpdate, nextUpdate, sha256 } = crl
    await folder.write({ scope, number, thisUpdate, nextUpdate, sha256, parts: der.parts })
    // A newer one may have come meanwhile.
    if (due.get(scope)?.crl === crl) due.delete(scope)
  }
  const work = startBackground(async () => {
    const failures: unknown[] = []
    // One for which there is no room does not keep the others back.
    for (const [scope, shelved] of [...due]) {
      await write(scope, shelved).catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw new AggregateError(failures, 'a CRL could not be written')
    return addSeconds(means.clock.now(), due.size > 0 ? 0 : IDLE_SECONDS)
  }, means)
  shelf.watch((shelved) => {
    due.set(crlScopeKey(shelved.crl.scope), shelved)
    work.wake()
  })
  return {
    stop: async () => {
      await work.stop()
      await folder.close()
    },
  }
}
