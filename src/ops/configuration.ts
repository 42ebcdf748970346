// How the service runs: parsed once, frozen, every fault at once. What the CA promises is no configuration: it stands in
// `ca/`. Trust anchors, key locations and names that go into certificates have no default.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { CodedError } from '../domain/coded-error.ts'
import { DurationRejected, parseDuration } from '../domain/duration.ts'
import { NameRejected } from '../domain/name-rules.ts'
import { parseTrustDomain, type TrustDomain } from '../domain/spiffe-id.ts'
import {
  type ConfigurationFile,
  flagOf,
  type Given,
  mergeSources,
  type SettingKind,
  type SettingValue,
  type Sources,
  variableOf,
} from './configuration-sources.ts'

export interface Endpoint {
  readonly kind: 'listen'
  /** An IP address (without brackets) or `localhost`. */
  readonly host: string
  /** 0 asks the system for a free one. */
  readonly port: number
}
export type OptionalEndpoint = Endpoint | { readonly kind: 'off' }

export type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** `url` may hold a password: never printed (see `describeConfiguration`). */
  | { readonly kind: 'postgres'; readonly url: string }

export type MasterKeyLocation =
  | { readonly kind: 'file'; readonly path: string }
  /** The name of a systemd credential: a file in `$CREDENTIALS_DIRECTORY`. */
  | { readonly kind: 'credential'; readonly name: string }
  | { readonly kind: 'environment'; readonly variable: string }

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The validated form. Paths are absolute, durations whole seconds, URLs origins without a slash at the end. */
export interface Configuration {
  readonly dataFolder: string
  readonly database: DatabaseLocation
  readonly journal: string
  readonly policyFolder: string | undefined
  readonly publicUrl: string
  readonly publicHttpUrl: string
  readonly trustDomain: TrustDomain
  readonly organization: string
  readonly masterKey: MasterKeyLocation
  readonly listeners: {
    readonly https: Endpoint
    readonly browser: OptionalEndpoint
    readonly http: Endpoint
    readonly operations: OptionalEndpoint
  }
  /** Names of Signet's own TLS certificate; the host of `publicUrl` is always among them. */
  readonly serverNames: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] }
  readonly limits: {
    readonly bodyBytes: number
    readonly headerBytes: number
    readonly connections: number
    readonly signingQueue: number
    readonly requestSeconds: number
    readonly idleSeconds: number
    readonly snapshotAgeSeconds: number
  }
  readonly tls: { readonly sessionSeconds: number }
  readonly logLevel: LogLevel
  readonly demo: boolean
}

export class ConfigurationRejected extends CodedError<'configuration_rejected'> {
  /** Each fault names where it came from, the key and the rule, and never the value. */
  constructor(faults: readonly string[]) {
    super('configuration_rejected', { faults })
  }
}

const text = (rule: string) => z.string({ error: rule }).min(1, rule)
const matching = (pattern: RegExp, rule: string) => z.string({ error: rule }).regex(pattern, rule)
const path = text('a path')
const whole = (min: number, max: number) => {
  const rule = `a whole number from ${min} to ${max}`
  return z.int({ error: rule }).min(min, rule).max(max, rule)
}
const duration = (min: number, max: number) =>
  parsedBy(`a duration from ${min} s to ${max} s, as in 15m`, (input) => {
    const seconds = parseDuration(input)
    return seconds >= min && seconds <= max ? seconds : undefined
  })
const endpoint = parsedBy('an IP address or localhost, a colon and a port: 127.0.0.1:8443', parseEndpoint)
const optionalEndpoint = parsedBy('an address and a port, or off', parseOptionalEndpoint)
const operationsEndpoint = parsedBy('a loopback address and a port, or off', (input) => {
  const parsed = parseOptionalEndpoint(input)
  return parsed?.kind === 'listen' && !isLoopback(parsed.host) ? undefined : parsed
})
const baseUrl = (protocol: 'https:' | 'http:') =>
  parsedBy(`an ${protocol}// URL of host and port alone: no path, query or credentials`, (input) =>
    parseBaseUrl(input, protocol),
  )

