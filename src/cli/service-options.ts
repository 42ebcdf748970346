// Which service a command speaks to and as whom: flags first, then `SIGNET_URL`, `SIGNET_CA`, `SIGNET_CERT`, `SIGNET_KEY`.
// Trust has no default: without a bundle there is no connection.
import type { Command } from 'commander'
import { DEFAULT_URL, durationArgument, parseServiceUrl, urlArgument } from './arguments.ts'
import type { ServiceClient } from './client.ts'
import type { Host } from './host.ts'
import { Refused, WrongUsage } from './refused.ts'

const DEFAULT_TIMEOUT_SECONDS = 30

export interface OutputOptions {
  readonly json?: boolean
}

export interface ServiceOptions extends OutputOptions {
  readonly url?: URL
  readonly ca?: string
  readonly clientCert?: string
  readonly clientKey?: string
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
  return withOutputOptions(command)
}

/** `anonymous` presents no client certificate although one is named. */
export type ClientIdentity = 'as-configured' | 'anonymous'

/** Throws `Refused`, `WrongUsage`. */
export async function openClient(
  options: ServiceOptions,
  host: Host,
  identity: ClientIdentity = 'as-configured',
): Promise<ServiceClient> {
  const { connect } = await import('./connect.ts')
  const pair = identity === 'anonymous' ? undefined : clientPairOf(options, host)
  return connect(serviceUrl(options, host), trustFile(options, host), pair, options.timeout)
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

/** Undefined when no client certificate is named. Throws `WrongUsage` for half a pair. */
export function clientPairOf({ clientCert, clientKey }: ServiceOptions, { environment }: Host): ClientPair | undefined {
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
