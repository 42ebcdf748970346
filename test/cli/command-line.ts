// Runs command lines in this process, against a host whose environment, input and clock the test chose.
import type { Host } from '../../src/cli/host.ts'
import { runSignet } from '../../src/cli/signet.ts'

export interface Surroundings {
  readonly environment?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly now?: Date
  readonly isWatched?: boolean
}

export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export function hostOf(surroundings: Surroundings, stdout: string[], stderr: string[]): Host {
  const { environment = {}, stdin = '', now, isWatched = false } = surroundings
  return {
    environment,
    clock: { now: () => now ?? new Date(), monotonicMilliseconds: () => performance.now() },
    stdout: (text) => void stdout.push(text),
    stderr: (text) => void stderr.push(text),
    isWatched,
    readStdin: () => Promise.resolve(stdin),
  }
}

export async function signet(words: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
  const stdout: string[] = []
  const stderr: string[] = []
  const status = await runSignet(words, hostOf(surroundings, stdout, stderr))
  return { status, stdout: stdout.join(''), stderr: stderr.join('') }
}

/** The code that a refusal is told with. */
export function codeOf({ stderr }: Outcome): string | undefined {
  return /\(code ([A-Za-z_]+)\)/.exec(stderr)?.[1]
}
