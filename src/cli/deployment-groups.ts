// `signet model deployment groups`: for owners of the project. Whose groups open it, from the next call on.
import { Command } from 'commander'
import { collect } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly group: readonly string[]
}

export function deploymentGroupsCommand(host: Host): Command {
  const command = new Command('groups')
    .description('replace the groups whose people may call it from outside the project')
    .argument('<name>', 'name of the deployment')
    .option('--group <group>', 'exactly as the provider writes it; may be repeated (none: nobody)', collect, [])
    .action(async (name: string, options: Options) => {
      const client = await openClient(options, host)
      const body = { externalGroups: options.group }
      const put = await client.write('PUT', `/v1/deployments/${segment(name)}/external-groups`, body)
      const groups = put.texts('externalGroups')
      const told = groups.length === 0 ? 'opens to no group' : `opens to ${groups.join(', ')}`
      print(host, options, put.document, [`deployment ${put.text('name')} ${told}`])
    })
  return withExample(withServiceOptions(command), 'signet model deployment groups resnet --group lab1 --group lab2')
}
