// `signet user delete`: for administrators, of others. Revokes all that the user holds; nobody gets the name again.
import type { Command } from 'commander'
import { changeCommand } from './change-command.ts'
import type { Host } from './host.ts'

export function userDeleteCommand(host: Host): Command {
  return changeCommand(host, {
    verb: 'delete',
    description: 'delete an account for ever: ends all memberships and revokes all that the user holds',
    argument: ['<user>', 'user name'],
    method: 'DELETE',
    path: (name) => `/v1/users/${name}`,
    told: (changed) => `user ${changed.text('name')} is ${changed.text('status')}`,
    example: 'signet user delete alice',
  })
}
