// Every command shows how it is used, at the end of its help. A line that begins with a blank goes on from the one before.
import type { Command } from 'commander'

export function withExample(command: Command, ...lines: readonly string[]): Command {
  const heading = lines.filter((line) => !isContinuation(line)).length === 1 ? 'Example:' : 'Examples:'
  return command.addHelpText('after', `\n${heading}\n${lines.map(shown).join('\n')}`)
}

function shown(line: string): string {
  return isContinuation(line) ? `    ${line}` : `  $ ${line}`
}

function isContinuation(line: string): boolean {
  return line.startsWith(' ')
}
