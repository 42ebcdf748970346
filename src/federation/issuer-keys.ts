// The keys of a trusted issuer, fetched when they are needed and kept for a while. An unknown `kid` asks again, at most twice a
// minute however many ask, and a failure is remembered for a moment: a flood of tokens here is no flood there.
import { readFileSync } from 'node:fs'
import type { Clock } from '../domain/clock.ts'
import { type ForeignKey, type ForeignKeys, parseKeySet } from '../tokens/key-set.ts'
import { type IssuerKeys, IssuerUnreachable } from '../tokens/trusted-issuer.ts'
import { askHttps, AskFailed } from '../outbound/ask-https.ts'

export type KeyPlace =
  /** `<issuer>/.well-known/openid-configuration` says where (OpenID Connect Discovery 1.0 §4). */
  | { readonly kind: 'discovery' }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string }

export interface IssuerKeysOptions {
  readonly name: string
  readonly issuer: string
  readonly place: KeyPlace
  /** PEM; the public CAs without. */
  readonly ca: string | undefined
  /** File with a bearer token for whoever keeps the keys: read anew each time, since clusters rotate it. */
  readonly bearerFile: string | undefined
  readonly clock: Clock
}

/** A key that the issuer has taken back verifies for no longer than this. */
export const KEYS_KEPT_SECONDS = 600
/** Between two questions for a `kid` that is not known. */
export const UNKNOWN_KID_SECONDS = 30
/** For so long after a failure the issuer is not asked again. */
export const FAILURE_KEPT_SECONDS = 5

const TIMEOUT_SECONDS = 5
/** The largest key sets of public issuers have some 20 KiB. */
export const MAX_KEY_SET_BYTES = 256 * 1024

export class FetchedIssuerKeys implements IssuerKeys {
  readonly #options: IssuerKeysOptions
  #kept: { readonly keys: ForeignKeys; readonly at: number } | undefined
  #failed: { readonly why: string; readonly at: number } | undefined
  #running: Promise<ForeignKeys> | undefined

  constructor(options: IssuerKeysOptions) {
    this.#options = options
  }

  async key(kid: string): Promise<ForeignKey | undefined> {
    const kept = this.#kept
    const age = this.#secondsSince(kept?.at)
    const known = kept?.keys.get(kid)
    const isFresh = age < KEYS_KEPT_SECONDS
    if (isFresh && (known !== undefined || age < UNKNOWN_KID_SECONDS)) return known
    return (await this.#fetch()).get(kid)
  }

  /** One fetch, however many wait for it. Throws `IssuerUnreachable`. */
  #fetch(): Promise<ForeignKeys> {
    if (this.#failed !== undefined && this.#secondsSince(this.#failed.at) < FAILURE_KEPT_SECONDS) {
      return Promise.reject(new IssuerUnreachable(this.#options.name, this.#failed.why))
    }
    this.#running ??= this.#fetchOnce().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #fetchOnce(): Promise<ForeignKeys> {
    try {
      const keys = parseKeySet(await this.#keySet())
      this.#kept = { keys, at: this.#now() }
      this.#failed = undefined
      return keys
    } catch (cause) {
      const why = cause instanceof AskFailed ? cause.why : 'key_set_unreadable'
      this.#failed = { why, at: this.#now() }
      throw new IssuerUnreachable(this.#options.name, why, { cause })
    }
  }

  async #keySet(): Promise<string> {
    const { place, issuer } = this.#options
    switch (place.kind) {
      case 'file':
        return readFileSync(place.path, 'utf8')
      case 'url':
        return this.#get(place.url)
      case 'discovery':
        return this.#get(
          keySetIn(await this.#get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`), issuer),
        )
      default:
        return place satisfies never
    }
  }

  async #get(url: string): Promise<string> {
    const { ca, bearerFile } = this.#options
    const shown = bearerFile === undefined ? {} : { authorization: `Bearer ${readFileSync(bearerFile, 'utf8').trim()}` }
    const { body } = await askHttps(new URL(url), {
      headers: { accept: 'application/json, */*', ...shown },
      ca,
      timeoutSeconds: TIMEOUT_SECONDS,
      maxBytes: MAX_KEY_SET_BYTES,
      accepts: (status) => status === 200,
    })
    return body.toString('utf8')
  }

  #now(): number {
    return this.#options.clock.monotonicMilliseconds()
  }

  #secondsSince(at: number | undefined): number {
    return at === undefined ? Infinity : (this.#now() - at) / 1000
  }
}

/** The document must be the issuer's own, byte for byte (§4.3). Throws `AskFailed`. */
function keySetIn(text: string, issuer: string): string {
  const document: unknown = JSON.parse(text)
  const members = new Map<string, unknown>(
    typeof document === 'object' && document !== null ? Object.entries(document) : [],
  )
  const url = members.get('jwks_uri')
  if (members.get('issuer') !== issuer) throw new AskFailed('issuer_differs')
  if (typeof url !== 'string' || !URL.canParse(url)) throw new AskFailed('discovery_unreadable')
  return url
}
