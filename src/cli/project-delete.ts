// `signet project delete`: for administrators. Revokes all that its members hold in it; nobody gets its name again.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

export function projectDeleteCommand(host: Host): Command {
  const command = new Command('delete')
    .description('delete a project for ever: revokes all that its members and jobs hold, ends its deployments')
    .argument('<project>', 'project name')
    .action(async (project: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      const deleted = await client.write('DELETE', `/v1/projects/${segment(project)}`)
      print(host, options, deleted.document, [`project ${deleted.text('name')} is ${deleted.text('status')}`])
    })
  return withExample(withServiceOptions(command), 'signet project delete vision')
}
