// EncryptedPrivateKeyInfo (RFC 5958 §3) under PBES2 (RFC 8018 §6.2) with scrypt (RFC 7914 §7) and AES-256-CBC, in PEM
// (RFC 7468 §11): a form that `openssl pkey` opens with nothing of ours at hand. Node's own export offers PBKDF2 with
// 2,048 rounds only. PBES2 has no authentication: whoever reads the key checks that it belongs to its public half.
import { createCipheriv, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from '../../domain/clock.ts'
import { octetString, oid, sequence, smallInteger } from '../../x509/der-writer.ts'
import { encodePem } from '../../x509/pem.ts'

const PBES2 = '1.2.840.113549.1.5.13'
const SCRYPT = '1.3.6.1.4.1.11591.4.11'
const AES_256_CBC = '2.16.840.1.101.3.4.1.42'

const PEM_LABEL = 'ENCRYPTED PRIVATE KEY'

/**
 * OpenSSL gives scrypt 32 MiB when it reads a key file, which N = 2^15 already exceeds, so the cost is in `parallelization`:
 * three times the work that OWASP's password storage rules ask of N = 2^14 (p = 5), about half a second.
 */
const SCRYPT_COST = { cost: 2 ** 14, blockSize: 8, parallelization: 16 } as const

const SALT_BYTES = 16
const IV_BYTES = 16
const KEY_BYTES = 32
const SCRYPT_MAX_BYTES = 64 * 1024 * 1024

const derive = promisify<
  Uint8Array,
  Uint8Array,
  number,
  { cost: number; blockSize: number; parallelization: number; maxmem: number },
  Buffer
>(scrypt)

/** `pkcs8` encrypted under `passphrase`, as PEM text. */
export async function encryptPrivateKey(pkcs8: Uint8Array, passphrase: Uint8Array, random: Random): Promise<string> {
  const salt = random(SALT_BYTES)
  const iv = random(IV_BYTES)
  const key = await derive(passphrase, salt, KEY_BYTES, { ...SCRYPT_COST, maxmem: SCRYPT_MAX_BYTES })
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const encrypted = Buffer.concat([cipher.update(pkcs8), cipher.final()])
  key.fill(0)
  return encodePem(PEM_LABEL, sequence(pbes2Algorithm(salt, iv), octetString(encrypted)))
}

function pbes2Algorithm(salt: Uint8Array, iv: Uint8Array): Uint8Array {
  const { cost, blockSize, parallelization } = SCRYPT_COST
  const kdf = sequence(
    oid(SCRYPT),
    sequence(
      octetString(salt),
      smallInteger(cost),
      smallInteger(blockSize),
      smallInteger(parallelization),
      smallInteger(KEY_BYTES),
    ),
  )
  return sequence(oid(PBES2), sequence(kdf, sequence(oid(AES_256_CBC), octetString(iv))))
}
