// The key set of another issuer (RFC 7517 §5), read as far as it serves to verify signatures: each key with the algorithms that
// go with it. Keys that are not understood are left alone, as RFC 7517 §5 says; no symmetric key is ever taken.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { hasRocaShape } from '../domain/roca.ts'

/** What tokens of other issuers may be signed with: no `none`, nothing symmetric, nothing under SHA-256. */
export type ForeignAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'EdDSA'

export interface ForeignKey {
  readonly key: KeyObject
  /** Those that the key can do; one of them alone where the key set says so. */
  readonly algorithms: readonly ForeignAlgorithm[]
}

export type ForeignKeys = ReadonlyMap<string, ForeignKey>

/** Most keys of a set that are looked at. Large issuers have under ten. */
const MAX_KEYS = 50

/** RFC 7518 §3.3 asks for 2048; over 8192 one verification takes as long as a hundred others. */
const RSA_BITS = { min: 2048, max: 8192 } as const
/** FIPS 186-5 §5.1 allows far more, and nobody uses it: one verification would take as long as a signature. */
const MAX_RSA_EXPONENT = 2n ** 32n

/** Throws `SyntaxError` or `TypeError` for what is no key set. A `kid` that stands there twice names no key. */
export function parseKeySet(text: string): ForeignKeys {
  const document: unknown = JSON.parse(text)
  const keys = typeof document === 'object' && document !== null && 'keys' in document ? document.keys : undefined
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) throw new TypeError('not a key set')
  const found = new Map<string, ForeignKey>()
  const repeated = new Set<string>()
  for (const jwk of keys as readonly unknown[]) {
    const members = membersOf(jwk)
    const kid = members.get('kid')
    const key = keyOf(members)
    if (typeof kid !== 'string' || key === undefined) continue
    if (found.has(kid)) repeated.add(kid)
    found.set(kid, key)
  }
  for (const kid of repeated) found.delete(kid)
  return found
}

type Members = ReadonlyMap<string, unknown>

function membersOf(jwk: unknown): Members {
  return new Map(typeof jwk === 'object' && jwk !== null ? Object.entries(jwk) : [])
}

function keyOf(members: Members): ForeignKey | undefined {
  if (!isForVerifying(members)) return undefined
  const key = publicKeyOf(members)
  if (key === undefined || (key.asymmetricKeyType === 'rsa' && isWeakRsa(key, members))) return undefined
  const alg = members.get('alg')
  const algorithms = algorithmsOf(key).filter((each) => alg === undefined || each === alg)
  return algorithms.length === 0 ? undefined : { key, algorithms }
}

/** RFC 7517 §4.2, §4.3: a key that its owner means for something else verifies nothing, whichever of the two says so. */
function isForVerifying(members: Members): boolean {
  const [use, operations] = [members.get('use'), members.get('key_ops')]
  if (use !== undefined && use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

/** Keys with which anybody can sign: exponent 1 (or none that RSA has), and those whose factors can be found. */
function isWeakRsa(key: KeyObject, members: Members): boolean {
  const { publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (publicExponent < 3n || publicExponent > MAX_RSA_EXPONENT || publicExponent % 2n === 0n) return true
  return hasRocaShape(BigInt(`0x${Buffer.from(String(members.get('n')), 'base64url').toString('hex')}`))
}

function publicKeyOf(members: Members): KeyObject | undefined {
  // Only the members of a public key: a private half that somebody published stays where it is.
  const jwk = Object.fromEntries(['kty', 'crv', 'x', 'y', 'n', 'e'].map((name) => [name, members.get(name)]))
  if (!['RSA', 'EC', 'OKP'].includes(String(jwk['kty']))) return undefined
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    // A key that cannot be read verifies nothing; the others of the set do.
    return undefined
  }
}

function algorithmsOf(key: KeyObject): readonly ForeignAlgorithm[] {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ed25519') return ['EdDSA']
  if (key.asymmetricKeyType === 'ec') {
    return namedCurve === 'prime256v1' ? ['ES256'] : namedCurve === 'secp384r1' ? ['ES384'] : []
  }
  const fits = key.asymmetricKeyType === 'rsa' && modulusLength >= RSA_BITS.min && modulusLength <= RSA_BITS.max
  return fits ? ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] : []
}
