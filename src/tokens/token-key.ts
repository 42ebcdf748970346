// The life of a token key, as pure functions over the keys of an installation. A key is published before it signs, for as
// long as a verifier may cache the key set without it, and after it signed, until its last token has expired; both with
// room for clocks that differ. Each algorithm has a row of keys of its own.
import { addSeconds } from '../domain/clock.ts'
import { TokenRefused } from './errors.ts'
import type { TokenAlgorithm } from '../domain/token-algorithm.ts'
import { algorithmOfJwk, parseTokenJwk, type TokenJwk, thumbprint } from './token-algorithm.ts'
import type { TokenPolicy } from './token-policy.ts'
import type { TokenKeyRecord } from './token-store.ts'

export interface TokenKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string
  readonly algorithm: TokenAlgorithm
  readonly publicJwk: TokenJwk
  readonly createdAt: Date
  /** It signs from `signsFrom`, inclusive, to `signsUntil`, exclusive; and is published from `createdAt` likewise. */
  readonly signsFrom: Date
  readonly signsUntil: Date
  readonly publishedUntil: Date
}

/** What JWKS shows of a key (RFC 7517 §4). */
export type PublishedJwk = TokenJwk & { readonly use: 'sig'; readonly alg: TokenAlgorithm; readonly kid: string }

export interface JwksDocument {
  readonly keys: readonly PublishedJwk[]
}

/**
 * The life of a new key beside `keys`. It takes over where the last of its algorithm ends, and not before it has stood in
 * JWKS long enough. Where no key signs now or later, it signs at once: a first key is in no cache that could be old, and
 * after a standstill or a withdrawal, verifiers that fetch again for an unknown `kid` are better than none.
 */
export function planTokenKey(
  made: Pick<TokenKey, 'algorithm' | 'publicJwk'>,
  keys: readonly TokenKey[],
  now: Date,
  policy: TokenPolicy,
): TokenKey {
  const last = lastSignature(keys, made.algorithm)
  const stood = stoodFrom(now, policy)
  return lifeOf(made, last === undefined || last <= now ? now : last > stood ? last : stood, now, policy)
}

function lifeOf(
  { algorithm, publicJwk }: Pick<TokenKey, 'algorithm' | 'publicJwk'>,
  signsFrom: Date,
  createdAt: Date,
  policy: TokenPolicy,
): TokenKey {
  const signsUntil = addSeconds(signsFrom, policy.keySignsSeconds)
  const publishedUntil = addSeconds(signsUntil, policy.maxSeconds + policy.keyOverlapSeconds)
  return { kid: thumbprint(publicJwk), algorithm, publicJwk, createdAt, signsFrom, signsUntil, publishedUntil }
}

/** When a key that is published now has stood in JWKS long enough to sign. */
function stoodFrom(now: Date, policy: TokenPolicy): Date {
  return addSeconds(now, policy.jwksMaxAgeSeconds + policy.keyOverlapSeconds)
}

/**
 * A key that takes over before the last one ends: as soon as it has stood in JWKS long enough. Where no key signs, at once.
 */
export function planEarlyTokenKey(
  made: Pick<TokenKey, 'algorithm' | 'publicJwk'>,
  keys: readonly TokenKey[],
  now: Date,
  policy: TokenPolicy,
): TokenKey {
  const isSignedWith = ofAlgorithm(keys, made.algorithm).some((each) => each.signsFrom <= now && now < each.signsUntil)
  return lifeOf(made, isSignedWith ? stoodFrom(now, policy) : now, now, policy)
}

/**
 * Who signs once a key is gone: one that does so now, or the next one from now on, since verifiers have it already. Undefined
 * when there is none.
 */
export function successorOf(keys: readonly TokenKey[], algorithm: TokenAlgorithm, now: Date): TokenKey | undefined {
  const [first] = ofAlgorithm(keys, algorithm)
    .filter((each) => now < each.signsUntil)
    .sort((one, other) => one.signsFrom.getTime() - other.signsFrom.getTime() || (one.kid < other.kid ? -1 : 1))
  return first === undefined || first.signsFrom <= now ? first : { ...first, signsFrom: now }
}

