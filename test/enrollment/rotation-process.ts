// A rotation of the master key in a process of its own, which stops inside a transaction after some rows and says so: for
// a test that kills it there. `rotation-process.ts CONFIGURATION ROWS`; the configuration is JSON.
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/domain/clock.ts'
import { rotateMasterKey, type RotationTx } from '../../src/enrollment/rotate-master-key.ts'
import { NOBODY, openInstallation } from '../../src/main/installation.ts'
import type { Configuration } from '../../src/ops/configuration.ts'

const [, , configuration = '', rows = ''] = process.argv
const { storage, keyStore, facts } = await openInstallation(JSON.parse(configuration) as Configuration, NOBODY)
let left = Number(rows)

function stopping(tx: RotationTx): RotationTx {
  return {
    ...tx,
    replaceSealedKey: async (seen, sealedKey) => {
      left -= 1
      if (left < 0) {
        process.stdout.write('inside\n')
        await delay(600_000)
      }
      return tx.replaceSealedKey(seen, sealedKey)
    },
  }
}

await rotateMasterKey(
  {
    acts: { run: (act) => storage.run((tx) => act(stopping(tx))) },
    reader: storage,
    keyStore,
    installation: facts?.installation ?? '',
    clock: systemClock,
    actor: 'offline:admin',
    pause: delay,
    stop: new AbortController().signal,
    onProgress: () => undefined,
    batchRows: 3,
  },
  'kept',
)
