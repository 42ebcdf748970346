// Rows H4 to H12 as calls: a real nginx with docs/deploy/nginx.conf in front of a scorer, a real OpenID Connect provider, and an issuer
// that signs whatever a test wants. Beside each refusal stands a call that is allowed, and the scorer hears of no refused one.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Clock, systemClock } from '../../src/domain/clock.ts'
import { describeWith } from '../interop/program.ts'
import { ProxyChain } from '../interop/proxy-chain.ts'
import { World } from '../interop/world.ts'
import { ForeignIssuer, foreignKey, signedBy } from '../support/foreign-issuer.ts'
import type { Answer } from '../support/https-client.ts'
import { Browser, OidcServer } from '../support/oidc-provider.ts'
import { expectStatus } from '../support/test-service.ts'

const OLD = 'h2oai and the old passphrase'
const NEW = 'h2oai and the new passphrase'
const SCORE = { fields: ['age', 'income'], rows: [['30', '1000']] }
const SCORED = { id: '00000000-0000-4000-8000-000000000001', fields: ['label'], score: [['0.5']] }
const REDIRECT = 'https://app.internal/callback'
const KEY = foreignKey('k1')
const folder = mkdtempSync(join(tmpdir(), 'signet-h2o-'))

let aheadMilliseconds = 0
const clock: Clock = {
  now: () => systemClock.now(),
  monotonicMilliseconds: () => systemClock.monotonicMilliseconds() + aheadMilliseconds,
}

const host = (deployment: string): string => `${deployment}.models.internal`
const bearer = (value: string) => ({ authorization: `Bearer ${value}` })
const reasonOf = ({ status, headers }: Answer) => ({ status, reason: headers['x-authz-reason'] })

