// API keys as clients of Hopsworks know them (rows HX21 to HX29), and the rules that hold for them, on both stores: status, code and
// what is stored.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { issueAdministratorOffline } from '../../src/cli/offline-administrator.ts'
import { leavesNothing } from '../http/stored.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, known, type Request } from '../support/https-client.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

/** Of the suite that runs: clients of a real service compare its certificate with the system's clock. */
let clock = new SettableClock()
const NAME_45 = 'n'.repeat(45)
const SECRET = /^[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{43}$/

const refusal = (status: number, code: string, errorCode?: number) => ({ status, code, errorCode })
const refused = (answer: Answer) => ({ ...known(answer), errorCode: answer.json['errorCode'] })

onBothStores(
  'API keys',
  () => ({ clock: (clock = new SettableClock()) }),
  (running) => {
    let owner: Certified
    let alice: Certified
    let speechAlice: Certified
    /** A key of Alice's that nobody ends. */
    let good: string
    let count = 0
    const service = (): TestService => running()

    const create = (body: object, identity?: ClientIdentity, headers: Record<string, string> = {}): Promise<Answer> =>
      service().post(
        '/v1/api-keys',
        { name: `k${String((count += 1))}`, scopes: ['PROJECT', 'USER'], ...body },
        identity,
        headers,
      )
    const made = async (body: object = {}, identity: ClientIdentity = alice): Promise<string> =>
      String(expectStatus(await create(body, identity), 201).json['value'])
    const withHeader = (authorization: string, path = '/v1/me', identity?: ClientIdentity): Promise<Answer> =>
      service().send({ method: 'GET', path, headers: { authorization } }, identity)
    const use = (value: string, path?: string, identity?: ClientIdentity): Promise<Answer> =>
      withHeader(`ApiKey ${value}`, path, identity)
    const listed = async (identity: ClientIdentity): Promise<Record<string, unknown>[]> =>
      expectStatus(await service().get('/v1/api-keys', identity), 200).json['apiKeys'] as Record<string, unknown>[]
    const remove = (path: string, identity: ClientIdentity): Promise<Answer> =>
      service().send({ method: 'DELETE', path }, identity)
    const newMember = (name: string): Promise<Certified> => service().addMember('vision', name, owner)
    const administrator = async (user: string): Promise<ClientIdentity> => {
      const folder = join(service().folder, user)
      const files = await issueAdministratorOffline(service().configuration, {
        user,
        folder,
        passphrase: 'correct horse battery staple',
      })
      return { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') }
    }
    const MEMBERS = '/v1/projects/vision/members'
    const INVALID = refusal(401, 'api_key_invalid', 320_012)

    beforeAll(async () => {
      owner = await service().addProject('vision', 'owner')
      alice = await newMember('alice')
      const speechOwner = await service().addProject('speech', 'sam')
      await service().put('/v1/projects/speech/members/alice', { role: 'scientist' }, speechOwner)
      speechAlice = await service().enrol('speech', 'alice', speechOwner)
      good = await made()
    })

    describe('HX21: a key is made', () => {
      test('HX21: 201, its value told once as prefix.secret, and of the secret the salted hash alone is kept', async () => {
        const answer = expectStatus(await create({ name: 'HX21' }, alice), 201)
        const { value, prefix, ...rest } = answer.json
        expect(value).toMatch(SECRET)
        expect(rest).toMatchObject({ name: 'HX21', user: 'alice', scopes: ['PROJECT', 'USER'], reach: 'project' })
        const found = (await listed(alice)).find(({ name }) => name === 'HX21')
        expect(found).toEqual({ prefix, ...rest })
        const [, secret = ''] = String(value).split('.')
        const text = JSON.stringify(await listed(alice))
        expect(text).not.toContain(secret)
        const audit = (await service().get('/v1/audit?limit=20', service().admin)).text
        expect(audit).toContain(`api-key:${String(prefix)}`)
        expect(audit).not.toContain(secret)
      })

      test('it says who its user is, and what it was shown by', async () => {
        const answer = expectStatus(await use(await made()), 200)
        expect(answer.json).toMatchObject({ principal: 'alice', by: ['api-key'] })
      })

      test('rule 27: secrets are 256 random bits: no two keys share anything', async () => {
        const values = [await made(), await made(), await made()]
        expect(new Set(values.flatMap((value) => value.split('.'))).size).toBe(6)
        expect(Buffer.from(values[0]?.split('.')[1] ?? '', 'base64url')).toHaveLength(32)
      })

      test('rule 19: a key is never told again, whatever Idempotency-Key says', async () => {
        const headers = { 'idempotency-key': 'once' }
        const body = { name: 'idempotent' }
        expectStatus(await create(body, alice, headers), 201)
        const again = await leavesNothing(service(), () => create(body, alice, headers))
        expect(known(again)).toEqual({ status: 409, code: 'already_delivered' })
        const other = await leavesNothing(service(), () => create({ name: 'another' }, alice, headers))
        expect(known(other)).toEqual({ status: 422, code: 'idempotency_key_reused' })
      })
    })

    describe('HX22: what is no key', () => {
      test.each([
        ['an empty name', { name: '' }, refusal(400, 'api_key_name_empty', 320_008)],
        ['a blank name', { name: '  ' }, refusal(400, 'api_key_name_empty', 320_008)],
        ['a name of 46 characters', { name: `${NAME_45}n` }, refusal(400, 'api_key_name_too_long', 320_009)],
        ['no scopes', { scopes: [] }, refusal(400, 'api_key_scopes_empty', 320_005)],
        ['an unknown scope', { scopes: ['EVERYTHING'] }, refusal(400, 'body_rejected')],
        ['a scope in another case', { scopes: ['project'] }, refusal(400, 'body_rejected')],
        ['a control character in the name', { name: 'a\u0000b' }, refusal(400, 'body_rejected')],
        ['an expiry that is none', { expiresAt: 'tomorrow' }, refusal(400, 'body_rejected')],
        ['a field of its own', { user: 'owner' }, refusal(400, 'body_rejected')],
      ])('HX22: %s', async (_, body, expected) => {
        expect(refused(await leavesNothing(service(), () => create(body, alice)))).toEqual(expected)
      })

      test('HX22: a name of 45 characters is one', async () => {
        expect((await create({ name: NAME_45 }, alice)).status).toBe(201)
      })

      test('HX22: a name that the user has, and nobody else is kept from it; deleted, it is free', async () => {
        expectStatus(await create({ name: 'twice' }, alice), 201)
        const again = await leavesNothing(service(), () => create({ name: 'twice' }, alice))
        expect(refused(again)).toEqual(refusal(400, 'api_key_exists', 320_007))
        expect(refused(await create({ name: 'twice' }, speechAlice))).toEqual(refusal(400, 'api_key_exists', 320_007))
        expect((await create({ name: 'Twice' }, alice)).status).toBe(201)
        expect((await create({ name: 'twice' }, owner)).status).toBe(201)
        expectStatus(await remove('/v1/api-keys/twice', alice), 204)
        expect((await create({ name: 'twice' }, alice)).status).toBe(201)
      })

      test('HX22: of two at once of one name, one is made', async () => {
        const answers = await Promise.all([create({ name: 'race' }, alice), create({ name: 'race' }, alice)])
        expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 400])
      })
    })

    describe('HX23: a key that is none', () => {
      const WRONG: readonly (readonly [string, (value: string) => string])[] = [
        ['a wrong secret', (value) => `${value.split('.')[0] ?? ''}.${'A'.repeat(43)}`],
        ['an unknown prefix', (value) => `AAAAAAAAAAAAAAAA.${value.split('.')[1] ?? ''}`],
        ['no dot', (value) => value.replace('.', '')],
        ['no secret', (value) => `${value.split('.')[0] ?? ''}.`],
        ['no prefix', (value) => `.${value.split('.')[1] ?? ''}`],
        ['a secret with a tail', (value) => `${value}A`],
        ['a secret with another dot', (value) => `${value}.`],
        ['the hash of nothing', () => '.'],
        ['another case', (value) => value.toLowerCase()],
        ['two spaces before it', (value) => ` ${value}`],
      ]
      test.each(WRONG)('HX23: %s gets the one body that they all get', async (_, change) => {
        const answer = await leavesNothing(service(), () => use(change(good)))
        expect(refused(answer)).toEqual(INVALID)
        const { requestId, ...body } = answer.json
        expect(body).toEqual({
          type: 'urn:signet:problem:api_key_invalid',
          title: 'Invalid or incorrect API key.',
          status: 401,
          code: 'api_key_invalid',
          errorCode: 320_012,
        })
        expect(requestId).toBeDefined()
        expect(answer.headers['www-authenticate']).toBe('ApiKey realm="signet"')
      })

      test.each([
        ['in lower case', (value: string) => `apikey ${value}`],
        ['in upper case', (value: string) => `APIKEY ${value}`],
        ['with a tab', (value: string) => `ApiKey\t${value}`],
        ['without a space', (value: string) => `ApiKey${value}`],
        ['alone', () => 'ApiKey'],
        ['as Basic', (value: string) => `Basic ${value}`],
        ['as nothing', (value: string) => value],
      ])('the word before it %s is no such header', async (_, headerOf) => {
        const answer = await withHeader(headerOf(good))
        expect(known(answer)).toEqual({ status: 401, code: 'authorization_malformed' })
      })

      test('as a bearer token it is none', async () => {
        expect(known(await withHeader(`Bearer ${good}`))).toEqual({ status: 401, code: 'token_malformed' })
      })

      test('two headers are refused before either is read', async () => {
        const value = good
        const request: Request = {
          method: 'GET',
          path: '/v1/me',
          headers: { authorization: [`ApiKey ${value}`, `ApiKey ${value}`] },
        }
        expect(known(await service().send(request))).toEqual({ status: 400, code: 'request_ambiguous' })
      })
    })

    describe('HX24: what a key may read', () => {
      test('HX24: a key lacks the scope', async () => {
        const value = await madeOnce(['USER'])
        const answer = await leavesNothing(service(), () => use(value, MEMBERS))
        expect(refused(answer)).toEqual(refusal(403, 'scope_missing', 320_004))
        expect(answer.json['title']).toBe('No valid scope found for this invocation.')
        expect((await use(await madeOnce(['PROJECT']), MEMBERS)).status).toBe(200)
      })

      test.each([
        ['the members of a project of others', '/v1/projects/fraud/members', 'PROJECT'],
        ['the members of another project of its user', '/v1/projects/speech/members', 'PROJECT'],
        ['the members of a project that is none', '/v1/projects/nowhere/members', 'PROJECT'],
      ])('HX24: the role is not allowed: %s', async (_, path, scope) => {
        const value = await madeOnce([scope])
        expect(refused(await use(value, path))).toEqual(refusal(403, 'role_missing', 320_003))
      })

      test('HX24: a key of an administrator opens what administrators read, and no project', async () => {
        const value = await made({ scopes: ['ADMIN', 'ADMINISTER_USERS', 'PROJECT'] }, service().admin)
        for (const path of ['/v1/audit', '/v1/users', '/v1/services']) expect((await use(value, path)).status).toBe(200)
        expect(refused(await use(value, MEMBERS))).toEqual(refusal(403, 'role_missing', 320_003))
        expect((await use(value, '/v1/projects')).json['projects']).toEqual([])
      })

      test('a key lists the projects and deployments that it reaches, and no others', async () => {
        await service().addService('model-1.internal', { systemUser: 'kserve' })
        for (const project of ['vision', 'speech']) {
          const host = `${project}.models.internal`
          await service().addDeployment(`net-${project}`, { project, host, service: 'model-1.internal' })
        }
        const value = await madeOnce(['PROJECT', 'SERVING'])
        const projects = (await use(value, '/v1/projects')).json['projects'] as { name: string }[]
        const deployments = (await use(value, '/v1/deployments')).json['deployments'] as { name: string }[]
        expect([projects, deployments].map((rows) => rows.map(({ name }) => name))).toEqual([
          ['vision'],
          ['net-vision'],
        ])
      })

      const madeOnce = (scopes: readonly string[]): Promise<string> => made({ scopes })
    })

    describe('rule 11: an API key buys nothing', () => {
      const ACTS: readonly (readonly [string, string, () => object | Promise<object>])[] = [
        ['a key', '/v1/api-keys', () => ({ name: 'child', scopes: ['USER'] })],
        ['a token', '/v1/tokens', () => ({ audience: 'net-vision' })],
        [
          'a certificate',
          '/v1/projects/vision/members/alice/certificates',
          async () => ({ csr: (await makeCsr()).pem }),
        ],
        ['an enrolment', '/v1/projects/vision/members/alice/enrolment', () => ({})],
        ['a project', '/v1/projects', () => ({ name: 'bought', owner: 'alice' })],
      ]
      test.each(ACTS)('rule 11: %s', async (_, path, bodyOf) => {
        const scopes = ['JOB', 'SERVING', 'PROJECT', 'USER', 'MODELREGISTRY']
        const authorization = `ApiKey ${await made({ scopes })}`
        const body = await bodyOf()
        const act = () => service().send({ method: 'POST', path, body, headers: { authorization } })
        expect(known(await leavesNothing(service(), act))).toEqual({ status: 403, code: 'not_permitted' })
      })

      test("rule 11: an administrator's key buys nothing either, and deletes nothing", async () => {
        const authorization = `ApiKey ${await made({ scopes: ['ADMIN', 'ADMINISTER_USERS_REGISTER', 'AUTH'] }, service().admin)}`
        for (const request of [
          { method: 'PUT', path: '/v1/users/zoe', body: { platformRole: 'admin' } },
          { method: 'DELETE', path: '/v1/api-keys' },
          { method: 'GET', path: '/v1/api-keys' },
          { method: 'POST', path: '/v1/users/alice/block' },
        ]) {
          const act = () => service().send({ ...request, headers: { authorization } })
          expect(known(await leavesNothing(service(), act))).toEqual({ status: 403, code: 'not_permitted' })
        }
      })

      test('rule 11: a key ends no later than the renewals of the certificate that it was made with', async () => {
        const { renewUntil } = (await service().get(`/v1/certificates/${alice.serial}`, alice)).json
        const after = new Date(Date.parse(String(renewUntil)) + 1000).toISOString()
        const late = await leavesNothing(service(), () => create({ expiresAt: after }, alice))
        expect(known(late)).toEqual({ status: 400, code: 'api_key_expiry_rejected' })
        expect(late.json['facts']).toEqual({ latest: renewUntil })
        expect((await create({ expiresAt: renewUntil }, alice)).json['expiresAt']).toBe(renewUntil)
        expect((await create({}, alice)).json['expiresAt']).toBe(renewUntil)
        const past = new Date(clock.now().getTime() - 1000).toISOString()
        expect(known(await create({ expiresAt: past }, alice))).toEqual({
          status: 400,
          code: 'api_key_expiry_rejected',
        })
      })

      test('rule 11: the certificate of one project neither sees nor deletes keys of another', async () => {
        const value = await made({ name: 'of-speech' }, speechAlice)
        expect((await listed(alice)).some(({ name }) => name === 'of-speech')).toBe(false)
        const gone = await leavesNothing(service(), () => remove('/v1/api-keys/of-speech', alice))
        expect(known(gone)).toEqual({ status: 404, code: 'api_key_unknown' })
        expect((await use(value, '/v1/projects/speech/members')).status).toBe(200)
        expect(refused(await use(value, MEMBERS))).toEqual(refusal(403, 'role_missing', 320_003))
      })

      test('nobody but a person holds keys', async () => {
        const model = await service().addService('holder.internal', { systemUser: 'svc' })
        expect(known(await create({}, model))).toEqual({ status: 403, code: 'not_permitted' })
        expect(known(await create({}))).toEqual({ status: 401, code: 'unauthenticated' })
      })
    })

    describe('HX25: a key stops at once', () => {
      test('HX25: its user is blocked; let in again, the key stays gone', async () => {
        const bob = await newMember('bob')
        const value = await made({}, bob)
        expect((await use(value)).status).toBe(200)
        expectStatus(await service().post('/v1/users/bob/block', undefined, service().admin), 200)
        expect(refused(await use(value))).toEqual(INVALID)
        expectStatus(await service().post('/v1/users/bob/unblock', undefined, service().admin), 200)
        expect(refused(await use(value))).toEqual(INVALID)
      })

      test('its user is deleted', async () => {
        const value = await made({}, await newMember('carol'))
        expectStatus(await remove('/v1/users/carol', service().admin), 200)
        expect(refused(await use(value))).toEqual(INVALID)
      })

      test('the membership that it was made with ends', async () => {
        const value = await made({}, await newMember('dave'))
        expectStatus(await remove(`${MEMBERS}/dave`, owner), 200)
        expect(refused(await use(value))).toEqual(INVALID)
      })

      test('the project that it was made in is deleted', async () => {
        const value = await made({}, await service().addProject('gone', 'greta'))
        expectStatus(await remove('/v1/projects/gone', service().admin), 200)
        expect(refused(await use(value))).toEqual(INVALID)
      })

      test('the key of the certificate that it was made with is compromised; one that is replaced leaves it', async () => {
        const erin = await newMember('erin')
        const value = await made({}, erin)
        const revoke = (reason: string, serial: string) =>
          service().post(`/v1/certificates/${serial}/revoke`, { reason }, service().admin)
        expectStatus(await revoke('superseded', erin.serial), 200)
        expect((await use(value)).status).toBe(200)
        const next = await service().enrol('vision', 'erin', owner)
        const second = await made({}, next)
        expectStatus(await revoke('keyCompromise', next.serial), 200)
        expect(refused(await use(second))).toEqual(INVALID)
        expect((await use(value)).status).toBe(200)
      })

      test("an administrator's keys with their scopes end with the role", async () => {
        await service().addUser('chief', 'admin')
        const chief = await administrator('chief')
        const privileged = await made({ scopes: ['ADMIN', 'USER'] }, chief)
        const plain = await made({ scopes: ['USER'] }, chief)
        expect((await use(privileged, '/v1/audit')).status).toBe(200)
        expectStatus(await service().post('/v1/users/chief/demote', undefined, service().admin), 200)
        expect(refused(await use(privileged))).toEqual(INVALID)
        expect((await use(plain)).status).toBe(200)
      })

      test('it expires: the last second, and the one after', async () => {
        const expiresAt = new Date(Math.floor(clock.now().getTime() / 1000) * 1000 + 3_600_000)
        const value = await made({ expiresAt: expiresAt.toISOString() })
        clock.pass(3590)
        expect((await use(value)).status).toBe(200)
        clock.pass(11)
        expect(refused(await use(value))).toEqual(INVALID)
      })
    })

    describe('HX26: scopes for administrators', () => {
      test.each(['ADMIN', 'ADMINISTER_USERS', 'ADMINISTER_USERS_REGISTER', 'AUTH'])(
        'HX26: %s for somebody who is none',
        async (scope) => {
          const answer = await leavesNothing(service(), () => create({ scopes: ['USER', scope] }, alice))
          expect(known(answer)).toEqual({ status: 403, code: 'api_key_scope_privileged' })
        },
      )

      test('HX26: nor by an administrator with their certificate as a member', async () => {
        const frank = await newMember('frank')
        expectStatus(await service().post('/v1/users/frank/promote', undefined, service().admin), 200)
        const answer = await leavesNothing(service(), () => create({ scopes: ['ADMIN'] }, frank))
        expect(known(answer)).toEqual({ status: 403, code: 'api_key_scope_privileged' })
      })
    })

    describe('HX27: keys are deleted', () => {
      test('HX27: one: 204, the next use gets 401, and the others stay', async () => {
        const [gone, stays] = [await made({ name: 'gone' }), await made({ name: 'stays' })]
        const answer = await remove('/v1/api-keys/gone', alice)
        expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' })
        expect(refused(await use(gone))).toEqual(INVALID)
        expect((await use(stays)).status).toBe(200)
        expect(known(await remove('/v1/api-keys/gone', alice))).toEqual({ status: 404, code: 'api_key_unknown' })
      })

      test('HX27: all: 204, and the next use of each gets 401', async () => {
        const gail = await newMember('gail')
        const values = [await made({}, gail), await made({}, gail)]
        const stays = await made()
        expectStatus(await remove('/v1/api-keys', gail), 204)
        for (const value of values) expect(refused(await use(value))).toEqual(INVALID)
        expect(await listed(gail)).toEqual([])
        expect((await use(stays)).status).toBe(200)
        expectStatus(await remove('/v1/api-keys', gail), 204)
      })

      test("nobody deletes another's", async () => {
        const value = await made({ name: 'mine' })
        expect(known(await remove('/v1/api-keys/mine', owner))).toEqual({ status: 404, code: 'api_key_unknown' })
        expect((await use(value)).status).toBe(200)
      })
    })

    describe('HX29: no credential', () => {
      test.each(['/v1/me', '/v1/projects', MEMBERS, '/v1/deployments', '/v1/users'])('HX29: %s', async (path) => {
        const answer = await service().get(path)
        expect(known(answer)).toEqual({ status: 401, code: 'authorization_missing' })
        expect(answer.json['title']).toBe('Authorization header not set.')
        expect(answer.headers['www-authenticate']).toBe('Bearer realm="signet", Mutual realm="signet"')
      })

      test.each([
        ['net-vision', 'net-vision'],
        ['nobody-knows-it', 'nobody-knows-it'],
        ['a%22,%20Basic%20realm=%22b', 'signet'],
      ])('HX29: about the deployment %j the realm is %j, whether or not it is there', async (name, realm) => {
        const answer = await service().get(`/v1/deployments/${name}`)
        expect(known(answer)).toEqual({ status: 401, code: 'authorization_missing' })
        expect(answer.headers['www-authenticate']).toBe(`Bearer realm="${realm}", Mutual realm="signet"`)
      })

      test('where no key will do, a certificate is asked for', async () => {
        const answer = await service().post('/v1/tokens', { audience: 'net-vision' })
        expect(known(answer)).toEqual({ status: 401, code: 'unauthenticated' })
        expect(answer.headers['www-authenticate']).toBe('Mutual realm="signet"')
      })
    })

    describe('every credential that is presented must hold, and name one person', () => {
      test('a certificate of the same user beside the key is fine, and adds nothing', async () => {
        const value = await made({ scopes: ['USER'] })
        expect((await use(value, '/v1/me', alice)).json).toMatchObject({ principal: 'alice', by: ['api-key'] })
        expect(refused(await use(value, MEMBERS, alice))).toEqual(refusal(403, 'scope_missing', 320_004))
      })

      test.each([
        ['of another user', () => owner],
        ['of an administrator', () => service().admin],
      ])('a certificate %s is not', async (_, identityOf) => {
        const answer = await use(good, '/v1/me', identityOf())
        expect(known(answer)).toEqual({ status: 403, code: 'credential_conflict' })
      })

      test('a certificate that is revoked is not, whoever it is of', async () => {
        const hugo = await newMember('hugo')
        const value = await made({}, hugo)
        const path = `/v1/certificates/${hugo.serial}/revoke`
        expectStatus(await service().post(path, { reason: 'superseded' }, hugo), 200)
        expect(known(await use(value, '/v1/me', hugo))).toEqual({ status: 401, code: 'client_certificate_refused' })
        expect((await use(value)).status).toBe(200)
      })

      test('a good certificate does not help a wrong key', async () => {
        expect(refused(await use('AAAA.BBBB', '/v1/me', alice))).toEqual(INVALID)
      })
    })

    test('a user holds so many keys and no more, also when they come at once', async () => {
      const ivan = await newMember('ivan')
      await Promise.all(Array.from({ length: 48 }, () => made({}, ivan)))
      const answers = await Promise.all(Array.from({ length: 4 }, () => create({}, ivan)))
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 201, 409, 409])
      expect(answers.find(({ status }) => status === 409)?.code).toBe('api_key_too_many')
    })

    test('a restart forgets no key, and brings none back', async () => {
      const [stays, gone] = [await made({ name: 'over' }, owner), await made({ name: 'not-over' }, owner)]
      expectStatus(await remove('/v1/api-keys/not-over', owner), 204)
      await service().stop()
      await service().restart()
      expect((await use(stays)).status).toBe(200)
      expect(refused(await use(gone))).toEqual(INVALID)
    })
  },
)

test('the hash is the one that clients of Hopsworks know', async () => {
  const { apiKeyHash } = await import('../../src/domain/api-key.ts')
  expect(apiKeyHash('secret', 'salt')).toBe(createHash('sha256').update('secretsalt').digest('hex'))
})
