// `signet model deployment import`: deployments from the resources of KServe. Protected, whatever their annotation says; only with
// `--kserve-compat` is what Open Data Hub leaves open imported as open, and then it is said (row A1).
import { Command } from 'commander'
import type { Answer } from './answer.ts'
import { collect } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { type KserveService, parseKserve } from './kserve-manifest.ts'
import { print } from './printed.ts'
import { readText } from './read-file.ts'
import { segment } from './segment.ts'
import { openClient, type ServiceOptions, withServiceOptions } from './service-options.ts'

interface Options extends ServiceOptions {
  readonly kserve: string
  readonly project: string
  readonly service: string
  readonly authMode?: readonly string[]
  readonly kserveCompat?: boolean
}

const PROTECTED = ['mtls', 'jwt']

export function deploymentImportCommand(host: Host): Command {
  const command = new Command('import')
    .description('put the deployments that KServe describes')
    .requiredOption('--kserve <file>', 'InferenceServices or LLMInferenceServices, as kubectl get -o yaml prints them')
    .requiredOption('--project <project>', 'project whose models they are')
    .requiredOption('--service <name>', 'the service that serves them')
    .option('--auth-mode <mode>', `what they accept (default: ${PROTECTED.join(', ')}); may be repeated`, collect)
    .option('--kserve-compat', 'open what KServe leaves open: services without the annotation, and four paths')
    .action((options: Options) => importDeployments(options, host))
  return withExample(
    withServiceOptions(command),
    'signet model deployment import --kserve isvc.yaml --project vision --service model-1.internal',
  )
}

async function importDeployments(options: Options, host: Host): Promise<void> {
  const services = parseKserve(await readText(options.kserve))
  const client = await openClient(options, host)
  const put: Answer[] = []
  const lines: string[] = []
  for (const service of services) {
    const body = deploymentOf(service, options)
    put.push(await client.write('PUT', `/v1/deployments/${segment(service.name)}`, body))
    lines.push(toldOf(service, options))
  }
  print(host, options, { deployments: put.map(({ document }) => document) }, lines)
}

function isOpen({ authentication }: KserveService, { kserveCompat }: Options): boolean {
  return kserveCompat === true && authentication === 'open'
}

function deploymentOf(service: KserveService, options: Options): object {
  const [first, ...moreHosts] = service.hosts
  return {
    project: options.project,
    service: options.service,
    host: first,
    moreHosts,
    paths: service.paths,
    authModes: isOpen(service, options) ? ['none'] : (options.authMode ?? PROTECTED),
    unprotectedPreset: options.kserveCompat === true ? 'kserve' : 'none',
  }
}

function toldOf(service: KserveService, options: Options): string {
  const { name, kind, hosts, authentication } = service
  const where = `${name} (${kind}, ${String(hosts.length)} hosts)`
  if (isOpen(service, options)) return `${where}: OPEN to everybody, as KServe has it: its annotation asks for no token`
  if (authentication === 'required') return `${where}: protected, as its annotation has it`
  return `${where}: protected, although KServe leaves it open: --kserve-compat imports that`
}