describeWith(['nginx'], 'a scorer behind nginx', () => {
  let idp: OidcServer
  let signer: ForeignIssuer
  /** Under a CA that the configuration does not name. */
  let bare: ForeignIssuer
  let world: World
  let chain: ProxyChain

  beforeAll(async () => {
    idp = await OidcServer.make()
    await idp.listen([{ client_id: 'signet', redirect_uris: [REDIRECT] }])
    signer = await ForeignIssuer.start(KEY)
    bare = await ForeignIssuer.start(KEY)
    const flags = { 'access.authModes': 'mtls,jwt,oidc,passphrase,none', trustedIssuers: trusted() }
    world = await World.start({ clock, flags })
    const deployments = ['scorer', 'changed', 'turning', 'limited', 'beside', 'disabled']
    chain = await ProxyChain.start(world, 'nginx', deployments.map(host))
    for (const name of deployments) await expose(name, { authModes: ['oidc'] })
    await chain.register(deployments)
  })
  afterAll(async () => {
    await chain.stop()
    await world.close()
    await Promise.all([idp.close(), signer.close(), bare.close()])
    rmSync(folder, { recursive: true, force: true })
  })
  beforeEach(() => chain.model.forgetCalls())

  function trusted(): string {
    const entryOf = (issuer: string, more: object) => {
      const subjects = [{ sub: 'alice', project: 'vision', user: 'alice' }]
      return { kind: 'oidc', issuer, audience: 'signet', subjects, ...more }
    }
    const caFile = (name: string, ca: string) => {
      writeFileSync(join(folder, name), ca)
      return { caFile: join(folder, name) }
    }
    return JSON.stringify({
      corp: entryOf(idp.issuer, caFile('corp.pem', idp.ca)),
      signer: entryOf(signer.url, caFile('signer.pem', signer.ca)),
      bare: entryOf(bare.url, {}),
    })
  }

  const expose = (deployment: string, more: object): Promise<void> =>
    chain.expose(deployment, { host: host(deployment), actingUser: 'credential-itself', ...more })

  const score = (deployment: string, headers: Record<string, string> = {}): Promise<Answer> =>
    chain.send({
      method: 'POST',
      path: '/score',
      body: SCORE,
      headers: { host: host(deployment), 'content-type': 'application/json', ...headers },
    })

  /** As an application of the provider gets one for alice. */
  async function idToken(): Promise<string> {
    const browser = new Browser(idp.ca)
    const verifier = randomBytes(32).toString('base64url')
    const url = new URL('/auth', idp.issuer)
    url.search = new URLSearchParams({
      client_id: 'signet',
      response_type: 'code',
      scope: 'openid',
      redirect_uri: REDIRECT,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }).toString()
    const code = (await browser.signInAt(idp.issuer, url, 'alice')).searchParams.get('code') ?? ''
    const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, client_id: 'signet' }
    const answer = await browser.visit(new URL('/token', idp.issuer), { ...form, code_verifier: verifier })
    return String(expectStatus(answer, 200).json['id_token'])
  }

  function signed(claims: object = {}, header: object = {}, by = signer): string {
    const now = Math.floor(Date.now() / 1000)
    const good = { iss: by.url, aud: 'signet', sub: 'alice', iat: now - 10, exp: now + 600 }
    return signedBy(KEY, { ...good, ...claims }, header)
  }

  test('H4: a token of the provider is answered with the score, and the scorer is told who asks', async () => {
    const answer = await score('scorer', bearer(await idToken()))
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual(SCORED)
    const [call, ...more] = chain.model.calls
    expect(more).toEqual([])
    expect(JSON.parse(call?.body ?? '')).toEqual(SCORE)
    const told = new Map(call?.headers.map(([name, value]) => [name.toLowerCase(), value]))
    expect(told.get('signet-subject')).toBe('vision__alice')
    expect(told.has('authorization')).toBe(false)
  })

  describe('H5: what is no token for this scorer', () => {
    const INVALID = 'Bearer realm="scorer", error="invalid_token"'
    const seconds = () => Math.floor(Date.now() / 1000)
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const unsigned = () => {
      const claims = { iss: signer.url, aud: 'signet', sub: 'alice', iat: seconds(), exp: seconds() + 600 }
      return `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(claims)}.`
    }

    test.each<[what: string, headers: () => Record<string, string>, reason: string, challenge: string]>([
      ['no header', () => ({}), 'CREDENTIAL_MISSING', 'Bearer realm="scorer"'],
      ['garbage', () => bearer('garbage'), 'TOKEN_MALFORMED', INVALID],
      ['garbage in three parts', () => bearer('a.b.c'), 'TOKEN_MALFORMED', INVALID],
      ['expired', () => bearer(signed({ iat: seconds() - 900, exp: seconds() - 300 })), 'TOKEN_EXPIRED', INVALID],
      ['not valid yet', () => bearer(signed({ nbf: seconds() + 300 })), 'TOKEN_EXPIRED', INVALID],
      ['wrong issuer', () => bearer(signed({ iss: 'https://idp.example' })), 'TOKEN_ISSUER', INVALID],
      ['wrong audience', () => bearer(signed({ aud: 'another' })), 'TOKEN_AUDIENCE', INVALID],
      ['no audience', () => bearer(signed({ aud: undefined })), 'TOKEN_AUDIENCE', INVALID],
      ['alg none', () => bearer(unsigned()), 'TOKEN_MALFORMED', INVALID],
      ['alg none with a signature', () => bearer(signed({}, { alg: 'none' })), 'TOKEN_SIGNATURE', INVALID],
      ['kid unknown', () => bearer(signed({}, { kid: 'k2' })), 'TOKEN_KEY_UNKNOWN', INVALID],
    ])('H5: %s', async (_, headers, reason, challenge) => {
      const answer = await score('scorer', headers())
      expect(reasonOf(answer)).toEqual({ status: 401, reason })
      expect(answer.headers['www-authenticate']).toBe(challenge)
      expect(chain.model.calls).toEqual([])
    })

    test('H5: the same token with nothing wrong is answered', async () => {
      expect((await score('scorer', bearer(signed()))).status).toBe(200)
    })
  })

  test('H6: keys under a private CA are fetched with the CA that is named, and without it nobody is let in', async () => {
    expect((await score('scorer', bearer(signed()))).status).toBe(200)
    // Discovery, and the key set.
    expect(signer.asked).toBeGreaterThanOrEqual(2)
    chain.model.forgetCalls()
    const answer = await score('scorer', bearer(signed({}, {}, bare)))
    expect(reasonOf(answer)).toEqual({ status: 503, reason: 'PDP_UNAVAILABLE' })
    expect(bare.asked).toBe(0)
    expect(chain.model.calls).toEqual([])
  })

  test('H7: the old passphrase is refused from the change on, and the new one is answered', async () => {
    const authModes = ['passphrase']
    await expose('changed', { authModes, passphrases: [{ id: 'a', passphrase: OLD }] })
    expect((await score('changed', bearer(OLD))).status).toBe(200)
    expect(reasonOf(await score('changed', bearer(NEW)))).toEqual({ status: 401, reason: 'PASSPHRASE_INVALID' })
    await expose('changed', { authModes, passphrases: [{ id: 'a', passphrase: NEW }] })
    expect(reasonOf(await score('changed', bearer(OLD)))).toEqual({ status: 401, reason: 'PASSPHRASE_INVALID' })
    expect((await score('changed', bearer(NEW))).status).toBe(200)
    expect(chain.model.calls).toHaveLength(2)
  })

  test('H9: of two entries each is accepted, a token beside them too, and one that is taken away is none', async () => {
    const authModes = ['passphrase', 'oidc']
    const both = [
      { id: 'old', passphrase: OLD },
      { id: 'new', passphrase: NEW },
    ]
    await expose('turning', { authModes, passphrases: both })
    for (const value of [OLD, NEW, signed()]) expect((await score('turning', bearer(value))).status).toBe(200)
    await expose('turning', { authModes, passphrases: [{ id: 'new' }] })
    expect(reasonOf(await score('turning', bearer(OLD)))).toEqual({ status: 401, reason: 'PASSPHRASE_INVALID' })
    for (const value of [NEW, signed()]) expect((await score('turning', bearer(value))).status).toBe(200)
  })

  test('H10: DISABLED answers whoever asks, from when it is said until it is taken back', async () => {
    const refused = { status: 401, reason: 'CREDENTIAL_MISSING' }
    expect(reasonOf(await score('disabled'))).toEqual(refused)
    await expose('disabled', { authModes: ['none'] })
    const answer = await score('disabled')
    expect({ status: answer.status, json: answer.json }).toEqual({ status: 200, json: SCORED })
    await expose('disabled', {})
    expect(reasonOf(await score('disabled'))).toEqual(refused)
    expect(chain.model.calls).toHaveLength(1)
  })

  describe('H11: passphrases in a header', () => {
    beforeAll(async () => {
      for (const name of ['limited', 'beside']) {
        await expose(name, { authModes: ['passphrase'], passphrases: [{ id: 'a', passphrase: OLD }] })
      }
    })

    test.each([
      ['H11: as a Bearer', `Bearer ${OLD}`],
      ['H11: by its own scheme', `Passphrase ${OLD}`],
    ])('%s', async (_, authorization) => {
      expect((await score('limited', { authorization })).status).toBe(200)
    })

    test.each([
      ['H11: in lower case', `passphrase ${OLD}`, 'AUTH_METHOD_NOT_ENABLED'],
      ['H11: without a scheme', OLD, 'AUTH_METHOD_NOT_ENABLED'],
      ['H11: by Basic', `Basic ${Buffer.from(`x:${OLD}`).toString('base64')}`, 'AUTH_METHOD_NOT_ENABLED'],
    ])('%s', async (_, authorization, reason) => {
      expect(reasonOf(await score('limited', { authorization }))).toEqual({ status: 401, reason })
      expect(chain.model.calls).toEqual([])
    })

    test('H11: ten wrong ones in a minute, and then not even the right one, until the minute is over', async () => {
      for (let tries = 0; tries < 10; tries += 1) {
        const answer = await score('limited', { authorization: `Bearer guess number ${String(tries)} of it` })
        expect(reasonOf(answer)).toEqual({ status: 401, reason: 'PASSPHRASE_INVALID' })
      }
      const waits: number[] = []
      for (const authorization of ['Bearer one guess more than ten', `Bearer ${OLD}`, `Passphrase ${OLD}`]) {
        const answer = await score('limited', { authorization })
        expect(reasonOf(answer)).toEqual({ status: 429, reason: 'RATE_LIMITED' })
        expect(answer.headers['www-authenticate']).toBeUndefined()
        waits.push(Number(answer.headers['retry-after']))
      }
      for (const wait of waits) expect(wait).toBeGreaterThan(0)
      for (const wait of waits) expect(wait).toBeLessThanOrEqual(60)
      expect(chain.model.calls).toEqual([])
      expect((await score('beside', bearer(OLD))).status).toBe(200)
      aheadMilliseconds += 60_000
      // The policy is of a minute ago then, until it is confirmed again.
      await vi.waitFor(async () => expect((await score('limited', bearer(OLD))).status).toBe(200), { timeout: 10_000 })
    })
  })

  test.each(['/capabilities', '/sample-request'])('H12: %s wants the credential that a score wants', async (path) => {
    const get = (headers: Record<string, string> = {}) =>
      chain.send({ method: 'GET', path, headers: { host: host('scorer'), ...headers } })
    expect(reasonOf(await get())).toEqual({ status: 401, reason: 'CREDENTIAL_MISSING' })
    const wrong = await get(bearer(signed({ aud: 'another' })))
    expect(reasonOf(wrong)).toEqual({ status: 401, reason: 'TOKEN_AUDIENCE' })
    expect(chain.model.calls).toEqual([])
    const answer = await get(bearer(signed()))
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.json)).not.toEqual([])
  })
})
