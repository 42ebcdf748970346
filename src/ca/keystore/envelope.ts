// Seals secrets at rest: AES-256-GCM (NIST SP 800-38D) under a data key of their own, which is wrapped under the master
// key. A new master key therefore re-wraps without touching the data; `seal` again makes a new data key. Both layers
// authenticate where the secret stands (CP §6.2.4), so that a row moved to another place does not open.
//
//   version (1) ‖ nonce (12) ‖ wrapped data key (32) ‖ tag (16) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import type { Random } from '../../domain/clock.ts'
import { SealBroken } from './errors.ts'
import type { MasterKey } from './master-key.ts'

/** What a sealed secret is for: no row opens as one of another kind. */
export type SealPurpose = 'issuer' | 'jwt' | 'ocsp' | 'snapshot' | 'tls-server' | 'member' | 'connector'

/** Where a secret stands. Every field is authenticated; a key version rises when the secret in one row is replaced. */
export interface SealContext {
  readonly installation: string
  readonly purpose: SealPurpose
  readonly table: string
  readonly row: string
  readonly identity: string
  readonly keyVersion: number
}

const VERSION = 1

/** 96 bits, the size that GCM does not hash (SP 800-38D §5.2.1.1). Random: good for 2^32 writes under one master key (§8.3). */
const NONCE_BYTES = 12
const TAG_BYTES = 16
const DATA_KEY_BYTES = 32
const WRAPPED_BYTES = NONCE_BYTES + DATA_KEY_BYTES + TAG_BYTES

export function seal(masterKey: MasterKey, plaintext: Uint8Array, context: SealContext, random: Random): Uint8Array {
  const dataKey = random(DATA_KEY_BYTES)
  const wrapped = encrypt(masterKey.cipherKey(), dataKey, authenticated('data-key', context), random)
  const data = encrypt(createSecretKey(dataKey), plaintext, authenticated('data', context), random)
  dataKey.fill(0)
  return Buffer.concat([Uint8Array.of(VERSION), wrapped, data])
}

/** Throws `SealBroken`. */
export function open(masterKey: MasterKey, sealed: Uint8Array, context: SealContext): Uint8Array {
  const { wrapped, data } = split(sealed)
  const dataKey = decrypt(masterKey.cipherKey(), wrapped, authenticated('data-key', context))
  const key = createSecretKey(dataKey)
  dataKey.fill(0)
  return decrypt(key, data, authenticated('data', context))
}

/** The same secret under another master key; the data key and the ciphertext stay as they are. Throws `SealBroken`. */
export function rewrap(
  from: MasterKey,
  to: MasterKey,
  sealed: Uint8Array,
  context: SealContext,
  random: Random,
): Uint8Array {
  const { wrapped, data } = split(sealed)
  const dataKey = decrypt(from.cipherKey(), wrapped, authenticated('data-key', context))
  const again = encrypt(to.cipherKey(), dataKey, authenticated('data-key', context), random)
  dataKey.fill(0)
  return Buffer.concat([Uint8Array.of(VERSION), again, data])
}

/** A JSON array quotes each field, so that no two contexts have the same bytes. */
function authenticated(layer: 'data-key' | 'data', context: SealContext): Uint8Array {
  const { installation, purpose, table, row, identity, keyVersion } = context
  return Buffer.from(
    JSON.stringify(['signet-seal', VERSION, layer, installation, purpose, table, row, identity, keyVersion]),
  )
}

function split(sealed: Uint8Array): { readonly wrapped: Uint8Array; readonly data: Uint8Array } {
  const leastBytes = 1 + WRAPPED_BYTES + NONCE_BYTES + TAG_BYTES
  if (sealed.length < leastBytes || sealed[0] !== VERSION) throw new SealBroken()
  return { wrapped: sealed.subarray(1, 1 + WRAPPED_BYTES), data: sealed.subarray(1 + WRAPPED_BYTES) }
}

function encrypt(key: KeyObject, plaintext: Uint8Array, aad: Uint8Array, random: Random): Uint8Array {
  const nonce = random(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad)
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: KeyObject, bytes: Uint8Array, aad: Uint8Array): Uint8Array {
  const tagAt = bytes.length - TAG_BYTES
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(aad).setAuthTag(bytes.subarray(tagAt))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, tagAt)), decipher.final()])
  } catch {
    // The cause is dropped: it is the cipher's "unable to authenticate", and no detail may leave.
    throw new SealBroken()
  }
}
