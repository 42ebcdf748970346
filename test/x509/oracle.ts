// Other people's programs, to hold our bytes against: run in a folder of their own, fed with files.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** Whether `program` can be run; with CI=true one that is missing is a failure. */
export function hasProgram(program: string, versionOption: string): boolean {
  const found = spawnSync(program, [versionOption]).error === undefined
  if (!found && process.env['CI'] === 'true') throw new Error(`${program} is missing`)
  return found
}

export interface Workplace {
  readonly folder: string
  /** Writes a file; returns its path. */
  readonly file: (name: string, contents: string | Uint8Array) => string
}

export function makeWorkplace(): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'signet-x509-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  return {
    folder,
    file: (name, contents) => {
      const path = join(folder, name)
      writeFileSync(path, contents)
      return path
    },
  }
}

/** Standard output of a program that must succeed. */
export function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Both outputs of a program that may fail, and whether it did. */
export function attempt(
  program: string,
  ...args: readonly string[]
): { readonly ok: boolean; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return { ok: status === 0, output: stdout + stderr }
}
