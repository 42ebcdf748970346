// Console blocks of the guides, run as they stand: what follows `$ ` is typed into one shell for each block, and every line below
// a command must be told by it, in that order. `…` stands for anything; so do, in what is expected, serial numbers, job ids
// and instants, since no two runs have the same.
import { spawn } from 'node:child_process'

export interface Command {
  readonly typed: string
  /** Lines that it must tell. */
  readonly told: readonly string[]
}

/** What is under a heading of the second level, and the commands of each console block there. */
export interface GuideSection {
  readonly heading: string
  readonly blocks: readonly (readonly Command[])[]
}

export function sectionsOf(guide: string): readonly GuideSection[] {
  return `\n${guide}`
    .split('\n## ')
    .slice(1)
    .map((text) => ({
      heading: text.slice(0, text.indexOf('\n')),
      blocks: [...text.matchAll(/^```console\n(?<code>.*?)^```$/gms)].map(({ groups }) =>
        commandsOf(groups?.['code'] ?? ''),
      ),
    }))
    .filter(({ blocks }) => blocks.length > 0)
}

function commandsOf(block: string): readonly Command[] {
  return `\n${block.replaceAll('\\\n', ' ')}`
    .split('\n$ ')
    .slice(1)
    .map((text) => {
      const [typed = '', ...told] = text.split('\n')
      return { typed: typed.replaceAll(/\s+/g, ' '), told: told.filter((line) => line !== '') }
    })
}

/** Between what two commands tell. */
const SEPARATOR = '\u001e'

export interface Shell {
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  /** What is typed before a command: who asks. */
  readonly before: (command: string) => string
  /** What a reader would put in place of what the guide has. */
  readonly inPlace: (command: string) => string
}

/** Types a block; gives what each command told, both of its streams. Throws when one fails. */
export async function typeBlock(commands: readonly Command[], shell: Shell): Promise<readonly string[]> {
  const script = commands
    .map(({ typed }) => `${shell.before(typed)}\n${shell.inPlace(typed)}\nprintf '${SEPARATOR}'`)
    .join('\n')
  const child = spawn('bash', ['-euo', 'pipefail', '-c', `exec 2>&1\n${script}`], {
    cwd: shell.folder,
    env: shell.environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let told = ''
  child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()))
  const status = await new Promise((ended) => child.once('close', ended))
  const each = told.split(SEPARATOR)
  if (status !== 0) {
    const failed = commands[each.length - 1]
    throw new Error(`status ${String(status)} from: ${failed?.typed ?? ''}\n${each.at(-1) ?? ''}`)
  }
  return each.slice(0, commands.length)
}

/** The first line that a command was to tell and did not, or undefined. */
export function untold({ told }: Command, text: string): string | undefined {
  const lines = text.split('\n')
  let from = 0
  for (const line of told) {
    const at = lines.findIndex((each, i) => i >= from && patternOf(line).test(each))
    if (at === -1) return line
    from = at + 1
  }
  return undefined
}

function patternOf(line: string): RegExp {
  const pattern = line
    .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('…', '.*')
    .replaceAll(/j[0-9a-f]{20}/g, 'j[0-9a-f]{20}')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:\\.]+Z/g, String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`)
  return new RegExp(`^${pattern}$`)
}
