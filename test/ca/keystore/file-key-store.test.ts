import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { SealContext, SealPurpose } from '../../../src/ca/keystore/envelope.ts'
import { FileKeyStore } from '../../../src/ca/keystore/file-key-store.ts'
import { KeySigner } from '../../../src/ca/keystore/key-signer.ts'
import { SEALED_AS } from '../../../src/ca/keystore/key-store.ts'
import { MasterKey } from '../../../src/ca/keystore/master-key.ts'
import { importPkcs8 } from '../../../src/ca/keystore/private-key.ts'
import { systemRandom } from '../../../src/domain/clock.ts'
import { type KeyAlgorithmName, KEY_ALGORITHMS } from '../../../src/domain/key-algorithm.ts'
import type { Signer, SignerPurpose } from '../../../src/domain/signer.ts'

const masterKey = MasterKey.fromBytes(randomBytes(32))
const nextKey = MasterKey.fromBytes(randomBytes(32))
const store = new FileKeyStore([masterKey], systemRandom)
const under = masterKey.id

function at(purpose: SealPurpose, row = 'r-1'): SealContext {
  return { installation: 'i-1', purpose, table: 't', row, identity: 'x', keyVersion: 1 }
}

async function signerFor<Purpose extends SignerPurpose>(
  purpose: Purpose,
  algorithm: KeyAlgorithmName,
): Promise<Signer<Purpose>> {
  const context = at(SEALED_AS[purpose])
  return store.openSigner(purpose, store.seal(await store.generate(algorithm), context, under), context)
}

const code = (text: string) => expect.objectContaining({ code: text }) as unknown
const names = [...KEY_ALGORITHMS.values()].map(({ name }) => name)

/** As entries of CRLs lie: a thread reads them where they are. */
function shared(bytes: Uint8Array): Uint8Array {
  const made = new Uint8Array(new SharedArrayBuffer(bytes.length))
  made.set(bytes)
  return made
}

describe('a signer', () => {
  test.each(names)('signs with %s so that OpenSSL verifies it', async (name) => {
    const signer = await signerFor('certificate', name)
    const key = createPublicKey({ key: Buffer.from(signer.publicKey), format: 'der', type: 'spki' })
    const algorithm = KEY_ALGORITHMS.get(name)
    const hash = algorithm !== undefined && 'hash' in algorithm ? algorithm.hash : null
    const bytes = randomBytes(700)
    const signature = await signer.sign(bytes)
    expect(signer).toMatchObject({ purpose: 'certificate', algorithm: name })
    expect(verify(hash, bytes, key, signature)).toBe(true)
    const inParts = await signer.signParts?.([
      bytes.subarray(0, 1),
      shared(bytes.subarray(1, 600)),
      bytes.subarray(600),
    ])
    expect(verify(hash, bytes, key, inParts ?? new Uint8Array())).toBe(true)
    bytes[0] = (bytes[0] ?? 0) ^ 1
    expect(verify(hash, bytes, key, signature)).toBe(false)
  })

  test.each<[SignerPurpose, 'der' | 'ieee-p1363']>([
    ['certificate', 'der'],
    ['crl', 'der'],
    ['ocsp', 'der'],
    ['jwt', 'ieee-p1363'],
    ['snapshot', 'ieee-p1363'],
  ])('for %s writes ECDSA as %s', async (purpose, dsaEncoding) => {
    for (const [name, hash, bytesOfPair] of [
      ['ec-p256', 'sha256', 64],
      ['ec-p384', 'sha384', 96],
    ] as const) {
      const signer = await signerFor(purpose, name)
      const key = createPublicKey({ key: Buffer.from(signer.publicKey), format: 'der', type: 'spki' })
      const signature = await signer.sign(Buffer.from('x'))
      expect(verify(hash, Buffer.from('x'), { key, dsaEncoding }, signature)).toBe(true)
      if (dsaEncoding === 'ieee-p1363') expect(signature).toHaveLength(bytesOfPair)
      else expect(signature[0]).toBe(0x30)
    }
  })

  test('shows its key to no one', async () => {
    const pair = generateKeyPairSync('ed25519')
    const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'der' })
    const seed = pkcs8.subarray(-32)
    const signer = new KeySigner('jwt', importPkcs8(pkcs8))
    await signer.sign(Buffer.from('x'))
    const shown = JSON.stringify(signer) + inspect(signer, { showHidden: true, depth: 9, getters: true })
    for (const form of ['hex', 'base64', 'base64url'] as const) expect(shown).not.toContain(seed.toString(form))
    expect(shown).not.toMatch(/KeyObject|PrivateKey/)
    expect(Reflect.ownKeys(signer)).toEqual(['purpose', 'algorithm', 'publicKey'])
  })

  test('cannot be passed off as one for another purpose', async () => {
    const forCrl = await signerFor('crl', 'ec-p256')
    const takesJwt = (signer: Signer<'jwt'>) => signer.purpose
    // @ts-expect-error A CRL signer makes no tokens.
    expect(takesJwt(forCrl)).toBe('crl')
  })
})

