// `signet project add`: for administrators, who name its first owner and are not in it themselves.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly owner: string
}

export function projectAddCommand(host: Host): Command {
  const command = new Command('add')
    .description('add a project with its first owner')
    .argument('<project>', 'project name')
    .requiredOption('--owner <user>', 'its first owner, a user of the platform')
    .action(async (project: string, options: Options) => {
      const client = await openClient(options, host)
      const added = await client.write('POST', '/v1/projects', { name: project, owner: options.owner })
      print(host, options, added.document, [`project ${added.text('name')} added, owned by ${options.owner}`])
    })
  return withExample(withServiceOptions(command), 'signet project add vision --owner alice')
}
