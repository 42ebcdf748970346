// `signet key update`: other scopes and deployments for an API key that is there, in force at once.
import { Command, Option } from 'commander'
import { API_SCOPES } from '../domain/api-scope.ts'
import { collect } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly scope: readonly string[]
  readonly deployment?: readonly string[]
}

export function keyUpdateCommand(host: Host): Command {
  const command = new Command('update')
    .description('replace what an API key may be used for')
    .argument('<name>', 'its name')
    .addOption(
      new Option('--scope <scope>', `what it may be used for; may be repeated: ${API_SCOPES.join(', ')}`)
        .argParser(collect)
        .makeOptionMandatory(),
    )
    .option('--deployment <name>', 'a deployment that it may call; may be repeated (default: all it reaches)', collect)
    .action(async (name: string, { scope, deployment, ...options }: Options) => {
      const client = await openClient(options, host)
      const body = { scopes: scope, deployments: deployment }
      const updated = await client.write('PUT', `/v1/api-keys/${segment(name)}`, body)
      const reached =
        updated.document['deployments'] === 'all' ? 'all deployments' : updated.texts('deployments').join(', ')
      const line = `API key ${updated.text('name')}: ${updated.texts('scopes').join(', ')}, for ${reached}`
      print(host, options, updated.document, [line])
    })
  return withExample(withServiceOptions(command), 'signet key update notebook --scope SERVING --deployment resnet')
}
