// `signet user add`: for administrators. Platform administrators have no data of projects, and name the owners.
import { Command, Option } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly role: string
}

export function userAddCommand(host: Host): Command {
  const command = new Command('add')
    .description('add a user; a name that was ever used is taken')
    .argument('<user>', 'user name')
    .addOption(new Option('--role <role>', 'role on the platform').choices(['user', 'admin']).default('user'))
    .action(async (user: string, options: Options) => {
      const client = await openClient(options, host)
      const added = await client.write('PUT', `/v1/users/${segment(user)}`, { platformRole: options.role })
      print(host, options, added.document, [`user ${added.text('name')} added`])
    })
  return withExample(withServiceOptions(command), 'signet user add alice')
}
