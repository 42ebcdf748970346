// The general engine with the MAC of PKCS#12 done our way: pkijs runs all rounds of its derivation (RFC 7292 appendix B.2)
// in one go, half a second in which the service would answer nobody. Here they are done in slices.
import { createHmac, hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { CryptoEngine, type CryptoEngineStampDataWithPasswordParams } from 'pkijs'
import { generalProvider } from './general-provider.ts'

/** Block of SHA-256, in octets: `v` of the appendix. Its output, `u`, is the length of the MAC key, so one round chain does. */
const BLOCK_BYTES = 64
/** Diversifier 3: key material for a MAC (appendix B.3). */
const MAC_DIVERSIFIER = 3
/** About ten milliseconds. */
const SLICE_ROUNDS = 10_000

class Pkcs12Engine extends CryptoEngine {
  override async stampDataWithPassword(parameters: CryptoEngineStampDataWithPasswordParams): Promise<ArrayBuffer> {
    const { password, salt, iterationCount, contentToStamp } = parameters
    const key = await macKey(new Uint8Array(password), new Uint8Array(salt), iterationCount)
    const mac = createHmac('sha256', key).update(new Uint8Array(contentToStamp)).digest()
    return Uint8Array.from(mac).buffer
  }
}

export const pkcs12Engine = new Pkcs12Engine({ name: 'signet-pkcs12', crypto: generalProvider })

/** The derivation for SHA-256 and 32 octets of key, of a password in ASCII. */
async function macKey(password: Uint8Array, salt: Uint8Array, rounds: number): Promise<Uint8Array> {
  const diversifier = Buffer.alloc(BLOCK_BYTES, MAC_DIVERSIFIER)
  // A BMPString with two zero octets at its end (appendix B.1).
  const bmp = Buffer.from(`${Buffer.from(password).toString('latin1')}\0`, 'utf16le').swap16()
  let key: Uint8Array = Buffer.concat([diversifier, repeated(salt), repeated(bmp)])
  for (let round = 0; round < rounds; round += 1) {
    if (round % SLICE_ROUNDS === 0) await setImmediate()
    key = hash('sha256', key, 'buffer')
  }
  return key
}

/** Copies until a whole number of blocks is full (appendix B.2, steps 2 and 3). */
function repeated(bytes: Uint8Array): Uint8Array {
  return Buffer.alloc(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES, bytes)
}
