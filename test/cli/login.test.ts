// `signet login` and `logout`, and who commands ask as in between: in a browser at a real OpenID Connect provider.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runSignet } from '../../src/cli/signet.ts'
import { Browser, OidcServer } from '../support/oidc-provider.ts'
import { expectStatus, freePorts, TestService } from '../support/test-service.ts'
import { codeOf, hostOf, type Outcome } from './command-line.ts'

const folder = mkdtempSync(join(tmpdir(), 'signet-login-'))
const at = (name: string): string => join(folder, name)
let idp: OidcServer
let service: TestService

beforeAll(async () => {
  idp = await OidcServer.make()
  const [port] = await freePorts(1)
  writeFileSync(at('idp.pem'), idp.ca)
  await idp.listen([
    { client_id: 'signet', redirect_uris: [`https://localhost:${String(port)}/v1/login/corp/callback`] },
  ])
  const corp = { kind: 'oidc', issuer: idp.issuer, clientId: 'signet', caFile: at('idp.pem') }
  const entry = { ...corp, scopes: ['profile', 'groups'], createUsers: true }
  service = await TestService.start({
    browser: 'on',
    flags: {
      'signIn.providers': JSON.stringify({ corp: entry }),
      'listeners.browser': `127.0.0.1:${String(port)}`,
    },
  })
  writeFileSync(at('ca.pem'), service.ca)
  idp.person('alice', { groups: ['lab1'] })
})
afterAll(async () => {
  await service.close()
  await idp.close()
  rmSync(folder, { recursive: true, force: true })
})

const environment = () => ({ HOME: folder, SIGNET_URL: service.url, SIGNET_CA: at('ca.pem') })
const session = at('.config/signet/session.json')

/** Runs a command; `browse` does what the person does with what it says. */
async function signet(words: readonly string[], browse?: (url: URL) => Promise<void>, now?: Date): Promise<Outcome> {
  const [stdout, stderr]: [string[], string[]] = [[], []]
  const host = hostOf({ environment: environment(), ...(now === undefined ? {} : { now }) }, stdout, stderr)
  const running = runSignet(words, host)
  if (browse !== undefined) {
    const url = await vi.waitFor(() => {
      const found = /https:\S+/.exec(stderr.join(''))?.[0]
      if (found === undefined) throw new Error(`it says no address: ${stderr.join('')}`)
      return new URL(found)
    })
    await browse(url)
  }
  return { status: await running, stdout: stdout.join(''), stderr: stderr.join('') }
}

async function comeBack(url: URL): Promise<URL> {
  const browser = new Browser(service.ca, idp.ca)
  const { headers } = expectStatus(await browser.visit(url), 302)
  const callback = await browser.signInAt(idp.issuer, new URL(String(headers.location)), 'alice')
  return new URL(String(expectStatus(await browser.visit(callback), 303).headers.location))
}

const logIn = () =>
  signet(['login', '--provider', 'corp'], async (url) => {
    const back = await comeBack(url)
    // Pages that know the port bring codes of their own.
    for (const query of ['?code=x', '', '?error=x']) {
      expect((await fetch(new URL(query, back.origin))).status).toBe(400)
    }
    expect((await fetch(back)).status).toBe(200)
  })

test('a person who signed in asks as themselves, until they sign out', async () => {
  const { status, stdout, stderr } = await logIn()
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: `signed in as alice (corp): ${session}\n` })
  expect(statSync(session).mode & 0o777).toBe(0o600)
  expectStatus(await service.post('/v1/projects', { name: 'vision', owner: 'alice' }, service.admin), 201)
  const words = ['cert', 'issue', '--project', 'vision', '--user', 'alice', '--out', at('alice.pem')]
  expect((await signet(words)).stdout).toMatch(/^vision__alice \(project-user\), serial 01/)
  expect((await signet(['key', 'create', 'notebook', '--scope', 'USER'])).status).toBe(0)
  const token = (): unknown => (JSON.parse(readFileSync(session, 'utf8')) as { token: unknown }).token
  const before = token()
  // Shown as what is exchanged, it is not shown as who asks.
  const exchange = ['token', 'exchange', String(before), '--audience', service.url]
  expect((await signet([...exchange, '--project', 'vision'])).stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
  expect(codeOf(await signet([...exchange, '--project', 'sound']))).toBe('subject_token_refused')
  expect(codeOf(await signet(exchange))).toBe('body_rejected')
  expect((await signet(['cert', 'list'])).status).toBe(0)
  expect(token()).toBe(before)
  expect((await signet(['cert', 'list'], undefined, new Date(Date.now() + 460_000))).status).toBe(0)
  expect(token()).not.toBe(before)
  expect((await signet(['logout'])).stdout).toBe('alice is signed out\n')
  expect(existsSync(session)).toBe(false)
  expect(codeOf(await signet(['logout']))).toBe('session_missing')
  expect(codeOf(await signet(['cert', 'list']))).toBe('unauthenticated')
})

test('the token goes to no other service', async () => {
  await logIn()
  const kept = JSON.parse(readFileSync(session, 'utf8')) as Record<string, unknown>
  writeFileSync(session, JSON.stringify({ ...kept, origin: 'https://other.example' }))
  expect(codeOf(await signet(['cert', 'list']))).toBe('unauthenticated')
  expect(codeOf(await signet(['cert', 'list', '--session', session]))).toBe('session_missing')
  expect(codeOf(await signet(['logout']))).toBe('session_missing')
})

test('a session that has ended is forgotten when it is renewed', async () => {
  await logIn()
  expectStatus(await service.send({ method: 'DELETE', path: '/v1/users/alice/links/corp' }, service.admin), 200)
  expect(codeOf(await signet(['cert', 'list'], undefined, new Date(Date.now() + 460_000)))).toBe('session_ended')
  expect(existsSync(session)).toBe(false)
})

test.each([
  ['nobody who comes', ['login', '--provider', 'corp', '--wait', '1s'], 'sign_in_not_finished'],
  ['a password there', ['login', '--provider', 'corp', '--user', 'alice', '--password-file', '-'], 'provider_unknown'],
  ['a session that is none', ['cert', 'list', '--session', at('idp.pem')], 'file_unreadable'],
])('%s is refused, and nobody is signed in', async (_, words, code) => {
  expect(codeOf(await signet(words))).toBe(code)
  expect(existsSync(session)).toBe(false)
})

test.each([
  [['login']],
  [['login', '--provider', 'corp', '--password-file', '-']],
  [['cert', 'list', '--session', 'a', '--client-cert', 'b', '--client-key', 'c']],
])('wrong usage: %j', async (words) => {
  expect((await signet(words)).status).toBe(2)
})
