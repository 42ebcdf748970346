// `signet user block` and `unblock`: for administrators. Blocking revokes all that the user holds, everywhere.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

export function userBlockCommand(host: Host): Command {
  return standingCommand(host, 'block', 'block a user and revoke all they hold')
}

export function userUnblockCommand(host: Host): Command {
  return standingCommand(host, 'unblock', 'let a user in again; what was revoked stays revoked')
}

function standingCommand(host: Host, verb: 'block' | 'unblock', description: string): Command {
  const command = new Command(verb)
    .description(description)
    .argument('<user>', 'user name')
    .action(async (user: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      const changed = await client.write('POST', `/v1/users/${segment(user)}/${verb}`)
      print(host, options, changed.document, [`user ${changed.text('name')} is ${changed.text('status')}`])
    })
  return withExample(withServiceOptions(command), `signet user ${verb} alice`)
}
