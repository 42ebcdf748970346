// Signing in through the running service at a real slapd and with tickets of a real KDC: with curl, as people's programs do.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { krb5IsInstalled, REALM, type Realm, startRealm } from '../support/krb5.ts'
import { SERVICE, type Slapd, slapdIsInstalled, startSlapd } from '../support/slapd.ts'
import { expectStatus, TestService } from '../support/test-service.ts'
import { at, group, GROUPS, PEOPLE, person, unit } from '../signin/ldap-directory.ts'

const missing = (!slapdIsInstalled() || !krb5IsInstalled()) && process.env['CI'] !== 'true'

describe.skipIf(missing)('a directory and a realm', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-directory-'))
  let slapd: Slapd
  let realm: Realm
  let service: TestService

  beforeAll(async () => {
    slapd = await startSlapd(
      [unit(PEOPLE), unit(GROUPS), ...['alice', 'bob', 'carol', 'dora'].map((name) => person(name))].join('') +
        group('Lab1', at('alice'), at('bob')),
    )
    realm = await startRealm()
    for (const name of ['bob', 'carol', 'alice/admin', 'stranger']) realm.addPrincipal(name, 'ticket-secret')
    Object.assign(process.env, realm.environment)
    writeFileSync(join(folder, 'bind'), `${SERVICE.password}\n`)
    writeFileSync(join(folder, 'ca.pem'), slapd.ca)
    service = await TestService.start({ flags: { 'signIn.providers': JSON.stringify(providers()) } })
  })
  afterAll(async () => {
    await service.close()
    await slapd.stop()
    await realm.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function providers() {
    const { port } = slapd.server('starttls')
    const company = {
      kind: 'ldap',
      url: `ldap://localhost:${String(port)}`,
      caFile: join(folder, 'ca.pem'),
      bindDn: SERVICE.dn,
      bindPasswordFile: join(folder, 'bind'),
      users: { base: PEOPLE, filter: '(objectClass=inetOrgPerson)' },
      groups: { base: GROUPS },
      createUsers: true,
    }
    const tickets = { service: 'HTTP@localhost', keytabFile: realm.keytab, realm: REALM, groupsFrom: 'company' }
    return {
      company,
      elsewhere: { ...company, url: 'ldaps://localhost:9', createUsers: false },
      corp: { kind: 'kerberos', ...tickets, createUsers: true },
    }
  }

  const logIn = (user: string, password: string, provider = 'company') =>
    service.post(`/v1/login/${provider}`, { user, password })
  const me = async (token: unknown) =>
    expectStatus(
      await service.send({ method: 'GET', path: '/v1/me', headers: { authorization: `Bearer ${String(token)}` } }),
      200,
    ).json

  test('name and password start a session with the groups of the directory', async () => {
    const { json } = expectStatus(await logIn('alice', 'alice-secret'), 200)
    expect(json).toMatchObject({ user: 'alice', provider: 'company' })
    expect(await me(json['token'])).toMatchObject({ groups: ['Lab1'] })
  })

  test('rule 22: whoever gets the name of another in the directory is not that user', async () => {
    expectStatus(await logIn('dora', 'dora-secret'), 200)
    slapd.modify(`dn: ${at('dora')}\nchangetype: delete\n`)
    slapd.modify(person('dora', 'other-secret').replace('\n', '\nchangetype: add\n'))
    expect(await logIn('dora', 'other-secret')).toMatchObject({ status: 403, code: 'user_link_required' })
  })

  test.each([
    ['a wrong password', 'alice', 'wrong'],
    ['an unknown name', 'mallory', 'wrong'],
    ['a filter', 'ali*', 'alice-secret'],
  ])('%s hears what every refusal hears', async (_, user, password) => {
    const answer = await logIn(user, password)
    expect(answer).toMatchObject({ status: 401, code: 'sign_in_refused' })
    expect(Object.keys(answer.json)).not.toContain('facts')
  })

  test('a directory that is away is an error', async () => {
    expect(await logIn('alice', 'alice-secret', 'elsewhere')).toMatchObject({
      status: 503,
      code: 'provider_unreachable',
    })
  })

  describe('Kerberos', () => {
    const path = '/v1/login/corp/negotiate'
    /** Not a synchronous call: the service answers in this process. */
    async function curl(environment: Readonly<Record<string, string>>, ...more: string[]) {
      const args = ['-s', '-i', '--cacert', service.init.files.trust, '--negotiate', '-u', ':', ...more]
      const { stdout: text } = await promisify(execFile)(
        'curl',
        [...args, '--max-time', '20', `${service.url}${path}`],
        {
          env: { ...process.env, ...environment },
          encoding: 'utf8',
        },
      )
      const last = text.slice(text.lastIndexOf('HTTP/'))
      return {
        status: Number(/^HTTP\/\S+ (\d+)/.exec(last)?.[1]),
        text: last,
        body: last.slice(last.indexOf('\r\n\r\n') + 4),
      }
    }

    test('a ticket starts a session, and the answer proves the service', async () => {
      const answer = await curl(realm.kinit('bob', 'ticket-secret'))
      expect(answer.status, answer.text).toBe(200)
      expect(answer.text).toMatch(/www-authenticate: Negotiate \S+/i)
      const { token, ...session } = JSON.parse(answer.body) as Record<string, unknown>
      expect(session).toMatchObject({ user: 'bob', provider: 'corp' })
      expect(await me(token)).toMatchObject({ groups: ['Lab1'] })
    })

    test('without a ticket a token is asked for', async () => {
      const answer = await service.get(path)
      expect(answer).toMatchObject({ status: 401, code: 'sign_in_refused' })
      expect(answer.headers['www-authenticate']).toBe('Negotiate')
      expect((await curl({ ...realm.environment })).status).toBe(401)
    })

    test.each([
      ['NTLM', 'Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAA='],
      ['another scheme', 'Basic YWxpY2U6YWxpY2U='],
      ['noise', 'Negotiate !!!'],
      ['nothing', 'Negotiate'],
    ])('%s is refused', async (_, authorization) => {
      expect(await service.send({ method: 'GET', path, headers: { authorization } })).toMatchObject({
        status: 401,
        code: 'sign_in_refused',
      })
    })

    test('whom the directory does not know is nobody, whatever the ticket', async () => {
      expect((await curl(realm.kinit('stranger', 'ticket-secret'))).status).toBe(401)
      expect((await curl(realm.kinit('alice/admin', 'ticket-secret'))).status).toBe(401)
    })

    test('a provider of another kind takes no tickets, and this one no passwords', async () => {
      expect(await service.get('/v1/login/company/negotiate')).toMatchObject({ status: 404, code: 'provider_unknown' })
      expect(await logIn('bob', 'ticket-secret', 'corp')).toMatchObject({ status: 404, code: 'provider_unknown' })
    })
  })
})
