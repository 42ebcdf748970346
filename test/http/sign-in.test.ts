// Sessions over the real listeners: how they begin, whom they let in, how their tokens follow one another, and what ends them.
import { afterAll, describe, expect, test } from 'vitest'
import { copyPolicyFolder, setField } from '../ca/policy/policy-folder-copy.ts'
import { makeCsr } from '../support/csr.ts'
import { onBothStores } from '../support/both-stores.ts'
import { type Answer, known, type Request, send } from '../support/https-client.ts'
import { PASSWORD, People, sessionOf, signIn } from '../support/people.ts'
import { expectStatus, type TestService } from '../support/test-service.ts'
import { SettableClock } from './settable-clock.ts'
import { leavesNothing } from './stored.ts'

const people = new People()
afterAll(() => people.close())

const PROVIDERS = {
  test: { administers: 'when-administrator' },
  plain: {},
  open: { createUsers: true },
  lenient: { createUsers: true, missingGroups: 'empty' },
} as const

/** Three sessions a person, where the policy has twenty: each takes a sign-in. */
const MAX_SESSIONS = 3
const policy = copyPolicyFolder()
setField(policy, 'credentials.json', 'signIn/maxPerUser/value', MAX_SESSIONS)

let clock = new SettableClock()
const optionsOf = () => {
  clock = new SettableClock()
  return { clock, browser: 'on' as const, flags: { ...people.flags(PROVIDERS), policyFolder: policy } }
}

type Headers = Record<string, string>

