// Which service a command speaks to and as whom: flags first, then `SIGNET_URL`, `SIGNET_CA`, `SIGNET_CERT`, `SIGNET_KEY`.
// Trust has no default: without a bundle there is no connection.
import type { Command } from 'commander'
import { DEFAULT_URL, durationArgument, parseServiceUrl, urlArgument } from './arguments.ts'
import type { ServiceClient } from './client.ts'
import type { Host } from './host.ts'
import { Refused, WrongUsage } from './refused.ts'
import { defaultSessionFile } from './session-file.ts'

const DEFAULT_TIMEOUT_SECONDS = 30
const ONE_IDENTITY = 'who asks is one: --session, or --client-cert and --client-key'

export interface OutputOptions {
  readonly json?: boolean
}

export interface ServiceOptions extends OutputOptions {
  readonly url?: URL
  readonly ca?: string
  readonly clientCert?: string
  readonly clientKey?: string
  readonly session?: string
  /** Seconds. */
  readonly timeout: number
}

export function withOutputOptions(command: Command): Command {
  return command.option('--json', 'print one JSON document on standard output')
}

export function withUrlOptions(command: Command): Command {
  return command
    .option('--url <url>', `the service (SIGNET_URL, default ${DEFAULT_URL})`, urlArgument)
    .option('--timeout <duration>', 'how long to wait for an answer', durationArgument, DEFAULT_TIMEOUT_SECONDS)
}

export function withServiceOptions(command: Command): Command {
  withUrlOptions(command)
    .option('--ca <file>', 'trust bundle, PEM (SIGNET_CA); see signet trust get')
    .option('--client-cert <file>', 'certificate to ask with, PEM, its chain after it (SIGNET_CERT)')
    .option('--client-key <file>', 'private key of that certificate, PEM (SIGNET_KEY)')
    .option('--session <file>', 'where signet login keeps the session, if no certificate is named (SIGNET_SESSION)')
  return withOutputOptions(command)
}

/** `anonymous` presents no client certificate although one is named. */
export type ClientIdentity = 'as-configured' | 'anonymous'

/** `stop` ends what is asked with it. Throws `Refused`, `WrongUsage`. */
export async function openClient(
  options: ServiceOptions,
  host: Host,
  identity: ClientIdentity = 'as-configured',
  stop?: AbortSignal,
): Promise<ServiceClient> {
  const { connect } = await import('./connect.ts')
  const pair = identity === 'anonymous' ? undefined : clientPairOf(options, host)
  const client = await connect(serviceUrl(options, host), trustFile(options, host), pair, options.timeout, stop)
  if (identity === 'anonymous' || pair !== undefined) return client
  return signedInClient(client, options, host)
}

/** A session that is named has to be there; the usual one may be. */
async function signedInClient(client: ServiceClient, options: ServiceOptions, host: Host): Promise<ServiceClient> {
  const named = namedSessionFile(options, host)
  const file = named ?? defaultSessionFile(host)
  if (file === undefined) return client
  const { withSession } = await import('./session-client.ts')
  const signedIn = await withSession(client, file, host)
  if (signedIn === undefined && named !== undefined) throw new Refused('session_missing')
  return signedIn ?? client
}

function namedSessionFile({ session }: ServiceOptions, { environment }: Host): string | undefined {
  return session ?? given(environment['SIGNET_SESSION'])
}

/** Where a session is kept. Throws `WrongUsage` when there is no such place. */
export function requiredSessionFile(options: ServiceOptions, host: Host): string {
  const file = namedSessionFile(options, host) ?? defaultSessionFile(host)
  if (file === undefined) throw new WrongUsage('say where to keep the session: --session')
  return file
}

/** Whether somebody may be signed in. */
export function mayHaveSession(options: ServiceOptions, host: Host): boolean {
  return (namedSessionFile(options, host) ?? defaultSessionFile(host)) !== undefined
}

/** Throws `Refused` (`trust_missing`). */
export function trustFile({ ca }: Pick<ServiceOptions, 'ca'>, { environment }: Host): string {
  const file = ca ?? given(environment['SIGNET_CA'])
  if (file === undefined) throw new Refused('trust_missing')
  return file
}

/** Throws `WrongUsage`. */
export function serviceUrl({ url }: Pick<ServiceOptions, 'url'>, { environment }: Host): URL {
  if (url !== undefined) return url
  const text = given(environment['SIGNET_URL']) ?? DEFAULT_URL
  const parsed = parseServiceUrl(text)
  if (parsed === undefined) throw new WrongUsage(`SIGNET_URL is no https URL of a service: ${text}`)
  return parsed
}

/** Files in PEM. */
export interface ClientPair {
  readonly certificate: string
  readonly key: string
}

/** Undefined when no client certificate is named. Throws `WrongUsage` for half a pair, and beside a session. */
export function clientPairOf(
  { clientCert, clientKey, session }: ServiceOptions,
  { environment }: Host,
): ClientPair | undefined {
  if (session !== undefined && clientCert !== undefined) throw new WrongUsage(ONE_IDENTITY)
  // A session that is named on the command line goes before a certificate of the environment.
  if (session !== undefined && clientCert === undefined) return undefined
  const certificate = clientCert ?? given(environment['SIGNET_CERT'])
  const key = clientKey ?? given(environment['SIGNET_KEY'])
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined) throw new WrongUsage('a client key needs its certificate: --client-cert, SIGNET_CERT')
  if (key === undefined) throw new WrongUsage('a client certificate needs its key: --client-key, SIGNET_KEY')
  return { certificate, key }
}

/** A variable that is set to nothing is not set. */
function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
