// `signet service remove`: for administrators. Revokes all that the service holds; nobody gets its names again.
import type { Command } from 'commander'
import { changeCommand } from './change-command.ts'
import type { Host } from './host.ts'

export function serviceRemoveCommand(host: Host): Command {
  return changeCommand(host, {
    verb: 'remove',
    description: 'remove a service for ever: revokes all it holds, ends its jobs and the deployments it serves',
    argument: ['<name>', 'service name'],
    method: 'DELETE',
    path: (name) => `/v1/services/${name}`,
    told: (changed) => `service ${changed.text('name')} is ${changed.text('status')}`,
    example: 'signet service remove model-1.internal',
  })
}
