// Signing in at OpenID Connect providers: a real one over TLS, a browser without a screen, and what an attacker could bring back in its
// place. Of what is refused nothing is stored.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, known } from '../support/https-client.ts'
import { Browser, OidcServer } from '../support/oidc-provider.ts'
import { expectStatus, freePorts, TestService } from '../support/test-service.ts'
import { SettableClock } from './settable-clock.ts'
import { leavesNothing } from './stored.ts'

const SECRET = randomBytes(24).toString('hex')
const folder = mkdtempSync(join(tmpdir(), 'signet-oidc-'))
const clock = new SettableClock()
let corp: OidcServer
let other: OidcServer
let service: TestService

const REFUSED = { status: 401, code: 'sign_in_refused' }

beforeAll(async () => {
  ;[corp, other] = [await OidcServer.make(), await OidcServer.make()]
  const [browserPort] = await freePorts(1)
  const base = `https://localhost:${String(browserPort)}`
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const clientSecretFile = file('secret', `${SECRET}\n`)
  const [caFile, otherCa] = [file('corp.pem', corp.ca), file('other.pem', other.ca)]
  const common = { kind: 'oidc', issuer: corp.issuer, caFile, scopes: ['profile', 'groups'], createUsers: true }
  const providers = {
    corp: { ...common, clientId: 'signet', clientSecretFile, administers: 'when-administrator' },
    public: { ...common, clientId: 'signet-public' },
    linked: { ...common, clientId: 'signet-linked', createUsers: false },
    lenient: { ...common, clientId: 'signet-lenient', missingGroups: 'empty' },
    // Signs with an algorithm that is not in the list.
    pss: { ...common, clientId: 'signet-pss' },
    badsecret: { ...common, clientId: 'signet-badsecret', clientSecretFile: file('wrong', 'not the secret') },
    // Its metadata is found, at a CA that did not sign its server.
    badca: { ...common, clientId: 'signet', caFile: otherCa },
    other: { ...common, issuer: other.issuer, caFile: otherCa, clientId: 'signet', clientSecretFile },
  }
  const client = (client_id: string, provider: string, more: object = {}) => ({
    client_id,
    redirect_uris: [`${base}/v1/login/${provider}/callback`],
    ...more,
  })
  await corp.listen([
    client('signet', 'corp', { client_secret: SECRET }),
    client('signet-public', 'public'),
    client('signet-linked', 'linked'),
    client('signet-lenient', 'lenient'),
    client('signet-pss', 'pss', { id_token_signed_response_alg: 'PS256' }),
    client('signet-badsecret', 'badsecret', { client_secret: SECRET }),
  ])
  await other.listen([client('signet', 'other', { client_secret: SECRET })])
  service = await TestService.start({
    clock,
    browser: 'on',
    flags: { 'signIn.providers': JSON.stringify(providers), 'listeners.browser': `127.0.0.1:${String(browserPort)}` },
  })
})
afterAll(async () => {
  await service.close()
  await Promise.all([corp.close(), other.close()])
  rmSync(folder, { recursive: true, force: true })
})

const newBrowser = (): Browser => new Browser(service.ca, corp.ca, other.ca)
const at = (path: string): URL => new URL(path, service.browserUrl)
const begin = async (browser: Browser, provider = 'corp', query = ''): Promise<URL> =>
  new URL(String(expectStatus(await browser.visit(at(`/v1/login/${provider}${query}`)), 302).headers.location))
/** Up to the address that the provider sends the browser to, which nobody has visited yet. */
const back = async (browser: Browser, login: string, provider = 'corp', query = ''): Promise<URL> =>
  browser.signInAt(issuerOf(provider), await begin(browser, provider, query), login)
const issuerOf = (provider: string): string => (provider === 'other' ? other.issuer : corp.issuer)
const complete = async (browser: Browser, login: string, provider = 'corp'): Promise<Answer> =>
  browser.visit(await back(browser, login, provider))