// One row a setting: the rule and the default. Limits say where they come from.
const SETTINGS = z.strictObject({
  dataFolder: path,
  database: parsedBy('sqlite:<path> or postgres://<host>/<database>', parseDatabase).optional(),
  journal: path.optional(),
  policyFolder: path.optional(),
  publicUrl: baseUrl('https:').optional(),
  publicHttpUrl: baseUrl('http:').optional(),
  trustDomain: parsedBy('lower case letters, digits, dots, dashes, underscores', parseTrustDomain),
  // 64 is ub-organization-name (RFC 5280 appendix A.1): it stands in the subject of the CA certificates.
  organization: matching(/^[\p{L}\p{N}\p{P} ]{1,64}$/u, '1 to 64 letters, digits, spaces, punctuation').default(
    'Signet',
  ),
  'masterKey.file': path.optional(),
  'masterKey.credential': matching(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}$/, 'the name of a credential').optional(),
  'masterKey.environment': matching(/^[A-Z_][A-Z0-9_]{0,99}$/, 'the name of a variable').optional(),
  'listeners.https': endpoint.prefault('127.0.0.1:8443'),
  'listeners.browser': optionalEndpoint.prefault('127.0.0.1:8445'),
  'listeners.http': endpoint.prefault('127.0.0.1:8080'),
  'listeners.operations': operationsEndpoint.prefault('127.0.0.1:9090'),
  'serverNames.dnsNames': z
    .array(parsedBy('DNS names in lower case, no wildcard', parseServerName))
    .default(['localhost']),
  'serverNames.ipAddresses': z.array(parsedBy('IP addresses', parseIpAddress)).default(['127.0.0.1']),
  /** Bytes of a request body. The largest CSR is 16 KiB, in PEM inside JSON with its neighbours well under 64 KiB. */
  'limits.bodyBytes': whole(1024, 16 * 1024 * 1024).default(64 * 1024),
  /** Bytes of all header lines: Node's own default, and room for a forwarded certificate of 8 KiB. */
  'limits.headerBytes': whole(4096, 128 * 1024).default(16 * 1024),
  /** Open connections a listener. Each costs about 50 KiB with TLS: 10,000 stay under half a GiB. */
  'limits.connections': whole(1, 1_000_000).default(10_000),
  /** Requests that wait for a CSR check or a signature; more are told to come again (429). Under a second of work. */
  'limits.signingQueue': whole(1, 1_000_000).default(2_000),
  /** Time to receive a whole request: a CSR of 16 KiB takes under 5 s on 56 kbit/s. */
  'limits.requestTime': duration(1, 300).prefault('10s'),
  /** How long an idle connection is kept. Over the 60 s at which common proxies close theirs, so that they close first. */
  'limits.idleTime': duration(1, 3600).prefault('65s'),
  /** A snapshot not confirmed for longer answers no decision: a blocked user must not outlive a broken database. */
  'limits.snapshotAge': duration(1, 60).prefault('5s'),
  /** Life of a TLS session. A resumed session repeats no proof of the key, so an hour at most. */
  'tls.sessionLife': duration(1, 3600).prefault('1h'),
  logLevel: z.enum(LOG_LEVELS, { error: `one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  demo: z.boolean({ error: 'true or false' }).default(false),
})

type Settings = z.output<typeof SETTINGS>
export type SettingName = keyof Settings

/** What flags may set: the section form, flat, by setting name (`listeners.https`). */
export type Flags = Readonly<Partial<Record<SettingName, SettingValue | undefined>>>

const KINDS: ReadonlyMap<string, SettingKind> = new Map(
  Object.entries({
    dataFolder: 'path',
    database: 'database',
    journal: 'path',
    policyFolder: 'path',
    publicUrl: 'text',
    publicHttpUrl: 'text',
    trustDomain: 'text',
    organization: 'text',
    'masterKey.file': 'path',
    'masterKey.credential': 'text',
    'masterKey.environment': 'text',
    'listeners.https': 'text',
    'listeners.browser': 'text',
    'listeners.http': 'text',
    'listeners.operations': 'text',
    'serverNames.dnsNames': 'list',
    'serverNames.ipAddresses': 'list',
    'limits.bodyBytes': 'number',
    'limits.headerBytes': 'number',
    'limits.connections': 'number',
    'limits.signingQueue': 'number',
    'limits.requestTime': 'text',
    'limits.idleTime': 'text',
    'limits.snapshotAge': 'text',
    'tls.sessionLife': 'text',
    logLevel: 'text',
    demo: 'boolean',
  } as const satisfies Record<SettingName, SettingKind>),
)

/** Reads `signet.yaml` and joins it with flags and environment. Throws `ConfigurationRejected`. */
export function readConfiguration(input: {
  readonly flags: Flags
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The file that `--config` names; without it `SIGNET_CONFIG`, then `signet.yaml` in the working folder if it is there. */
  readonly configFile?: string | undefined
  readonly workingFolder: string
}): Configuration {
  const { flags, environment, workingFolder } = input
  const named = input.configFile ?? environment['SIGNET_CONFIG']
  return parseConfiguration({ flags, environment, workingFolder, file: readFile(named, workingFolder) })
}

/** Pure: the same sources give the same configuration. Throws `ConfigurationRejected` with every fault. */
export function parseConfiguration(sources: Sources): Configuration {
  const { given, faults } = mergeSources(withoutKeyVariable(sources), KINDS)
  const parsed = SETTINGS.safeParse(Object.fromEntries([...given].map(([setting, { value }]) => [setting, value])))
  const found = [...faults, ...faultsOf(parsed.error, given), ...faultsBetween(given)]
  if (found.length > 0 || !parsed.success) throw new ConfigurationRejected(found)
  return frozen(configurationOf(parsed.data))
}

/** What may be logged and shown: the same, with a PostgreSQL URL cut down to user, host and database. */
export function describeConfiguration(configuration: Configuration): Readonly<Record<string, unknown>> {
  const { database } = configuration
  if (database.kind === 'sqlite') return { ...configuration }
  const url = new URL(database.url)
  const user = url.username === '' ? '' : `${url.username}@`
  return { ...configuration, database: { kind: 'postgres', url: `postgres://${user}${url.host}${url.pathname}` } }
}

function configurationOf(settings: Settings): Configuration {
  const { dataFolder, organization, trustDomain, logLevel, demo } = settings
  const publicUrl = settings.publicUrl ?? `https://localhost:${settings['listeners.https'].port}`
  return {
    dataFolder,
    database: settings.database ?? { kind: 'sqlite', path: join(dataFolder, 'signet.db') },
    journal: settings.journal ?? join(dataFolder, 'journal.jsonl'),
    policyFolder: settings.policyFolder,
    publicUrl,
    publicHttpUrl: settings.publicHttpUrl ?? `http://localhost:${settings['listeners.http'].port}`,
    trustDomain,
    organization,
    masterKey: masterKeyOf(settings),
    listeners: {
      https: settings['listeners.https'],
      browser: settings['listeners.browser'],
      http: settings['listeners.http'],
      operations: settings['listeners.operations'],
    },
    serverNames: serverNamesOf(settings, publicUrl),
    limits: {
      bodyBytes: settings['limits.bodyBytes'],
      headerBytes: settings['limits.headerBytes'],
      connections: settings['limits.connections'],
      signingQueue: settings['limits.signingQueue'],
      requestSeconds: settings['limits.requestTime'],
      idleSeconds: settings['limits.idleTime'],
      snapshotAgeSeconds: settings['limits.snapshotAge'],
    },
    tls: { sessionSeconds: settings['tls.sessionLife'] },
    logLevel,
    demo,
  }
}

function masterKeyOf(settings: Settings): MasterKeyLocation {
  if (settings['masterKey.file'] !== undefined) return { kind: 'file', path: settings['masterKey.file'] }
  if (settings['masterKey.credential'] !== undefined) {
    return { kind: 'credential', name: settings['masterKey.credential'] }
  }
  return { kind: 'environment', variable: settings['masterKey.environment'] ?? '' }
}

function serverNamesOf(settings: Settings, publicUrl: string): Configuration['serverNames'] {
  const host = unbracketed(new URL(publicUrl).hostname)
  const dnsNames = new Set(settings['serverNames.dnsNames'])
  const ipAddresses = new Set(settings['serverNames.ipAddresses'])
  if (isIP(host) === 0) dnsNames.add(host)
  else ipAddresses.add(host)
  return { dnsNames: [...dnsNames], ipAddresses: [...ipAddresses] }
}

function faultsOf(error: z.ZodError | undefined, given: ReadonlyMap<string, Given>): string[] {
  return (error?.issues ?? []).map(({ path: [name], message }) => {
    const setting = String(name)
    const origin = given.get(setting)?.origin
    return origin === undefined ? missing(setting) : `${origin}: ${setting}: ${message}`
  })
}

function missing(setting: string): string {
  return `${flagOf(setting)}, ${variableOf(setting)} or signet.yaml: ${setting}: is required and has no default`
}

/** What no single setting can know. */
function faultsBetween(given: ReadonlyMap<string, Given>): string[] {
  return [...publicUrlFaults(given), ...masterKeyFaults(given), ...sharedEndpoints(given)]
}

/** The public URLs are written into certificates for their whole life: only the demo may do without. */
function publicUrlFaults(given: ReadonlyMap<string, Given>): string[] {
  const listenerOf = { publicUrl: 'listeners.https', publicHttpUrl: 'listeners.http' } as const
  return (['publicUrl', 'publicHttpUrl'] as const).flatMap((setting) => {
    if (given.has(setting)) return []
    if (given.get('demo')?.value !== true) return [missing(setting)]
    const listener = endpoint.safeParse(given.get(listenerOf[setting])?.value)
    return listener.data?.port === 0 ? [`${missing(setting)} when ${listenerOf[setting]} has port 0`] : []
  })
}

function masterKeyFaults(given: ReadonlyMap<string, Given>): string[] {
  const named = [...given].filter(([setting]) => setting.startsWith('masterKey.'))
  if (named.length === 0) return [missing('masterKey.file').replace('masterKey.file:', 'masterKey:')]
  const own = new Set([...KINDS.keys()].map(variableOf))
  const variable = given.get('masterKey.environment')
  const faults =
    typeof variable?.value === 'string' && own.has(variable.value)
      ? [`${variable.origin}: masterKey.environment: a variable that is no setting of its own`]
      : []
  if (named.length === 1) return faults
  const where = named.map(([setting, { origin }]) => `${origin}: ${setting}`).join('; ')
  return [...faults, `${where}: exactly one of file, credential, environment`]
}

function sharedEndpoints(given: ReadonlyMap<string, Given>): string[] {
  const seen = new Map<string, string>()
  return (['https', 'browser', 'http', 'operations'] as const).flatMap((name) => {
    const setting = `listeners.${name}` as const
    const parsed = SETTINGS.shape[setting].safeParse(given.get(setting)?.value).data
    if (parsed === undefined || parsed.kind === 'off' || parsed.port === 0) return []
    const place = `${parsed.host}:${parsed.port}`
    const other = seen.get(place)
    seen.set(place, setting)
    return other === undefined
      ? []
      : [`${given.get(setting)?.origin ?? 'default'}: ${setting}: not the same as ${other}`]
  })
}

/** The variable that holds the master key may have any name, also one that begins with `SIGNET_`. */
function withoutKeyVariable(sources: Sources): Sources {
  const { given } = mergeSources(sources, new Map([['masterKey.environment', 'text']]))
  const variable = given.get('masterKey.environment')?.value
  if (typeof variable !== 'string' || [...KINDS.keys()].some((setting) => variableOf(setting) === variable))
    return sources
  return { ...sources, environment: { ...sources.environment, [variable]: undefined } }
}

function readFile(named: string | undefined, workingFolder: string): ConfigurationFile | undefined {
  const place = resolve(workingFolder, named ?? 'signet.yaml')
  try {
    return { name: named ?? 'signet.yaml', folder: dirname(place), text: readFileSync(place, 'utf8') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    if (named === undefined && code === 'ENOENT') return undefined
    throw new ConfigurationRejected([`${named ?? 'signet.yaml'}: the file: can be read (${code})`])
  }
}

/** A zod string that `parse` turns into its value; undefined or one of the domain's refusals breaks `rule`. */
function parsedBy<Value>(rule: string, parse: (input: string) => Value | undefined) {
  return z.string({ error: rule }).transform((input, context): Value => {
    const value = parsedOrUndefined(parse, input)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: rule })
    return z.NEVER
  })
}

function parsedOrUndefined<Value>(parse: (input: string) => Value | undefined, input: string): Value | undefined {
  try {
    return parse(input)
  } catch (error) {
    if (error instanceof NameRejected || error instanceof DurationRejected) return undefined
    throw error
  }
}

function parseEndpoint(input: string): Endpoint | undefined {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[0-9.]+|localhost)):(?<port>0|[1-9][0-9]{0,4})$/.exec(input)
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'] ?? ''
  const port = Number(match?.groups?.['port'])
  const family = match?.groups?.['v6'] === undefined ? 4 : 6
  if ((host !== 'localhost' && isIP(host) !== family) || !(port <= 65_535)) return undefined
  return { kind: 'listen', host, port }
}

