// Every setting with its rule, its default and the kind of its text. Names are those of `signet.yaml`, sections dotted.
import { z } from 'zod'
import { parseTrustDomain } from '../domain/spiffe-id.ts'
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from '../domain/token-algorithm.ts'
import type { SettingKind, SettingValue } from './configuration-sources.ts'
import {
  baseUrl,
  duration,
  endpoint,
  matching,
  operationsEndpoint,
  optionalEndpoint,
  parseDatabase,
  parsedBy,
  parseIpAddress,
  parseServerName,
  path,
  whole,
} from './setting-rules.ts'
import { authModes, predictUpstreams, superadmins } from './access-settings.ts'
import { trustedIssuers } from './trusted-issuer-settings.ts'
import { signInProviders } from './sign-in-settings.ts'

const LOGIN_AFTER = '-1 (never asked for), 0 (external users get nothing) or a whole number of hours up to 87600'

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const ALGORITHM_RULE = `one or more of ${TOKEN_ALGORITHMS.join(', ')}, each once`
const AUDIENCE_RULE = '1 to 255 visible ASCII characters, each once'
const isSet = (named: readonly string[]) => new Set(named).size === named.length

// One row a setting: the rule and the default. Limits say where they come from.
export const SETTINGS = z.strictObject({
  dataFolder: path,
  database: parsedBy('sqlite:<path> or postgres://<host>/<database>', parseDatabase).optional(),
  journal: path.optional(),
  policyFolder: path.optional(),
  publicUrl: baseUrl('https:').optional(),
  publicHttpUrl: baseUrl('http:').optional(),
  'crl.directory': path.optional(),
  trustDomain: parsedBy('lower case letters, digits, dots, dashes, underscores', parseTrustDomain),
  // 64 is ub-organization-name (RFC 5280 appendix A.1): it stands in the subject of the CA certificates.
  organization: matching(/^[\p{L}\p{N}\p{P} ]{1,64}$/u, '1 to 64 letters, digits, spaces, punctuation').default(
    'Signet',
  ),
  'masterKey.file': path.optional(),
  'masterKey.credential': matching(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}$/, 'the name of a credential').optional(),
  'masterKey.environment': matching(/^[A-Z_][A-Z0-9_]{0,99}$/, 'the name of a variable').optional(),
  'masterKey.nextFile': path.optional(),
  'listeners.https': endpoint.prefault('127.0.0.1:8443'),
  'listeners.browser': optionalEndpoint.prefault('127.0.0.1:8445'),
  'listeners.http': endpoint.prefault('127.0.0.1:8080'),
  /** Envoy's ext_authz. Over a Unix socket instead, or besides: the file, and the service whose registration its proxy has. */
  'listeners.grpc': optionalEndpoint.prefault('127.0.0.1:8444'),
  'listeners.grpcSocket': path.optional(),
  'listeners.grpcSocketService': parsedBy('the name of a service', parseServerName).optional(),
  'listeners.operations': operationsEndpoint.prefault('127.0.0.1:9090'),
  'serverNames.dnsNames': z
    .array(parsedBy('DNS names in lower case, no wildcard', parseServerName))
    .default(['localhost']),
  'serverNames.ipAddresses': z.array(parsedBy('IP addresses', parseIpAddress)).default(['127.0.0.1']),
  /** Projects that a user may own unless an administrator says otherwise: well over what people have, well under what a script makes. */
  'directory.projectsPerUser': whole(0, 100_000).default(20),
  /** Bytes of a request body. The largest CSR is 16 KiB, in PEM inside JSON with its neighbours well under 64 KiB. */
  'limits.bodyBytes': whole(1024, 16 * 1024 * 1024).default(64 * 1024),
  /** Bytes of all header lines: Node's own default, and room for a forwarded certificate of 8 KiB. */
  'limits.headerBytes': whole(4096, 128 * 1024).default(16 * 1024),
  /** Open connections a listener. Each costs about 50 KiB with TLS: 10,000 stay under half a GiB. */
  'limits.connections': whole(1, 1_000_000).default(10_000),
  /** Requests that wait for a CSR check or a signature; more are told to come again (429). Under a second of work. */
  'limits.signingQueue': whole(1, 1_000_000).default(2_000),
  /** Failures of one credential from one address within the window. A person mistypes a few times; a program is told to stop. */
  'limits.credentialFailures': whole(1, 1_000_000).default(10),
  /** Failures from one address within the window, whatever it tries. An office behind one address mistypes more often. */
  'limits.addressFailures': whole(1, 1_000_000).default(100),
  /** How long failures count. 10 in five minutes are under 3,000 guesses a day at one password. */
  'limits.failureWindow': duration(1, 3600).prefault('5m'),
  /** Time to receive a whole request: a CSR of 16 KiB takes under 5 s on 56 kbit/s. */
  'limits.requestTime': duration(1, 300).prefault('10s'),
  /** How long an idle connection is kept. Over the 60 s at which common proxies close theirs, so that they close first. */
  'limits.idleTime': duration(1, 3600).prefault('65s'),
  /** A snapshot not confirmed for longer answers no decision: a blocked user must not outlive a broken database. */
  'limits.snapshotAge': duration(1, 60).prefault('5s'),
  /** How long a sidecar goes on deciding when it hears nothing: longer than a restart of ours, shorter than a day's work of a thief. */
  'sidecars.snapshotLife': duration(30, 3600).prefault('10m'),
  /** Life of a TLS session. A resumed session repeats no proof of the key, so an hour at most. */
  'tls.sessionLife': duration(1, 3600).prefault('1h'),
  /** What tokens are signed with; the first where nobody asks for another. RS256 for clouds that take nothing else. */
  'tokens.algorithms': z
    .array(z.enum(TOKEN_ALGORITHMS, { error: ALGORITHM_RULE }), { error: ALGORITHM_RULE })
    .refine((named): named is [TokenAlgorithm, ...TokenAlgorithm[]] => named.length > 0 && isSet(named), ALGORITHM_RULE)
    .default(['ES256', 'EdDSA']),
  /** Audiences beside deployments and services: what a cloud's federation asks for. */
  'tokens.audiences': z
    .array(matching(/^[\x21-\x7e]{1,255}$/, AUDIENCE_RULE), { error: AUDIENCE_RULE })
    .refine(isSet, AUDIENCE_RULE)
    .default([]),
  trustedIssuers: trustedIssuers.optional(),
  logLevel: z.enum(LOG_LEVELS, { error: `one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  demo: z.boolean({ error: 'true or false' }).default(false),
  publicBrowserUrl: baseUrl('https:').optional(),
  'signIn.providers': signInProviders.optional(),
  'signIn.test': z.boolean({ error: 'true or false' }).default(false),
  /** As Hopsworks has it: only these three mean something. A day, unless the operator says otherwise. */
  requireExternalUserLoginAfterHours: z
    .int({ error: LOGIN_AFTER })
    .min(-1, LOGIN_AFTER)
    .max(87_600, LOGIN_AFTER)
    .default(24),
  /** Kinds of credential that any deployment may accept. */
  'access.authModes': authModes,
  'access.superadmins': superadmins,
  'access.adminSeesModelGroups': z.boolean({ error: 'true or false' }).default(true),
  /** As OpenSearch's code has it, against its documents. */
  'access.ownerMustHoldRole': z.boolean({ error: 'true or false' }).default(false),
  /** Where connectors of models may lead: nowhere, unless the operator says so. */
  'access.predictUpstreams': predictUpstreams,
  /** Where callers reach the hosts of deployments: in the snippets that show how one is called. */
  'access.gatewayPort': whole(1, 65_535).default(443),
  'access.predictCaFile': path.optional(),
})

export type Settings = z.output<typeof SETTINGS>
export type SettingName = keyof Settings

/** What flags may set: the section form, flat, by setting name (`listeners.https`). */
export type Flags = Readonly<Partial<Record<SettingName, SettingValue | undefined>>>

export const KINDS: ReadonlyMap<string, SettingKind> = new Map(
  Object.entries({
    dataFolder: 'path',
    database: 'database',
    journal: 'path',
    policyFolder: 'path',
    publicUrl: 'text',
    publicHttpUrl: 'text',
    'crl.directory': 'path',
    trustDomain: 'text',
    organization: 'text',
    'masterKey.file': 'path',
    'masterKey.credential': 'text',
    'masterKey.environment': 'text',
    'masterKey.nextFile': 'path',
    'listeners.https': 'text',
    'listeners.browser': 'text',
    'listeners.http': 'text',
    'listeners.grpc': 'text',
    'listeners.grpcSocket': 'path',
    'listeners.grpcSocketService': 'text',
    'listeners.operations': 'text',
    'serverNames.dnsNames': 'list',
    'serverNames.ipAddresses': 'list',
    'directory.projectsPerUser': 'number',
    'limits.bodyBytes': 'number',
    'limits.headerBytes': 'number',
    'limits.connections': 'number',
    'limits.signingQueue': 'number',
    'limits.credentialFailures': 'number',
    'limits.addressFailures': 'number',
    'limits.failureWindow': 'text',
    'limits.requestTime': 'text',
    'limits.idleTime': 'text',
    'limits.snapshotAge': 'text',
    'sidecars.snapshotLife': 'text',
    'tls.sessionLife': 'text',
    'tokens.algorithms': 'list',
    'tokens.audiences': 'list',
    trustedIssuers: 'mapping',
    logLevel: 'text',
    demo: 'boolean',
    publicBrowserUrl: 'text',
    'signIn.providers': 'mapping',
    'signIn.test': 'boolean',
    requireExternalUserLoginAfterHours: 'number',
    'access.authModes': 'list',
    'access.superadmins': 'mapping',
    'access.adminSeesModelGroups': 'boolean',
    'access.ownerMustHoldRole': 'boolean',
    'access.predictUpstreams': 'list',
    'access.gatewayPort': 'number',
    'access.predictCaFile': 'path',
  } as const satisfies Record<SettingName, SettingKind>),
)
