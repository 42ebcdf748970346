// A command that only holds others: `signet cert`, `signet model deployment`.
import { Command } from 'commander'
import { withExample } from './example.ts'

export function groupOf(name: string, description: string, example: string, ...commands: readonly Command[]): Command {
  const group = new Command(name).description(description)
  for (const command of commands) group.addCommand(command)
  return withExample(group, example)
}
