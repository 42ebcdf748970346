// What a deployment may say about access, whoever says it. What it says to a call is the decision's (src/access).
import type { AuthMode, CredentialPlace, DeploymentPolicy } from '../domain/access-policy.ts'
import { type Deployment, DeploymentRefused } from '../directory/deployment-store.ts'
import { prefixesOverlap } from '../domain/url-path.ts'

/** What the operator's configuration lets deployments accept. */
export interface Platform {
  readonly activatedAuthModes: ReadonlySet<AuthMode>
  /** Of tokens of others: without one, `oidc` accepts nothing. */
  readonly trustedIssuers: number
}

/** A passphrase that is set, or one that stays as it was: it is never read back, so whoever puts the rest names it alone. */
export type WantedPassphrase =
  | { readonly kind: 'kept'; readonly id: string }
  /** As src/tokens/passphrase-hash.ts writes it. */
  | { readonly kind: 'set'; readonly id: string; readonly hash: string }

export type WantedPolicy = Omit<DeploymentPolicy, 'passphrases'> & { readonly passphrases: readonly WantedPassphrase[] }

/** The names that operators of H2O MLOps know these by. */
const OPTION: Readonly<Partial<Record<AuthMode, string>>> = {
  oidc: 'AUTHORIZATION_PROTOCOL_OIDC',
  passphrase: 'HASHED_PASSPHRASE',
  none: 'DISABLED',
}

/** Throws `DeploymentRefused`. */
export function requireSoundPolicy(policy: WantedPolicy, platform: Platform): void {
  refuseModes(policy, platform)
  for (const place of policy.credentialPlaces) refusePlace(place, policy.authModes)
  for (const [index, path] of policy.paths.entries()) {
    const other = policy.paths.slice(0, index).find((earlier) => prefixesOverlap(path, earlier))
    if (other !== undefined) throw new DeploymentRefused('path_taken', { path, other })
  }
}

function refuseModes({ authModes, passphrases }: WantedPolicy, platform: Platform): void {
  const inactive = authModes.find((mode) => !platform.activatedAuthModes.has(mode))
  if (inactive !== undefined) {
    const option = OPTION[inactive] ?? inactive
    throw new DeploymentRefused('auth_mode_not_activated', { authMode: inactive, option, setting: 'access.authModes' })
  }
  const has = (mode: AuthMode): boolean => authModes.includes(mode)
  if (has('none') && authModes.length > 1) throw modesRejected('none stands alone: it asks nobody for anything')
  if (has('oidc') && platform.trustedIssuers === 0) throw modesRejected('oidc needs an entry in trustedIssuers')
  if (has('passphrase') && passphrases.length === 0) throw modesRejected('passphrase needs one in passphrases')
  if (!has('passphrase') && passphrases.length > 0) throw modesRejected('passphrases need passphrase in authModes')
}

function modesRejected(why: string): DeploymentRefused {
  return new DeploymentRefused('auth_modes_rejected', { why })
}

const CARRIED_BY: Readonly<Record<CredentialPlace['carries'], readonly AuthMode[]>> = {
  token: ['jwt', 'oidc'],
  'api-key': ['api-key'],
  passphrase: ['passphrase'],
}

/**
 * Headers that mean something else already: to HTTP, to the proxies on the way, or to whoever reads who the caller is. A
 * credential in one of them would be cut off, sent on, or taken for an identity.
 */
const NOT_FOR_CREDENTIALS = [
  // HTTP, and what is between two hops alone (RFC 9110 §7.6.1).
  /^(?:authorization|host|cookie|set-cookie|connection|keep-alive|te|trailer|transfer-encoding|upgrade|via|expect|date|age)$/,
  /^(?:accept|accept-.*|content-.*|if-.*|cache-control|pragma|range|origin|referer|user-agent|forwarded|from|max-forwards)$/,
  /^(?:proxy-.*|sec-.*|access-control-.*|www-authenticate|server|vary|location|allow|priority|prefer|http2-settings)$/,
  // Who calls, and what proxies vouch for.
  /^(?:x-)?signet-.*$/,
  /^x-(?:forwarded|original|auth-request|remote|maas|authz|ext-auth|envoy|ssl|client-cert|amzn|rewrite).*$/,
  /^x-(?:request-id|real-ip|http-method.*|method-override)$/,
  /^(?:remote-.*|client-cert|client-cert-chain|idempotency-key|ssl-client-.*|x-user.*|x-groups?)$/,
]

/** Lower case and dashes alone: another spelling of a header is the same header. */
const HEADER = /^[a-z][a-z0-9-]{0,62}$/
/** RFC 9110 §11.1; schemes that browsers and proxies answer by themselves are not for us. */
const SCHEME = /^[A-Za-z][A-Za-z0-9-]{0,31}$/
const TAKEN_SCHEME = /^(?:bearer|apikey|passphrase|basic|digest|negotiate|ntlm|mutual|dpop)$/i
const PARAMETER = /^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/

function refusePlace(place: CredentialPlace, authModes: readonly AuthMode[]): void {
  const why = faultOf(place, authModes)
  if (why !== undefined)
    throw new DeploymentRefused('credential_place_rejected', { in: place.in, name: place.name, why })
}

function faultOf({ in: where, name, carries }: CredentialPlace, authModes: readonly AuthMode[]): string | undefined {
  if (!CARRIED_BY[carries].some((mode) => authModes.includes(mode))) return `authModes accept no ${carries}`
  switch (where) {
    case 'authorization':
      if (!SCHEME.test(name)) return 'letters, digits and dashes'
      // How OpenAI's clients send an API key.
      if (name === 'Bearer' && carries === 'api-key') return undefined
      return TAKEN_SCHEME.test(name) ? 'this scheme means something else' : undefined
    case 'header':
      if (!HEADER.test(name)) return 'lower case letters, digits and dashes'
      return NOT_FOR_CREDENTIALS.some((taken) => taken.test(name)) ? 'this header means something else' : undefined
    case 'query':
      return PARAMETER.test(name) ? undefined : 'letters, digits, dots, dashes and underscores'
    case 'cookie':
      if (!PARAMETER.test(name)) return 'letters, digits, dots, dashes and underscores'
      return /^__(?:host|secure)-signet/i.test(name) ? 'this cookie is of Signet itself' : undefined
    default:
      return where satisfies never
  }
}

/** With the hashes of the entries that stay. Throws `DeploymentRefused`. */
export function policyOf(before: Deployment | undefined, wanted: WantedPolicy): DeploymentPolicy {
  const known = new Map(before?.policy.passphrases.map((entry) => [entry.id, entry]))
  const passphrases = wanted.passphrases.map((entry) => {
    if (entry.kind === 'set') return { id: entry.id, hash: entry.hash }
    const kept = before?.status === 'active' ? known.get(entry.id) : undefined
    if (kept === undefined) throw new DeploymentRefused('passphrase_entry_unknown', { id: entry.id })
    return kept
  })
  return { ...wanted, passphrases }
}
