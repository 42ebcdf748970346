// `signet user block` and `unblock`: for administrators. Blocking revokes all that the user holds, everywhere.
import type { Command } from 'commander'
import { changeCommand } from './change-command.ts'
import type { Host } from './host.ts'

export function userBlockCommand(host: Host): Command {
  return standingCommand(host, 'block', 'block a user and revoke all they hold')
}

export function userUnblockCommand(host: Host): Command {
  return standingCommand(host, 'unblock', 'let a user in again; what was revoked stays revoked')
}

function standingCommand(host: Host, verb: 'block' | 'unblock', description: string): Command {
  return changeCommand(host, {
    verb,
    description,
    argument: ['<user>', 'user name'],
    method: 'POST',
    path: (name) => `/v1/users/${name}/${verb}`,
    told: (changed) => `user ${changed.text('name')} is ${changed.text('status')}`,
    example: `signet user ${verb} alice`,
  })
}
