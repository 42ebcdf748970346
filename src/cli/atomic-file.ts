// Files that are there wholly or not at all, also after a power cut: written beside their place, synced, moved into it,
// and the folder synced. Readers of the old file keep the old file.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { syncFolder } from '../ca/keystore/new-file.ts'
import { reasonOf } from './read-file.ts'
import { Refused } from './refused.ts'

export interface FileMode {
  /** Holds whatever the umask says. */
  readonly mode: number
  readonly owner?: FileOwner | undefined
}

export interface FileOwner {
  readonly uid: number
  readonly gid: number
}

/** For everyone to read: certificates, CRLs, trust bundles. */
export const PUBLIC: FileMode = { mode: 0o644 }
/** For its owner alone: private keys. */
export const SECRET: FileMode = { mode: 0o600 }

/** Takes the place of what is there. Throws `Refused` (`file_unwritable`). */
export function writeAtomically(file: string, contents: string | Uint8Array, mode: FileMode): void {
  put(file, contents, mode, renameSync)
}

/** Never takes the place of anything. Throws `Refused` (`file_exists`, `file_unwritable`). */
export function writeNewAtomically(file: string, contents: string | Uint8Array, mode: FileMode): void {
  // Unlike rename, link fails when the name is taken, without a moment in between.
  put(file, contents, mode, linkSync)
}

type IntoPlace = (beside: string, file: string) => void

function put(file: string, contents: string | Uint8Array, mode: FileMode, intoPlace: IntoPlace): void {
  try {
    writeBeside(file, contents, mode, intoPlace)
    syncFolder(dirname(file))
  } catch (cause) {
    const reason = reasonOf(cause)
    if (reason === 'EEXIST') throw new Refused('file_exists', { file }, { cause })
    throw new Refused('file_unwritable', { file, reason }, { cause })
  }
}

function writeBeside(file: string, contents: string | Uint8Array, mode: FileMode, intoPlace: IntoPlace): void {
  const beside = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    writeSynced(beside, contents, mode)
    intoPlace(beside, file)
  } finally {
    rmSync(beside, { force: true })
  }
}

function writeSynced(file: string, contents: string | Uint8Array, { mode, owner }: FileMode): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const descriptor = openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
  try {
    fchmodSync(descriptor, mode)
    // Of what was opened: a name in a folder of somebody else's may lead elsewhere by now.
    if (owner !== undefined) fchownSync(descriptor, owner.uid, owner.gid)
    writeFileSync(descriptor, contents)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