/** The key to sign with now. Where two processes made one each, all choose the same. Throws `TokenRefused` (`token_key_none`). */
export function keyToSign(keys: readonly TokenKey[], algorithm: TokenAlgorithm, now: Date): TokenKey {
  const [key] = ofAlgorithm(keys, algorithm)
    .filter((each) => each.signsFrom <= now && now < each.signsUntil)
    .sort((one, other) => other.signsFrom.getTime() - one.signsFrom.getTime() || (one.kid < other.kid ? -1 : 1))
  if (key === undefined) throw new TokenRefused('token_key_none', { algorithm })
  return key
}

/** The keys that verifiers accept now, oldest first. */
export function publishedKeys(keys: readonly TokenKey[], now: Date): readonly TokenKey[] {
  return keys
    .filter((key) => key.createdAt <= now && now < key.publishedUntil)
    .sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime() || (one.kid < other.kid ? -1 : 1))
}

/**
 * When the next key of an algorithm is to be made: half a signing period before the last one ends. A service that stood
 * still for less than that finds the next key already published for long enough.
 */
export function nextKeyDue(keys: readonly TokenKey[], algorithm: TokenAlgorithm, now: Date, policy: TokenPolicy): Date {
  const last = lastSignature(keys, algorithm)
  const stoodSeconds = policy.jwksMaxAgeSeconds + policy.keyOverlapSeconds
  return last === undefined || last <= now
    ? now
    : addSeconds(last, -Math.max(Math.floor(policy.keySignsSeconds / 2), stoodSeconds))
}

/** An emergency: the key signs and is published no more. Verifiers may hold it in a cache for the max-age of JWKS. */
export function withdrawTokenKey(key: TokenKey, now: Date): TokenKey {
  return { ...key, signsUntil: earlier(key.signsUntil, now), publishedUntil: earlier(key.publishedUntil, now) }
}

/** The key set document (RFC 7517 §5). */
export function jwks(keys: readonly TokenKey[], now: Date): JwksDocument {
  return {
    keys: publishedKeys(keys, now).map(({ publicJwk, algorithm, kid }) => ({
      ...publicJwk,
      use: 'sig',
      alg: algorithm,
      kid,
    })),
  }
}

/** A key as the database kept it. Throws `TokenRefused` (`token_algorithm_unsupported`) when its JWK is not its `kid`'s. */
export function parseTokenKeyRecord(record: Omit<TokenKeyRecord, 'sealedKey'>): TokenKey {
  const { kid, algorithm, createdAt, signsFrom, signsUntil, publishedUntil } = record
  const publicJwk = parseTokenJwk(JSON.parse(record.publicJwk) as object)
  if (thumbprint(publicJwk) !== kid || algorithmOfJwk(publicJwk) !== algorithm) {
    throw new TokenRefused('token_algorithm_unsupported', { kid })
  }
  return { kid, algorithm, publicJwk, createdAt, signsFrom, signsUntil, publishedUntil }
}

/** A key as the database keeps it, beside the private half that a key store sealed. */
export function tokenKeyRecord(key: TokenKey, sealedKey: Uint8Array): TokenKeyRecord {
  return { ...key, publicJwk: JSON.stringify(key.publicJwk), sealedKey }
}

function ofAlgorithm(keys: readonly TokenKey[], algorithm: TokenAlgorithm): TokenKey[] {
  return keys.filter((key) => key.algorithm === algorithm)
}

function lastSignature(keys: readonly TokenKey[], algorithm: TokenAlgorithm): Date | undefined {
  const ends = ofAlgorithm(keys, algorithm).map(({ signsUntil }) => signsUntil.getTime())
  return ends.length === 0 ? undefined : new Date(Math.max(...ends))
}

function earlier(one: Date, other: Date): Date {
  return one < other ? one : other
}
