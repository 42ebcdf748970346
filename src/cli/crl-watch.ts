// `signet crl watch`: keeps the CRL file of a server fresh for as long as it runs. It hears of new CRLs by the feed, looks now and
// then all the same, and when something fails it keeps the last good file, tries again for ever, and says how stale it is.
import { Command } from 'commander'
import { durationArgument } from './arguments.ts'
import { checkCrlFileOptions, type CrlFileOptions, withCrlFileOptions } from './crl-file-options.ts'
import { followCrlNotices } from './crl-notices.ts'
import { lineOf, statusOf, warningOf, writeStatus } from './crl-watch-report.ts'
import { withExample } from './example.ts'
import type { Host } from './host.ts'
import { pause } from './pause.ts'
import { print } from './printed.ts'
import { reasonOf } from './read-file.ts'
import { isCoded } from './refused.ts'
import { openClient, type ServiceOptions, trustFile, withServiceOptions } from './service-options.ts'
import type { WatchedCrls } from './watched-crls.ts'

const DEFAULT_POLL_SECONDS = 60
const DEFAULT_HOOK_SECONDS = 60
/** A CRL is made anew each hour and lives a day: with six hours left, eighteen have been missed. */
const DEFAULT_WARN_SECONDS = 6 * 3600
const MAX_PAUSE_SECONDS = 300
/** Servers are reloaded no oftener. */
const MIN_INTERVAL_SECONDS = 1

interface Options extends ServiceOptions, CrlFileOptions {
  readonly exec?: string
  /** Seconds, as those below. */
  readonly execTimeout: number
  readonly poll: number
  readonly warn: number
  readonly statusFile?: string
  readonly once?: boolean
}

export function crlWatchCommand(host: Host): Command {
  const described = new Command('watch').description(
    "keep a server's CRL file fresh: fetch, verify, replace, and run a command after it",
  )
  const command = withCrlFileOptions(described, 'the file to keep; its mode and owner stay')
    .option('--exec <command>', 'what to run when it is new, by /bin/sh: nginx -s reload')
    .option('--exec-timeout <duration>', 'how long that may take', durationArgument, DEFAULT_HOOK_SECONDS)
    .option(
      '--poll <duration>',
      'how often to look, beside what the feed tells',
      durationArgument,
      DEFAULT_POLL_SECONDS,
    )
    .option('--warn <duration>', 'how long before its end to warn', durationArgument, DEFAULT_WARN_SECONDS)
    .option('--status-file <file>', 'where to say how fresh the file is, as JSON')
    .option('--once', 'look once, and end: status 1 when the file is not up to date')
    .action((options: Options) => watch(options, host))
  return withExample(
    withServiceOptions(command),
    "signet crl watch --bundle --out /etc/nginx/crls.pem --exec 'nginx -s reload'",
    'signet crl watch --issuer users-1 --out /etc/mosquitto/users.crl --once',
  )
}

async function watch(options: Options, host: Host): Promise<void> {
  checkCrlFileOptions(options)
  const stop = options.once === true ? new AbortController().signal : stopSignal()
  const watched = await watchedCrls(options, host, stop)
  if (options.once === true) {
    try {
      await watched.look()
    } finally {
      writeStatus(options.statusFile, watched.figures(), host.clock.now())
    }
  } else {
    await keepWatching(watched, options, host, stop)
  }
  const now = host.clock.now()
  print(host, options, statusOf(watched.figures(), now), [lineOf(watched.figures(), now)])
}

async function watchedCrls(options: Options, host: Host, stop: AbortSignal): Promise<WatchedCrls> {
  const { WatchedCrls } = await import('./watched-crls.ts')
  const settings = {
    file: options.out,
    issuer: options.issuer,
    format: options.format,
    trustFile: trustFile(options, host),
    // What carries its own signature needs no caller.
    client: () => openClient(options, host, 'anonymous', stop),
    hook: options.exec,
    hookSeconds: options.execTimeout,
  }
  return new WatchedCrls(settings, host)
}

async function keepWatching(watched: WatchedCrls, options: Options, host: Host, stop: AbortSignal): Promise<void> {
  let news = new AbortController()
  const following = followCrlNotices(
    {
      client: () => openClient(options, host, 'anonymous', stop),
      issuer: options.issuer,
      onNotice: (notice) => {
        if (watched.isNews(notice)) news.abort()
      },
      onState: (state, reason) => {
        watched.isFollowing = state === 'following'
        if (state === 'lost') host.stderr(`${options.out}: the feed is lost (${reason}); looking now and then\n`)
      },
    },
    stop,
  )
  while (!stop.aborted) {
    news = new AbortController()
    const began = host.clock.monotonicMilliseconds()
    const seconds = await lookOrSay(watched, options, host)
    sayStatus(watched, options, host)
    await pause(seconds, AbortSignal.any([stop, news.signal]))
    const sinceSeconds = (host.clock.monotonicMilliseconds() - began) / 1000
    await pause(Math.max(0, MIN_INTERVAL_SECONDS - sinceSeconds), stop)
  }
  await following
}

/** Gives the seconds until the next look. */
async function lookOrSay(watched: WatchedCrls, { poll, warn }: Options, host: Host): Promise<number> {
  let seconds = poll * (0.9 + Math.random() * 0.2)
  try {
    await watched.look()
  } catch (error) {
    const [code, facts] = isCoded(error) ? [error.code, error.facts] : ['internal', { reason: reasonOf(error) }]
    const figures = watched.figures()
    const longest = Math.min(poll, MAX_PAUSE_SECONDS)
    seconds = Math.min(2 ** Math.min(figures.failures, 20), longest) * (0.5 + Math.random() / 2)
    const line = lineOf(figures, host.clock.now())
    host.stderr(`${line}; refused (code ${code}) ${JSON.stringify(facts)}, again in ${seconds.toFixed(1)} s\n`)
  }
  const warning = warningOf(watched.figures(), host.clock.now(), warn)
  if (warning !== undefined) host.stderr(`WARNING: ${warning}\n`)
  return seconds
}

function sayStatus(watched: WatchedCrls, { statusFile, out }: Options, host: Host): void {
  try {
    writeStatus(statusFile, watched.figures(), host.clock.now())
  } catch (error) {
    // A full disk is no reason to let a CRL run out.
    host.stderr(`${out}: the status cannot be written: ${reasonOf(error)}\n`)
  }
}

function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  return stop.signal
}
