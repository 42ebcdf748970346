// An OpenID Connect provider: the browser is sent away with what one attempt is recognised by, and comes back with a code that
// this attempt alone can use (authorization code with PKCE, RFC 7636; nonce, Core 1.0 §15.5.2; issuer, RFC 9207). The checks are
// the library's; what it is told to check stands here. Its clock is the system's: ID tokens are seconds old when they come.
import {
  authorizationCodeGrant,
  AuthorizationResponseError,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientError,
  type Configuration,
  fetchUserInfo,
  ResponseBodyError,
} from 'openid-client'
import type { Clock } from '../domain/clock.ts'
import { SignInRefused } from '../enrollment/sign-in-errors.ts'
import type {
  AttemptSecrets,
  ProvidedPerson,
  ProviderRules,
  RedirectProvider,
  SentAway,
} from '../enrollment/sign-in-provider.ts'
import { type Claims, isWanting, personOf } from './oidc-claims.ts'
import { fetchFailureIn } from './oidc-fetch.ts'
import { OidcMetadata, type OidcSettings } from './oidc-metadata.ts'

/** OpenID Connect Core 1.0 §2: at most 255 ASCII characters. */
const SUBJECT = /^[\x20-\x7e]{1,255}$/

export class OidcProvider implements RedirectProvider {
  readonly kind = 'redirect'
  readonly rules: ProviderRules
  readonly #settings: OidcSettings
  readonly #metadata: OidcMetadata

  constructor(rules: ProviderRules, settings: OidcSettings, clock: Clock) {
    this.rules = rules
    this.#settings = settings
    this.#metadata = new OidcMetadata(settings, clock)
  }

  async begin(secrets: AttemptSecrets, { redirectUri, login }: SentAway): Promise<URL> {
    const { scopes, maxAgeSeconds } = this.#settings
    const challenge = await calculatePKCECodeChallenge(secrets.verifier)
    const configuration = await this.#metadata.current().catch((error: unknown) => this.#fail(error))
    try {
      return buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: [...new Set(['openid', ...scopes])].join(' '),
        state: secrets.state,
        nonce: secrets.nonce,
        code_challenge: challenge,
        code_challenge_method: 'S256',
        ...(maxAgeSeconds === 'off' ? {} : { max_age: String(maxAgeSeconds) }),
        ...(login === 'again' ? { prompt: 'login' } : {}),
      })
    } catch (error) {
      return this.#fail(error)
    }
  }

  async finish(callback: URL, secrets: AttemptSecrets): Promise<ProvidedPerson> {
    try {
      return await this.#person(await this.#metadata.current(), callback, secrets)
    } catch (error) {
      return this.#fail(error)
    }
  }

  async #person(configuration: Configuration, callback: URL, secrets: AttemptSecrets): Promise<ProvidedPerson> {
    const { claims: names, maxAgeSeconds } = this.#settings
    const tokens = await authorizationCodeGrant(configuration, callback, {
      expectedState: secrets.state,
      expectedNonce: secrets.nonce,
      pkceCodeVerifier: secrets.verifier,
      idTokenExpected: true,
      ...(maxAgeSeconds === 'off' ? {} : { maxAge: maxAgeSeconds }),
    })
    const idToken = tokens.claims()
    if (idToken === undefined || !SUBJECT.test(idToken.sub)) throw new SignInRefused('sign_in_refused')
    const asksMore = isWanting(idToken, names) && configuration.serverMetadata().userinfo_endpoint !== undefined
    // Of the same person, which the library holds against the subject (Core 1.0 §5.3.2).
    const more: Claims = asksMore ? await fetchUserInfo(configuration, tokens.access_token, idToken.sub) : {}
    return personOf(idToken, more, names)
  }

  /** Whatever it is, nobody is let in; but a provider that is down is not the person's fault. */
  #fail(error: unknown): never {
    if (error instanceof SignInRefused) throw error
    const why = unreachableWhy(error)
    if (why === undefined) throw new SignInRefused('sign_in_refused', {}, { cause: error })
    throw new SignInRefused('provider_unreachable', { provider: this.rules.name, why }, { cause: error })
  }
}

/** What the library says when an answer is not as it should be, or does not come. */
const UNREADABLE: ReadonlySet<string> = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_PARSE_ERROR',
  'OAUTH_MISSING_SERVER_METADATA',
  'OAUTH_INVALID_SERVER_METADATA',
  'OAUTH_HTTP_REQUEST_FORBIDDEN',
  'OAUTH_REQUEST_PROTOCOL_FORBIDDEN',
])

/** One word, of ours or of the standards; undefined when what came back does not hold. */
function unreachableWhy(error: unknown): string | undefined {
  const fetching = fetchFailureIn(error)
  if (fetching !== undefined) return fetching.why
  // The person said no, or the code is not one of this attempt.
  if (error instanceof AuthorizationResponseError) return undefined
  if (error instanceof ResponseBodyError) return error.error === 'invalid_grant' ? undefined : 'refused_us'
  if (error instanceof ClientError && !UNREADABLE.has(error.code ?? '')) return undefined
  return 'answer_unreadable'
}
