import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { exportJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { codeOf, signet } from './command-line.ts'
import { startService } from './fake-service.ts'
import { TemporaryFolder } from './temporary-folder.ts'
import { makeHierarchy, makeServer, type Party, type TestHierarchy } from './test-ca.ts'

const ISSUER = 'https://ca.internal:8443'
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const unpinned = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })

let ours: TestHierarchy
let server: Party
let keys: unknown[]

beforeAll(async () => {
  ours = await makeHierarchy()
  server = await makeServer(ours.users)
  keys = [
    { ...(await exportJWK(ec.publicKey)), kid: 'ec', alg: 'ES256', use: 'sig' },
    { ...(await exportJWK(ed.publicKey)), kid: 'ed', alg: 'EdDSA', use: 'sig' },
    { ...(await exportJWK(unpinned.publicKey)), kid: 'unpinned', use: 'sig' },
  ]
})

const NOW = Math.floor(Date.now() / 1000)
const CLAIMS = { iss: ISSUER, aud: 'resnet', sub: 'vision__alice', jti: 'j', iat: NOW - 10, exp: NOW + 900 }

interface Signing {
  readonly claims?: JWTPayload
  readonly alg?: string
  readonly kid?: string
  readonly typ?: string
  readonly key?: KeyObject | Uint8Array
}

function sign({ claims = CLAIMS, alg = 'ES256', kid = 'ec', typ = 'at+jwt', key = ec.privateKey }: Signing = {}) {
  return new SignJWT(claims).setProtectedHeader({ alg, kid, typ }).sign(key)
}

async function verify(token: string, words: readonly string[] = ['--audience', 'resnet']) {
  using folder = new TemporaryFolder()
  await using service = await startService(server, [ours.users], ({ url }) => {
    return { body: url === '/.well-known/jwks.json' ? { keys } : { issuer: ISSUER } }
  })
  const environment = { SIGNET_URL: service.url, SIGNET_CA: folder.write('ca.pem', ours.root.pem) }
  return await signet(['token', 'verify', '-', ...words], { environment, stdin: `${token}\n` })
}

describe('a good token', () => {
  it.each([
    ['ES256', {}],
    ['EdDSA', { alg: 'EdDSA', kid: 'ed', key: ed.privateKey }],
  ])('signed with %s', async (_, signing) => {
    const { status, stdout } = await verify(await sign(signing))
    expect(status).toBe(0)
    expect(stdout).toContain('sub: vision__alice')
    expect(stdout).toContain('good\n')
  })

  it('prints header and claims with --json', async () => {
    const { stdout } = await verify(await sign(), ['--audience', 'resnet', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ good: true, header: { alg: 'ES256' }, claims: { sub: 'vision__alice' } })
  })
})

describe('refused', () => {
  it.each<readonly [string, string, () => Promise<string>]>([
    ['for another audience', 'token_claim_refused', () => sign({ claims: { ...CLAIMS, aud: 'other' } })],
    ['of another issuer', 'token_claim_refused', () => sign({ claims: { ...CLAIMS, iss: 'https://other' } })],
    ['for another use', 'token_claim_refused', () => sign({ typ: 'session+jwt' })],
    ['ended', 'token_expired', () => sign({ claims: { ...CLAIMS, exp: NOW - 1 } })],
    ['not begun', 'token_claim_refused', () => sign({ claims: { ...CLAIMS, nbf: NOW + 60 } })],
    ['without end', 'token_claim_refused', () => sign({ claims: without('exp') })],
    ['without id', 'token_claim_refused', () => sign({ claims: without('jti') })],
    ['signed by another', 'token_signature_invalid', () => sign({ key: stranger.privateKey })],
    ['with an unknown key', 'token_key_unknown', () => sign({ kid: 'other' })],
    [
      'with a key that names no algorithm',
      'token_key_unknown',
      () => sign({ kid: 'unpinned', key: unpinned.privateKey }),
    ],
    ['HS256 with the public key', 'token_algorithm_refused', () => sign({ alg: 'HS256', key: publicKeyAsSecret() })],
    ['alg none', 'token_algorithm_refused', async () => new UnsecuredJWT(CLAIMS).encode()],
    ['the key of the other algorithm', 'token_key_unknown', () => sign({ alg: 'EdDSA', key: ed.privateKey })],
    ['no token', 'token_malformed', async () => 'abc'],
  ])('%s', async (_, code, make) => {
    const outcome = await verify(await make())
    expect([outcome.status, codeOf(outcome)], outcome.stderr).toEqual([1, code])
    expect(outcome.stdout).toBe('')
  })

  function without(claim: keyof typeof CLAIMS): JWTPayload {
    return Object.fromEntries(Object.entries(CLAIMS).filter(([name]) => name !== claim))
  }

  function publicKeyAsSecret(): Uint8Array {
    return Buffer.from(ec.publicKey.export({ type: 'spki', format: 'pem' }))
  }
})
