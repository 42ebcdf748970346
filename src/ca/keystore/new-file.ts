// Writes a secret file that did not exist: whole or not at all, closed to others, durable, and never over another.
import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { randomUUID } from 'node:crypto'

/**
 * `path` appears complete, with mode 0600, synced together with its folder. A run that was cut short leaves at most a
 * file of another name; a file that stands at `path` stays, also against one that is written at the same time.
 */
export function writeNewFile(path: string, contents: Uint8Array): 'written' | 'exists' {
  const draft = `${path}.${randomUUID()}.draft`
  try {
    writeSynced(draft, contents)
    // link(2) fails where rename(2) would replace.
    linkSync(draft, path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return 'exists'
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
  syncFolder(dirname(path))
  return 'written'
}

function writeSynced(path: string, contents: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(file, contents)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Makes the names in a folder durable. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
