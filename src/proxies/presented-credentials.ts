// What a call presents beside a certificate. All of it is returned, in one list, and nothing is chosen: each one must hold, and a
// bad one is not rescued by a good one. RFC 9110 §11.6.2; RFC 6750 §2.1.
//
// Schemes are compared letter by letter, as Hopsworks and Authorino do: what looks nearly like one is unknown, not repaired.
// Nothing is verified here. A secret that is returned must not be logged.
import type { CredentialPlace } from '../domain/access-policy.ts'
import { decodedForm } from './form-decoding.ts'
import type { ToldHeaders } from './told-headers.ts'

export interface AcceptedPlaces {
  readonly places: readonly CredentialPlace[]
  /** Whether `Bearer` may carry a passphrase: clients of H2O MLOps send it so. Without, whatever is no token is a bad token. */
  readonly bearerPassphrase: 'accepted' | 'refused'
}

export type PresentedCredential =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'api-key'; readonly prefix: string; readonly secret: string }
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  /** Something was presented. It counts as a credential that does not hold. */
  | { readonly kind: 'refused'; readonly fault: PresentedFault }

/**
 * - `unknown-scheme`: an Authorization in none of the forms; `…-malformed`: a credential of this kind it cannot be
 * - `repeated`: a query parameter or cookie twice; `undecodable`: a percent-encoding that is none
 */
export type PresentedFault =
  'unknown-scheme' | 'token-malformed' | 'api-key-malformed' | 'passphrase-malformed' | 'repeated' | 'undecodable'

/** Tokens of ours are under 2 KiB; those of an identity provider with many groups may take 16. */
const MAX_TOKEN_CHARACTERS = 16 * 1024
const MAX_API_KEY_CHARACTERS = 512
/** A longer one would only be work. */
const MAX_PASSPHRASE_CHARACTERS = 1024

export function presentedCredentials(
  headers: ToldHeaders,
  query: string | undefined,
  accepted: AcceptedPlaces,
): readonly PresentedCredential[] {
  const authorization = headers.get('authorization')
  const presented = authorization === undefined ? [] : [inAuthorization(authorization, accepted)]
  for (const place of accepted.places) {
    for (const value of valuesAt(place, headers, query)) {
      presented.push(typeof value === 'string' ? READERS[place.carries](value) : value)
    }
  }
  return presented
}

const NONE: readonly string[] = []

/** Names of headers that `places` takes credentials from, for the strict reading of headers. */
export function headersOfPlaces(places: readonly CredentialPlace[]): readonly string[] {
  if (places.length === 0) return NONE
  return places.flatMap((place) => {
    if (place.in === 'header') return [place.name]
    return place.in === 'cookie' ? ['cookie'] : []
  })
}

function inAuthorization(value: string, accepted: AcceptedPlaces): PresentedCredential {
  for (const place of accepted.places) {
    if (place.in !== 'authorization' || place.name === 'Bearer') continue
    const own = after(`${place.name} `, value)
    if (own !== undefined) return READERS[place.carries](own)
  }
  const bearer = after('Bearer ', value)
  if (bearer !== undefined) return inBearer(bearer, accepted)
  const apiKey = after('ApiKey ', value)
  if (apiKey !== undefined) return readApiKey(apiKey)
  const passphrase = after('Passphrase ', value)
  return passphrase === undefined ? refused('unknown-scheme') : readPassphrase(passphrase)
}

/**
 * A token by its shape, whatever else is accepted: a token that does not hold must not be tried as something else. An API key
 * only where a place says so, a passphrase only where the deployment takes one.
 */
function inBearer(value: string, { places, bearerPassphrase }: AcceptedPlaces): PresentedCredential {
  if (TOKEN.test(value)) return readToken(value)
  const takesKeys = places.some(
    (place) => place.in === 'authorization' && place.name === 'Bearer' && place.carries === 'api-key',
  )
  if (takesKeys && API_KEY.test(value)) return readApiKey(value)
  return bearerPassphrase === 'accepted' ? readPassphrase(value) : refused('token-malformed')
}

/** A credential whose kind is known. */
export function readPresented(kind: CredentialPlace['carries'], value: string): PresentedCredential {
  return READERS[kind](value)
}

const READERS: Readonly<Record<CredentialPlace['carries'], (value: string) => PresentedCredential>> = {
  token: readToken,
  'api-key': readApiKey,
  passphrase: readPassphrase,
}

/** JWS compact form (RFC 7515 §7.1). An unsigned one, whose third part is empty, is none. */
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

function readToken(token: string): PresentedCredential {
  if (token.length > MAX_TOKEN_CHARACTERS || !TOKEN.test(token)) return refused('token-malformed')
  return { kind: 'token', token }
}

/** `prefix.secret`, one dot, both base64url: a dot in the secret would let two readers cut it in two ways. */
const API_KEY = /^(?<prefix>[A-Za-z0-9_-]+)\.(?<secret>[A-Za-z0-9_-]+)$/

function readApiKey(value: string): PresentedCredential {
  const { prefix, secret } = API_KEY.exec(value)?.groups ?? {}
  const isKey = prefix !== undefined && secret !== undefined && value.length <= MAX_API_KEY_CHARACTERS
  return isKey ? { kind: 'api-key', prefix, secret } : refused('api-key-malformed')
}

/** Any text without control characters and without space around it, which proxies cut off. */
function readPassphrase(passphrase: string): PresentedCredential {
  const isOne = passphrase !== '' && passphrase.length <= MAX_PASSPHRASE_CHARACTERS && passphrase.trim() === passphrase
  if (!isOne || /\p{Cc}/u.test(passphrase)) return refused('passphrase-malformed')
  return { kind: 'passphrase', passphrase }
}

type Value = string | Extract<PresentedCredential, { kind: 'refused' }>

function valuesAt(place: CredentialPlace, headers: ToldHeaders, query: string | undefined): readonly Value[] {
  switch (place.in) {
    case 'authorization':
      return []
    case 'header':
      return once([headers.get(place.name)])
    case 'query':
      return once(parametersNamed(place.name, query ?? ''))
    case 'cookie':
      return once(cookiesNamed(place.name, headers.get('cookie') ?? ''))
    default:
      return place.in satisfies never
  }
}

/** Several are one refusal: two readers would take two of them. */
function once(found: readonly (Value | undefined)[]): readonly Value[] {
  const values = found.filter((value) => value !== undefined)
  return values.length > 1 ? [refused('repeated')] : values
}

/** By the decoded name, so that no spelling hides one. A name that cannot be decoded is not ours. */
function parametersNamed(name: string, query: string): readonly Value[] {
  return query.split('&').flatMap((pair) => {
    const at = pair.indexOf('=')
    if (decodedForm(at < 0 ? pair : pair.slice(0, at)) !== name) return []
    return [decodedForm(at < 0 ? '' : pair.slice(at + 1)) ?? refused('undecodable')]
  })
}

/** RFC 6265 §5.4 as clients send it. A value in quotes stays in them, and is then no credential. */
function cookiesNamed(name: string, cookies: string): readonly Value[] {
  return cookies.split(';').flatMap((pair) => {
    const at = pair.indexOf('=')
    return at >= 0 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : []
  })
}

function after(prefix: string, value: string): string | undefined {
  return value.startsWith(prefix) ? value.slice(prefix.length) : undefined
}

function refused(fault: PresentedFault): Extract<PresentedCredential, { kind: 'refused' }> {
  return { kind: 'refused', fault }
}
