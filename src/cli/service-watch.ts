// `signet service watch`: keeps the files of a server fresh for as long as it runs. It looks now and then whether a rotation
// was asked for, renews at two thirds of life, and when something fails it tries again for ever, ever more slowly, and says
// how stale it is.
import { Command, InvalidArgumentError, Option } from 'commander'
import { execFileSync } from 'node:child_process'
import { KEY_ALGORITHMS } from '../domain/key-algorithm.ts'
import { durationArgument } from './arguments.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import type { FileRights } from './identity-folder.ts'
import { pause } from './pause.ts'
import { print } from './printed.ts'
import { reasonOf } from './read-file.ts'
import { isCoded, WrongUsage } from './refused.ts'
import { clientPairOf, serviceUrl, type ServiceOptions, trustFile, withServiceOptions } from './service-options.ts'
import type { WatchedService } from './watched-service.ts'

const DEFAULT_POLL_SECONDS = 60
const MAX_PAUSE_SECONDS = 300

interface Options extends ServiceOptions {
  readonly out: string
  readonly exec?: string
  readonly enrolmentTokenFile?: string
  readonly sameKey?: boolean
  readonly algorithm: string
  /** Seconds. */
  readonly lifetime?: number
  readonly poll: number
  readonly mode: number
  readonly owner?: NonNullable<FileRights['owner']>
  readonly metricsFile?: string
  readonly metricsListen?: { readonly host: string; readonly port: number }
  readonly once?: boolean
}

export function serviceWatchCommand(host: Host): Command {
  const command = new Command('watch')
    .description("keep a server's key and certificate fresh: renew, rotate when asked to, and run a command after it")
    .argument('<name>', 'name of the service')
    .requiredOption('--out <folder>', 'where cert.pem, key.pem, chain.pem and ca.pem go')
    .option('--exec <command>', 'what to run when they are new, by /bin/sh: nginx -s reload')
    .option('--enrolment-token-file <file>', 'token for the first certificate, or after the last has ended')
    .option('--same-key', 'renew for the same key; a rotation that is asked for makes a new one all the same')
    .addOption(
      new Option('--algorithm <name>', 'algorithm of new keys').choices([...KEY_ALGORITHMS.keys()]).default('ec-p256'),
    )
    .option(
      '--lifetime <duration>',
      'how long certificates shall be valid (default: as the profile says)',
      durationArgument,
    )
    .option('--poll <duration>', 'how often to look for a rotation', durationArgument, DEFAULT_POLL_SECONDS)
    .addOption(new Option('--mode <mode>', 'mode of the key file').argParser(modeArgument).default(0o600, '0600'))
    .option('--owner <user[:group]>', 'owner of the files', ownerArgument)
    .option('--metrics-file <file>', 'keep figures there, as Prometheus text')
    .option('--metrics-listen <host:port>', 'give figures there over HTTP', endpointArgument)
    .option('--once', 'look once, and end')
    .action((name: string, options: Options) => watch(name, options, host))
  return withExample(
    withServiceOptions(command),
    "signet service watch web.internal --out /etc/nginx/tls --enrolment-token-file token --exec 'nginx -s reload'",
    'signet service watch db.internal --out /var/lib/postgresql/tls --owner postgres --once',
  )
}

async function watch(name: string, options: Options, host: Host): Promise<void> {
  const { lineOf, serveMetrics, writeMetrics } = await import('./watch-report.ts')
  const watched = await watchedService(name, options, host)
  if (options.once === true) {
    try {
      await watched.look()
    } finally {
      writeMetrics(options.metricsFile, watched.figures())
    }
    print(host, options, watched.figures(), [lineOf(watched.figures(), host.clock.now())])
    return
  }
  const { metricsListen } = options
  const listener = metricsListen && (await serveMetrics(metricsListen, () => watched.figures()))
  const stop = stopSignal()
  while (!stop.aborted) {
    const pauseSeconds = await lookOrSay(watched, options, host)
    try {
      writeMetrics(options.metricsFile, watched.figures())
    } catch (error) {
      // A full disk is no reason to let a certificate run out.
      host.stderr(`${name}: the figures cannot be written: ${reasonOf(error)}\n`)
    }
    await pause(pauseSeconds, stop)
  }
  listener?.close()
  print(host, options, watched.figures(), [`stopped. ${lineOf(watched.figures(), host.clock.now())}`])
}

async function watchedService(name: string, options: Options, host: Host): Promise<WatchedService> {
  const { IdentityFolder } = await import('./identity-folder.ts')
  const { WatchedService } = await import('./watched-service.ts')
  const settings = {
    service: name,
    folder: new IdentityFolder(options.out),
    url: serviceUrl(options, host),
    trustFile: trustFile(options, host),
    timeoutSeconds: options.timeout,
    tokenFile: options.enrolmentTokenFile,
    firstPair: clientPairOf(options, host),
    algorithm: options.algorithm,
    key: options.sameKey === true ? ('same' as const) : ('new' as const),
    lifetimeSeconds: options.lifetime,
    rights: { keyMode: options.mode, owner: options.owner },
    hook: options.exec,
  }
  return new WatchedService(settings, host)
}

/** Gives the seconds until the next look. */
async function lookOrSay(watched: WatchedService, { poll }: Options, host: Host): Promise<number> {
  const { lineOf } = await import('./watch-report.ts')
  try {
    const renewAt = await watched.look()
    const left = (renewAt.getTime() - host.clock.now().getTime()) / 1000
    return Math.max(0, Math.min(poll * (0.9 + Math.random() * 0.2), left))
  } catch (error) {
    const [code, facts] = isCoded(error) ? [error.code, error.facts] : ['internal', { reason: reasonOf(error) }]
    await watched.forgetRefusedToken(code).catch(() => undefined)
    const figures = watched.figures()
    const seconds = Math.min(2 ** Math.min(figures.failures, 20), MAX_PAUSE_SECONDS) * (0.5 + Math.random() / 2)
    const line = lineOf(figures, host.clock.now())
    host.stderr(`${line}; refused (code ${code}) ${JSON.stringify(facts)}, again in ${seconds.toFixed(0)} s\n`)
    return seconds
  }
}

function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  return stop.signal
}

function modeArgument(text: string): number {
  if (!/^0?[46][04]0$/.test(text)) throw new InvalidArgumentError('Expected 0600, 0640, 0400 or 0440.')
  return parseInt(text, 8)
}

function endpointArgument(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?<host>[^:]+|\[[0-9a-f:]+\]):(?<port>[0-9]{1,5})$/.exec(text)
  const { host = '', port = '' } = match?.groups ?? {}
  if (host === '' || Number(port) > 65_535) throw new InvalidArgumentError('Expected an address like 127.0.0.1:9101.')
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

/** By number or by name, as `id` and `getent` know it. */
function ownerArgument(text: string): NonNullable<FileRights['owner']> {
  const [user = '', group] = text.split(':')
  try {
    const uid = /^[0-9]+$/.test(user) ? Number(user) : asked('id', ['-u', '--', user])
    if (group === undefined) return { uid, gid: asked('id', ['-g', '--', user]) }
    const gid = /^[0-9]+$/.test(group) ? Number(group) : Number(ask('getent', ['group', group]).split(':')[2])
    if (!Number.isSafeInteger(gid)) throw new WrongUsage(text)
    return { uid, gid }
  } catch {
    throw new InvalidArgumentError('Expected a user of this machine, or user:group.')
  }
}

function asked(program: string, words: readonly string[]): number {
  return Number(ask(program, words))
}

function ask(program: string, words: readonly string[]): string {
  return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}
