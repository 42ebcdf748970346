// A command that changes one thing by its name: asks the service for it, and says what the thing is from now on.
import { Command } from 'commander'
import type { Answer } from './answer.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

export interface Change {
  readonly verb: string
  readonly description: string
  /** As the help shows it, `<user>`, and what to write there. */
  readonly argument: readonly [string, string]
  readonly method: 'POST' | 'DELETE'
  /** Of the name, which stands as one segment of it. */
  readonly path: (name: string) => string
  /** The line that is printed. */
  readonly told: (changed: Answer) => string
  readonly example: string
}

export function changeCommand(
  host: Host,
  { verb, description, argument, method, path, told, example }: Change,
): Command {
  const command = new Command(verb)
    .description(description)
    .argument(...argument)
    .action(async (name: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      const changed = await client.write(method, path(segment(name)))
      print(host, options, changed.document, [told(changed)])
    })
  return withExample(withServiceOptions(command), example)
}
