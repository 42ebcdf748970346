import { spawnSync } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encryptPrivateKey } from '../../../src/ca/keystore/encrypted-private-key.ts'
import { generateKey } from '../../../src/ca/keystore/private-key.ts'
import { makeRootKey, readRootKey, ROOT_KEY_FILE, writeRootKey } from '../../../src/ca/keystore/root-key-file.ts'
import { systemRandom } from '../../../src/domain/clock.ts'
import type { KeyAlgorithmName } from '../../../src/domain/key-algorithm.ts'

const PASSPHRASE = 'correct horse battery staple'

let folder = ''
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'root-key-')), 'root')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

const path = () => join(folder, ROOT_KEY_FILE)
const code = (text: string) => expect.objectContaining({ code: text }) as unknown

describe('a root key file', () => {
  test.each<[KeyAlgorithmName, string | null]>([
    ['ec-p256', 'sha256'],
    ['ec-p384', 'sha384'],
    ['rsa-3072', 'sha256'],
    ['rsa-4096', 'sha384'],
    ['ed25519', null],
    ['ml-dsa-65', null],
  ])('keeps an %s key that signs certificates and CRLs', async (algorithm, hash) => {
    const made = await makeRootKey(folder, algorithm, PASSPHRASE, systemRandom)
    const read = readRootKey(folder, PASSPHRASE)
    expect(read.algorithm).toBe(algorithm)
    expect(Buffer.from(read.publicKey)).toEqual(Buffer.from(made.publicKey))
    const key = createPublicKey({ key: Buffer.from(read.publicKey), format: 'der', type: 'spki' })
    for (const purpose of ['certificate', 'crl'] as const) {
      const signer = read.signer(purpose)
      const bytes = Buffer.from(`tbs ${purpose}`)
      expect(signer.purpose).toBe(purpose)
      expect(verify(hash, bytes, key, await signer.sign(bytes))).toBe(true)
    }
  })

  test('is opened by openssl alone', async () => {
    const made = await makeRootKey(folder, 'ec-p256', PASSPHRASE, systemRandom)
    const opened = spawnSync('openssl', ['pkey', '-in', path(), '-passin', 'stdin', '-pubout', '-outform', 'DER'], {
      input: `${PASSPHRASE}\n`,
    })
    expect(opened.stderr.toString()).toBe('')
    expect(opened.stdout).toEqual(Buffer.from(made.publicKey))
  })

  test('says scrypt and AES-256-CBC, with a cost that openssl can pay', async () => {
    await makeRootKey(folder, 'ec-p256', PASSPHRASE, systemRandom)
    const parsed = spawnSync('openssl', ['asn1parse', '-in', path()], { encoding: 'utf8' }).stdout
    expect(parsed).toMatch(/:scrypt\n[^]*INTEGER +:4000\n[^]*INTEGER +:08\n[^]*INTEGER +:10\n[^]*:aes-256-cbc\n/)
  })

  test('is closed to others, alone in a folder of its own', async () => {
    await makeRootKey(folder, 'ec-p256', PASSPHRASE, systemRandom)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(path()).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual([ROOT_KEY_FILE])
  })

  test('is never overwritten', async () => {
    await makeRootKey(folder, 'ec-p256', PASSPHRASE, systemRandom)
    const before = createHash('sha256').update(readFileSync(path())).digest('hex')
    await expect(makeRootKey(folder, 'ed25519', PASSPHRASE, systemRandom)).rejects.toThrow(code('root_key_exists'))
    expect(createHash('sha256').update(readFileSync(path())).digest('hex')).toBe(before)
    expect(readdirSync(folder)).toEqual([ROOT_KEY_FILE])
  })

  test('takes one passphrase, however its letters were composed', async () => {
    await makeRootKey(folder, 'ec-p256', 'le café noir été'.normalize('NFD'), systemRandom)
    expect(readRootKey(folder, 'le café noir été'.normalize('NFC')).algorithm).toBe('ec-p256')
  })
})

describe('refused:', () => {
  test('a passphrase of eleven characters, and twelve are taken', async () => {
    const key = await generateKey('ec-p256')
    await expect(writeRootKey(folder, key, 'elevenchars', systemRandom)).rejects.toThrow(code('passphrase_too_short'))
    expect(() => statSync(folder)).toThrow()
    await writeRootKey(folder, key, 'twelve chars', systemRandom)
    expect(readRootKey(folder, 'twelve chars').algorithm).toBe('ec-p256')
  })

  test.each(['correct horse battery stapl', 'Correct horse battery staple', ''])(
    'the wrong passphrase %j',
    async (wrong) => {
      await makeRootKey(folder, 'ec-p256', PASSPHRASE, systemRandom)
      expect(() => readRootKey(folder, wrong)).toThrow(code('passphrase_wrong'))
    },
  )

  test('a wrong passphrase whose padding happens to look right: what comes out is no key', async () => {
    await makeRootKey(folder, 'ec-p256', PASSPHRASE, systemRandom)
    writeFileSync(path(), await encryptPrivateKey(randomBytes(150), Buffer.from(PASSPHRASE), systemRandom))
    expect(() => readRootKey(folder, PASSPHRASE)).toThrow(code('passphrase_wrong'))
  })

  test('a folder without the file', () => {
    expect(() => readRootKey(folder, PASSPHRASE)).toThrow(code('root_key_missing'))
  })

  test.each([
    ['no PEM', () => 'nothing of the kind'],
    ['no DER', () => '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n'],
    ['a key in clear', () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })],
  ])('%s in the file', async (_, contents) => {
    await makeRootKey(folder, 'ec-p256', PASSPHRASE, systemRandom)
    writeFileSync(path(), contents())
    expect(() => readRootKey(folder, PASSPHRASE)).toThrow(
      expect.objectContaining({ name: expect.any(String) as string }),
    )
    expect(() => readRootKey(folder, PASSPHRASE)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(?:root_key_malformed|passphrase_wrong)$/) as string }),
    )
  })

  test('a private half that is not that of the public half beside it', async () => {
    const [one, other] = [await generateKey('ec-p256'), await generateKey('ec-p256')]
    // PKCS#8 of an EC key ends with the public point (RFC 5915 §3).
    const mixed = Buffer.concat([one.pkcs8.subarray(0, -65), other.pkcs8.subarray(-65)])
    expect(createPrivateKey({ key: mixed, format: 'der', type: 'pkcs8' }).asymmetricKeyType).toBe('ec')
    await makeRootKey(folder, 'ec-p256', PASSPHRASE, systemRandom)
    writeFileSync(path(), await encryptPrivateKey(mixed, Buffer.from(PASSPHRASE), systemRandom))
    expect(() => readRootKey(folder, PASSPHRASE)).toThrow(code('root_key_malformed'))
  })
})

test('a root key in memory shows itself to no one', async () => {
  const generated = await generateKey('ed25519')
  const seed = Buffer.from(generated.pkcs8.subarray(-32))
  await writeRootKey(folder, generated, PASSPHRASE, systemRandom)
  const key = readRootKey(folder, PASSPHRASE)
  const shown = JSON.stringify(key) + inspect(key, { showHidden: true, depth: 9 })
  for (const form of ['hex', 'base64', 'base64url'] as const) expect(shown).not.toContain(seed.toString(form))
  expect(Object.keys(key)).toEqual(['algorithm', 'publicKey'])
})