const with_ = (url: URL, changes: Readonly<Record<string, string | undefined>>): URL => {
  const changed = new URL(url)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) changed.searchParams.delete(name)
    else changed.searchParams.set(name, value)
  }
  return changed
}
let n = 0
const newPerson = (groups: unknown = ['lab1']): string => personWith({ groups })
const personWith = (claims: object): string => {
  const login = `o${String((n += 1))}`
  corp.person(login, { ...claims })
  return login
}

describe('somebody who comes back', () => {
  test.each(['corp', 'public'])('has a session and goes to our own page: %s', async (provider) => {
    const [browser, login] = [newBrowser(), newPerson(['lab1', 'Lab1'])]
    const answer = expectStatus(await complete(browser, login, provider), 303)
    expect(answer.headers.location).toBe(`${service.browserUrl}/v1/me`)
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
    const cookies = (answer.headers['set-cookie'] ?? []).map((line) => line.replace(/=[^;]*/, ''))
    expect(cookies).toEqual([
      '__Host-signet-attempt; Path=/; Max-Age=0; Secure; SameSite=Lax; HttpOnly',
      expect.stringMatching(/^__Host-signet-session; Path=\/; Max-Age=\d+; Secure; SameSite=Lax; HttpOnly$/),
      expect.stringMatching(/^__Host-signet-page; Path=\/; Max-Age=\d+; Secure; SameSite=Lax$/),
    ])
    const me = expectStatus(await browser.visit(at('/v1/me')), 200).json
    expect(me).toMatchObject({ principal: login, by: ['session'], provider, groups: ['lab1', 'Lab1'] })
  })

  test('was sent away with PKCE, state and nonce, to come back to one place', async () => {
    const browser = newBrowser()
    const url = await begin(browser)
    const asked = Object.fromEntries(url.searchParams)
    expect(asked).toEqual({
      client_id: 'signet',
      response_type: 'code',
      redirect_uri: `${service.browserUrl}/v1/login/corp/callback`,
      scope: 'openid profile groups',
      state: expect.stringMatching(/^[\w-]{43}$/) as unknown,
      nonce: expect.stringMatching(/^[\w-]{43}$/) as unknown,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/) as unknown,
      code_challenge_method: 'S256',
      max_age: '900',
    })
    // What the browser keeps tells the provider nothing, and the other way round.
    expect(new Set([asked['state'], asked['nonce'], asked['code_challenge']]).size).toBe(3)
    const cookie = browser.cookies.get('__Host-signet-attempt') ?? ''
    expect(Buffer.from(cookie.split('.')[1] ?? '', 'base64url').toString()).not.toContain(String(asked['state']))
    expect((await begin(newBrowser())).searchParams.get('state')).not.toBe(asked['state'])
  })

  test('rule 22: is the subject that an administrator linked, whatever they are called', async () => {
    const login = newPerson()
    await service.addUser('somebody')
    const unlinked = await leavesNothing(service, () => complete(newBrowser(), login, 'linked'))
    expect(unlinked.json).toMatchObject({
      status: 403,
      code: 'user_link_required',
      facts: { provider: 'linked', subject: login },
    })
    expectStatus(
      await service.post('/v1/users/somebody/links', { provider: 'linked', subject: login }, service.admin),
      201,
    )
    const browser = newBrowser()
    expectStatus(await complete(browser, login, 'linked'), 303)
    expect((await browser.visit(at('/v1/me'))).json).toMatchObject({ principal: 'somebody' })
  })

  test('rule 22: is nobody at another provider that calls them the same', async () => {
    const login = newPerson()
    expectStatus(await complete(newBrowser(), login), 303)
    other.person(login, { groups: ['lab1'] })
    const answer = await leavesNothing(service, () => complete(newBrowser(), login, 'other'))
    expect(known(answer)).toEqual({ status: 403, code: 'user_link_required' })
  })
})

