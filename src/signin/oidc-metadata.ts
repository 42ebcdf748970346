// What a provider says of itself (OpenID Connect Discovery 1.0), asked for when somebody signs in and kept for a while: the service
// starts while the provider is down. A failure is remembered for a moment, so that a crowd at the door is no crowd at the provider.
import {
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
} from 'openid-client'
import type { Clock } from '../domain/clock.ts'
import { AskFailed } from '../outbound/ask-https.ts'
import { fetchFailureIn, oidcFetch } from './oidc-fetch.ts'

export interface OidcSettings {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: { readonly kind: 'none' } | { readonly kind: 'basic' | 'post'; readonly secret: string }
  /** PEM; the public CAs without. */
  readonly ca: string | undefined
  readonly scopes: readonly string[]
  readonly claims: { readonly user: string; readonly groups: string }
  /** Of ID tokens. */
  readonly algorithms: readonly string[]
  readonly maxAgeSeconds: number | 'off'
  readonly timeoutSeconds: number
}

/** Endpoints move rarely, and a provider that changes them keeps the old ones for longer. */
export const METADATA_KEPT_SECONDS = 600
/** For so long after a failure the provider is not asked again. */
export const FAILURE_KEPT_SECONDS = 5

export class OidcMetadata {
  readonly #settings: OidcSettings
  readonly #clock: Clock
  #kept: { readonly configuration: Configuration; readonly at: number } | undefined
  #failed: { readonly cause: unknown; readonly at: number } | undefined
  #running: Promise<Configuration> | undefined

  constructor(settings: OidcSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  /** One question, however many wait for it. Throws `AskFailed`. */
  async current(): Promise<Configuration> {
    if (this.#kept !== undefined && this.#isWithin(this.#kept.at, METADATA_KEPT_SECONDS))
      return this.#kept.configuration
    if (this.#failed !== undefined && this.#isWithin(this.#failed.at, FAILURE_KEPT_SECONDS)) throw this.#failed.cause
    this.#running ??= this.#ask().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #ask(): Promise<Configuration> {
    try {
      const configuration = await configurationOf(this.#settings)
      this.#kept = { configuration, at: this.#clock.monotonicMilliseconds() }
      this.#failed = undefined
      return configuration
    } catch (cause) {
      this.#failed = { cause, at: this.#clock.monotonicMilliseconds() }
      throw cause
    }
  }

  #isWithin(at: number, seconds: number): boolean {
    return this.#clock.monotonicMilliseconds() - at < seconds * 1000
  }
}

async function configurationOf(settings: OidcSettings): Promise<Configuration> {
  const { issuer, clientId, timeoutSeconds } = settings
  const fetch = oidcFetch(settings)
  const options = { [customFetch]: fetch, timeout: timeoutSeconds }
  const found = await discovery(new URL(issuer), clientId, undefined, None(), options).catch((cause: unknown) => {
    throw fetchFailureIn(cause) ?? new AskFailed('metadata_unreadable', { cause })
  })
  const metadata = found.serverMetadata()
  // Byte for byte (§4.3). The library lets multi-tenant issuers of Microsoft stand for every tenant.
  if (metadata.issuer !== issuer) throw new AskFailed('issuer_differs')
  const supported = metadata.id_token_signing_alg_values_supported ?? ['RS256']
  const algorithms = settings.algorithms.filter((name) => supported.includes(name))
  if (algorithms.length === 0) throw new AskFailed('no_algorithm_in_common')
  // Without the method that the library adds to the copy.
  const server = { ...metadata, supportsPKCE: undefined, id_token_signing_alg_values_supported: algorithms }
  const configuration = new Configuration(server, clientId, undefined, authenticationOf(settings))
  configuration[customFetch] = fetch
  configuration.timeout = timeoutSeconds
  // The signature of the ID token is verified, although it came from the provider itself (Core 1.0 §3.1.3.7 makes it optional).
  enableNonRepudiationChecks(configuration)
  return configuration
}

function authenticationOf({ clientSecret }: OidcSettings) {
  switch (clientSecret.kind) {
    case 'none':
      return None()
    case 'basic':
      return ClientSecretBasic(clientSecret.secret)
    case 'post':
      return ClientSecretPost(clientSecret.secret)
    default:
      return clientSecret satisfies never
  }
}
