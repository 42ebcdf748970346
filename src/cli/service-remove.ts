// `signet service remove`: for administrators. Revokes all that the service holds; nobody gets its names again.
import { Command } from 'commander'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

export function serviceRemoveCommand(host: Host): Command {
  const command = new Command('remove')
    .description('remove a service for ever: revokes all it holds, ends its jobs and the deployments it serves')
    .argument('<name>', 'service name')
    .action(async (name: string, options: ServiceOptions) => {
      const client = await openClient(options, host)
      const removed = await client.write('DELETE', `/v1/services/${segment(name)}`)
      print(host, options, removed.document, [`service ${removed.text('name')} is ${removed.text('status')}`])
    })
  return withExample(withServiceOptions(command), 'signet service remove model-1.internal')
}
