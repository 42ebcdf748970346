// Certification requests as other programs make them: `openssl req` in PEM and DER, and Java's keytool, with every key that a
// member may have; and the refusals next to them.
import { readFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer } from '../support/https-client.ts'
import { describeWith, ran } from './program.ts'
import { World } from './world.ts'

let world: World

beforeAll(async () => {
  world = await World.start()
})
afterAll(() => world.close())

/** The next certificate of alice, by the one before. */
function ask(csr: string): Promise<Answer> {
  return world.service.post('/v1/projects/vision/members/alice/certificates', { csr }, world.alice)
}

function expectIssued({ status, json, text }: Answer, keyType: string): void {
  expect(status, text).toBe(201)
  expect(json).toMatchObject({ profile: 'project-user', commonName: 'vision__alice' })
  const certificate = new X509Certificate(String(json['certificate']))
  expect(certificate.subject).toBe('CN=vision__alice')
  expect(certificate.publicKey.asymmetricKeyType).toBe(keyType)
}

describeWith(['openssl'], 'a request of openssl req', () => {
  const KEYS = {
    'EC P-256': { type: 'ec', words: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] },
    'EC P-384': { type: 'ec', words: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-sha384'] },
    'RSA 2048': { type: 'rsa', words: ['-newkey', 'rsa:2048'] },
    'RSA 3072': { type: 'rsa', words: ['-newkey', 'rsa:3072', '-sha512'] },
    Ed25519: { type: 'ed25519', words: ['-newkey', 'ed25519'] },
  }

  /** The request in `form`; `subject` as OpenSSL writes it. */
  async function request(words: readonly string[], form: 'PEM' | 'DER' = 'PEM', subject = '/CN=vision__alice') {
    const output = [
      '-subj',
      subject,
      '-nodes',
      '-keyout',
      world.at('new.key'),
      '-outform',
      form,
      '-out',
      world.at('new.csr'),
    ]
    await ran('openssl', ['req', '-new', ...words, ...output])
    return readFileSync(world.at('new.csr'), form === 'PEM' ? 'utf8' : 'base64')
  }

  describe.each(Object.entries(KEYS))('with a key of %s', (_, { type, words }) => {
    it('in PEM', async () => expectIssued(await ask(await request(words)), type))
    it('in DER', async () => expectIssued(await ask(await request(words, 'DER')), type))
  })

  it('with an empty subject, and with its own URI', async () => {
    const { words, type } = KEYS['EC P-256']
    expectIssued(await ask(await request(words, 'PEM', '/')), type)
    const uri = 'subjectAltName=URI:spiffe://test.internal/project/vision/user/alice'
    expectIssued(await ask(await request([...words, '-addext', uri])), type)
  })

  it.each([
    ['a curve outside the profile', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521'], '/', 'key_unsupported'],
    ['secp256k1', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], '/', 'key_unsupported'],
    ['RSA of 1024 bits', ['-newkey', 'rsa:1024'], '/', 'key_rsa_too_small'],
    ['Ed448', ['-newkey', 'ed448'], '/', 'key_unsupported'],
    ['DSA', ['-newkey', 'dsa:dsa.pem'], '/', 'key_unsupported'],
    ['SHA-1', [...KEYS['RSA 2048'].words, '-sha1'], '/', 'csr_signature_weak'],
    ["somebody else's name", KEYS['EC P-256'].words, '/CN=vision__bob', 'csr_names_other'],
    ['two names', KEYS['EC P-256'].words, '/CN=vision__alice/CN=vision__bob', 'csr_two_common_names'],
    ['a name that is no ASCII', [...KEYS['EC P-256'].words, '-utf8'], '/CN=vision__älice', 'csr_name_not_ascii'],
    ['CA:TRUE', [...KEYS['EC P-256'].words, '-addext', 'basicConstraints=CA:TRUE'], '/', 'csr_asks_for_ca'],
    ['a DNS name', [...KEYS['EC P-256'].words, '-addext', 'subjectAltName=DNS:db.internal'], '/', 'csr_names_other'],
    [
      'another key usage',
      [...KEYS['EC P-256'].words, '-addext', 'keyUsage=keyCertSign'],
      '/',
      'csr_asks_beyond_profile',
    ],
  ])('is refused for %s', async (_, words, subject, code) => {
    if (words.includes('dsa:dsa.pem')) await makeDsaParameters()
    const given = words.map((word) => (word === 'dsa:dsa.pem' ? `dsa:${world.at('dsa.pem')}` : word))
    const answer = await ask(await request(given, 'PEM', subject))
    expect(answer.code, answer.text).toBe(code)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
  })

  async function makeDsaParameters(): Promise<void> {
    await ran('openssl', ['dsaparam', '-out', world.at('dsa.pem'), '1024'])
  }
})

describeWith(['keytool'], "a request of Java's keytool", () => {
  it.each([
    ['EC', 'ec', ['-groupname', 'secp256r1']],
    ['RSA', 'rsa', ['-keysize', '3072']],
    ['Ed25519', 'ed25519', []],
  ])('with a key of %s, and the certificate back in its key store', async (algorithm, type, more) => {
    const store = ['-keystore', world.at(`${algorithm}.p12`), '-storepass', 'for this test', '-alias', 'mine']
    const generate = ['-genkeypair', '-keyalg', algorithm, ...more, '-dname', 'CN=vision__alice']
    await ran('keytool', [...generate, ...store])
    const { stdout } = await ran('keytool', ['-certreq', ...store])
    expect(stdout).toContain('BEGIN NEW CERTIFICATE REQUEST')
    const answer = await ask(stdout)
    expectIssued(answer, type)
    const chain = String(answer.json['certificate']) + String(answer.json['chain']) + world.service.ca
    const imported = ['-importcert', '-noprompt', '-file', world.write(`${algorithm}.pem`, chain), ...store]
    expect((await ran('keytool', imported)).stderr).toContain('installed in keystore')
  })
})
