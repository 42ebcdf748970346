// `signet token issue`: for whoever the client certificate names, or for a service account on its behalf. Prints the token and nothing else.
import { Command, Option } from 'commander'
import { TOKEN_ALGORITHMS } from '../domain/token-algorithm.ts'
import { durationArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { WrongUsage } from './refused.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly audience: string
  readonly lifetime?: number
  readonly bind?: boolean
  readonly mayAct?: string
  readonly algorithm?: string
  readonly project?: string
  readonly account?: string
}

export function tokenIssueCommand(host: Host): Command {
  const command = new Command('issue')
    .description('get a token for the identity of the client certificate, or for a service account')
    .requiredOption('--audience <name>', 'the deployment or service that will accept it')
    .option('--lifetime <duration>', 'how long it shall be valid (default: as the policy says)', durationArgument)
    .addOption(
      new Option('--bind', 'bind it to the client certificate (RFC 8705): nobody else can use it').conflicts('account'),
    )
    .addOption(
      new Option('--may-act <name>', 'who may exchange it to act for you: a service, or PROJECT__USER').conflicts(
        'account',
      ),
    )
    .option('--account <name>', 'for this service account of --project: by an owner or a launcher')
    .option('--project <project>', 'project of the service account')
    .addOption(
      new Option('--algorithm <name>', 'signature (default: the first of the installation)').choices(TOKEN_ALGORITHMS),
    )
    .action(async (options: Options) => {
      const { audience, lifetime: lifetimeSeconds, algorithm, bind } = options
      const path = pathOf(options)
      const client = await openClient(options, host)
      const issued = await client.write('POST', path, {
        audience,
        lifetimeSeconds,
        algorithm,
        bind: options.account === undefined ? bind === true : undefined,
        mayAct: options.mayAct,
      })
      print(host, options, issued.document, [issued.text('access_token')])
    })
  return withExample(
    withServiceOptions(command),
    'signet token issue --audience resnet --bind > token',
    'signet token issue --project vision --account sa-etl --audience resnet > token',
  )
}

/** Throws `WrongUsage` for half a service account. */
function pathOf({ project, account }: Options): string {
  if (project === undefined && account === undefined) return '/v1/tokens'
  if (project === undefined || account === undefined)
    throw new WrongUsage('name a service account: --project and --account')
  return `/v1/projects/${segment(project)}/service-accounts/${segment(account)}/tokens`
}