function parseOptionalEndpoint(input: string): OptionalEndpoint | undefined {
  return input === 'off' ? { kind: 'off' } : parseEndpoint(input)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

function parseBaseUrl(input: string, protocol: string): string | undefined {
  const url = URL.parse(input)
  if (url?.protocol !== protocol || url.hostname === '' || url.hostname.endsWith('.')) return undefined
  return input.toLowerCase() === url.origin || input.toLowerCase() === url.href ? bareOrigin(url) : undefined
}

function bareOrigin(url: URL): string | undefined {
  return url.href === `${url.origin}/` ? url.origin : undefined
}

function parseDatabase(input: string): DatabaseLocation | undefined {
  if (input.startsWith('sqlite:')) {
    const place = input.slice('sqlite:'.length)
    return place === '' ? undefined : { kind: 'sqlite', path: place }
  }
  const url = URL.parse(input)
  const isPostgres = url?.protocol === 'postgres:' || url?.protocol === 'postgresql:'
  return isPostgres && url.hostname !== '' && url.pathname.length > 1 ? { kind: 'postgres', url: input } : undefined
}

/** RFC 1034 §3.5 in lower case. The policy's own rules for DNS names are held against it when the certificate is made. */
function parseServerName(input: string): string | undefined {
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
  return input.length <= 253 && new RegExp(`^${label}(?:\\.${label})*$`).test(input) && isIP(input) === 0
    ? input
    : undefined
}

function parseIpAddress(input: string): string | undefined {
  return isIP(input) === 0 || input.includes('%') ? undefined : input
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

function frozen<Value extends object>(value: Value): Value {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) frozen(inner)
  return Object.freeze(value)
}
