// What deployments, model groups and models say about access: the words and the shapes. What they mean is the decision's
// (src/access); what may be written is the acts' (src/enrollment).
import type { DnsName } from './dns-name.ts'

/**
 * Kinds of credential that a deployment may accept. `jwt`: a token of Signet's own; `oidc`: one of a trusted issuer; `none`:
 * nobody is asked for anything, which the platform has to permit too.
 */
export const AUTH_MODES = ['mtls', 'jwt', 'oidc', 'api-key', 'passphrase', 'none'] as const
export type AuthMode = (typeof AUTH_MODES)[number]

/** What is protected by default asks for a client certificate. */
export const DEFAULT_AUTH_MODES: readonly AuthMode[] = ['mtls']

/**
 * What a caller wants to do with a deployment's model. `infer` and `run` touch the project's data; the others manage the model
 * (`read` is its description).
 */
export const ACTIONS = ['infer', 'run', 'read', 'new-version', 'update', 'deploy', 'undeploy', 'delete'] as const
export type Action = (typeof ACTIONS)[number]

export const DATA_ACTIONS: ReadonlySet<Action> = new Set<Action>(['infer', 'run'])

export const GROUP_ACCESS_MODES = ['public', 'private', 'restricted'] as const
export type GroupAccessMode = (typeof GROUP_ACCESS_MODES)[number]

/** One passphrase of several: the old and the new one both hold while they are changed. */
export interface PassphraseEntry {
  readonly id: string
  /** As src/tokens/passphrase-hash.ts reads it. Never read back. */
  readonly hash: string
}

/**
 * Where a credential may stand beside the usual forms of `Authorization`: each deployment names its places. In `authorization`
 * the name is a scheme, letter by letter: `Bearer` that carries an API key is how OpenAI's clients send one.
 */
export interface CredentialPlace {
  readonly in: 'authorization' | 'header' | 'query' | 'cookie'
  readonly name: string
  readonly carries: 'token' | 'api-key' | 'passphrase'
}

export interface DeploymentPolicy {
  /** Hosts beside the first. */
  readonly moreHosts: readonly DnsName[]
  /** Path prefixes, whole segments (`/v1/models/x`). Empty: every path of the hosts. */
  readonly paths: readonly string[]
  /** Exact paths that GET and HEAD reach without a credential. */
  readonly unprotectedPaths: readonly string[]
  /** The id of the model that it serves, and whether each call has to name it (`required`: trap of a forgotten selector). */
  readonly model?: string
  readonly modelSelector: 'optional' | 'required'
  readonly authModes: readonly AuthMode[]
  /** Groups whose external users may call: exact bytes. Empty: none may. */
  readonly externalGroups: readonly string[]
  /** `credential-itself`: a call that names no acting user acts as its credential. */
  readonly actingUser: 'named' | 'credential-itself'
  readonly passphrases: readonly PassphraseEntry[]
  readonly credentialPlaces: readonly CredentialPlace[]
  /** Principals (`vision__sa-gateway`, a service) that may call on behalf of members. */
  readonly delegates: readonly string[]
  /** Principals that are refused whatever else is granted. */
  readonly deniedPrincipals: readonly string[]
  /** Calls that are let through in a minute, all callers together. Absent: no bound. */
  readonly callsPerMinute?: number
}

/** Protected is the default. */
export const DEFAULT_DEPLOYMENT_POLICY: DeploymentPolicy = Object.freeze({
  moreHosts: [],
  paths: [],
  unprotectedPaths: [],
  modelSelector: 'optional',
  authModes: DEFAULT_AUTH_MODES,
  externalGroups: [],
  actingUser: 'named',
  passphrases: [],
  credentialPlaces: [],
  delegates: [],
  deniedPrincipals: [],
})

/** How a proxy tells which certificate it saw (src/proxies/forwarded-certificate.ts). `none`: it may not vouch for any. */
export const CERTIFICATE_DIALECTS = [
  'none',
  'xfcc',
  'client-cert',
  'nginx',
  'traefik',
  'caddy',
  'haproxy',
  'envoy-grpc',
] as const
export type CertificateDialect = (typeof CERTIFICATE_DIALECTS)[number]

/** Role of OpenSearch that sees and manages all model groups. */
export const ALL_ACCESS = 'all_access'

/** What the operator's configuration says to every decision. Replaced as a whole when the configuration is read again. */
export interface AccessRules {
  /** Kinds of credential that this platform accepts at all; `none` in it permits deployments without any. */
  readonly activatedAuthModes: ReadonlySet<AuthMode>
  /** -1: never asked again; 0: no external user at all; N: hours since the sign-in. */
  readonly externalLoginAfterHours: number
  readonly adminSeesModelGroups: boolean
  /** Parity with OpenSearch's code: an owner without a role of the restricted group is refused. */
  readonly ownerMustHoldRole: boolean
  /** `superadminKey` of each. */
  readonly superadmins: ReadonlySet<string>
}

export const DEFAULT_ACCESS_RULES: AccessRules = Object.freeze({
  activatedAuthModes: new Set<AuthMode>(['mtls', 'jwt', 'oidc', 'api-key', 'passphrase']),
  externalLoginAfterHours: -1,
  adminSeesModelGroups: true,
  ownerMustHoldRole: false,
  superadmins: new Set<string>(),
})

/** Issuer, profile and distinguished name, all three: the same name from another issuer or of another kind is somebody else. */
export function superadminKey(issuer: string, profile: string, distinguishedName: string): string {
  return JSON.stringify([issuer, profile, distinguishedName])
}
