// `signet doctor`: looks at the installation, or examines a live proxy chain from outside, as a caller that may call the model, and
// looks through configurations of proxies. It changes nothing: what it sends are reads, most of which must be refused.
import { Command, InvalidArgumentError, Option } from 'commander'
import { doctorInstallationCommand, examineHere } from './doctor-installation.ts'
import { collect, durationArgument, urlArgument } from './arguments.ts'
import type { ProxyOptions } from './doctor/diagnose-proxy.ts'
import { PROXY_KINDS } from './doctor/proxy-kind.ts'
import type { Diagnosis, OpenKnob } from './doctor/proxy-report.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { print } from './printed.ts'
import { Refused, WrongUsage } from './refused.ts'
import { clientPairOf, type OutputOptions, withOutputOptions } from './service-options.ts'

interface Options extends ProxyOptions, OutputOptions {
  readonly proxy?: URL
  readonly clientCert?: string
  readonly clientKey?: string
  readonly config: readonly string[]
}

const ANSWER_SECONDS = 5
const ALL_SECONDS = 120

export function doctorCommand(host: Host): Command {
  const command = new Command('doctor')
    .description(
      'look at an installation, or send hostile requests at a live proxy chain and grade it, and look for open knobs in its configuration',
    )
    .option('--proxy <url>', 'the chain, as its callers reach it', urlArgument)
    .option('--config <file>', "a proxy's configuration to look through; may be repeated", collect, [])
    .addOption(new Option('--kind <kind>', 'which proxy it is, where it does not say so itself').choices(PROXY_KINDS))
  withCallerOptions(command)
    .option('--path <path>', 'what the caller may GET', pathArgument, '/v1/models')
    .option(
      '--echo <path>',
      'or an endpoint of the model server that answers with the headers it got, as JSON',
      pathArgument,
    )
    .option('--unprotected <path>', 'an unprotected path, if the deployment has one', pathArgument, '/healthz')
    .option('--other-host <name>', 'a host whose deployment the caller may not call', 'other.invalid')
    .option('--gateway-host <name>', 'a host where each call must name its model')
    .option('--model <name>', 'the model that is served, where a header or path names it')
    .option('--other-model <name>', 'another one')
    .option('--model-header <name>', 'the header that names it')
    .option('--timeout <duration>', 'how long to wait for an answer', durationArgument, ANSWER_SECONDS)
    .option('--time <duration>', 'how long to wait for all of them', durationArgument, ALL_SECONDS)
    .action((options: Options) => examine(options, host))
  // What stands behind `installation` is its own.
  command.enablePositionalOptions().addCommand(doctorInstallationCommand(host))
  return withExample(
    withOutputOptions(command),
    'signet doctor installation --config /etc/signet/signet.yaml',
    'signet doctor --proxy https://chat.internal --ca ca.pem --echo /echo',
    '  --client-cert vision__alice.pem --client-key vision__alice.key',
    'signet doctor --config /etc/nginx/conf.d/model.conf',
  )
}

function withCallerOptions(command: Command): Command {
  return command
    .option('--connect <host:port>', 'where to connect to, if not where its name leads', connectArgument)
    .option('--ca <file>', "roots of the proxy's certificate, PEM (SIGNET_CA)")
    .option('--client-cert <file>', 'certificate of a caller who is allowed, PEM (SIGNET_CERT)')
    .option('--client-key <file>', 'private key of that certificate, PEM (SIGNET_KEY)')
    .option('--as <user>', 'as whom it acts (default: the common name of the certificate)')
    .option('--api-key-file <file>', 'an API key that the deployment takes too, prefix.secret')
    .option('--revoked-cert <file>', 'a certificate that was revoked, PEM')
    .option('--revoked-key <file>', 'private key of that certificate, PEM')
}

async function examine(options: Options, host: Host): Promise<void> {
  if (options.proxy === undefined && options.config.length === 0) {
    await examineHere(options.json === true ? { json: true } : {}, host)
    return
  }
  const knobs = await openKnobs(options)
  const diagnosis: Diagnosis =
    options.proxy === undefined
      ? { proxy: undefined, kind: options.kind, examined: [], notAsked: new Map(), knobs }
      : { ...(await diagnosed(options.proxy, options, host)), knobs }
  await tell(diagnosis, options, host)
}

async function diagnosed(proxy: URL, options: Options, host: Host): Promise<Omit<Diagnosis, 'knobs'>> {
  const { diagnoseProxy } = await import('./doctor/diagnose-proxy.ts')
  const caller = clientPairOf(options, host)
  if (caller === undefined) throw new WrongUsage('name a caller who is allowed: --client-cert, --client-key')
  return diagnoseProxy(proxy, caller, options, host)
}

async function openKnobs({ config, kind }: Options): Promise<OpenKnob[]> {
  const { findFailOpen } = await import('./doctor/fail-open.ts')
  const { readText } = await import('./read-file.ts')
  const found: OpenKnob[] = []
  for (const file of config) {
    found.push(...findFailOpen(file, await readText(file), kind).map((finding) => ({ file, ...finding })))
  }
  return found
}

/** Throws `Refused` when something hostile was let through, or a knob is open. With --json it carries the document. */
async function tell(diagnosis: Diagnosis, options: Options, host: Host): Promise<void> {
  const { documentOf, gradeOf, linesOf } = await import('./doctor/proxy-report.ts')
  const document = documentOf(diagnosis)
  const grade = gradeOf(diagnosis)
  const isSound = grade !== 'F' && grade !== 'D'
  if (isSound || options.json !== true) print(host, options, document, linesOf(diagnosis))
  if (isSound) return
  throw new Refused(grade === 'F' ? 'proxy_lets_through' : 'configuration_open', { grade }, { answered: document })
}

function pathArgument(text: string): string {
  if (!/^\/[!-~]*$/.test(text)) throw new InvalidArgumentError('Expected a path: /v1/models')
  return text
}

function connectArgument(text: string): string {
  if (!URL.canParse(`https://${text}`)) throw new InvalidArgumentError('Expected host and port: 127.0.0.1:443')
  return text
}
