// `signet sidecar`: takes calls in front of one model server, decides by itself, and passes on what may go on. Runs until it is told to
// stop, and goes on while Signet is away for as long as its policy allows. Its certificate is read again when the file changes, as
// `signet service watch` writes it.
import { Command, InvalidArgumentError } from 'commander'
import type { Place } from '../http/listener.ts'
import type { TlsMaterial } from '../http/tls-context.ts'
import type { RunningSidecar } from '../main/sidecar.ts'
import { durationArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { WrongUsage } from './refused.ts'
import { clientPairOf, type ClientPair, serviceUrl, trustFile, withUrlOptions } from './service-options.ts'

export interface SidecarCommandOptions {
  readonly upstream: URL
  readonly deployment: string
  readonly listen: Place
  readonly operations: Place | 'off'
  readonly cert: string
  readonly key: string
  readonly state: string
  readonly ca?: string
  readonly url?: URL
  readonly timeout: number
  readonly policy?: string
  /** Seconds. */
  readonly upstreamTimeout: number
}

const LOOK_AT_FILES_MILLISECONDS = 5000
const UPSTREAM_SECONDS = 300

export function sidecarCommand(host: Host): Command {
  const command = new Command('sidecar')
    .description('decide in front of one model server, by a signed snapshot of the policy')
    .argument('<name>', 'name of the sidecar, as it is registered')
    .requiredOption('--upstream <url>', 'the model server', upstreamArgument)
    .requiredOption('--deployment <name>', 'the deployment that it serves')
    .requiredOption('--cert <file>', "the service's certificate, PEM, its chain after it; read again when it changes")
    .requiredOption('--key <file>', 'its private key, PEM')
    .requiredOption('--state <folder>', 'where the newest number that was seen is kept')
    .option('--listen <host:port>', 'where calls come in', placeArgument, { host: '127.0.0.1', port: 8446 })
    .option('--operations <host:port>', 'health and metrics, on loopback; off for none', operationsArgument, {
      host: '127.0.0.1',
      port: 9092,
    })
    .option('--ca <file>', 'trust bundle, PEM (SIGNET_CA): its roots are pinned; see signet trust get')
    .option('--policy <folder>', 'certification policy (default: the one that comes with Signet)')
    .option('--upstream-timeout <duration>', 'silence of the model server', durationArgument, UPSTREAM_SECONDS)
    .action((name: string, options: SidecarCommandOptions) => run(name, options, host))
  return withExample(
    withUrlOptions(command),
    'signet sidecar front --upstream http://127.0.0.1:8000 --deployment resnet --cert tls/cert.pem --key tls/key.pem --state /var/lib/signet-sidecar --ca ca.pem --url https://signet.internal:8443',
  )
}

async function run(name: string, options: SidecarCommandOptions, host: Host): Promise<void> {
  const pair = clientPairOf({ ...options, clientCert: options.cert, clientKey: options.key }, host)
  if (pair === undefined) throw new WrongUsage('--cert and --key')
  const { openSidecar, materialOf, changedSince } = await import('./sidecar-process.ts')
  const ca = trustFile(options, host)
  const files = { pair, ca }
  const sidecar = await openSidecar(name, options, { url: serviceUrl(options, host), ...files }, host)
  host.stdout(`ready: https ${String(sidecar.port)}, operations ${String(sidecar.operationsPort ?? 'off')}\n`)
  const renewal = keepMaterial(sidecar, files, host, { materialOf, changedSince })
  await stopSignal()
  clearInterval(renewal)
  await sidecar.stop()
}

/** Loaded only when the command runs. */
interface MaterialMeans {
  readonly materialOf: (files: Files) => Promise<TlsMaterial>
  readonly changedSince: (pair: ClientPair) => () => boolean
}

type Files = { readonly pair: ClientPair; readonly ca: string }

function keepMaterial(
  sidecar: RunningSidecar,
  files: Files,
  host: Host,
  { materialOf, changedSince }: MaterialMeans,
): NodeJS.Timeout {
  const hasChanged = changedSince(files.pair)
  const look = async (): Promise<void> => {
    if (!hasChanged()) return
    try {
      sidecar.replaceMaterial(await materialOf(files))
    } catch (error) {
      // The two files are written one after the other; the next look finds both.
      host.stderr(`the new certificate is not used yet: ${error instanceof Error ? error.message : 'unreadable'}\n`)
    }
  }
  return setInterval(() => void look(), LOOK_AT_FILES_MILLISECONDS)
}

function stopSignal(): Promise<void> {
  return new Promise((stop) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop())
  })
}

function upstreamArgument(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url?.href === `${url?.origin ?? ''}/`
  if (url === undefined || !isPlain || !['http:', 'https:'].includes(url.protocol)) {
    throw new InvalidArgumentError('Expected a URL of scheme, host and port alone, like http://127.0.0.1:8000.')
  }
  return url
}

function placeArgument(text: string): Place {
  const match = /^(?<host>[^:]+|\[[0-9a-f:]+\]):(?<port>[0-9]{1,5})$/.exec(text)
  const { host = '', port = '' } = match?.groups ?? {}
  if (host === '' || Number(port) > 65_535) throw new InvalidArgumentError('Expected an address like 127.0.0.1:8446.')
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

function operationsArgument(text: string): Place | 'off' {
  if (text === 'off') return text
  const place = placeArgument(text)
  if (!LOOPBACK.has(place.host)) throw new InvalidArgumentError('Expected an address of loopback, or off.')
  return place
}