describe('groups', () => {
  test.each([
    ['none', {}],
    ['a single text', { groups: 'lab1' }],
    ['a list with a number', { groups: ['lab1', 7] }],
    ['a control character', { groups: ['lab\u0000'] }],
    ['too many', { groups: Array.from({ length: 1001 }, (_, i) => `g${String(i)}`) }],
  ])('rule 25: that are not all named refuse the sign-in: %s', async (_, claims) => {
    const login = personWith(claims)
    const answer = await leavesNothing(service, () => complete(newBrowser(), login))
    expect(known(answer)).toEqual({ status: 403, code: 'groups_unavailable' })
  })

  test('rule 25: that lie elsewhere are not the empty set', async () => {
    const elsewhere = { _claim_names: { groups: 'a' }, _claim_sources: { a: { endpoint: 'https://localhost/' } } }
    const login = personWith(elsewhere)
    const answer = await leavesNothing(service, () => complete(newBrowser(), login))
    expect(known(answer)).toEqual({ status: 403, code: 'groups_unavailable' })
  })

  test('rule 25: are empty where the entry says so', async () => {
    const [browser, login] = [newBrowser(), personWith({})]
    expectStatus(await complete(browser, login, 'lenient'), 303)
    expect((await browser.visit(at('/v1/me'))).json).toMatchObject({ groups: [] })
  })
})

describe('what comes back is refused and leaves nothing', () => {
  const tampered: readonly (readonly [string, (url: URL) => URL])[] = [
    ['no state', (url) => with_(url, { state: undefined })],
    ['another state', (url) => with_(url, { state: 'x'.repeat(43) })],
    ['a shorter state', (url) => with_(url, { state: 'x' })],
    ['two states', (url) => new URL(`${url.href}&state=${url.searchParams.get('state') ?? ''}`)],
    ['no issuer', (url) => with_(url, { iss: undefined })],
    ['another issuer', (url) => with_(url, { iss: other.issuer })],
    ['no code', (url) => with_(url, { code: undefined })],
    ['another code', (url) => with_(url, { code: 'x'.repeat(43) })],
    ['an error beside the code', (url) => with_(url, { error: 'access_denied' })],
    ['an error', (url) => with_(url, { error: 'access_denied', code: undefined })],
    ['a token beside the code', (url) => with_(url, { id_token: 'x' })],
  ]
  test.each(tampered)('with %s', async (_, change) => {
    const browser = newBrowser()
    const url = await back(browser, newPerson())
    const answer = await leavesNothing(service, () => browser.visit(change(url)))
    expect(known(answer)).toEqual(REFUSED)
    expect(browser.cookies.has('__Host-signet-session')).toBe(false)
  })

  test.each([
    ['another nonce', { nonce: 'x'.repeat(43) }],
    ['no nonce', { nonce: undefined }],
    ['another challenge', { code_challenge: createHash('sha256').update('mine').digest('base64url') }],
  ])('when the provider was asked with %s', async (_, change) => {
    const [browser, login] = [newBrowser(), newPerson()]
    const url = await browser.signInAt(corp.issuer, with_(await begin(browser), change), login)
    expect(known(await leavesNothing(service, () => browser.visit(url)))).toEqual(REFUSED)
  })

  test('in a browser that began nothing', async () => {
    const url = await back(newBrowser(), newPerson())
    expect(known(await leavesNothing(service, () => newBrowser().visit(url)))).toEqual(REFUSED)
  })

  test('in a browser that began something else', async () => {
    const [theirs, mine] = [newBrowser(), newBrowser()]
    const url = await back(mine, newPerson())
    await begin(theirs)
    expect(known(await leavesNothing(service, () => theirs.visit(url)))).toEqual(REFUSED)
  })

  test('in a browser that the attacker’s code was brought to, with its own state', async () => {
    const [victim, attacker] = [newBrowser(), newBrowser()]
    const [own, theirs] = [await back(victim, newPerson()), await back(attacker, newPerson())]
    const mixed = with_(own, { code: theirs.searchParams.get('code') ?? '' })
    expect(known(await leavesNothing(service, () => victim.visit(mixed)))).toEqual(REFUSED)
  })

  test('a second time', async () => {
    const [browser, login] = [newBrowser(), newPerson()]
    const url = await back(browser, login)
    const cookie = `__Host-signet-attempt=${browser.cookies.get('__Host-signet-attempt') ?? ''}`
    expectStatus(await browser.visit(url), 303)
    expect(known(await leavesNothing(service, () => browser.visit(url)))).toEqual(REFUSED)
    // With the cookie that was taken away, too.
    const kept = newBrowser()
    kept.keep(cookie)
    expect(known(await leavesNothing(service, () => kept.visit(url)))).toEqual(REFUSED)
  })

  test('at another provider than it was sent to', async () => {
    const browser = newBrowser()
    const url = await back(browser, newPerson())
    const elsewhere = new URL(url.href.replace('/login/corp/', '/login/other/'))
    expect(known(await leavesNothing(service, () => browser.visit(elsewhere)))).toEqual(REFUSED)
  })

  test('with an attempt of ten minutes, and in the second before not', async () => {
    const [slow, inTime] = [newBrowser(), newBrowser()]
    const [late, early] = [await back(slow, newPerson()), await back(inTime, newPerson())]
    clock.pass(595)
    expectStatus(await inTime.visit(early), 303)
    clock.pass(6)
    expect(known(await leavesNothing(service, () => slow.visit(late)))).toEqual(REFUSED)
  })

  test.each([
    ['a token of no use', 'x'],
    ['nothing', ''],
  ])('with %s for an attempt', async (_, value) => {
    const browser = newBrowser()
    const url = await back(browser, newPerson())
    browser.keep(`__Host-signet-attempt=${value}`)
    expect(known(await leavesNothing(service, () => browser.visit(url)))).toEqual(REFUSED)
  })

  test('rule 20: with a session for an attempt', async () => {
    const browser = newBrowser()
    expectStatus(await complete(browser, newPerson()), 303)
    const url = await back(browser, newPerson())
    browser.keep(`__Host-signet-attempt=${browser.cookies.get('__Host-signet-session') ?? ''}`)
    expect(known(await leavesNothing(service, () => browser.visit(url)))).toEqual(REFUSED)
  })

  test('with an ID token under an algorithm that is not in the list', async () => {
    const answer = await leavesNothing(service, () => complete(newBrowser(), newPerson(), 'pss'))
    expect(known(answer)).toEqual(REFUSED)
  })
})