describe('a sealed key', () => {
  test('of an issuer signs certificates and CRLs, and nothing else', async () => {
    const context = at('issuer')
    const sealed = store.seal(await store.generate('ec-p256'), context, under)
    expect(store.openSigner('certificate', sealed, context).publicKey).toEqual(
      store.openSigner('crl', sealed, context).publicKey,
    )
    for (const purpose of ['jwt', 'ocsp', 'snapshot'] as const) {
      expect(() => store.openSigner(purpose, sealed, context)).toThrow(code('seal_broken'))
      expect(() => store.openSigner(purpose, sealed, at(SEALED_AS[purpose]))).toThrow(code('seal_broken'))
    }
    expect(() => store.openTlsKey(sealed, context)).toThrow(code('seal_broken'))
    expect(() => store.openTlsKey(sealed, at('tls-server'))).toThrow(code('seal_broken'))
  })

  test('does not open in another row', async () => {
    const sealed = store.seal(await store.generate('ec-p256'), at('jwt'), under)
    expect(() => store.openSigner('jwt', sealed, at('jwt', 'r-2'))).toThrow(code('seal_broken'))
  })

  test('does not open under another master key', async () => {
    const sealed = store.seal(await store.generate('ec-p256'), at('jwt'), under)
    const other = new FileKeyStore([nextKey], systemRandom)
    expect(() => other.openSigner('jwt', sealed, at('jwt'))).toThrow(code('seal_broken'))
  })

  test('for TLS is a PEM that TLS takes', async () => {
    const context = at('tls-server')
    const pem = store.openTlsKey(store.seal(await store.generate('ec-p256'), context, under), context)
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    expect(createSecureContext({ key: pem })).toBeDefined()
  })
})

describe('a new key', () => {
  test('holds its public half alone', async () => {
    const key = await store.generate('ec-p384')
    expect(Reflect.ownKeys(key)).toEqual(['algorithm', 'publicKey'])
  })

  test('is sealed by the store that made it, and no other', async () => {
    const key = await store.generate('ec-p256')
    const other = new FileKeyStore([nextKey], systemRandom)
    expect(() => other.seal(key, at('jwt'), nextKey.id)).toThrow(code('private_key_malformed'))
    expect(() => store.seal({ ...key }, at('jwt'), under)).toThrow(code('private_key_malformed'))
  })

  test('of ML-DSA is kept in seed form (RFC 9881 §6)', async () => {
    const key = await store.generate('ml-dsa-65')
    const context = at('issuer')
    const sealed = store.seal(key, context, under)
    // 121 octets are the seal's own; the expanded key would be over 4,000.
    expect(sealed.length).toBeLessThan(200)
    expect(Buffer.from(store.openSigner('certificate', sealed, context).publicKey)).toEqual(Buffer.from(key.publicKey))
  })
})

test.each([
  ['broken', () => Buffer.from('3003020100', 'hex'), 'private_key_malformed'],
  [
    'of a curve that Signet does not have',
    () => generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey.export({ type: 'pkcs8', format: 'der' }),
    'key_algorithm_unsupported',
  ],
  [
    'RSA of another length',
    () => generateKeyPairSync('rsa', { modulusLength: 2056 }).privateKey.export({ type: 'pkcs8', format: 'der' }),
    'key_algorithm_unsupported',
  ],
])('a private key that is %s is refused', (_, pkcs8, expected) => {
  expect(() => new KeySigner('certificate', importPkcs8(pkcs8()))).toThrow(code(expected))
})

