// A14: ID tokens of a real OpenID Connect provider at the exchange. They are for Signet by their audience and by nothing else, and keys
// that the provider has taken anew are fetched once.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/domain/clock.ts'
import { UNKNOWN_KID_SECONDS } from '../../src/federation/issuer-keys.ts'
import { TOKEN_EXCHANGE_GRANT } from '../../src/tokens/discovery.ts'
import type { Answer } from '../support/https-client.ts'
import { Browser, OidcServer } from '../support/oidc-provider.ts'
import { expectStatus, TestService } from '../support/test-service.ts'
import { leavesNothing } from './stored.ts'

const REDIRECT = 'https://app.internal/callback'
const folder = mkdtempSync(join(tmpdir(), 'signet-exchange-oidc-'))
let aheadMilliseconds = 0
const clock = {
  now: () => systemClock.now(),
  monotonicMilliseconds: () => systemClock.monotonicMilliseconds() + aheadMilliseconds,
}
let idp: OidcServer
let service: TestService

beforeAll(async () => {
  idp = await OidcServer.make()
  writeFileSync(join(folder, 'idp.pem'), idp.ca)
  await idp.listen(['signet', 'another'].map((client_id) => ({ client_id, redirect_uris: [REDIRECT] })))
  const corp = {
    kind: 'oidc',
    issuer: idp.issuer,
    caFile: join(folder, 'idp.pem'),
    audience: 'signet',
    subjects: [{ sub: 'alice', project: 'vision', user: 'alice' }],
  }
  service = await TestService.start({ clock, flags: { trustedIssuers: JSON.stringify({ corp }) } })
  const owner = await service.addProject('vision', 'olga')
  await service.addUser('alice')
  expectStatus(await service.put('/v1/projects/vision/members/alice', { role: 'scientist' }, owner), 201)
})
afterAll(async () => {
  await service.close()
  await idp.close()
  rmSync(folder, { recursive: true, force: true })
})

/** As an application of that client gets one. */
async function idToken(login: string, client = 'signet'): Promise<string> {
  const browser = new Browser(idp.ca)
  const verifier = randomBytes(32).toString('base64url')
  const url = new URL('/auth', idp.issuer)
  url.search = new URLSearchParams({
    client_id: client,
    response_type: 'code',
    scope: 'openid',
    redirect_uri: REDIRECT,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString()
  const code = (await browser.signInAt(idp.issuer, url, login)).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, client_id: client }
  const answer = await browser.visit(new URL('/token', idp.issuer), { ...form, code_verifier: verifier })
  return String(expectStatus(answer, 200).json['id_token'])
}

function exchange(token: string): Promise<Answer> {
  const body = new URLSearchParams({
    grant_type: TOKEN_EXCHANGE_GRANT,
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    audience: service.url,
  }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return service.send({ method: 'POST', path: '/v1/tokens/exchange', body, headers })
}

const reasonOf = (answer: Answer): unknown =>
  (expectStatus(answer, 401).json['facts'] as { reason?: string } | undefined)?.reason

test('A14 an ID token for Signet names its subject, one for another client nobody', async () => {
  expectStatus(await exchange(await idToken('alice')), 200)
  const other = await idToken('alice', 'another')
  expect(reasonOf(await leavesNothing(service, () => exchange(other)))).toBe('token_audience')
  const stranger = await idToken('mallory')
  expect(await leavesNothing(service, () => exchange(stranger))).toMatchObject({
    status: 403,
    code: 'subject_unmapped',
  })
})

test('A14 a kid that is unknown asks the provider once more, and what it took back verifies nothing', async () => {
  const before = await idToken('alice')
  expectStatus(await exchange(before), 200)
  await idp.changeKeys('next')
  const after = await idToken('alice')
  expect(reasonOf(await exchange(after))).toBe('token_key_unknown')
  aheadMilliseconds += UNKNOWN_KID_SECONDS * 1000
  expectStatus(await exchange(after), 200)
  expect(reasonOf(await exchange(before))).toBe('token_key_unknown')
})
