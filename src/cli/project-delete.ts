// `signet project delete`: for administrators. Revokes all that its members hold in it; nobody gets its name again.
import type { Command } from 'commander'
import { changeCommand } from './change-command.ts'
import type { Host } from './host.ts'

export function projectDeleteCommand(host: Host): Command {
  return changeCommand(host, {
    verb: 'delete',
    description: 'delete a project for ever: revokes all that its members and jobs hold, ends its deployments',
    argument: ['<project>', 'project name'],
    method: 'DELETE',
    path: (name) => `/v1/projects/${name}`,
    told: (changed) => `project ${changed.text('name')} is ${changed.text('status')}`,
    example: 'signet project delete vision',
  })
}