describe('while the master key is rotated', () => {
  const both = new FileKeyStore([masterKey, nextKey], systemRandom)
  const afterwards = new FileKeyStore([nextKey], systemRandom)
  const context = at('issuer')

  async function sealedUnder(id: string): Promise<Uint8Array> {
    return both.seal(await both.generate('ec-p256'), context, id)
  }

  test('rule 38: a store opens with either key and seals with the one that is said', async () => {
    expect(both.masterKeys).toEqual([masterKey.id, nextKey.id])
    const [before, after] = [await sealedUnder(masterKey.id), await sealedUnder(nextKey.id)]
    for (const sealed of [before, after]) expect(both.openSigner('crl', sealed, context).purpose).toBe('crl')
    expect(() => store.openSigner('crl', after, context)).toThrow(code('seal_broken'))
    expect(() => afterwards.openSigner('crl', before, context)).toThrow(code('seal_broken'))
  })

  test('rule 38: nothing is sealed under a key that the store does not hold', async () => {
    const key = await store.generate('ec-p256')
    expect(() => store.seal(key, context, nextKey.id)).toThrow(code('master_key_not_held'))
    expect(() => store.sealEntrusted(randomBytes(9), at('member'), '')).toThrow(code('master_key_not_held'))
    const sealed = store.seal(key, context, under)
    expect(() => store.reseal(sealed, context, nextKey.id, 'kept')).toThrow(code('master_key_not_held'))
  })

  test('rule 38: re-wrapping keeps the data as it is, under fresh nonces', async () => {
    const sealed = await sealedUnder(masterKey.id)
    const again = both.reseal(sealed, context, nextKey.id, 'kept')
    if (again === 'current') throw new Error('it was under the old key')
    // After version, nonce, wrapped data key and tag.
    expect(Buffer.compare(again.subarray(61), sealed.subarray(61))).toBe(0)
    expect(Buffer.compare(again.subarray(1, 13), sealed.subarray(1, 13))).not.toBe(0)
    expect(afterwards.openSigner('crl', again, context).publicKey).toEqual(
      both.openSigner('crl', sealed, context).publicKey,
    )
    expect(() => store.openSigner('crl', again, context)).toThrow(code('seal_broken'))
    expect(both.reseal(again, context, nextKey.id, 'kept')).toBe('current')
  })

  test('rule 38: a new data key changes all of it, also under the key that is in use already', async () => {
    const sealed = await sealedUnder(nextKey.id)
    const again = both.reseal(sealed, context, nextKey.id, 'new')
    if (again === 'current') throw new Error('a new data key was asked for')
    expect(Buffer.compare(again.subarray(61), sealed.subarray(61))).not.toBe(0)
    expect(afterwards.openSigner('crl', again, context).purpose).toBe('crl')
  })

  test.each([
    ['moved to another row', at('issuer', 'r-2'), (sealed: Uint8Array) => sealed],
    ['of another purpose', at('jwt'), (sealed: Uint8Array) => sealed],
    ['with a bit of the data turned', context, (sealed: Uint8Array) => flipped(sealed, sealed.length - 1)],
    ['with a bit of the wrapped key turned', context, (sealed: Uint8Array) => flipped(sealed, 20)],
  ])('rule 38: what is %s is not re-sealed', async (_, place, change) => {
    const sealed = change(await sealedUnder(masterKey.id))
    for (const dataKey of ['kept', 'new'] as const) {
      expect(() => both.reseal(sealed, place, nextKey.id, dataKey)).toThrow(code('seal_broken'))
    }
  })

  test('rule 38: the id of a master key tells nothing of it', () => {
    const bytes = randomBytes(32)
    const hex = bytes.toString('hex')
    const { id } = MasterKey.fromBytes(bytes)
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(hex).not.toContain(id)
    expect(MasterKey.fromBytes(Buffer.from(hex, 'hex')).id).toBe(id)
  })
})

function flipped(sealed: Uint8Array, at: number): Uint8Array {
  return sealed.map((byte, index) => (index === at ? byte ^ 1 : byte))
}
