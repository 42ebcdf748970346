// Rows of H2O MLOps' deployment security options, over the running service: what may be set, what is read back, and what is kept.
import { pbkdf2Sync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signet } from '../cli/command-line.ts'
import { ForeignIssuer, foreignKey } from '../support/foreign-issuer.ts'
import { type Answer, known } from '../support/https-client.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'

const PLAIN = 'h2oai, and some more of it'

let issuer: ForeignIssuer
let service: TestService
let owner: Certified

beforeAll(async () => {
  issuer = await ForeignIssuer.start(foreignKey('k1'))
  service = await serviceWith({ 'access.authModes': 'mtls,jwt,oidc,api-key,passphrase,none' })
  owner = await prepare(service)
})
afterAll(async () => {
  await service.close()
  await issuer.close()
})

async function serviceWith(flags: Readonly<Record<string, string>>): Promise<TestService> {
  const trusted = {
    idp: { kind: 'oidc', issuer: issuer.url, audience: 'signet', jwksUrl: `${issuer.url}/jwks`, groupClaim: 'groups' },
  }
  return TestService.start({ flags: { trustedIssuers: JSON.stringify(trusted), ...flags } })
}

async function prepare(on: TestService): Promise<Certified> {
  const by = await on.addProject('vision', 'alice')
  await on.addService('model-1.internal', { projects: ['vision'] })
  return by
}

function put(name: string, more: object, on = service, by = owner): Promise<Answer> {
  const body = { project: 'vision', host: `${name}.models.internal`, service: 'model-1.internal', ...more }
  return on.put(`/v1/deployments/${name}`, body, by)
}

const read = async (name: string): Promise<Record<string, unknown>> =>
  expectStatus(await service.get(`/v1/deployments/${name}`, owner), 200).json

/** What the database file holds of it. */
function kept(name: string): string {
  using database = new DatabaseSync(join(service.configuration.dataFolder, 'signet.db'), { readOnly: true })
  return String(database.prepare('select policy from deployments where name = ?').get(name)?.['policy'])
}

describe('H1: an option that the platform has not activated', () => {
  test.each([
    ['oidc', 'mtls,jwt', {}, 'AUTHORIZATION_PROTOCOL_OIDC'],
    ['passphrase', 'mtls,oidc', { passphrases: [{ id: 'a', passphrase: PLAIN }] }, 'HASHED_PASSPHRASE'],
    ['none', 'mtls,oidc', {}, 'DISABLED'],
    ['api-key', 'mtls,oidc', {}, 'api-key'],
  ])('H1: %s where only %s is: refused, and the option named', async (mode, activated, more, option) => {
    const strict = await serviceWith({ 'access.authModes': activated })
    try {
      const by = await prepare(strict)
      const answer = await put('scorer', { authModes: [mode], ...more }, strict, by)
      expect(known(answer)).toEqual({ status: 400, code: 'auth_mode_not_activated' })
      expect(answer.json['facts']).toMatchObject({ authMode: mode, option })
      expect(answer.text).toContain(option)
      expect(known(await strict.get('/v1/deployments/scorer', by)).code).toBe('deployment_unknown')
    } finally {
      await strict.close()
    }
  })
})

test('H3: a deployment with OIDC alone is read back so, as clients of H2O print it', async () => {
  expectStatus(await put('oidc-only', { authModes: ['oidc'] }), 200)
  expect((await read('oidc-only'))['securityOptions']).toEqual({
    passphrase: null,
    hashedPassphrase: null,
    oidcTokenAuth: true,
  })
  const files = { 'ca.pem': service.ca, 'alice.pem': owner.certificate, 'alice.key': owner.key }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(service.folder, name), text, { mode: 0o600 })
  const at = (name: string): string => join(service.folder, name)
  const environment = {
    SIGNET_URL: service.url,
    SIGNET_CA: at('ca.pem'),
    SIGNET_CERT: at('alice.pem'),
    SIGNET_KEY: at('alice.key'),
  }
  const shown = await signet(['model', 'deployment', 'show', 'oidc-only'], { environment })
  const printed = shown.stdout.split('\n').map((line) => line.replace(/: +/, ': '))
  expect(printed).toEqual(
    expect.arrayContaining(['passphrase: None', 'hashed_passphrase: None', 'oidc_token_auth: True']),
  )
})

describe('H7: a passphrase is changed', () => {
  test('H7: the new one takes the place of the old one, whose hash is gone', async () => {
    expectStatus(
      await put('changed', { authModes: ['passphrase'], passphrases: [{ id: 'a', passphrase: PLAIN }] }),
      200,
    )
    const before = kept('changed')
    const next = { authModes: ['passphrase'], passphrases: [{ id: 'a', passphrase: `${PLAIN}, later` }] }
    expectStatus(await put('changed', next), 200)
    const hashes = (text: string) => (JSON.parse(text) as { passphrases: { hash: string }[] }).passphrases
    expect(hashes(kept('changed'))).toHaveLength(1)
    expect(kept('changed')).not.toContain(hashes(before)[0]?.hash)
  })
})

