// Reads what `strace -f -yy -o FILE` wrote: one line a call, or two when another thread's call came in between.
import { execFileSync } from 'node:child_process'

export interface SystemCall {
  readonly name: string
  /** Name and arguments, with the paths and addresses behind the file descriptors. */
  readonly text: string
  readonly result: string
  /** Lines of the trace at which it began and ended. */
  readonly began: number
  readonly ended: number
}

const WHOLE = /^(?<name>\w+)\((?<rest>.*)\)\s+= (?<result>\S+)/
const UNFINISHED = /^(?<name>\w+)\((?<rest>.*) <unfinished \.\.\.>$/
const RESUMED = /^<\.\.\. (?<name>\w+) resumed>(?<rest>.*)\)\s+= (?<result>\S+)/

/** In the order in which they ended. */
export function systemCallsIn(trace: string): readonly SystemCall[] {
  const calls: SystemCall[] = []
  const unfinished = new Map<string, { readonly text: string; readonly began: number }>()
  for (const [line, whole] of trace.split('\n').entries()) {
    const [, thread = '', said = ''] = /^(\d+)\s+(.*)$/.exec(whole) ?? []
    const begun = UNFINISHED.exec(said)?.groups
    if (begun !== undefined)
      unfinished.set(thread, { text: `${begun['name'] ?? ''}(${begun['rest'] ?? ''}`, began: line })
    const ended = (RESUMED.exec(said) ?? WHOLE.exec(said))?.groups
    if (ended === undefined) continue
    const { name = '', rest = '', result = '' } = ended
    const before = said.startsWith('<') ? unfinished.get(thread) : undefined
    const text = before === undefined ? `${name}(${rest})` : before.text + rest
    calls.push({ name, text, result, began: before?.began ?? line, ended: line })
  }
  return calls
}

/** Whether it is there and may trace what it starts. */
export function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-f', '-o', '/dev/null', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
