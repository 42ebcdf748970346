// Makes durable what was written to a file; of a folder, the names in it: a new file is only there after a crash when its folder was
// synced too. For those who write while others wait; at the machine, before anything runs, ca/keystore/new-file.ts does it at once.
import { open } from 'node:fs/promises'

export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
