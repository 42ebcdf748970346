// How the service runs: parsed once, frozen, every fault at once. What the CA promises is no configuration: it stands in
// `ca/`. Trust anchors, key locations and names that go into certificates have no default.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import type { z } from 'zod'
import { CodedError } from '../domain/coded-error.ts'
import type { AccessRules } from '../domain/access-policy.ts'
import type { TrustDomain } from '../domain/spiffe-id.ts'
import { accessRulesOf } from './access-settings.ts'
import {
  type ConfigurationFile,
  type Given,
  isExclusive,
  mergeSources,
  type Sources,
  variableOf,
} from './configuration-sources.ts'
import type { Endpoint, OptionalEndpoint } from './endpoint.ts'
import { flagOf } from './flags.ts'
import { type DatabaseLocation, endpoint } from './setting-rules.ts'
import { type TrustedIssuerSettings, trustedIssuerFaults } from './trusted-issuer-settings.ts'
import { type ProviderSettings, providerFaults } from './sign-in-settings.ts'
import { type Flags, KINDS, type LogLevel, SETTINGS, type Settings } from './settings.ts'

export type MasterKeyLocation =
  | { readonly kind: 'file'; readonly path: string }
  /** The name of a systemd credential: a file in `$CREDENTIALS_DIRECTORY`. */
  | { readonly kind: 'credential'; readonly name: string }
  | { readonly kind: 'environment'; readonly variable: string }

/** The validated form. Paths are absolute, durations whole seconds, URLs origins without a slash at the end. */
export interface Configuration {
  readonly dataFolder: string
  readonly database: DatabaseLocation
  readonly journal: string
  readonly policyFolder: string | undefined
  readonly publicUrl: string
  readonly publicHttpUrl: string
  /** Where CRLs are written as files too. */
  readonly crlDirectory: string | undefined
  readonly trustDomain: TrustDomain
  readonly organization: string
  readonly masterKey: MasterKeyLocation
  /** The key that takes over, beside the one of today: while the master key is rotated. */
  readonly nextMasterKeyFile: string | undefined
  readonly listeners: {
    readonly https: Endpoint
    readonly browser: OptionalEndpoint
    readonly http: Endpoint
    readonly grpc: OptionalEndpoint
    /** `service`: whose registration as a proxy the other side of the socket has. */
    readonly grpcSocket: { readonly path: string; readonly service: string } | undefined
    readonly operations: OptionalEndpoint
  }
  /** Names of Signet's own TLS certificate; the host of `publicUrl` is always among them. */
  readonly serverNames: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] }
  readonly directory: { readonly projectsPerUser: number }
  readonly limits: {
    readonly bodyBytes: number
    readonly headerBytes: number
    readonly connections: number
    readonly signingQueue: number
    readonly credentialFailures: number
    readonly addressFailures: number
    readonly failureWindowSeconds: number
    readonly requestSeconds: number
    readonly idleSeconds: number
    readonly snapshotAgeSeconds: number
  }
  readonly sidecars: { readonly snapshotSeconds: number }
  readonly tls: { readonly sessionSeconds: number }
  readonly tokens: {
    readonly algorithms: Settings['tokens.algorithms']
    readonly audiences: readonly string[]
  }
  /** By name. */
  readonly trustedIssuers: ReadonlyMap<string, TrustedIssuerSettings>
  readonly logLevel: LogLevel
  readonly demo: boolean
  /** By which browsers reach the listener for people; no slash at the end. */
  readonly publicBrowserUrl: string
  readonly signIn: {
    readonly providers: ReadonlyMap<string, ProviderSettings>
    /** -1: never asked for; 0: external users get nothing; else hours since their last sign-in. */
    readonly loginAfterHours: number
    /** Passwords may stand in a file, and be given to users of OpenSearch's API. */
    readonly isTest: boolean
  }
  readonly access: {
    /** What may change while the service runs: `signet serve` reads it again at SIGHUP. */
    readonly rules: AccessRules
    /** Origins that connectors of models may lead to. */
    readonly predictUpstreams: readonly string[]
    /** Of the proxies in front of deployments. */
    readonly gatewayPort: number
    /** CA certificates of theirs, PEM; the public ones without. */
    readonly predictCaFile: string | undefined
  }
}

export class ConfigurationRejected extends CodedError<'configuration_rejected'> {
  /** Each fault names where it came from, the key and the rule, and never the value. */
  constructor(faults: readonly string[]) {
    super('configuration_rejected', { faults })
  }
}

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

