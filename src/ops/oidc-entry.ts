// The entries of OpenID Connect providers in `signet.yaml`: their rules and defaults. Files are named here and read later.
import { z } from 'zod'
import { duration, matching, parsedBy, path, text } from './setting-rules.ts'

const claim = text('the name of a claim').max(200, 'the name of a claim')

/** What an ID token may be signed with: no `none`, and no HMAC under a secret that the provider shares with us. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'] as const
const ALGORITHM_RULE = `one or more of ${ALGORITHMS.join(', ')}`

/** OpenID Connect Discovery 1.0 §3: no query and no fragment. It is compared with what the provider says, byte for byte. */
function parseIssuer(input: string): string | undefined {
  const url = URL.parse(input)
  const isPlain = url?.protocol === 'https:' && url.username === '' && !/[?#\s]/.test(input)
  return isPlain && input.length <= 255 ? input : undefined
}

/** RFC 6749 §3.3. */
const scope = matching(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/, 'the name of a scope, without blanks')

export const oidcEntry = z.strictObject({
  kind: z.literal('oidc'),
  issuer: parsedBy('the https:// URL of the issuer', parseIssuer),
  clientId: text('the client id that the provider gave').max(255, 'the client id that the provider gave'),
  /** Without one the client is public, and PKCE alone binds the code to us. */
  clientSecretFile: path.optional(),
  /** How the secret is shown to the provider (OpenID Connect Core 1.0 §9). */
  clientSecretAs: z.enum(['basic', 'post'], { error: 'basic or post' }).default('basic'),
  /** CA certificates, PEM: the only ones that the provider's server may be under. The public ones without. */
  caFile: path.optional(),
  /** Beside `openid`, which is always asked for. */
  scopes: z.array(scope, { error: 'a list of scopes' }).default(['profile']),
  claims: z
    .strictObject(
      { user: claim.default('preferred_username'), groups: claim.default('groups') },
      { error: 'a mapping' },
    )
    .prefault({}),
  algorithms: z
    .array(z.enum(ALGORITHMS, { error: ALGORITHM_RULE }), { error: ALGORITHM_RULE })
    .min(1, ALGORITHM_RULE)
    .default(['RS256', 'ES256']),
  /** Who signed in at the provider longer ago signs in there again. `off` for providers that cannot say when it was. */
  maxAge: z
    .union([z.literal('off'), duration(0, 86_400)], { error: 'a duration up to 86400 s, as in 15m, or off' })
    .prefault('15m'),
  timeout: duration(1, 60).prefault('5s'),
})

export type OidcEntrySettings = z.output<typeof oidcEntry>
