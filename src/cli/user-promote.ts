// `signet user promote` and `demote`: for administrators, of others. Demoting revokes what the user holds as an administrator.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

export function userPromoteCommand(host: Host): Command {
  return roleCommand(host, 'promote', 'make a user an administrator of the platform; their jobs end')
}

export function userDemoteCommand(host: Host): Command {
  return roleCommand(host, 'demote', 'make an administrator a user again and revoke what they hold as one')
}

function roleCommand(host: Host, verb: 'promote' | 'demote', description: string): Command {
  const command = new Command(verb)
    .description(description)
    .argument('<user>', 'user name')
    .action(async (user: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      const changed = await client.write('POST', `/v1/users/${segment(user)}/${verb}`)
      const role = changed.text('platformRole') === 'admin' ? 'an administrator' : 'a user'
      print(host, options, changed.document, [`user ${changed.text('name')} is ${role}`])
    })
  return withExample(withServiceOptions(command), `signet user ${verb} alice`)
}
