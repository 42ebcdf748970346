// `signet service add`: for administrators. A service that is there already is refused unless `--replace` says otherwise.
import { Command } from 'commander'
import { collect, durationArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly systemUser: string
  readonly dnsName: readonly string[]
  readonly launcher?: boolean
  readonly project: readonly string[]
  readonly owner?: string
  /** Seconds. */
  readonly rotateEvery?: number
  readonly replace?: boolean
}

export function serviceAddCommand(host: Host): Command {
  const command = new Command('add')
    .description('add a service, or with --replace change one')
    .argument('<name>', 'its DNS name: the common name of its certificates')
    .requiredOption('--system-user <user>', 'operating-system user it runs as: the L of its certificates')
    .option('--dns-name <name>', 'a further DNS name; may be repeated', collect, [])
    .option('--launcher', 'it may start jobs, in the projects that are listed')
    .option('--project <project>', 'a project it may start jobs in; may be repeated', collect, [])
    .option('--owner <owner>', 'who answers for it: user:NAME or project:NAME')
    .option('--rotate-every <duration>', 'the longest that one of its keys is used', durationArgument)
    .option('--replace', 'replace the settings of a service that exists')
    .action((name: string, options: Options) => addService(name, options, host))
  return withExample(
    withServiceOptions(command),
    'signet service add model-1.internal --system-user kserve',
    'signet service add model-2.internal --system-user kserve --owner project:vision --rotate-every 7d',
    'signet service add scheduler.internal --system-user slurm --launcher --project vision',
  )
}

async function addService(name: string, options: Options, host: Host): Promise<void> {
  const client = await openClient(options, host)
  const added = await client.write('PUT', `/v1/services/${segment(name)}`, {
    systemUser: options.systemUser,
    dnsNames: options.dnsName,
    roles: options.launcher === true ? ['launcher'] : [],
    projects: options.project,
    owner: options.owner,
    rotateEverySeconds: options.rotateEvery,
    ifExists: options.replace === true ? 'replace' : 'refuse',
  })
  print(host, options, added.document, [`service ${added.text('name')} is ${added.text('status')}`])
}
