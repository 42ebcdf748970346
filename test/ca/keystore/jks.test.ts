// JKS against its only specification, Java's own reader: keytool lists it, opens the key, and refuses what was changed.
import { execFileSync } from 'node:child_process'
import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeJks, encodeJksTrustStore } from '../../../src/ca/keystore/jks.ts'
import { generateKey, importPkcs8 } from '../../../src/ca/keystore/private-key.ts'

const PASSPHRASE = 'correct horse battery staple'
const AT = new Date('2026-01-02T03:04:05Z')

const folder = mkdtempSync(join(tmpdir(), 'jks-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string) => join(folder, name)
const keytool = (...args: string[]) =>
  execFileSync('keytool', ['-J-Duser.language=en', ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })

let pkcs8: Uint8Array
let certificate: Uint8Array

beforeAll(async () => {
  pkcs8 = (await generateKey('ec-p256')).pkcs8
  writeFileSync(at('leaf.key'), pkcs8)
  const subject = ['-subj', '/CN=vision__alice', '-out', 'leaf.pem']
  execFileSync('openssl', ['req', '-x509', '-key', 'leaf.key', ...subject], { cwd: folder, stdio: 'pipe' })
  certificate = new X509Certificate(readFileSync(at('leaf.pem'))).raw
})

describe('a JKS file', () => {
  test('with a key is opened by Java, which takes key and certificate out of it', () => {
    const entry = { alias: 'Vision__Alice', privateKeyPkcs8: pkcs8, chain: [certificate] }
    writeFileSync(at('leaf.jks'), encodeJks(entry, PASSPHRASE, AT, randomBytes))
    const store = ['-srckeystore', 'leaf.jks', '-srcstoretype', 'JKS', '-srcstorepass', PASSPHRASE]
    const to = ['-destkeystore', 'out.p12', '-deststoretype', 'PKCS12', '-deststorepass', PASSPHRASE]
    keytool('-importkeystore', '-noprompt', ...store, ...to)
    const opened = ['pkcs12', '-in', 'out.p12', '-passin', `pass:${PASSPHRASE}`, '-nodes']
    const pem = execFileSync('openssl', opened, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
    expect(pem).toContain('friendlyName: vision__alice')
    expect(createPublicKey(pem).export({ type: 'spki', format: 'der' })).toEqual(
      createPublicKey(importPkcs8(pkcs8)).export({ type: 'spki', format: 'der' }),
    )
  })

  test('of trust is listed by Java, and not once an octet of it was changed', () => {
    const bytes = encodeJksTrustStore([{ alias: 'root-1', certificate }], 'changeit', AT)
    writeFileSync(at('trust.jks'), bytes)
    const list = (name: string) => keytool('-list', '-keystore', name, '-storetype', 'JKS', '-storepass', 'changeit')
    expect(list('trust.jks')).toMatch(/root-1, Jan 2, 2026, trustedCertEntry/)
    const changed = Buffer.from(bytes)
    changed[100] = (changed[100] ?? 0) ^ 1
    writeFileSync(at('changed.jks'), changed)
    expect(() => list('changed.jks')).toThrow(/Command failed/)
  })

  test('of trust has the same bytes each time, and one with a key never', () => {
    const trust = () => encodeJksTrustStore([{ alias: 'root-1', certificate }], 'changeit', AT)
    const entry = { alias: 'a', privateKeyPkcs8: pkcs8, chain: [certificate] }
    const withKey = () => encodeJks(entry, PASSPHRASE, AT, randomBytes)
    expect(trust()).toEqual(trust())
    expect(withKey()).not.toEqual(withKey())
    expect(Buffer.from(withKey()).includes(pkcs8)).toBe(false)
  })
})
