// `signet user promote` and `demote`: for administrators, of others. Demoting revokes what the user holds as an administrator.
import type { Command } from 'commander'
import { changeCommand } from './change-command.ts'
import type { Host } from './host.ts'

export function userPromoteCommand(host: Host): Command {
  return roleCommand(host, 'promote', 'make a user an administrator of the platform; their jobs end')
}

export function userDemoteCommand(host: Host): Command {
  return roleCommand(host, 'demote', 'make an administrator a user again and revoke what they hold as one')
}

function roleCommand(host: Host, verb: 'promote' | 'demote', description: string): Command {
  return changeCommand(host, {
    verb,
    description,
    argument: ['<user>', 'user name'],
    method: 'POST',
    path: (name) => `/v1/users/${name}/${verb}`,
    told: (changed) => {
      const role = changed.text('platformRole') === 'admin' ? 'an administrator' : 'a user'
      return `user ${changed.text('name')} is ${role}`
    },
    example: `signet user ${verb} alice`,
  })
}