describe('H8: of a passphrase the hash alone is kept, and nothing is read back', () => {
  const salt = Buffer.from('0123456789abcdef')
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replaceAll('=', '')
  const pbkdf2 = (iterations: number) => {
    const hash = pbkdf2Sync(PLAIN, salt, iterations, 32, 'sha256')
    return `$pbkdf2-sha256$${String(iterations)}$${base64(salt).replaceAll('+', '.')}$${base64(hash).replaceAll('+', '.')}`
  }
  const BCRYPT = '$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW'

  test.each<[string, object]>([
    ['in clear', { passphrase: PLAIN }],
    ['as PBKDF2', { hash: pbkdf2(200_000) }],
    ['as bcrypt', { hash: BCRYPT }],
  ])('H8: %s', async (_, entry) => {
    const answer = expectStatus(
      await put('secret', { authModes: ['passphrase'], passphrases: [{ id: 'main', ...entry }] }),
      200,
    )
    const listed = await service.get('/v1/deployments?limit=1000', owner)
    const audited = await service.get('/v1/audit?limit=5', service.admin)
    for (const { text } of [answer, await service.get('/v1/deployments/secret', owner), listed, audited]) {
      expect(text).toContain('main')
      for (const secret of [PLAIN, '$pbkdf2', '$scrypt', '$2b$', base64(salt)]) expect(text).not.toContain(secret)
    }
    expect((await read('secret'))['passphrases']).toEqual([{ id: 'main' }])
    expect(kept('secret')).not.toContain(PLAIN)
    expect(kept('secret')).toMatch(/"hash":"\$(?:pbkdf2-sha256|scrypt|2b)\$/)
  })

  test.each<[string, object, string]>([
    ['a hash of too few rounds', { hash: pbkdf2(1000) }, 'passphrase_hash_too_weak'],
    [
      'a hash of too many rounds',
      { hash: pbkdf2(100_000).replace('$100000$', '$9000000$') },
      'passphrase_hash_too_costly',
    ],
    ['a text that is no hash', { hash: 'h2oai' }, 'passphrase_hash_malformed'],
    ['a short passphrase', { passphrase: 'h2oai' }, 'passphrase_rejected'],
    ['a passphrase that no header carries', { passphrase: `${PLAIN} ` }, 'passphrase_rejected'],
    ['neither, of an id that is not there', {}, 'passphrase_entry_unknown'],
    ['both', { passphrase: PLAIN, hash: BCRYPT }, 'body_rejected'],
  ])('H8: %s is refused, and what was kept stays', async (_, entry, code) => {
    expectStatus(await put('firm', { authModes: ['passphrase'], passphrases: [{ id: 'a', hash: BCRYPT }] }), 200)
    const before = kept('firm')
    const answer = await put('firm', { authModes: ['passphrase'], passphrases: [{ id: 'b', ...entry }] })
    expect(known(answer)).toEqual({ status: 400, code })
    expect(answer.text).not.toContain(PLAIN)
    expect(kept('firm')).toBe(before)
  })
})

test('H9: the old and the new one are kept side by side, and one that is named stays as it was', async () => {
  const authModes = ['passphrase', 'oidc']
  expectStatus(await put('turning', { authModes, passphrases: [{ id: 'old', passphrase: PLAIN }] }), 200)
  const before = JSON.parse(kept('turning')) as { passphrases: unknown[] }
  const both = [{ id: 'old' }, { id: 'new', passphrase: `${PLAIN}, and new` }]
  expectStatus(await put('turning', { authModes, passphrases: both }), 200)
  const after = JSON.parse(kept('turning')) as { passphrases: unknown[] }
  expect(after.passphrases).toHaveLength(2)
  expect(after.passphrases[0]).toEqual(before.passphrases[0])
  expect((await read('turning'))['passphrases']).toEqual([{ id: 'old' }, { id: 'new' }])
})

describe('H10: the types, of which DISABLED is said alone', () => {
  test.each<[string, object, readonly [number, string | undefined]]>([
    ['DISABLED', { authModes: ['none'] }, [200, undefined]],
    [
      'PLAIN_PASSPHRASE',
      { authModes: ['passphrase'], passphrases: [{ id: 'a', passphrase: PLAIN }] },
      [200, undefined],
    ],
    ['OIDC_AUTH', { authModes: ['oidc'] }, [200, undefined]],
    ['DISABLED beside another', { authModes: ['none', 'oidc'] }, [400, 'auth_modes_rejected']],
    ['nothing', { authModes: [] }, [400, 'body_rejected']],
  ])('H10: %s', async (_, more, [status, code]) => {
    expect(known(await put('typed', more))).toEqual({ status, code })
  })

  test('H10: saying nothing is not DISABLED', async () => {
    expectStatus(await put('silent', {}), 200)
    expect((await read('silent'))['authModes']).toEqual(['mtls'])
  })
})
