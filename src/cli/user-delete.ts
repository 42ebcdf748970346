// `signet user delete`: for administrators, of others. Revokes all that the user holds; nobody gets the name again.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

export function userDeleteCommand(host: Host): Command {
  const command = new Command('delete')
    .description('delete an account for ever: ends all memberships and revokes all that the user holds')
    .argument('<user>', 'user name')
    .action(async (user: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      const deleted = await client.write('DELETE', `/v1/users/${segment(user)}`)
      print(host, options, deleted.document, [`user ${deleted.text('name')} is ${deleted.text('status')}`])
    })
  return withExample(withServiceOptions(command), 'signet user delete alice')
}