onBothStores('sign-in', optionsOf, (running) => {
  let n = 0
  /** A user of the service who signs in at `provider`. */
  const person = async (provider = 'plain', role: 'user' | 'admin' = 'user'): Promise<string> => {
    const name = `p${String((n += 1))}`
    await running().addUser(name, role)
    await people.link(running(), provider, name, ['lab1'])
    return name
  }
  const me = (headers: Headers) => running().send({ method: 'GET', path: '/v1/me', headers })
  const post = (path: string, headers: Headers) => running().send({ method: 'POST', path, headers })
  const refresh = (headers: Headers) => post('/v1/session/refresh', headers)
  const next = async (headers: Headers): Promise<Headers> => ({
    authorization: `Bearer ${String(expectStatus(await refresh(headers), 200).json['token'])}`,
  })

  describe('with a password', () => {
    test('says who one is', async () => {
      const name = await person()
      const answer = expectStatus(await me(await sessionOf(running(), 'plain', name)), 200).json
      expect(answer).toMatchObject({
        principal: name,
        by: ['session'],
        provider: 'plain',
        groups: ['lab1'],
        projects: [],
      })
      const [asOf, by] = [answer['groupsAsOf'], answer['signInAgainBy']].map((text) => Date.parse(String(text)))
      expect((by ?? 0) - (asOf ?? 0)).toBe(24 * 3_600_000)
    })

    test.each([
      ['a wrong password', 'plain', 'known', 'wrong', 401, 'sign_in_refused'],
      ['an empty password', 'plain', 'known', '', 401, 'sign_in_refused'],
      ['nobody', 'plain', 'nobody', PASSWORD, 401, 'sign_in_refused'],
      ['the name in another letter case', 'plain', 'KNOWN', PASSWORD, 401, 'sign_in_refused'],
      ['a prototype member as name', 'plain', '__proto__', PASSWORD, 401, 'sign_in_refused'],
      ['no such provider', 'none', 'known', PASSWORD, 404, 'provider_unknown'],
      ['a person whom nobody linked', 'plain', 'unlinked', PASSWORD, 403, 'user_link_required'],
      ['a name that is somebody’s', 'open', 'taken', PASSWORD, 403, 'user_link_required'],
      ['a name that is somebody’s, in another case', 'open', 'TAKEN', PASSWORD, 403, 'user_link_required'],
      ['a name that no user has', 'open', 'sa-robot', PASSWORD, 403, 'user_link_required'],
      ['no word of groups', 'open', 'groupless', PASSWORD, 403, 'groups_unavailable'],
      ['a group with a control character', 'open', 'odd', PASSWORD, 403, 'groups_unavailable'],
      ['a group of no letters', 'open', 'blank', PASSWORD, 403, 'groups_unavailable'],
      ['a lone surrogate', 'open', 'lone', PASSWORD, 403, 'groups_unavailable'],
      ['a group that is too long', 'open', 'long', PASSWORD, 403, 'groups_unavailable'],
      ['too many groups', 'open', 'many', PASSWORD, 403, 'groups_unavailable'],
    ])('refuses %s', async (_, provider, user, password, status, code) => {
      await prepared(running())
      const answer = await leavesNothing(running(), () => signIn(running(), provider, user, password))
      expect(known(answer)).toEqual({ status, code })
    })

    test('rule 25: empty stands for missing where the entry says so', async () => {
      await prepared(running())
      await people.put('newcomer')
      expectStatus(await signIn(running(), 'lenient', 'newcomer'), 200)
      const found = await running().get('/v1/external-users', running().admin)
      expect(found.json['externalUsers']).toEqual(
        expect.arrayContaining([expect.objectContaining({ name: 'newcomer', provider: 'lenient', groups: [] })]),
      )
    })

    test('unknown and wrong are one answer', async () => {
      await prepared(running())
      const [one, other] = [await signIn(running(), 'plain', 'nobody'), await signIn(running(), 'plain', 'known', 'x')]
      const told = ({ json }: Answer) => ({ ...json, requestId: '' })
      expect(told(one)).toEqual(told(other))
    })

    test('rule 27: a fifth at once is told to come again', async () => {
      await prepared(running())
      const answers = await Promise.all(Array.from({ length: 24 }, () => signIn(running(), 'plain', 'known', 'wrong')))
      const busy = answers.filter(({ code }) => code === 'sign_in_busy')
      expect(busy.length).toBeGreaterThan(0)
      expect(busy.every(({ status, headers }) => status === 429 && headers['retry-after'] === '1')).toBe(true)
      expect(answers.filter(({ code }) => code === 'sign_in_refused').length).toBeGreaterThanOrEqual(4)
    })

    test('rule 22: two first sign-ins at once make one user', async () => {
      await people.put('twice', ['lab1'])
      const answers = await Promise.all([signIn(running(), 'open', 'twice'), signIn(running(), 'open', 'twice')])
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
      const links = (await running().get('/v1/users/twice/links', running().admin)).json['links']
      expect(links).toMatchObject([{ provider: 'open', subject: 'twice', user: 'twice' }])
    })

    test('rule 22: a user of one provider is nobody at another until linked', async () => {
      const name = await person('plain')
      expect(known(await signIn(running(), 'open', name))).toEqual({ status: 403, code: 'user_link_required' })
      const link = { provider: 'open', subject: name }
      expectStatus(await running().post(`/v1/users/${name}/links`, link, running().admin), 201)
      expectStatus(await signIn(running(), 'open', name), 200)
      const other = await person('plain')
      const taken = await running().post(`/v1/users/${other}/links`, link, running().admin)
      expect(known(taken)).toEqual({ status: 409, code: 'link_taken' })
    })
  })

  describe('the tokens of a session', () => {
    test('follow one another; the one before goes on through the overlap and no longer', async () => {
      const first = await sessionOf(running(), 'plain', await person())
      const second = await next(first)
      expect(second).not.toEqual(first)
      clock.pass(58)
      expect((await me(first)).status).toBe(200)
      expect((await me(second)).status).toBe(200)
      clock.pass(3)
      // It comes back: somebody kept it, and nobody can tell who.
      expect(known(await me(first))).toEqual({ status: 401, code: 'session_ended' })
      expect(known(await me(second))).toEqual({ status: 401, code: 'session_ended' })
    })

    test('asked for twice at once are one generation', async () => {
      const first = await sessionOf(running(), 'plain', await person())
      const both = await Promise.all([next(first), next(first)])
      for (const headers of both) expect((await me(headers)).status).toBe(200)
    })

    test('end the session when one two generations back asks', async () => {
      const first = await sessionOf(running(), 'plain', await person())
      const third = await next(await next(first))
      expect(known(await refresh(first))).toEqual({ status: 401, code: 'session_ended' })
      expect(known(await me(third))).toEqual({ status: 401, code: 'session_ended' })
    })

    test('end after a quarter of an hour, and the session after half a day', async () => {
      let headers: Headers = await sessionOf(running(), 'plain', await person())
      clock.pass(900 + 45)
      expect((await me(headers)).status).toBe(200)
      clock.pass(15)
      expect(known(await me(headers))).toEqual({ status: 401, code: 'token_expired' })
      headers = await sessionOf(running(), 'plain', await person())
      for (let passed = 0; passed < 43_200 - 600; passed += 600) {
        headers = await next(headers)
        clock.pass(600)
      }
      headers = await next(headers)
      clock.pass(600)
      expect(known(await refresh(headers))).toEqual({ status: 401, code: 'session_ended' })
    })

    test('end with the oldest session when a person has too many', async () => {
      const who = await person()
      const all: Headers[] = []
      for (let n = 0; n <= MAX_SESSIONS; n += 1) {
        clock.pass(1)
        all.push(await sessionOf(running(), 'plain', who))
      }
      const answers = await Promise.all(all.slice(0, 2).map((headers) => me(headers)))
      expect(answers.map(known)).toEqual([
        { status: 401, code: 'session_ended' },
        { status: 200, code: undefined },
      ])
    })

    test('rule 20: are good for nothing else, and nothing else is good for them', async () => {
      const session = await sessionOf(running(), 'plain', await person())
      const token = session.authorization.slice('Bearer '.length)
      const own = { method: 'POST', path: '/v1/tokens/introspect', body: { token } }
      expect((await running().send(own, running().admin)).json).toEqual({ active: false })
      const parts = token.split('.')
      const header = Buffer.from(JSON.stringify({ ...decoded(parts[0]), typ: 'at+jwt' })).toString('base64url')
      const posed = await me({ authorization: `Bearer ${[header, parts[1], parts[2]].join('.')}` })
      expect(known(posed)).toEqual({ status: 401, code: 'token_signature' })
      const beside = await running().send({ method: 'GET', path: '/v1/me', headers: session }, running().admin)
      expect(known(beside)).toEqual({ status: 403, code: 'credential_conflict' })
    })
  })

  describe('ends', () => {
    test.each([
      ['its own logout', async (_name: string, headers: Headers) => post('/v1/logout', headers)],
      ['a block', async (name: string) => running().post(`/v1/users/${name}/block`, undefined, running().admin)],
      [
        'the end of the account',
        async (name: string) => running().send({ method: 'DELETE', path: `/v1/users/${name}` }, running().admin),
      ],
      [
        'the end of the link',
        async (name: string) =>
          running().send({ method: 'DELETE', path: `/v1/users/${name}/links/plain` }, running().admin),
      ],
    ])('with %s', async (_, act) => {
      const name = await person()
      const headers = await sessionOf(running(), 'plain', name)
      expectStatus(await act(name, headers), 200)
      expect(known(await me(headers))).toEqual({ status: 401, code: 'session_ended' })
      expect(known(await refresh(headers))).toEqual({ status: 401, code: 'session_ended' })
    })

    test('for good: a user who is let in again signs in again', async () => {
      const name = await person()
      const headers = await sessionOf(running(), 'plain', name)
      await running().post(`/v1/users/${name}/block`, undefined, running().admin)
      expect(known(await signIn(running(), 'plain', name))).toEqual({ status: 403, code: 'user_blocked' })
      await running().post(`/v1/users/${name}/unblock`, undefined, running().admin)
      expect(known(await me(headers))).toEqual({ status: 401, code: 'session_ended' })
      expectStatus(await signIn(running(), 'plain', name), 200)
    })

    test('and outlives a restart otherwise', async () => {
      const headers = await sessionOf(running(), 'plain', await person())
      await running().stop()
      await running().restart()
      expect((await me(headers)).json).toMatchObject({ by: ['session'], groups: ['lab1'] })
    })
  })

  describe('a certificate', () => {
    const issue = async (project: string, user: string, headers: Headers): Promise<Answer> => {
      const path = `/v1/projects/${project}/members/${user}/certificates`
      return running().send({ method: 'POST', path, body: { csr: (await makeCsr()).pem }, headers })
    }

    test('rule 11: is made right after the sign-in, and renewed for thirty days from it', async () => {
      const name = await person()
      const project = `proj${String(n)}`
      expectStatus(await running().post('/v1/projects', { name: project, owner: name }, running().admin), 201)
      const headers = await sessionOf(running(), 'plain', name)
      clock.pass(898)
      const made = expectStatus(await issue(project, name, headers), 201).json
      const path = `/v1/certificates/${String(made['serial'])}`
      const record = expectStatus(await running().send({ method: 'GET', path, headers }), 200).json
      expect(record).toMatchObject({ identity: `member:${project}__${name}`, requester: `user:${name}` })
      const { signedInAt } = (await me(headers)).json
      expect(Date.parse(String(record['renewUntil'])) - Date.parse(String(signedInAt))).toBe(30 * 86_400_000)
      clock.pass(3)
      const stale = await leavesNothing(running(), () => issue(project, name, headers))
      expect(known(stale)).toEqual({ status: 403, code: 'sign_in_not_fresh' })
    })

    test('rule 11: nor does an old sign-in buy a key, an enrolment or a link', async () => {
      const [name, other, admin] = [await person(), await person(), await person('test', 'admin')]
      const project = `proj${String(n)}`
      expectStatus(await running().post('/v1/projects', { name: project, owner: name }, running().admin), 201)
      const headers = await sessionOf(running(), 'plain', name)
      const members = `/v1/projects/${project}/members`
      const put = (path: string, body: object) => running().send({ method: 'PUT', path, body, headers })
      expectStatus(await put(`/v1/projects/${project}/settings`, { custody: true }), 200)
      expectStatus(await put(`${members}/${other}`, { role: 'scientist' }), 201)
      const theirs = await sessionOf(running(), 'plain', other)
      const administers = await sessionOf(running(), 'test', admin)
      const subject = `x-${name}`
      const asked: readonly Request[] = [
        { method: 'GET', path: `${members}/${other}/keystore?format=pem`, headers: theirs },
        { method: 'POST', path: '/v1/api-keys', body: { name: 'k', scopes: ['USER'] }, headers },
        { method: 'POST', path: `${members}/${other}/enrolment`, headers },
        { method: 'POST', path: `/v1/users/${name}/links`, body: { provider: 'open', subject }, headers: administers },
      ]
      clock.pass(901)
      for (const request of asked) {
        const stale = await leavesNothing(running(), () => running().send(request))
        expect(known(stale), request.path).toEqual({ status: 403, code: 'sign_in_not_fresh' })
      }
    })

    test('is nobody else’s', async () => {
      const [name, other] = [await person(), await person()]
      const project = `proj${String(n)}`
      expectStatus(await running().post('/v1/projects', { name: project, owner: name }, running().admin), 201)
      const headers = await sessionOf(running(), 'plain', other)
      for (const user of [name, other]) {
        const refused = await leavesNothing(running(), () => issue(project, user, headers))
        expect(refused.status).toBeGreaterThanOrEqual(403)
      }
    })
  })

  describe('an API key', () => {
    const make = (headers: Headers, name = 'notebook', scopes = ['USER']) =>
      running().send({ method: 'POST', path: '/v1/api-keys', body: { name, scopes }, headers })

    test('rule 11: is made right after the sign-in, and ends thirty days from it', async () => {
      const headers = await sessionOf(running(), 'plain', await person())
      clock.pass(898)
      const made = expectStatus(await make(headers), 201).json
      const { signedInAt } = (await me(headers)).json
      expect(Date.parse(String(made['expiresAt'])) - Date.parse(String(signedInAt))).toBe(30 * 86_400_000)
      expect((await me({ authorization: `ApiKey ${String(made['value'])}` })).status).toBe(200)
      clock.pass(3)
      const stale = await leavesNothing(running(), () => make(headers, 'later'))
      expect(known(stale)).toEqual({ status: 403, code: 'sign_in_not_fresh' })
      // What is there can still be seen and taken away.
      expectStatus(await running().send({ method: 'GET', path: '/v1/api-keys', headers }), 200)
      expect((await running().send({ method: 'DELETE', path: '/v1/api-keys/notebook', headers })).status).toBe(204)
    })

    test('rule 11: outranks no sign-in: an administrator of a provider that makes none', async () => {
      const headers = await sessionOf(running(), 'plain', await person('plain', 'admin'))
      const refused = await leavesNothing(running(), () => make(headers, 'notebook', ['ADMIN']))
      expect(known(refused)).toEqual({ status: 403, code: 'api_key_scope_privileged' })
    })
  })

  describe('API keys that were made in a session', () => {
    const makeKey = async (headers: Headers): Promise<Headers> => {
      const request = { method: 'POST', path: '/v1/api-keys', body: { name: `k${String((n += 1))}`, scopes: ['USER'] } }
      const { value } = expectStatus(await running().send({ ...request, headers }), 201).json
      return { authorization: `ApiKey ${String(value)}` }
    }

    test('rule 11: end when a replaced token of that session comes back, and those of another stay', async () => {
      const name = await person()
      const [first, other] = [await sessionOf(running(), 'plain', name), await sessionOf(running(), 'plain', name)]
      const [key, kept] = [await makeKey(first), await makeKey(other)]
      await next(first)
      clock.pass(61)
      expect(known(await me(first))).toEqual({ status: 401, code: 'session_ended' })
      expect(known(await me(key))).toEqual({ status: 401, code: 'api_key_invalid' })
      expect((await me(kept)).status).toBe(200)
    })

    test('rule 22: end with a link, and so do the groups of that provider', async () => {
      const name = await person()
      const key = await makeKey(await sessionOf(running(), 'plain', name))
      expect((await me(key)).status).toBe(200)
      const path = `/v1/users/${name}/links/plain`
      expectStatus(await running().send({ method: 'DELETE', path }, running().admin), 200)
      expect(known(await me(key))).toEqual({ status: 401, code: 'api_key_invalid' })
      const { json } = await running().get('/v1/external-users?limit=1000', running().admin)
      expect(json['externalUsers']).toEqual(expect.arrayContaining([expect.objectContaining({ name, groups: [] })]))
    })
  })

  test('a group of a deleted user is nobody’s', async () => {
    const name = await person()
    await people.put(name, ['only-theirs'])
    await sessionOf(running(), 'plain', name)
    const groups = async () => (await running().get('/v1/groups?limit=1000', running().admin)).json['groups']
    expect(await groups()).toContainEqual({ name: 'only-theirs', users: 1 })
    expectStatus(await running().send({ method: 'DELETE', path: `/v1/users/${name}` }, running().admin), 200)
    expect(await groups()).not.toContainEqual(expect.objectContaining({ name: 'only-theirs' }))
  })

  test('an administrator acts as such only where the provider’s entry says so', async () => {
    const [yes, no] = [await person('test', 'admin'), await person('plain', 'admin')]
    const users = (headers: Headers) => running().send({ method: 'GET', path: '/v1/users', headers })
    expect((await users(await sessionOf(running(), 'test', yes))).status).toBe(200)
    expect(known(await users(await sessionOf(running(), 'plain', no)))).toEqual({ status: 403, code: 'not_permitted' })
  })

  test('rule 14: an administrator does nothing of that kind to themselves by a session either', async () => {
    const name = await person('test', 'admin')
    const headers = await sessionOf(running(), 'test', name)
    const asked: readonly Request[] = [
      { method: 'POST', path: `/v1/users/${name}/demote` },
      { method: 'POST', path: '/v1/projects', body: { name: 'mine', owner: name } },
      { method: 'POST', path: `/v1/users/${name}/links`, body: { provider: 'open', subject: 'me-too' } },
    ]
    for (const request of asked) {
      const answer = await leavesNothing(running(), () => running().send({ ...request, headers }))
      expect(known(answer), request.path).toEqual({ status: 403, code: 'not_permitted' })
    }
  })

  describe('rule 26: browsers', () => {
    const browse = (request: Request) => send({ url: running().browserUrl, ca: running().ca }, request)
    const login = (user: string, headers: Headers = {}) =>
      browse({ method: 'POST', path: '/v1/login/plain', body: { user, password: PASSWORD }, headers })
    const cookiesOf = (answer: Answer): ReadonlyMap<string, string> =>
      new Map((answer.headers['set-cookie'] ?? []).map((line) => [line.split('=')[0] ?? '', line]))
    const jar = (answer: Answer): Headers => {
      const pairs = (answer.headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '')
      const page = pairs.find((pair) => pair.startsWith('__Host-signet-page='))?.slice('__Host-signet-page='.length)
      return { cookie: pairs.join('; '), 'signet-page-token': page ?? '' }
    }

    test('get cookies that no script reads and no neighbour sets, and no token', async () => {
      const answer = expectStatus(await login(await person()), 200)
      expect(answer.json).not.toHaveProperty('token')
      const cookies = cookiesOf(answer)
      expect(cookies.get('__Host-signet-session')).toMatch(
        /; Path=\/; Max-Age=(?:900|899); Secure; SameSite=Lax; HttpOnly$/,
      )
      expect(cookies.get('__Host-signet-page')).toMatch(/; Path=\/; Max-Age=(?:43200|43199); Secure; SameSite=Lax$/)
    })

    test('are known by their cookie there, and nowhere else', async () => {
      const headers = jar(await login(await person()))
      expect((await browse({ method: 'GET', path: '/v1/me', headers })).json).toMatchObject({ by: ['session'] })
      const elsewhere = await running().send({ method: 'GET', path: '/v1/me', headers })
      expect(known(elsewhere)).toEqual({ status: 401, code: 'authorization_missing' })
    })

    test('are not known by a bearer token', async () => {
      const headers = await sessionOf(running(), 'plain', await person())
      const answer = await browse({ method: 'GET', path: '/v1/me', headers })
      expect(known(answer)).toEqual({ status: 403, code: 'credential_buys_none' })
    })

    test.each([
      ['without the page token', { 'signet-page-token': '' }, 403, 'page_token_missing'],
      ['with another page token', { 'signet-page-token': 'x'.repeat(43) }, 403, 'page_token_missing'],
      ['from another origin', { origin: 'https://evil.example' }, 403, 'foreign_page'],
      ['from the other listener’s origin', { origin: 'other' }, 403, 'foreign_page'],
      ['from another site', { 'sec-fetch-site': 'cross-site' }, 403, 'foreign_page'],
      ['from no origin at all', { origin: 'null' }, 403, 'foreign_page'],
    ])('write nothing %s', async (_, more: Headers, status, code) => {
      const headers: Headers = { ...jar(await login(await person())), ...more }
      if (headers['origin'] === 'other') headers['origin'] = running().url
      const refused = await browse({ method: 'POST', path: '/v1/logout', headers })
      expect(known(refused)).toEqual({ status, code })
      const plain = { cookie: headers['cookie'] ?? '' }
      expect((await browse({ method: 'GET', path: '/v1/me', headers: plain })).status).toBe(200)
    })

    test('are not signed in as somebody else by a page of another site', async () => {
      const answer = await login(await person(), { origin: 'https://evil.example' })
      expect(known(answer)).toEqual({ status: 403, code: 'foreign_page' })
      expect(answer.headers['set-cookie']).toBeUndefined()
    })

    test('rotate, and sign out with their cookies taken away', async () => {
      const first = jar(await login(await person()))
      const origin = running().browserUrl
      const rotated = await browse({ method: 'POST', path: '/v1/session/refresh', headers: { ...first, origin } })
      const cookie = jar(expectStatus(rotated, 200))['cookie'] ?? ''
      const headers = { ...first, cookie, origin }
      const out = expectStatus(await browse({ method: 'POST', path: '/v1/logout', headers }), 200)
      expect(cookiesOf(out).get('__Host-signet-session')).toMatch(/^__Host-signet-session=; Path=\/; Max-Age=0;/)
      const after = await browse({ method: 'GET', path: '/v1/me', headers })
      expect(known(after)).toEqual({ status: 401, code: 'session_ended' })
    })

    test('show one session', async () => {
      const headers = jar(await login(await person()))
      const twice = { cookie: `${headers['cookie'] ?? ''}; __Host-signet-session=x` }
      const answer = await browse({ method: 'GET', path: '/v1/me', headers: twice })
      expect(known(answer)).toEqual({ status: 400, code: 'request_ambiguous' })
    })
  })
})

function decoded(part: string | undefined): object {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as object
}

const ready = new WeakSet<TestService>()

/** Who is refused: made once for each service. */
async function prepared(service: TestService): Promise<void> {
  if (ready.has(service)) return
  ready.add(service)
  for (const name of ['known', 'taken']) await service.addUser(name)
  await people.link(service, 'plain', 'known')
  await people.put('unlinked', [])
  for (const name of ['taken', 'TAKEN', 'sa-robot']) await people.put(name, [])
  await people.put('groupless')
  await people.put('odd', ['lab\u0000'])
  await people.put('blank', [''])
  await people.put('lone', ['lab\ud800'])
  await people.put('long', ['x'.repeat(513)])
  await people.put(
    'many',
    Array.from({ length: 1001 }, (_, i) => `g${String(i)}`),
  )
}
