import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodePkcs12, encodePkcs12TrustStore, type Pkcs12Contents } from '../../../src/ca/keystore/pkcs12.ts'
import { generateKey } from '../../../src/ca/keystore/private-key.ts'

const PASSPHRASE = 'correct horse battery staple'

const folder = mkdtempSync(join(tmpdir(), 'pkcs12-'))
afterAll(() => rmSync(folder, { recursive: true }))

const at = (name: string) => join(folder, name)
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
const keytool = (...args: string[]) =>
  execFileSync('keytool', ['-J-Duser.language=en', ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
const code = (text: string) => expect.objectContaining({ code: text }) as unknown

let contents: Pkcs12Contents

beforeAll(async () => {
  const ca = ['-addext', 'basicConstraints=critical,CA:TRUE']
  const fresh = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl(...fresh, '-x509', '-keyout', 'root.key', '-out', 'root.pem', '-subj', '/CN=Root', ...ca)
  openssl(
    ...fresh,
    '-x509',
    '-CA',
    'root.pem',
    '-CAkey',
    'root.key',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=Users',
    ...ca,
  )
  const key = await generateKey('ec-p256')
  writeFileSync(at('leaf.key'), key.pkcs8)
  openssl(
    'req',
    '-x509',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-key',
    'leaf.key',
    '-out',
    'leaf.pem',
    '-subj',
    '/CN=vision__alice',
  )
  const der = (name: string) => new X509Certificate(readFileSync(at(name))).raw
  contents = {
    certificate: der('leaf.pem'),
    chain: [der('ca.pem'), der('root.pem')],
    privateKeyPkcs8: key.pkcs8,
    passphrase: PASSPHRASE,
    friendlyName: 'vision__alice',
  }
  writeFileSync(at('leaf.p12'), await encodePkcs12(contents))
  const roots = [
    { certificate: der('root.pem'), friendlyName: 'signet-root' },
    { certificate: der('ca.pem'), friendlyName: 'signet-users' },
  ]
  writeFileSync(at('trust.p12'), await encodePkcs12TrustStore(roots, 'changeit'))
})

describe('a PKCS#12 file with a key', () => {
  test('is read by OpenSSL 3, and says modern algorithms alone', () => {
    const { stderr, stdout, status } = spawnSync(
      'openssl',
      ['pkcs12', '-info', '-in', at('leaf.p12'), '-passin', `pass:${PASSPHRASE}`, '-nodes'],
      { encoding: 'utf8' },
    )
    expect(status).toBe(0)
    expect(stderr).toContain('MAC: sha256, Iteration 600000')
    expect(stderr.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256/g)).toHaveLength(2)
    expect(stdout.match(/BEGIN CERTIFICATE/g)).toHaveLength(3)
    expect(stdout.match(/BEGIN PRIVATE KEY/g)).toHaveLength(1)
    expect(stdout.match(/friendlyName: vision__alice/g)).toHaveLength(2)
    expect(new Set(stdout.match(/localKeyID: .*/g)).size).toBe(1)
  })

  test('gives back certificate and key as they went in', () => {
    const key = openssl('pkcs12', '-in', 'leaf.p12', '-passin', `pass:${PASSPHRASE}`, '-nodes', '-nocerts')
    writeFileSync(at('out.key'), key)
    expect(openssl('pkey', '-in', 'out.key')).toBe(openssl('pkey', '-in', 'leaf.key', '-inform', 'DER'))
    const leaf = openssl('pkcs12', '-in', 'leaf.p12', '-passin', `pass:${PASSPHRASE}`, '-clcerts', '-nokeys')
    expect(new X509Certificate(leaf).raw).toEqual(Buffer.from(contents.certificate))
  })

  test('is read by Java, as one key with its chain', () => {
    const listed = keytool('-list', '-v', '-keystore', 'leaf.p12', '-storepass', PASSPHRASE)
    expect(listed).toContain('Your keystore contains 1 entry')
    expect(listed).toContain('Alias name: vision__alice')
    expect(listed).toContain('Entry type: PrivateKeyEntry')
    expect(listed).toContain('Certificate chain length: 3')
    expect([...listed.matchAll(/^Owner: (.*)$/gm)].map(([, owner]) => owner)).toEqual([
      'CN=vision__alice',
      'CN=Users',
      'CN=Root',
    ])
  })

  test('gives Java a key that it can use', () => {
    keytool(
      '-certreq',
      '-keystore',
      'leaf.p12',
      '-storepass',
      PASSPHRASE,
      '-alias',
      'vision__alice',
      '-file',
      'java.csr',
    )
    // OpenSSL 3.0 says so on standard error, later ones on standard output.
    expect(spawnSync('openssl', ['req', '-in', at('java.csr'), '-verify', '-noout']).status).toBe(0)
  })

  test('is read by Node', () => {
    expect(createSecureContext({ pfx: readFileSync(at('leaf.p12')), passphrase: PASSPHRASE })).toBeDefined()
  })

  test('does not open under another passphrase', () => {
    const wrong = ['pkcs12', '-in', at('leaf.p12'), '-passin', 'pass:another passphrase', '-nodes']
    expect(spawnSync('openssl', wrong).status).not.toBe(0)
  })

  test('is changed by no one unnoticed', () => {
    const bytes = readFileSync(at('leaf.p12'))
    const middle = bytes.length >> 1
    bytes[middle] = (bytes[middle] ?? 0) ^ 1
    writeFileSync(at('changed.p12'), bytes)
    const { status, stderr } = spawnSync(
      'openssl',
      ['pkcs12', '-in', at('changed.p12'), '-passin', `pass:${PASSPHRASE}`, '-nodes'],
      { encoding: 'utf8' },
    )
    expect(status).not.toBe(0)
    expect(stderr).toContain('Mac verify error')
  })

  test('lets the event loop go on while it is made', async () => {
    let longest = 0
    let last = performance.now()
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 5)
    await encodePkcs12(contents)
    clearInterval(timer)
    // In one go it is half a second and more; a loaded machine stretches the slices of ten milliseconds.
    expect(longest).toBeLessThan(400)
  })
})

