// `signet model deployment delete`: for owners of the project. Its hosts are free again.
import type { Command } from 'commander'
import { changeCommand } from './change-command.ts'
import type { Host } from './host.ts'

export function deploymentDeleteCommand(host: Host): Command {
  return changeCommand(host, {
    verb: 'delete',
    description: 'delete a deployment: its hosts are free again',
    argument: ['<name>', 'name of the deployment'],
    method: 'DELETE',
    path: (name) => `/v1/deployments/${name}`,
    told: (changed) => `deployment ${changed.text('name')} is ${changed.text('status')}`,
    example: 'signet model deployment delete resnet',
  })
}