/** What may be logged and shown of where the database is: of a PostgreSQL URL user, host and database. */
export function describeDatabase(database: DatabaseLocation): string {
  if (database.kind === 'sqlite') return database.path
  const url = new URL(database.url)
  const user = url.username === '' ? '' : `${url.username}@`
  return `postgres://${user}${url.host}${url.pathname}`
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
    crlDirectory: settings['crl.directory'],
    trustDomain,
    organization,
    masterKey: masterKeyOf(settings),
    nextMasterKeyFile: settings['masterKey.nextFile'],
    listeners: {
      https: settings['listeners.https'],
      browser: settings['listeners.browser'],
      http: settings['listeners.http'],
      grpc: settings['listeners.grpc'],
      grpcSocket: grpcSocketOf(settings),
      operations: settings['listeners.operations'],
    },
    serverNames: serverNamesOf(settings, publicUrl),
    directory: { projectsPerUser: settings['directory.projectsPerUser'] },
    limits: {
      bodyBytes: settings['limits.bodyBytes'],
      headerBytes: settings['limits.headerBytes'],
      connections: settings['limits.connections'],
      signingQueue: settings['limits.signingQueue'],
      credentialFailures: settings['limits.credentialFailures'],
      addressFailures: settings['limits.addressFailures'],
      failureWindowSeconds: settings['limits.failureWindow'],
      requestSeconds: settings['limits.requestTime'],
      idleSeconds: settings['limits.idleTime'],
      snapshotAgeSeconds: settings['limits.snapshotAge'],
    },
    sidecars: { snapshotSeconds: settings['sidecars.snapshotLife'] },
    tls: { sessionSeconds: settings['tls.sessionLife'] },
    tokens: { algorithms: settings['tokens.algorithms'], audiences: settings['tokens.audiences'] },
    trustedIssuers: new Map(Object.entries(settings.trustedIssuers ?? {})),
    logLevel,
    demo,
    publicBrowserUrl: settings.publicBrowserUrl ?? browserUrlOf(publicUrl, settings['listeners.browser']),
    signIn: {
      providers: new Map(Object.entries(settings['signIn.providers'] ?? {})),
      loginAfterHours: settings.requireExternalUserLoginAfterHours,
      isTest: demo || settings['signIn.test'],
    },
    access: {
      rules: accessRulesOf(settings),
      predictUpstreams: settings['access.predictUpstreams'],
      gatewayPort: settings['access.gatewayPort'],
      predictCaFile: settings['access.predictCaFile'],
    },
  }
}

function grpcSocketOf(settings: Settings): Configuration['listeners']['grpcSocket'] {
  const { 'listeners.grpcSocket': socket, 'listeners.grpcSocketService': service } = settings
  return socket === undefined || service === undefined ? undefined : { path: socket, service }
}

/** The host of the other listener, and the port of this one. */
function browserUrlOf(publicUrl: string, browser: OptionalEndpoint): string {
  if (browser.kind === 'off') return publicUrl
  const url = new URL(publicUrl)
  url.port = String(browser.port)
  return url.origin
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
  return (error?.issues ?? []).map(({ path: [name, ...inside], message }) => {
    const setting = String(name)
    const origin = given.get(setting)?.origin
    // A mapping says which of its entries; a list is one value.
    const place = [setting, ...(KINDS.get(setting) === 'mapping' ? inside.map(String) : [])].join('.')
    return origin === undefined ? missing(setting) : `${origin}: ${place}: ${message}`
  })
}

function missing(setting: string): string {
  const flag = flagOf(setting)
  const places = `${flag === undefined ? '' : `${flag}, `}${variableOf(setting)} or signet.yaml`
  return `${places}: ${setting}: is required and has no default`
}

/** What no single setting can know. */
function faultsBetween(given: ReadonlyMap<string, Given>): string[] {
  return [
    ...publicUrlFaults(given),
    ...masterKeyFaults(given),
    ...sharedEndpoints(given),
    ...grpcSocketFaults(given),
    ...trustedIssuerFaults(given),
    ...providerFaults(given),
  ]
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
  const named = [...given].filter(([setting]) => isExclusive(setting))
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
  return (['https', 'browser', 'http', 'grpc', 'operations'] as const).flatMap((name) => {
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

/** Nobody speaks through a socket without being somebody. */
function grpcSocketFaults(given: ReadonlyMap<string, Given>): string[] {
  const both = ['listeners.grpcSocket', 'listeners.grpcSocketService'] as const
  const [one, ...more] = both.flatMap((setting) => given.get(setting)?.origin ?? [])
  return one === undefined || more.length > 0 ? [] : [`${one}: ${both.join(' and ')}: both or neither`]
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

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

function frozen<Value extends object>(value: Value): Value {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) frozen(inner)
  return Object.freeze(value)
}
