// Processes on a core of their own, and how much of it they used.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createServer } from 'node:net'
import { join } from 'node:path'

export const HOME = join(import.meta.dirname, '..', '..')
export const NODE = join(HOME, 'node_modules', '.bin', 'node')

/** The service has this core to itself; clients and this program run beside it. */
export const SERVICE_CORE = 0
export const CLIENT_CORE = availableParallelism() > 1 ? 1 : 0

/** Linux counts processor time in hundredths of a second (USER_HZ), whatever its own tick. */
const TICKS_PER_SECOND = 100

export function spawnPinned(core: number, command: string, words: readonly string[]): ChildProcess {
  return spawn('taskset', ['-c', String(core), command, ...words], { stdio: ['pipe', 'pipe', 'inherit'] })
}

/** Runs a script of this folder on a core, and gives the JSON that it prints. */
export async function runPinned<Result>(core: number, script: string, input: object): Promise<Result> {
  const child = spawnPinned(core, NODE, [join(import.meta.dirname, script)])
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stdin?.end(JSON.stringify(input))
  const status = await new Promise<number | null>((ended) => child.once('close', ended))
  if (status !== 0) throw new Error(`${script} ended with ${String(status)}`)
  return JSON.parse(Buffer.concat(chunks).toString()) as Result
}

/** The object that `runPinned` gave, in the process that it started. */
export async function readInput<Input>(): Promise<Input> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString()) as Input
}

/** Processor seconds that a process has used so far, all its threads. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** One that was free a moment ago. */
export function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((found) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => found(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
