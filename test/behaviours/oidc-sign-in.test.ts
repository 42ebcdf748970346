// Rows that a real OpenID Connect provider shows: groups come from it with each sign-in, and a provider without an issuer stops the start.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigurationRejected } from '../../src/ops/configuration.ts'
import { Browser, OidcServer } from '../support/oidc-provider.ts'
import { expectStatus, freePorts, TestService } from '../support/test-service.ts'

describe('HX13', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-oidc-'))
  let idp: OidcServer
  let service: TestService

  beforeAll(async () => {
    idp = await OidcServer.make()
    const [port] = await freePorts(1)
    const caFile = join(folder, 'ca.pem')
    writeFileSync(caFile, idp.ca)
    const callback = `https://localhost:${String(port)}/v1/login/idp/callback`
    await idp.listen([{ client_id: 'signet', redirect_uris: [callback] }])
    const entry = { kind: 'oidc', issuer: idp.issuer, clientId: 'signet', caFile, scopes: ['profile', 'groups'] }
    service = await TestService.start({
      browser: 'on',
      flags: {
        'signIn.providers': JSON.stringify({ idp: { ...entry, createUsers: true } }),
        'listeners.browser': `127.0.0.1:${String(port)}`,
      },
    })
  })
  afterAll(async () => {
    await service.close()
    await idp.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const visit = async (login: string) => {
    const browser = new Browser(service.ca, idp.ca)
    const { headers } = expectStatus(await browser.visit(new URL('/v1/login/idp', service.browserUrl)), 302)
    const back = await browser.signInAt(idp.issuer, new URL(String(headers.location)), login)
    return { browser, answer: await browser.visit(back) }
  }
  const stored = async (): Promise<Record<string, number>> => {
    const { groups } = (await service.get('/v1/groups?limit=1000', service.admin)).json
    return Object.fromEntries((groups as { name: string; users: number }[]).map(({ name, users }) => [name, users]))
  }

  test('HX13 a sign-in at the identity provider replaces the groups: those that came and those that went', async () => {
    for (const groups of [['lab1', 'lab2'], ['lab2', 'Lab2', 'lab3'], []]) {
      idp.person('alice', { groups })
      const { browser, answer } = await visit('alice')
      expectStatus(answer, 303)
      expect((await browser.visit(new URL('/v1/me', service.browserUrl))).json).toMatchObject({
        principal: 'alice',
        groups,
      })
      expect(await stored()).toEqual(Object.fromEntries(groups.map((name) => [name, 1])))
    }
  })

  test('HX13 a provider that names none leaves those of before', async () => {
    idp.person('bob', { groups: ['lab1'] })
    expectStatus((await visit('bob')).answer, 303)
    const before = await stored()
    idp.person('bob', {})
    expect((await visit('bob')).answer.code).toBe('groups_unavailable')
    expect(await stored()).toEqual(before)
  })
})

test.each([
  ['no issuer', {}],
  ['an empty issuer', { issuer: '' }],
  ['an issuer over plain HTTP', { issuer: 'http://idp.internal' }],
  ['an issuer with a query', { issuer: 'https://idp.internal/?tenant=a' }],
])('H2 sign-in by OIDC with %s stops the start and says so', async (_, more) => {
  const providers = { corp: { kind: 'oidc', clientId: 'signet', ...more } }
  const starting = TestService.start({ browser: 'on', flags: { 'signIn.providers': JSON.stringify(providers) } })
  const error: unknown = await starting.catch((caught: unknown) => caught)
  if (!(error instanceof ConfigurationRejected)) throw new TypeError('it started', { cause: error })
  expect(error.code).toBe('configuration_rejected')
  expect(error.facts['faults']).toEqual([
    expect.stringContaining('signIn.providers.corp.issuer: the https:// URL of the issuer'),
  ])
})
