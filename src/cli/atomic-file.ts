// Files that are there wholly or not at all, also after a power cut: written beside their place, synced, moved into it,
// and the folder synced. Readers of the old file keep the old file.
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { reasonOf } from './read-file.ts'
import { Refused } from './refused.ts'

export type IfExists = 'refuse' | 'replace'

/** For everyone to read: certificates, CRLs, trust bundles. */
export const PUBLIC_MODE = 0o644
/** For its owner alone: private keys. */
export const SECRET_MODE = 0o600

/** `mode` holds whatever the umask says. Throws `Refused` (`file_exists`, `file_unwritable`). */
export async function writeWhole(file: string, bytes: Uint8Array, mode: number, ifExists: IfExists): Promise<void> {
  const beside = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    await writeBeside(beside, file, bytes, mode, ifExists)
    await syncFolder(dirname(file))
  } catch (error) {
    throw refusalOf(file, error)
  }
}

async function writeBeside(
  beside: string,
  file: string,
  bytes: Uint8Array,
  mode: number,
  ifExists: IfExists,
): Promise<void> {
  try {
    await writeSynced(beside, bytes, mode)
    // Unlike rename, link fails when the name is taken, without a moment in between.
    await (ifExists === 'replace' ? rename(beside, file) : link(beside, file))
  } finally {
    await rm(beside, { force: true })
  }
}

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

async function writeSynced(file: string, bytes: Uint8Array, mode: number): Promise<void> {
  await using handle = await open(file, CREATE, mode)
  await handle.chmod(mode)
  await handle.writeFile(bytes)
  await handle.sync()
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  await handle.sync()
}

function refusalOf(file: string, cause: unknown): Refused {
  const reason = reasonOf(cause)
  if (reason === 'EEXIST') return new Refused('file_exists', { file }, { cause })
  return new Refused('file_unwritable', { file, reason }, { cause })
}
