// Jobs that act as a service account, on both stores: who may start them, what they are, and everything that ends them.
import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr, type MadeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, known } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, type TestService } from '../support/test-service.ts'

interface Started {
  readonly id: string
  readonly made: MadeCsr
  readonly identity: Certified
  readonly answer: Record<string, unknown>
  readonly token: string
}

onBothStores(
  'jobs of service accounts',
  () => ({}),
  (running) => {
    let service: TestService
    let owner: Certified
    let launcher: Certified
    let count = 0

    beforeAll(async () => {
      service = running()
      owner = await service.addProject('vision', 'alice')
      await service.addProject('speech', 'bob')
      await service.addService('model.internal')
      launcher = await service.addService('hub.internal', { roles: ['launcher'], projects: ['vision'] })
      await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model.internal' })
      await service.addDeployment('whisper', { project: 'speech', host: 'whisper.internal', service: 'model.internal' })
      await add('sa-etl')
      expectStatus(await removeAccount(await add('sa-gone')), 200)
    })

    const add = async (name: string): Promise<string> => {
      expectStatus(await service.put(`/v1/projects/vision/service-accounts/${name}`, {}, owner), 201)
      return name
    }
    const fresh = (): Promise<string> => add(`sa-f${String((count += 1))}`)
    const removeAccount = (name: string): Promise<Answer> =>
      service.send({ method: 'DELETE', path: `/v1/projects/vision/service-accounts/${name}` }, owner)
    const ask = (made: MadeCsr, more: object, by: ClientIdentity = launcher): Promise<Answer> =>
      service.post('/v1/jobs', { project: 'vision', account: 'sa-etl', csr: made.pem, ...more }, by)
    async function start(more: object = {}, by: ClientIdentity = launcher): Promise<Started> {
      const made = await makeCsr()
      const answer = expectStatus(await ask(made, { token: { audience: 'resnet' }, ...more }, by), 201)
      const { certificate, token } = answer.json as Record<string, Record<string, unknown>>
      const identity = certified({ ...answer, json: certificate ?? {} }, made)
      return {
        id: String(answer.json['id']),
        made,
        identity,
        answer: answer.json,
        token: String(token?.['access_token']),
      }
    }
    const record = async ({ serial }: Certified): Promise<Record<string, unknown>> =>
      (await service.get(`/v1/certificates/${serial}`, service.admin)).json
    const decide = async (by: ClientIdentity, actingUser: string, deployment = 'resnet'): Promise<unknown> =>
      (await service.post('/v1/authorize', { actingUser, deployment }, by)).json['reason']
    const isActive = async (token: unknown): Promise<unknown> =>
      (await service.post('/v1/tokens/introspect', { token }, service.admin)).json['active']
    const claimsOf = (token: string): unknown =>
      JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))

    test('AA8, rule 1: a job of an account has its name, its own URI, and calls what the project has', async () => {
      const { id, identity, answer, token } = await start()
      expect(answer).toMatchObject({ project: 'vision', account: 'sa-etl', launcher: 'hub.internal' })
      expect(answer).not.toHaveProperty('user')
      const { subject, subjectAltName } = new X509Certificate(identity.certificate)
      expect(subject).toBe(`CN=vision__sa-etl\nOU=${id}`)
      expect(subjectAltName).toBe(`URI:spiffe://test.internal/project/vision/account/sa-etl/job/${id}`)
      expect(await record(identity)).toMatchObject({
        profile: 'account-job',
        identity: `job:${id}`,
        requester: 'service:hub.internal',
        project: 'vision',
      })
      const me = (await service.get('/v1/me', identity)).json
      expect(me).toMatchObject({ principal: 'vision__sa-etl', actor: `job:${id}` })
      const claims = { sub: 'vision__sa-etl', project: 'vision', user: 'sa-etl', job: id, act: { sub: 'hub.internal' } }
      expect(claimsOf(token)).toMatchObject(claims)
      expect(await decide(identity, 'vision__sa-etl')).toBe('ALLOWED')
      expect(await decide(identity, 'vision__alice')).toBe('CERT_CN_MISMATCH')
      expect(await decide(identity, 'vision__sa-etl', 'whisper')).toBe('PROJECT_BOUNDARY')
    })

    test('AA8 it keeps, renews and ends itself, and gets further tokens', async () => {
      const { id, made, identity, token } = await start({ kind: 'deployment' })
      expectStatus(await service.post(`/v1/jobs/${id}/heartbeat`, undefined, identity), 200)
      const renewed = expectStatus(await service.post(`/v1/jobs/${id}/renew`, { csr: made.pem }, identity), 201)
      expect(renewed.json).toMatchObject({ profile: 'account-job', commonName: 'vision__sa-etl' })
      const rekeyed = await makeCsr()
      const next = certified(await service.post(`/v1/jobs/${id}/renew`, { csr: rekeyed.pem }, identity), rekeyed)
      const rotated = await service.post(`/v1/jobs/${id}/token`, { audience: 'resnet' }, next)
      expect(claimsOf(String(expectStatus(rotated, 201).json['access_token']))).toMatchObject({
        job: id,
        user: 'sa-etl',
      })
      expectStatus(await service.post(`/v1/jobs/${id}/finish`, undefined, next), 200)
      for (const each of [identity, next]) expect(await record(each)).toMatchObject({ status: 'revoked' })
      expect(await isActive(token)).toBe(false)
    })

    test.each([
      ['an account of no such name', { account: 'sa-nobody' }, 404, 'account_unknown'],
      ['an account that is gone', { account: 'sa-gone' }, 404, 'account_unknown'],
      ['an account of a project that it does not list', { project: 'speech' }, 403, 'project_not_granted'],
      ['a member as an account', { account: 'alice' }, 400, 'name_rejected'],
      ['an account as a member', { account: undefined, user: 'sa-etl' }, 400, 'name_rejected'],
      ['both', { user: 'alice' }, 400, 'body_rejected'],
      ['neither', { account: undefined }, 400, 'body_rejected'],
    ])('rule 12: is not started for %s', async (_, more, status, code) => {
      const made = await makeCsr()
      expect(known(await leavesNothing(service, () => ask(made, more)))).toEqual({ status, code })
    })

    test('rule 12: nobody but a launcher starts one, and job_of_administrator is about people alone', async () => {
      const csr = await makeCsr()
      const account = certified(
        await service.post('/v1/projects/vision/service-accounts/sa-etl/certificates', { csr: csr.pem }, owner),
        csr,
      )
      const { identity } = await start()
      for (const by of [owner, service.admin, account, identity]) {
        const made = await makeCsr()
        const refused = await leavesNothing(service, () => ask(made, {}, by))
        expect(known(refused)).toEqual({ status: 403, code: 'not_permitted' })
      }
      // Its owner became an administrator; the account is no person.
      await service.addUser('second')
      expectStatus(await service.put('/v1/projects/vision/members/second', { role: 'scientist' }, owner), 201)
      expectStatus(await service.post('/v1/users/second/promote', undefined, service.admin), 200)
      const made = await makeCsr()
      const refused = await service.post('/v1/jobs', { project: 'vision', user: 'second', csr: made.pem }, launcher)
      expect(known(refused)).toEqual({ status: 403, code: 'job_of_administrator' })
      await start()
    })

    test('rule 11: a job of an account buys nothing of the account', async () => {
      const { identity } = await start()
      const path = '/v1/projects/vision/service-accounts/sa-etl'
      const body = { csr: (await makeCsr()).pem }
      for (const act of [
        () => service.post(`${path}/certificates`, body, identity),
        () => service.post(`${path}/tokens`, { audience: 'resnet' }, identity),
        () => service.get('/v1/jobs', identity),
      ]) {
        expect(known(await leavesNothing(service, act))).toEqual({ status: 403, code: 'not_permitted' })
      }
    })

    test('a batch holds jobs of members and of accounts, and an error tells which', async () => {
      const job = async (holder: object) => ({ project: 'vision', ...holder, csr: (await makeCsr()).pem })
      const good = { jobs: [await job({ user: 'alice' }), await job({ account: 'sa-etl' })] }
      const { jobs } = expectStatus(await service.post('/v1/jobs', good, launcher), 201).json as {
        jobs: Record<string, unknown>[]
      }
      expect(jobs.map(({ user, account }) => [user, account])).toEqual([
        ['alice', undefined],
        [undefined, 'sa-etl'],
      ])
      const bad = { jobs: [await job({ user: 'alice' }), await job({ account: 'sa-nobody' })] }
      const refused = await leavesNothing(service, () => service.post('/v1/jobs', bad, launcher))
      expect([refused.code, refused.json['facts']]).toEqual(['account_unknown', expect.objectContaining({ job: 1 })])
    })

    test('are listed for the launcher, the owner and the account', async () => {
      const account = await fresh()
      const csr = await makeCsr()
      const path = `/v1/projects/vision/service-accounts/${account}/certificates`
      const itself = certified(await service.post(path, { csr: csr.pem }, owner), csr)
      const { id } = await start({ account })
      const listed = async (by: ClientIdentity): Promise<readonly unknown[]> => {
        const { jobs } = (await service.get('/v1/jobs?limit=1000', by)).json as { jobs: Record<string, unknown>[] }
        return jobs.filter((job) => job['account'] === account).map((job) => job['id'])
      }
      for (const by of [launcher, owner, itself]) expect(await listed(by)).toEqual([id])
      expect((await service.get('/v1/jobs', itself)).json['jobs']).toHaveLength(1)
    })

    describe('end', () => {
      const ended = async ({ identity, token, id }: Started): Promise<void> => {
        expect(await record(identity)).toMatchObject({ status: 'revoked', reason: 'cessationOfOperation' })
        expect(await isActive(token)).toBe(false)
        expect(known(await service.get('/v1/me', identity))).toEqual({
          status: 401,
          code: 'client_certificate_refused',
        })
        const { events } = (await service.get('/v1/audit?limit=1000', service.admin)).json as {
          events: Record<string, unknown>[]
        }
        expect(events.filter(({ act, object }) => act === 'job.finish' && object === `job:${id}`)).toHaveLength(1)
      }

      test('AA8 with the account, in the act that removes it; those of others go on', async () => {
        const account = await fresh()
        const [one, two, other] = [await start({ account }), await start({ account }), await start()]
        expectStatus(await removeAccount(account), 200)
        await ended(one)
        await ended(two)
        expect(await record(other.identity)).toMatchObject({ status: 'good' })
      })

      test('with the launcher', async () => {
        const brief = await service.addService(`b${String((count += 1))}.internal`, {
          roles: ['launcher'],
          projects: ['vision'],
        })
        const job = await start({}, brief)
        const name = String(job.answer['launcher'])
        expectStatus(await service.send({ method: 'DELETE', path: `/v1/services/${name}` }, service.admin), 200)
        await ended(job)
      })

      test('with the project', async () => {
        const name = `doomed${String((count += 1))}`
        const doomed = await service.addProject(name, `owner${String(count)}`)
        expectStatus(await service.put(`/v1/projects/${name}/service-accounts/sa-x`, {}, doomed), 201)
        const body = { systemUser: 'svc', roles: ['launcher'], projects: ['vision', name] }
        expectStatus(await service.put('/v1/services/hub.internal', body, service.admin), 200)
        const job = await start({ project: name, account: 'sa-x' })
        expectStatus(await service.send({ method: 'DELETE', path: `/v1/projects/${name}` }, service.admin), 200)
        await ended(job)
      })
    })

    describe('a key that is made with the job', () => {
      const generate = { generate: {}, format: 'pem', passphrase: 'twelve chars or more', csr: undefined }

      test('comes once, with certificate and token, and is the job', async () => {
        const headers = { 'idempotency-key': `made-${String((count += 1))}` }
        const body = { project: 'vision', account: 'sa-etl', token: { audience: 'resnet' }, ...generate }
        const answer = expectStatus(await service.post('/v1/jobs', body, launcher, headers), 201)
        const { certificate } = answer.json as Record<string, Record<string, unknown>>
        expect(certificate).toMatchObject({ commonName: 'vision__sa-etl', keyStore: { alias: 'vision__sa-etl' } })
        expect(String((certificate?.['keyStore'] as Answer['json'])['contents'])).toContain('ENCRYPTED PRIVATE KEY')
        for (const passphrase of [generate.passphrase, 'another passphrase']) {
          const again = await leavesNothing(service, () =>
            service.post('/v1/jobs', { ...body, passphrase }, launcher, headers),
          )
          expect(known(again)).toEqual({ status: 409, code: 'already_delivered' })
        }
      })

      test('rule 19: is not handed over twice without a token either', async () => {
        const headers = { 'idempotency-key': `made-${String((count += 1))}` }
        const body = { project: 'vision', user: 'alice', ...generate }
        expectStatus(await service.post('/v1/jobs', body, launcher, headers), 201)
        const again = await leavesNothing(service, () => service.post('/v1/jobs', body, launcher, headers))
        expect(known(again)).toEqual({ status: 409, code: 'already_delivered' })
      })

      test.each([
        ['without a format', { format: undefined }, 400, 'body_rejected'],
        ['beside a request of one`s own', { csr: 'x' }, 400, 'body_rejected'],
        ['under a short passphrase', { passphrase: 'short' }, 400, 'passphrase_too_short'],
        ['for an account that is not there', { account: 'sa-nobody' }, 404, 'account_unknown'],
      ])('rule 11: is refused %s', async (_, more, status, code) => {
        const body = { project: 'vision', account: 'sa-etl', ...generate, ...more }
        const refused = await leavesNothing(service, () => service.post('/v1/jobs', body, launcher))
        expect(known(refused)).toEqual({ status, code })
      })

      test('is for one job alone, not for a batch', async () => {
        const body = { jobs: [{ project: 'vision', user: 'alice', ...generate }] }
        const refused = await leavesNothing(service, () => service.post('/v1/jobs', body, launcher))
        expect(known(refused)).toEqual({ status: 400, code: 'body_rejected' })
      })
    })
  },
)
