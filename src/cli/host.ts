// What a command sees of the machine it runs on: its environment, its streams, its clock. Tests hand in another.
import { type Clock, systemClock } from '../domain/clock.ts'
import { Refused } from './refused.ts'

export interface Host {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** Whether somebody watches stderr: progress is shown to nobody else. */
  readonly isWatched: boolean
  /** Everything on standard input, as text. Throws `Refused` over `maxBytes`. */
  readonly readStdin: (maxBytes: number) => Promise<string>
}

export const processHost: Host = {
  environment: process.env,
  clock: systemClock,
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  isWatched: process.stderr.isTTY,
  readStdin,
}

async function readStdin(maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Refused('input_too_large', { maxBytes })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
