// `signet model deployment put`: for owners of the project. Adds a deployment or replaces all that it says.
import { Command } from 'commander'
import { type DeploymentOptions, policyIn, withDeploymentOptions } from './deployment-options.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions, DeploymentOptions {
  readonly project: string
  readonly host: string
}

export function deploymentPutCommand(host: Host): Command {
  const command = new Command('put')
    .description('add a deployment, or replace all that it says')
    .argument('<name>', 'name of the deployment: also the audience of tokens for it')
    .requiredOption('--project <project>', 'project whose model it is')
    .requiredOption('--host <name>', 'host name by which callers reach it')
  return withExample(
    withServiceOptions(
      withDeploymentOptions(command).action((name: string, options: Options) => putDeployment(name, options, host)),
    ),
    'signet model deployment put resnet --project vision --host resnet.models.internal --service model-1.internal',
  )
}

async function putDeployment(name: string, options: Options, host: Host): Promise<void> {
  const client = await openClient(options, host)
  const { project } = options
  const body = { project, host: options.host, ...(await policyIn(options)) }
  const put = await client.write('PUT', `/v1/deployments/${segment(name)}`, body)
  const line = `deployment ${put.text('name')} of ${put.text('project')} is ${put.text('status')} at ${put.text('host')}`
  print(host, options, put.document, [line])
}
