// SIGKILL at a system call, given by strace: the moment is the call itself, on a quick machine and on a slow one.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'

export interface KillingCall {
  /** One call by all its names: `fsync`, `rename`. It is not made any more. */
  readonly calls: readonly string[]
  /** The how manieth of one thread, from now on. */
  readonly count: number
  /** Calls on this file alone. */
  readonly path?: string
}

/** What strace is told; for a process that it starts itself too. */
export function killingWords({ calls, count, path }: KillingCall): readonly string[] {
  const names = calls.map((name) => `?${name}`).join()
  const inject = `inject=${names}:signal=SIGKILL:when=${String(count)}`
  return ['-o', '/dev/null', ...(path === undefined ? [] : ['-P', path]), '-e', `trace=${names}`, '-e', inject]
}

export interface Trap {
  /** Lets the process go on, if it lives. */
  open(): Promise<void>
}

/** Resolves when it is set. `workers`: the threads alone that the process has started for its own work. */
export async function setTrap(pid: number, threads: 'all' | 'workers', call: KillingCall): Promise<Trap> {
  const attached = threads === 'all' ? ['-f', '-p', String(pid)] : workersOf(pid).flatMap((id) => ['-p', id])
  const count = attached.filter((word) => word === '-p').length
  if (count === 0) throw new Error('the process has no such threads')
  const strace = spawn('strace', [...attached, ...killingWords(call)], { stdio: ['ignore', 'ignore', 'pipe'] })
  await saysAttached(strace, count)
  return {
    open: async () => {
      if (strace.exitCode !== null || strace.signalCode !== null) return
      const ended = once(strace, 'exit')
      strace.kill('SIGINT')
      await ended
    },
  }
}

/** As Node.js names them. */
function workersOf(pid: number): string[] {
  const tasks = `/proc/${String(pid)}/task`
  return readdirSync(tasks).filter((id) => readFileSync(`${tasks}/${id}/comm`, 'utf8').trim() === 'WorkerThread')
}

function saysAttached(strace: ChildProcess, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    strace.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.split(' attached').length > count) resolve()
    })
    strace.once('error', reject)
    strace.once('exit', () => reject(new Error(`strace has ended: ${said}`)))
  })
}
