// `signet model deployment put`: for owners of the project and administrators. Adds a deployment or replaces its settings.
import { Command } from 'commander'
import { collect } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly project: string
  readonly host: string
  readonly service: string
  readonly serviceCaller: readonly string[]
}

export function deploymentPutCommand(host: Host): Command {
  const command = new Command('put')
    .description('add a deployment, or replace its settings')
    .argument('<name>', 'name of the deployment: also the audience of tokens for it')
    .requiredOption('--project <project>', 'project whose model it is')
    .requiredOption('--host <name>', 'host name by which callers reach it')
    .requiredOption('--service <name>', 'the service that serves it, and may ask about its callers')
    .option('--service-caller <name>', 'a service that may call it; may be repeated', collect, [])
    .action((name: string, options: Options) => putDeployment(name, options, host))
  return withExample(
    withServiceOptions(command),
    'signet model deployment put resnet --project vision --host resnet.models.internal --service model-1.internal',
  )
}

async function putDeployment(name: string, options: Options, host: Host): Promise<void> {
  const client = await openClient(options, host)
  const put = await client.write('PUT', `/v1/deployments/${segment(name)}`, {
    project: options.project,
    host: options.host,
    service: options.service,
    serviceCallers: options.serviceCaller,
  })
  const line = `deployment ${put.text('name')} of ${put.text('project')} is ${put.text('status')} at ${put.text('host')}`
  print(host, options, put.document, [line])
}
