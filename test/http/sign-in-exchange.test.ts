// Rule 12: a person's sign-in token as the subject of an exchange. Alone it buys what the person has as a member of one project; beside a
// launcher's certificate a token that names the launcher. What a session of today would be refused, its token is refused here.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TOKEN_EXCHANGE_GRANT } from '../../src/tokens/discovery.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr } from '../support/csr.ts'
import type { Answer, ClientIdentity } from '../support/https-client.ts'
import { People, sessionOf } from '../support/people.ts'
import { type Certified, expectStatus } from '../support/test-service.ts'
import { SettableClock } from './settable-clock.ts'
import { leavesNothing } from './stored.ts'

const TYPE = 'urn:ietf:params:oauth:token-type:'
const CERTIFICATE = 'urn:signet:params:oauth:token-type:certificate'

const people = new People()
afterAll(() => people.close())

let clock = new SettableClock()
const optionsOf = () => {
  clock = new SettableClock()
  return { clock, flags: people.flags({ test: { administers: 'when-administrator' }, other: {} }) }
}

type Form = Readonly<Record<string, string>>

onBothStores('rule 12: a sign-in token at the exchange', optionsOf, (running) => {
  let owner: Certified
  let launcher: Certified
  let stranger: Certified
  let plain: Certified
  let n = 0

  beforeAll(async () => {
    owner = await running().addProject('vision', 'olga')
    await running().addProject('sound', 'oscar')
    launcher = await running().addService('launcher.internal', { roles: ['launcher'], projects: ['vision'] })
    stranger = await running().addService('other.internal', { roles: ['launcher'], projects: ['sound'] })
    plain = await running().addService('plain.internal', { projects: ['vision'] })
    await running().addService('model-1.internal')
    await running().addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model-1.internal' })
  })

  const user = async (role: 'user' | 'admin' = 'user'): Promise<string> => {
    const name = `u${String((n += 1))}`
    await running().addUser(name, role)
    await people.link(running(), 'test', name)
    return name
  }
  const member = async (role: 'user' | 'admin' = 'user'): Promise<string> => {
    const name = await user(role)
    expectStatus(await running().put(`/v1/projects/vision/members/${name}`, { role: 'scientist' }, owner), 201)
    return name
  }
  const signedIn = async (name: string): Promise<string> =>
    (await sessionOf(running(), 'test', name)).authorization.slice('Bearer '.length)
  const post = (path: string, token: string) =>
    running().send({ method: 'POST', path, headers: { authorization: `Bearer ${token}` } })
  const refreshed = async (token: string): Promise<string> =>
    String(expectStatus(await post('/v1/session/refresh', token), 200).json['token'])

  const send = (form: Form, by?: ClientIdentity): Promise<Answer> => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = new URLSearchParams(form).toString()
    return running().send({ method: 'POST', path: '/v1/tokens/exchange', body, headers }, by)
  }
  const base = (token: string, type = 'jwt') => ({
    grant_type: TOKEN_EXCHANGE_GRANT,
    subject_token: token,
    subject_token_type: `${TYPE}${type}`,
    project: 'vision',
  })
  const forToken = (token: string, by?: ClientIdentity, change: Form = {}): Promise<Answer> =>
    send({ ...base(token), audience: 'resnet', ...change }, by)
  const forCertificate = async (token: string, by?: ClientIdentity, change: Form = {}): Promise<Answer> =>
    send({ ...base(token), requested_token_type: CERTIFICATE, csr: (await makeCsr()).pem, ...change }, by)

  const issued = (answer: Answer): string => String(expectStatus(answer, 200).json['access_token'])
  const claimsOf = (answer: Answer): Record<string, unknown> => {
    const [, payload = ''] = issued(answer).split('.')
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  }
  const told = ({ status, code, json }: Answer) => ({
    status,
    code,
    reason: (json['facts'] as { reason?: string } | undefined)?.reason,
  })
  const refused = (reason: string) => ({ status: 401, code: 'subject_token_refused', reason })
  const isActive = async (token: string): Promise<unknown> =>
    expectStatus(await running().post('/v1/tokens/introspect', { token }, running().admin), 200).json['active']
  const seconds = (): number => Math.floor(clock.now().getTime() / 1000)
  const remove = (name: string) =>
    running().send({ method: 'DELETE', path: `/v1/projects/vision/members/${name}` }, owner)
  const unlink = (name: string) =>
    running().send({ method: 'DELETE', path: `/v1/users/${name}/links/test` }, running().admin)
  const block = (name: string) => running().post(`/v1/users/${name}/block`, undefined, running().admin)

  const passLife = (): Promise<void> => {
    clock.pass(900)
    return Promise.resolve()
  }

  describe('of the person alone', () => {
    test('buys a token of the member, no longer than itself', async () => {
      const name = await member()
      const token = await signedIn(name)
      clock.pass(300)
      const claims = claimsOf(await forToken(token))
      expect(claims).toMatchObject({ sub: `vision__${name}`, project: 'vision', user: name, aud: 'resnet' })
      expect(claims).not.toHaveProperty('act')
      expect(Number(claims['exp'])).toBeLessThanOrEqual(seconds() + 600)
      const longer = await leavesNothing(running(), () => forToken(token, undefined, { lifetime_seconds: '660' }))
      expect(told(longer)).toMatchObject({ status: 400, code: 'token_lifetime_too_long' })
      const audit = await running().get('/v1/audit?limit=1', running().admin)
      expect(audit.json['events']).toMatchObject([
        {
          act: 'token.exchange',
          actor: `user:${name}`,
          details: { provider: 'test', holder: `member:vision__${name}` },
        },
      ])
    })

    test('buys it as an access token, too, and beside the certificate of that very member', async () => {
      const name = await member()
      const token = await signedIn(name)
      const mine = await running().enrol('vision', name, owner)
      const type = { subject_token_type: `${TYPE}access_token` }
      expect(claimsOf(await forToken(token, mine, type))).not.toHaveProperty('act')
    })

    test('buys a certificate that is renewed until thirty days after the sign-in', async () => {
      const name = await member()
      const before = seconds()
      const token = await signedIn(name)
      const answer = expectStatus(await forCertificate(token), 200)
      expect(answer.json).toMatchObject({ issued_token_type: CERTIFICATE, token_type: 'N_A' })
      const { serial } = answer.json['certificate'] as { serial: string }
      const record = expectStatus(await running().get(`/v1/certificates/${serial}`, owner), 200).json
      expect(record).toMatchObject({ identity: `member:vision__${name}`, requester: `user:${name}` })
      const days = (Date.parse(String(record['renewUntil'])) / 1000 - before) / 86_400
      expect(days).toBeCloseTo(30, 2)
    })

    test('rule 11: buys a certificate right after the sign-in alone, and a token for as long as the session goes on', async () => {
      const name = await member()
      const token = await signedIn(name)
      clock.pass(600)
      const next = await refreshed(token)
      clock.pass(299)
      expectStatus(await forCertificate(next), 200)
      clock.pass(2)
      const answer = await leavesNothing(running(), () => forCertificate(next))
      expect(told(answer)).toMatchObject({ status: 403, code: 'sign_in_not_fresh' })
      expectStatus(await forToken(next), 200)
    })

    test('its tokens end with the membership, with the user, and with the link to the provider', async () => {
      for (const end of [remove, block, unlink]) {
        const name = await member()
        const token = issued(await forToken(await signedIn(name)))
        expect(await isActive(token)).toBe(true)
        expectStatus(await end(name), 200)
        expect(await isActive(token)).toBe(false)
      }
    })
  })

  describe('is refused', () => {
    test.each<[string, (name: string, token: string) => Promise<unknown>, string]>([
      ['that has expired, to the second', passLife, 'token_expired'],
      ['of a session that was ended', (_, token) => post('/v1/logout', token), 'session_ended'],
      ['of a person who was blocked', block, 'session_ended'],
      ['of somebody who is no member any more', remove, 'member_unknown'],
    ])('one %s', async (_, end, reason) => {
      const name = await member()
      const token = await signedIn(name)
      await end(name, token)
      for (const ask of [forToken, forCertificate]) {
        expect(told(await leavesNothing(running(), () => ask(token)))).toEqual(refused(reason))
      }
    })

    test('one that was replaced and kept: the session ends, and the tokens that were bought in it', async () => {
      const name = await member()
      const token = await signedIn(name)
      const bought = issued(await forToken(token))
      const next = await refreshed(token)
      clock.pass(59)
      expectStatus(await forToken(token), 200)
      clock.pass(2)
      expect(told(await forToken(token))).toEqual(refused('session_ended'))
      expect(told(await leavesNothing(running(), () => forToken(next)))).toEqual(refused('session_ended'))
      expect(await isActive(bought)).toBe(false)
    })

    test('for a project that the person is no member of, an administrator too, and as if it did not exist', async () => {
      for (const name of [await member(), await user('admin')]) {
        const token = await signedIn(name)
        for (const project of ['sound', 'nothing']) {
          for (const ask of [forToken, forCertificate]) {
            const answer = await leavesNothing(running(), () => ask(token, undefined, { project }))
            expect(told(answer)).toEqual(refused('member_unknown'))
          }
        }
      }
    })

    test('beside the certificate of somebody else, of another project, or of an administrator', async () => {
      const name = await member()
      const token = await signedIn(name)
      const another = await running().addMember('vision', `other${String(n)}`, owner)
      for (const [by, code] of [
        [owner, 'delegation_refused'],
        [another, 'delegation_refused'],
        [running().admin, 'not_permitted'],
      ] as const) {
        const answer = await leavesNothing(running(), () => forToken(token, by))
        expect(told(answer)).toMatchObject({ status: 403, code })
      }
    })

    test('as an ID token, without a project, and in the place of a credential', async () => {
      const token = await signedIn(await member())
      const type = { subject_token_type: `${TYPE}id_token` }
      expect(told(await forToken(token, undefined, type))).toEqual(refused('token_type'))
      const form: Record<string, string> = { ...base(token), audience: 'resnet' }
      delete form['project']
      expect(told(await send(form))).toMatchObject({ status: 400, code: 'body_rejected' })
      const own = expectStatus(await running().post('/v1/tokens', { audience: running().url }, owner), 201).json
      const with_ = await forToken(String(own['access_token']), owner)
      expect(told(with_)).toMatchObject({ status: 400, code: 'body_rejected' })
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' }
      const body = new URLSearchParams({ ...base(token), audience: 'resnet' }).toString()
      const beside = await running().send({ method: 'POST', path: '/v1/tokens/exchange', body, headers })
      expect(told(beside)).toMatchObject({ status: 403, code: 'not_permitted' })
    })

    test('with another signature, and with the word of another use', async () => {
      const token = await signedIn(await member())
      const [header = '', payload = '', signature = ''] = token.split('.')
      const forged = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
      expect(told(await forToken(forged))).toEqual(refused('token_signature'))
    })
  })

  describe('that a launcher shows', () => {
    test('buys a token that names the launcher', async () => {
      const name = await member()
      const token = await signedIn(name)
      const claims = claimsOf(await forToken(token, launcher))
      expect(claims).toMatchObject({ sub: `vision__${name}`, act: { sub: 'launcher.internal' } })
    })

    test('buys no certificate', async () => {
      const token = await signedIn(await member())
      const answer = await leavesNothing(running(), () => forCertificate(token, launcher))
      expect(told(answer)).toMatchObject({ status: 403, code: 'subject_token_buys_no_certificate' })
    })

    test('buys nothing for a launcher of another project, a service that is none, a stranger or an administrator', async () => {
      const token = await signedIn(await member())
      const ofAdmin = await signedIn(await member('admin'))
      const ofStranger = await signedIn(await user())
      for (const [shown, by, status, code] of [
        [token, stranger, 403, 'project_not_granted'],
        [token, plain, 403, 'not_permitted'],
        [ofAdmin, launcher, 403, 'job_of_administrator'],
        [ofStranger, launcher, 401, 'subject_token_refused'],
      ] as const) {
        expect(told(await leavesNothing(running(), () => forToken(shown, by)))).toMatchObject({ status, code })
      }
    })
  })
})