describe('a provider that does not answer as it should lets nobody in', () => {
  test('when it takes us for somebody else', async () => {
    const answer = await leavesNothing(service, () => complete(newBrowser(), newPerson(), 'badsecret'))
    expect(answer.json).toMatchObject({ status: 503, code: 'provider_unreachable', facts: { why: 'refused_us' } })
  })

  test('when its server is under another CA', async () => {
    const answer = await leavesNothing(service, () => newBrowser().visit(at('/v1/login/badca')))
    expect(known(answer)).toEqual({ status: 503, code: 'provider_unreachable' })
  })

  test('but the service starts without it', async () => {
    const browser = newBrowser()
    const url = await back(browser, newPerson())
    await Promise.all([corp.close(), service.stop()])
    await service.restart()
    const refused = await leavesNothing(service, () => browser.visit(url))
    expect(known(refused)).toEqual({ status: 503, code: 'provider_unreachable' })
    await Promise.all([corp.listen(), service.stop()])
    await service.restart()
    expectStatus(await complete(browser, newPerson()), 303)
  })
})

describe('rule 26: the listener for programs', () => {
  test.each(['/v1/login/corp', '/v1/login/corp/callback'])('sends no browser anywhere: %s', async (path) => {
    expect(known(await service.get(path))).toEqual({ status: 421, code: 'browsers_only' })
  })

  test.each([
    ['POST', '/v1/login/corp', 8445],
    ['POST', '/v1/login/corp', 8443],
  ])('takes no password for such a provider: %s %s at %s', async (method, path, port) => {
    const url = port === 8445 ? service.browserUrl : service.url
    const answer = await newBrowser().post(new URL(path, url), { user: 'a', password: 'b' })
    expect(method).toBe('POST')
    expect(known(answer)).toEqual({ status: 404, code: 'provider_unknown' })
  })

  test('an unknown provider is unknown', async () => {
    for (const path of ['/v1/login/nobody', '/v1/login/nobody/callback']) {
      expect(known(await newBrowser().visit(at(path)))).toEqual({ status: 404, code: 'provider_unknown' })
    }
  })
})

