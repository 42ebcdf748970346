// Custody over the running service, on both stores: a project whose members' keys the platform keeps. Who gets one, until when it
// is renewed, and that nothing of it outlives the member, the project or custody itself.
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { SettableClock } from '../http/settable-clock.ts'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { type Answer, type ClientIdentity, known } from '../support/https-client.ts'
import { makeCsr } from '../support/csr.ts'
import { People, sessionOf } from '../support/people.ts'
import { certified, type Certified, expectStatus, type TestService } from '../support/test-service.ts'

/** Of the service that runs now. */
let clock: SettableClock
const people = new People()

afterAll(() => {
  people.close()
})

onBothStores(
  'custody',
  () => ({ clock: (clock = new SettableClock()), flags: people.flags({ local: {} }) }),
  (running) => {
    let service: TestService
    let owner: Certified
    let count = 0

    beforeAll(async () => {
      service = running()
      owner = await service.addProject('vision', 'olivia')
      expectStatus(await settings('vision', true), 200)
    })

    const settings = (project: string, custody: boolean, by: ClientIdentity | undefined = owner) =>
      service.put(`/v1/projects/${project}/settings`, { custody }, by)
    const keystore = (user: string, by: ClientIdentity | undefined, project = 'vision') =>
      service.get(`/v1/projects/${project}/members/${user}/keystore?format=jks`, by)
    const pemOf = (user: string, by: ClientIdentity) =>
      service.get(`/v1/projects/vision/members/${user}/keystore?format=pem`, by)
    /** A member whose key is kept, and with the certificate that they enrolled for themselves. */
    async function keptMember(): Promise<{ readonly user: string; readonly own: Certified }> {
      const user = `m${String((count += 1))}`
      return { user, own: await service.addMember('vision', user, owner) }
    }
    async function certificatesOf(
      user: string,
    ): Promise<readonly { serial: string; status: string; obtainedWith: string }[]> {
      const { json } = await service.get(`/v1/certificates?limit=100&identity=member:vision__${user}`, service.admin)
      return json['certificates'] as { serial: string; status: string; obtainedWith: string }[]
    }
    const keptOf = async (user: string) =>
      (await certificatesOf(user)).filter((each) => each.obtainedWith === 'custody')
    function identityIn(answer: Answer): ClientIdentity {
      const { contents, passphrase } = answer.json['keyStore'] as { contents: string; passphrase: string }
      const key = execFileSync('openssl', ['pkey', '-passin', `pass:${passphrase}`], {
        input: contents,
        encoding: 'utf8',
      })
      return { key, certificate: contents.slice(contents.indexOf('-----BEGIN CERTIFICATE')) }
    }

    test('adding a member makes key and certificate in the same act, and the member gets them again and again', async () => {
      const { user, own } = await keptMember()
      expect((await keptOf(user)).map(({ status }) => status)).toEqual(['good'])
      const first = expectStatus(await pemOf(user, own), 200)
      expect(first.headers['cache-control']).toBe('no-store')
      const identity = identityIn(first)
      expect((await service.get('/v1/me', identity)).status).toBe(200)
      // Also with itself.
      const second = expectStatus(await pemOf(user, identity), 200)
      expect(second.json['serial']).toBe(first.json['serial'])
      const { json } = await service.get('/v1/audit?limit=20', service.admin)
      const acts = (json['events'] as { act: string; object: string }[]).filter(({ act }) => act.startsWith('key.'))
      expect(acts.slice(0, 3).map(({ act, object }) => `${act} ${object}`)).toEqual([
        `key.hand-over member:vision__${user}`,
        `key.hand-over member:vision__${user}`,
        `key.keep member:vision__${user}`,
      ])
    })

    test('rule 12: hands a key to the member and to nobody else', async () => {
      const { user } = await keptMember()
      const { own: other } = await keptMember()
      const launcher = await service.addService('launcher.internal', { roles: ['launcher'], projects: ['vision'] })
      const refused = [
        [owner, 403, 'not_permitted'],
        [other, 403, 'not_permitted'],
        [launcher, 403, 'not_permitted'],
        [service.admin, 403, 'not_permitted'],
        [undefined, 401, 'unauthenticated'],
      ] as const
      for (const [by, status, code] of refused) {
        expect(known(await leavesNothing(service, () => keystore(user, by)))).toEqual({ status, code })
      }
    })

    test('rule 11: a key that was handed over renews no longer than what the member showed for it', async () => {
      const { user, own } = await keptMember()
      const [ownRecord] = (await certificatesOf(user)).filter(({ serial }) => serial === own.serial)
      clock.pass(3600)
      // A new term, which the certificate before does not reach.
      expectStatus(await service.post(`/v1/projects/vision/members/${user}/keystore`, undefined, owner), 201)
      const { json } = expectStatus(await keystore(user, own), 200)
      const record = (await service.get(`/v1/certificates/${String(json['serial'])}`, service.admin)).json
      expect(record['renewUntil']).toBe((ownRecord as unknown as { renewUntil: string }).renewUntil)
    })

    const rekey = async (by: ClientIdentity): Promise<Certified> => {
      const csr = await makeCsr()
      return certified(await service.post('/v1/certificates/rekey', { csr: csr.pem }, by), csr)
    }

    test('rule 11: a certificate that was replaced gets no key, and its successor does', async () => {
      const { user, own } = await keptMember()
      const next = await rekey(own)
      const refusal = { status: 409, code: 'certificate_replaced' }
      expect(known(await leavesNothing(service, () => keystore(user, own)))).toEqual(refusal)
      expectStatus(await keystore(user, next), 200)
    })

    test('rule 11: a session gets a key while its sign-in is fresh, and not later', async () => {
      const { user } = await keptMember()
      await people.link(service, 'local', user)
      const headers = await sessionOf(service, 'local', user)
      const take = () =>
        service.send({ method: 'GET', path: `/v1/projects/vision/members/${user}/keystore?format=pem`, headers })
      clock.pass(899)
      expectStatus(await take(), 200)
      clock.pass(1)
      expect(known(await leavesNothing(service, take))).toEqual({ status: 403, code: 'sign_in_not_fresh' })
    })

    test('a kept key whose member replaced it is handed over no more, and not renewed', async () => {
      const [replaced, kept] = [await keptMember(), await keptMember()]
      const identity = identityIn(expectStatus(await pemOf(replaced.user, replaced.own), 200))
      clock.pass(16 * 3600 - 900)
      await rekey(identity)
      const count = async ({ user }: { readonly user: string }) => (await certificatesOf(user)).length
      const before = await count(replaced)
      // Not `leavesNothing`: the hours that have passed are over the overlap of what the tests before replaced, so the
      // service revokes that in the background meanwhile.
      const refusal = { status: 404, code: 'kept_key_unknown' }
      expect(known(await keystore(replaced.user, replaced.own))).toEqual(refusal)
      expect(await count(replaced)).toBe(before)
      await service.stop()
      clock.pass(1800)
      await service.restart()
      await vi.waitFor(async () => expect(await count(kept)).toBe(3), 10_000)
      expect(await count(replaced)).toBe(before)
    }, 40_000)

    test('tokens that the superseded certificates of a kept key bought end with them', async () => {
      const { user, own } = await keptMember()
      const identity = identityIn(expectStatus(await pemOf(user, own), 200))
      const buy = async (by: ClientIdentity) =>
        String(expectStatus(await service.post('/v1/tokens', { audience: service.url }, by), 201).json['access_token'])
      const [token, ofOwn] = [await buy(identity), await buy(own)]
      expectStatus(await service.post(`/v1/projects/vision/members/${user}/keystore`, undefined, owner), 201)
      const isActive = async (which: string) =>
        (await service.post('/v1/tokens/introspect', { token: which }, service.admin)).json['active']
      expect([await isActive(token), await isActive(ofOwn)]).toEqual([false, true])
    })

    test('an owner has a key made anew: the one before is superseded, the own one stays', async () => {
      const { user, own } = await keptMember()
      const [before] = await keptOf(user)
      expectStatus(await service.post(`/v1/projects/vision/members/${user}/keystore`, undefined, owner), 201)
      const after = await certificatesOf(user)
      const statusOf = (serial: string | undefined) => after.find((each) => each.serial === serial)?.status
      expect([statusOf(before?.serial), statusOf(own.serial)]).toEqual(['revoked', 'good'])
      expect((await keptOf(user)).map(({ status }) => status).toSorted()).toEqual(['good', 'revoked'])
    })

    test('nobody has a key made for themselves, and only an owner for others', async () => {
      const { user, own } = await keptMember()
      const make = (name: string, by: ClientIdentity) => () =>
        service.post(`/v1/projects/vision/members/${name}/keystore`, undefined, by)
      for (const act of [make('olivia', owner), make(user, own), make(user, service.admin)]) {
        expect(known(await leavesNothing(service, act))).toEqual({ status: 403, code: 'not_permitted' })
      }
      expect(known(await leavesNothing(service, make('nobody', owner)))).toEqual({
        status: 404,
        code: 'member_unknown',
      })
    })

    test('a key that was handed over makes its member one at work; one that never was does not', async () => {
      const { user, own } = await keptMember()
      expectStatus(await keystore(user, own), 200)
      expectStatus(await service.post(`/v1/certificates/${own.serial}/revoke`, { reason: 'superseded' }, own), 200)
      const enrol = () => service.post(`/v1/projects/vision/members/${user}/enrolment`, undefined, owner)
      expect(known(await leavesNothing(service, enrol))).toEqual({ status: 409, code: 'member_at_work' })
    })

    describe('lesson 8: what ends a member revokes and deletes in one act:', () => {
      const ENDINGS: readonly (readonly [what: string, end: (user: string) => Promise<Answer>, status: number])[] = [
        [
          'removal',
          (user) => service.send({ method: 'DELETE', path: `/v1/projects/vision/members/${user}` }, owner),
          200,
        ],
        ['a block', (user) => service.post(`/v1/users/${user}/block`, undefined, service.admin), 200],
        [
          'the end of the account',
          (user) => service.send({ method: 'DELETE', path: `/v1/users/${user}` }, service.admin),
          200,
        ],
      ]
      test.each(ENDINGS)('%s', async (what, end, status) => {
        const { user, own } = await keptMember()
        expectStatus(await keystore(user, own), 200)
        expectStatus(await end(user), status)
        expect((await certificatesOf(user)).map((each) => each.status)).toEqual(['revoked', 'revoked'])
        if (what !== 'removal') return
        // Back again, it is another key.
        expectStatus(await service.put(`/v1/projects/vision/members/${user}`, { role: 'scientist' }, owner), 201)
        const again = await service.enrol('vision', user, owner)
        expect(expectStatus(await keystore(user, again), 200).json['serial']).not.toBe(own.serial)
      })

      test('the end of the project', async () => {
        const second = await service.addProject('speech', 'oscar')
        expectStatus(await settings('speech', true, second), 200)
        await service.addUser('sam')
        expectStatus(await service.put('/v1/projects/speech/members/sam', { role: 'scientist' }, second), 201)
        expectStatus(await service.send({ method: 'DELETE', path: '/v1/projects/speech' }, service.admin), 200)
        const { json } = await service.get('/v1/certificates?limit=10&identity=member:speech__sam', service.admin)
        expect((json['certificates'] as { status: string }[]).map(({ status }) => status)).toEqual(['revoked'])
        const { json: record } = await service.get('/v1/audit?limit=50', service.admin)
        const event = (record['events'] as { act: string; details: unknown }[]).find(
          ({ act }) => act === 'project.delete',
        )
        expect(event?.details).toMatchObject({ keptKeys: 1 })
      })

      test('custody turned off: what the keys certify and the tokens it bought, and nothing else', async () => {
        const second = await service.addProject('audio', 'oona')
        expectStatus(await settings('audio', true, second), 200)
        const own = await service.addMember('audio', 'ada', second)
        const handed = expectStatus(await service.get('/v1/projects/audio/members/ada/keystore?format=pem', own), 200)
        const kept = identityIn(handed)
        expectStatus(await settings('audio', false, second), 200)
        expect(known(await service.get('/v1/me', kept))).toEqual({ status: 401, code: 'client_certificate_refused' })
        expect((await service.get('/v1/me', own)).status).toBe(200)
        expect(known(await keystore('ada', own, 'audio'))).toEqual({ status: 404, code: 'kept_key_unknown' })
        const make = () => service.post('/v1/projects/audio/members/ada/keystore', undefined, second)
        expect(known(await leavesNothing(service, make))).toEqual({ status: 409, code: 'custody_off' })
        // Again on: nothing of before comes back.
        expectStatus(await settings('audio', true, second), 200)
        expect(known(await keystore('ada', own, 'audio'))).toEqual({ status: 404, code: 'kept_key_unknown' })
      })
    })

    test('settings: for owners to write, for members to read', async () => {
      const { own } = await keptMember()
      expect((await service.get('/v1/projects/vision/settings', own)).json).toEqual({
        project: 'vision',
        custody: true,
      })
      for (const by of [own, service.admin]) {
        const act = () => settings('vision', false, by)
        expect(known(await leavesNothing(service, act))).toEqual({ status: 403, code: 'not_permitted' })
      }
      const unknown = () => service.put('/v1/projects/vision/settings', { custody: 'yes' }, owner)
      expect(known(await leavesNothing(service, unknown))).toEqual({ status: 400, code: 'body_rejected' })
    })

    test('rule 35: a kept key is renewed before its certificate ends, with the same key, and nothing is revoked', async () => {
      const { user, own } = await keptMember()
      const before = expectStatus(await pemOf(user, own), 200)
      clock.pass(15 * 3600)
      await service.stop()
      await service.restart()
      expect(expectStatus(await pemOf(user, own), 200).json['serial']).toBe(before.json['serial'])
      await service.stop()
      clock.pass(2 * 3600)
      await service.restart()
      const renewed = await vi.waitFor(async () => {
        const answer = expectStatus(await pemOf(user, own), 200)
        expect(answer.json['serial']).not.toBe(before.json['serial'])
        return answer
      }, 10_000)
      const keyIn = (answer: Answer) =>
        new X509Certificate(String(answer.json['certificate'])).publicKey.export({ type: 'spki', format: 'pem' })
      expect(keyIn(renewed)).toBe(keyIn(before))
      const record = (await service.get(`/v1/certificates/${String(before.json['serial'])}`, service.admin)).json
      expect(record['status']).toBe('good')
    }, 40_000)
  },
)
