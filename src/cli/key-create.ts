// `signet key create`: for the person of the client certificate. Prints the key and nothing else; it is told once.
import { Command, Option } from 'commander'
import { API_SCOPES } from '../domain/api-scope.ts'
import { addSeconds } from '../domain/clock.ts'
import { collect, durationArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly scope: readonly string[]
  readonly lifetime?: number
  readonly deployment?: readonly string[]
}

export function keyCreateCommand(host: Host): Command {
  const command = new Command('create')
    .description('make an API key; it is shown once')
    .argument('<name>', 'what to call it, at most 45 characters')
    .addOption(
      new Option('--scope <scope>', `what it may be used for; may be repeated: ${API_SCOPES.join(', ')}`)
        .argParser(collect)
        .makeOptionMandatory(),
    )
    .option('--deployment <name>', 'a deployment that it may call; may be repeated (default: all it reaches)', collect)
    .option('--lifetime <duration>', 'how long it shall be valid (default: as long as may be)', durationArgument)
    .action(async (name: string, { scope, lifetime, deployment, ...options }: Options) => {
      const client = await openClient(options, host)
      // The clock of this machine and that of the service differ by seconds, which is nothing to the life of a key.
      const expiresAt = lifetime === undefined ? undefined : addSeconds(new Date(), lifetime).toISOString()
      const made = await client.write('POST', '/v1/api-keys', {
        name,
        scopes: scope,
        deployments: deployment,
        expiresAt,
      })
      print(host, options, made.document, [made.text('value')])
    })
  return withExample(withServiceOptions(command), 'signet key create notebook --scope SERVING --lifetime 7d > key')
}
