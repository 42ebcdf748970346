// `signet token issue`: for whoever the client certificate names. Prints the token and nothing else.
import { Command, Option } from 'commander'
import { durationArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly audience: string
  readonly lifetime?: number
  readonly bind?: boolean
  readonly algorithm: string
}

export function tokenIssueCommand(host: Host): Command {
  const command = new Command('issue')
    .description('get a token for the identity of the client certificate')
    .requiredOption('--audience <name>', 'the deployment or service that will accept it')
    .option('--lifetime <duration>', 'how long it shall be valid (default: as the policy says)', durationArgument)
    .option('--bind', 'bind it to the client certificate (RFC 8705): nobody else can use it')
    .addOption(new Option('--algorithm <name>', 'signature').choices(['ES256', 'EdDSA']).default('ES256'))
    .action(async (options: Options) => {
      const client = await openClient(options, host)
      const issued = await client.write('POST', '/v1/tokens', {
        audience: options.audience,
        lifetimeSeconds: options.lifetime,
        bind: options.bind === true,
        algorithm: options.algorithm,
      })
      print(host, options, issued.document, [issued.text('access_token')])
    })
  return withExample(withServiceOptions(command), 'signet token issue --audience resnet --bind > token')
}