describe('a program whose browser signs in', () => {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const started = (port = '50123') => `?port=${port}&challenge=${challenge}`
  const codeFor = async (browser: Browser, login: string): Promise<string> => {
    const { headers } = expectStatus(await browser.visit(await back(browser, login, 'corp', started())), 303)
    const url = new URL(String(headers.location))
    expect(url.origin).toBe('http://127.0.0.1:50123')
    return url.searchParams.get('code') ?? ''
  }
  const redeem = (code: string, secret = verifier) => service.post('/v1/session/redeem', { code, verifier: secret })

  test('gets the session, once, and the browser gets none', async () => {
    const [browser, login] = [newBrowser(), newPerson()]
    const code = await codeFor(browser, login)
    expect([...browser.cookies.keys()].filter((name) => name.startsWith('__Host-'))).toEqual([])
    const { json } = expectStatus(await redeem(code), 200)
    const headers = { authorization: `Bearer ${String(json['token'])}` }
    const me = await service.send({ method: 'GET', path: '/v1/me', headers })
    expect(me.json).toMatchObject({ principal: login, by: ['session'], provider: 'corp' })
    expect(known(await leavesNothing(service, () => redeem(code)))).toEqual(REFUSED)
  })

  test('makes the person prove who they are, as its link may be anybody’s', async () => {
    expect((await begin(newBrowser(), 'corp', started())).searchParams.get('prompt')).toBe('login')
  })

  test('gets nothing with another secret, another use, or too late', async () => {
    const code = await codeFor(newBrowser(), newPerson())
    expect(known(await redeem(code, 'x'.repeat(43)))).toEqual(REFUSED)
    expect(known(await redeem(`${code.slice(0, -4)}AAAA`))).toEqual(REFUSED)
    const asSession = { method: 'GET', path: '/v1/me', headers: { authorization: `Bearer ${code}` } }
    expect(known(await service.send(asSession))).toEqual({ status: 401, code: 'token_type' })
    clock.pass(58)
    expectStatus(await redeem(code), 200)
    const late = await codeFor(newBrowser(), newPerson())
    clock.pass(60)
    expect(known(await leavesNothing(service, () => redeem(late)))).toEqual(REFUSED)
  })

  test('gets nothing of a user who was blocked in between', async () => {
    const login = newPerson()
    const code = await codeFor(newBrowser(), login)
    expectStatus(await service.post(`/v1/users/${login}/block`, undefined, service.admin), 200)
    expect(known(await redeem(code))).toEqual({ status: 401, code: 'session_ended' })
  })

  test.each([
    ['a port below 1024', `?port=1023&challenge=${challenge}`],
    ['a port that is none', `?port=65536&challenge=${challenge}`],
    ['a host', `?port=evil.example&challenge=${challenge}`],
    ['no challenge', '?port=50123'],
    ['no port', `?challenge=${challenge}`],
    ['a short challenge', '?port=50123&challenge=x'],
    ['a place of its own', '?redirect=https://evil.example'],
  ])('is told that %s will not do', async (_, query) => {
    const answer = await newBrowser().visit(at(`/v1/login/corp${query}`))
    expect(known(answer)).toEqual({ status: 400, code: 'parameter_rejected' })
  })
})