describe('a PKCS#12 trust store', () => {
  test('is not empty to Java', () => {
    const listed = keytool('-list', '-keystore', 'trust.p12', '-storepass', 'changeit')
    expect(listed).toContain('Your keystore contains 2 entries')
    expect(listed).toMatch(/^signet-root, .*trustedCertEntry/m)
    expect(listed).toMatch(/^signet-users, .*trustedCertEntry/m)
  })

  test('is read by OpenSSL 3, with the names', () => {
    const read = openssl('pkcs12', '-in', 'trust.p12', '-passin', 'pass:changeit', '-nokeys')
    expect(read.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    expect(read).toContain('friendlyName: signet-root')
    expect(read).toContain('2.16.840.1.113894.746875.1.1')
  })

  test('has a password of six characters or more, as keytool wants', async () => {
    await expect(encodePkcs12TrustStore([], 'chang')).rejects.toThrow(code('passphrase_too_short'))
    await expect(encodePkcs12TrustStore([], 'change')).resolves.toBeInstanceOf(Uint8Array)
  })
})

describe('refused:', () => {
  test.each([
    ['a passphrase of eleven characters', () => ({ passphrase: 'elevenchars' }), 'passphrase_too_short'],
    ['a passphrase outside ASCII', () => ({ passphrase: 'correct horse bättery' }), 'passphrase_not_ascii'],
    ['a passphrase with a control character', () => ({ passphrase: 'correct horse\0battery' }), 'passphrase_not_ascii'],
    ['what is no key', () => ({ privateKeyPkcs8: Buffer.from('3000', 'hex') }), 'private_key_malformed'],
  ] as const)('%s', async (_, change, expected) => {
    await expect(encodePkcs12({ ...contents, ...change() })).rejects.toThrow(code(expected))
  })

  test('an ML-DSA key, which no reader takes', async () => {
    const { pkcs8 } = await generateKey('ml-dsa-44')
    await expect(encodePkcs12({ ...contents, privateKeyPkcs8: pkcs8 })).rejects.toThrow(
      code('key_algorithm_unsupported'),
    )
  })
})
