// One command revokes all that a requester obtained, on both stores: what it asked for itself and for others, what was bought
// with that, and nothing else.
import { statSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { leavesNothing } from '../http/stored.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr, type MadeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, known } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, type TestService } from '../support/test-service.ts'

const clock = new SettableClock()
const NOTHING = { certificates: 0, tokens: 0, jobs: 0, enrolmentTokens: 0, apiKeys: 0 }

interface Job {
  readonly id: string
  readonly made: MadeCsr
  readonly identity: Certified
  readonly token: unknown
}

onBothStores(
  'what a requester obtained',
  () => ({ clock }),
  (running) => {
    let service: TestService
    let owner: Certified
    let count = 0

    beforeAll(async () => {
      service = running()
      owner = await service.addProject('vision', 'olivia')
      await service.addService('model.internal')
      await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model.internal' })
      expectStatus(await service.put('/v1/projects/vision/service-accounts/sa-etl', {}, owner), 201)
    })

    /** A name that no test has used on this store. */
    const fresh = (what: string): string => `${what}${String((count += 1))}`
    const newLauncher = async (): Promise<[requester: string, launcher: Certified]> => {
      const name = `${fresh('hub')}.internal`
      return [`service:${name}`, await service.addService(name, { roles: ['launcher'], projects: ['vision'] })]
    }
    async function newMember(role: 'owner' | 'scientist'): Promise<string> {
      const user = fresh('m')
      await service.addUser(user)
      expectStatus(await service.put(`/v1/projects/vision/members/${user}`, { role }, owner), 201)
      return user
    }
    async function newOwner(): Promise<[requester: string, certified: Certified]> {
      const user = await newMember('owner')
      return [`member:vision__${user}`, await service.enrol('vision', user, owner)]
    }
    const plan = (requester: string, by: ClientIdentity = service.admin): Promise<Answer> =>
      service.get(`/v1/requesters/${requester}`, by)
    const revoke = (requester: string, by: ClientIdentity = service.admin, headers = {}): Promise<Answer> =>
      service.post(`/v1/requesters/${requester}/revoke`, {}, by, headers)
    const countOf = ({ json }: Answer): unknown =>
      Object.fromEntries(Object.entries(json).filter(([name]) => name !== 'requester'))
    const record = async ({ serial }: { readonly serial: string }): Promise<Record<string, unknown>> =>
      (await service.get(`/v1/certificates/${serial}`, service.admin)).json
    const isActive = async (token: unknown): Promise<unknown> =>
      (await service.post('/v1/tokens/introspect', { token }, service.admin)).json['active']
    const events = async (): Promise<Record<string, unknown>[]> =>
      (await service.get('/v1/audit?limit=1000', service.admin)).json['events'] as Record<string, unknown>[]
    const renew = async (by: Certified, made: MadeCsr | { readonly key: string }): Promise<Certified> =>
      certified(await service.post('/v1/certificates/renew', {}, by), { pem: '', ...made } as MadeCsr)
    async function start(launcher: Certified, more: object = { user: 'olivia' }): Promise<Job> {
      const made = await makeCsr()
      const body = { project: 'vision', csr: made.pem, token: { audience: 'resnet' }, ...more }
      const answer = expectStatus(await service.post('/v1/jobs', body, launcher), 201)
      const { certificate, token } = answer.json as Record<string, Record<string, unknown>>
      const identity = certified({ ...answer, json: certificate ?? {} }, made)
      return { id: String(answer.json['id']), made, identity, token: token?.['access_token'] }
    }
    const stateOf = async ({ id }: Job): Promise<unknown> => {
      const { jobs } = (await service.get('/v1/jobs?limit=1000', owner)).json as { jobs: Record<string, unknown>[] }
      return jobs.find((job) => job['id'] === id)?.['status']
    }

    test('rule 11: of a launcher: its jobs and what they renewed, its accounts, its tokens, and its own renewals', async () => {
      const [requester, launcher] = await newLauncher()
      const [, other] = await newLauncher()
      const renewed = await renew(launcher, launcher)
      const [job, ofAccount, kept] = [
        await start(launcher),
        await start(renewed, { account: 'sa-etl', kind: 'deployment' }),
        await start(other),
      ]
      const jobAgain = await service.post(`/v1/jobs/${job.id}/renew`, { csr: job.made.pem }, job.identity)
      const next = certified(jobAgain, job.made)
      const csr = await makeCsr()
      const path = '/v1/projects/vision/service-accounts/sa-etl/certificates'
      const account = certified(await service.post(path, { csr: csr.pem }, launcher), csr)
      const accountAgain = await renew(account, csr)
      const bought = (await service.post('/v1/tokens', { audience: 'resnet' }, accountAgain)).json['access_token']

      const ends = [renewed, job.identity, ofAccount.identity, next, account, accountAgain]
      const expected = { certificates: ends.length, tokens: 3, jobs: 2, enrolmentTokens: 0, apiKeys: 0 }
      const planned = await leavesNothing(service, () => plan(requester))
      expect(countOf(expectStatus(planned, 200))).toEqual(expected)
      const before = statSync(service.configuration.journal).size
      expect(countOf(expectStatus(await revoke(requester), 200))).toEqual(expected)

      for (const each of ends) {
        expect(await record(each)).toMatchObject({ status: 'revoked', reason: 'privilegeWithdrawn' })
        expect(known(await service.get('/v1/me', each))).toEqual({ status: 401, code: 'client_certificate_refused' })
      }
      for (const token of [job.token, ofAccount.token, bought]) expect(await isActive(token)).toBe(false)
      expect([await stateOf(job), await stateOf(ofAccount), await stateOf(kept)]).toEqual([
        'finished',
        'finished',
        'active',
      ])
      expect(await isActive(kept.token)).toBe(true)
      // What an administrator obtained for it, and what is of others, is not what it obtained.
      for (const each of [launcher, other, kept.identity]) expect(await record(each)).toMatchObject({ status: 'good' })
      expect(statSync(service.configuration.journal).size).toBeGreaterThan(before)
      const told = (await events()).filter(({ act, object }) => act === 'requester.revoke' && object === requester)
      expect(told).toMatchObject([
        { actor: 'admin:root-admin', details: { ...expected, reason: 'privilegeWithdrawn' } },
      ])
    })

    test('rule 11: asked again, nothing is left; a retry with its key gets the first answer', async () => {
      const [requester, launcher] = await newLauncher()
      await start(launcher)
      const headers = { 'idempotency-key': fresh('once') }
      const first = countOf(expectStatus(await revoke(requester, service.admin, headers), 200))
      expect(first).toMatchObject({ certificates: 1, jobs: 1, tokens: 1 })
      const again = await leavesNothing(service, () => revoke(requester, service.admin, headers))
      expect(countOf(again)).toEqual(first)
      expect(countOf(await revoke(requester))).toEqual(NOTHING)
      expect(countOf(await plan(requester))).toEqual(NOTHING)
    })

    test('rule 11: of an owner: enrolment tokens, and members who renewed what those bought', async () => {
      const [requester, paul] = await newOwner()
      const bob = await newMember('owner')
      const enrolled = await service.enrol('vision', bob, paul)
      const renewed = await renew(enrolled, enrolled)
      const csr = await makeCsr()
      const path = '/v1/projects/vision/service-accounts/sa-etl/certificates'
      const account = certified(await service.post(path, { csr: csr.pem }, renewed), csr)
      const eve = await newMember('scientist')
      const unspent = await service.enrolmentToken('vision', eve, paul)

      const answer = expectStatus(await revoke(requester), 200)
      expect(countOf(answer)).toEqual({ ...NOTHING, certificates: 3, enrolmentTokens: 1 })
      for (const each of [enrolled, renewed, account]) expect(await record(each)).toMatchObject({ status: 'revoked' })
      const spend = { csr: (await makeCsr()).pem, enrolmentToken: unspent }
      const refused = await service.post(`/v1/projects/vision/members/${eve}/certificates`, spend)
      expect(refused.code).toBe('enrolment_token_invalid')
      expect(await record(paul)).toMatchObject({ status: 'good' })
    })

    test('rule 11: what was obtained with a certificate that has ended meanwhile is found through it', async () => {
      const [requester, paul] = await newOwner()
      const enrolled = await service.enrol('vision', await newMember('scientist'), paul)
      const made = await makeCsr()
      const asked = { csr: made.pem }
      const rekeyed = certified(await service.post('/v1/certificates/rekey', asked, enrolled), made)
      const end = `/v1/certificates/${enrolled.serial}/revoke`
      expectStatus(await service.post(end, { reason: 'superseded' }, service.admin), 200)
      expect(countOf(expectStatus(await revoke(requester), 200))).toEqual({ ...NOTHING, certificates: 1 })
      expect(await record(rekeyed)).toMatchObject({ status: 'revoked', reason: 'privilegeWithdrawn' })
      expect(await record(enrolled)).toMatchObject({ reason: 'superseded' })
    })

    test('rule 11: API keys that were made with what it obtained end too', async () => {
      const [requester, paul] = await newOwner()
      const enrolled = await service.enrol('vision', await newMember('scientist'), paul)
      const body = { name: 'k', scopes: ['PROJECT'] }
      for (const by of [paul, enrolled]) expectStatus(await service.post('/v1/api-keys', body, by), 201)
      expect(countOf(await plan(requester))).toMatchObject({ apiKeys: 2 })
      expect(countOf(await revoke(requester))).toEqual({ ...NOTHING, certificates: 1, apiKeys: 2 })
      expect((await service.get('/v1/api-keys', paul)).json).toMatchObject({ apiKeys: [] })
    })

    test('rule 11: of the operator at the machine: the administrator and what that bought, and no CA', async () => {
      type Row = Record<'serial' | 'requester' | 'obtainedWith' | 'profile' | 'status', string>
      const all = (await service.get('/v1/certificates?limit=1000', service.admin)).json['certificates'] as Row[]
      const found = new Set<Row>()
      const add = (rows: readonly Row[]): void => {
        for (const row of rows.filter((each) => !found.has(each))) {
          found.add(row)
          add(all.filter(({ obtainedWith }) => obtainedWith === `certificate:${row.serial}`))
        }
      }
      add(all.filter(({ requester }) => requester === 'offline:admin'))
      const good = [...found].filter(({ status }) => status === 'good')
      const kinds = new Set(good.map(({ profile }) => profile))
      for (const ours of ['issuing-ca', 'signet-server']) expect(kinds).not.toContain(ours)
      const certificates = good.length
      expect(countOf(expectStatus(await plan('offline:admin'), 200))).toMatchObject({ certificates })
    })

    test('rule 11: a hold keeps its date, what is revoked its reason', async () => {
      const [requester, launcher] = await newLauncher()
      const [held, gone] = [await start(launcher), await start(launcher)]
      const end = (job: Job, reason: string) =>
        service.post(`/v1/certificates/${job.identity.serial}/revoke`, { reason }, service.admin)
      const since = expectStatus(await end(held, 'certificateHold'), 200).json['revokedAt']
      expectStatus(await end(gone, 'keyCompromise'), 200)
      clock.pass(1)
      expect(countOf(await revoke(requester))).toMatchObject({ certificates: 1, jobs: 2 })
      expect(await record(held.identity)).toMatchObject({ status: 'revoked', revokedAt: since })
      expect(await record(gone.identity)).toMatchObject({ reason: 'keyCompromise' })
    })

    test('rule 11: a requester revokes what it obtained itself, and nobody else does', async () => {
      const [requester, launcher] = await newLauncher()
      const [otherName, other] = await newLauncher()
      const job = await start(launcher)
      for (const by of [other, owner, job.identity]) {
        for (const act of [() => plan(requester, by), () => revoke(requester, by)]) {
          expect(known(await leavesNothing(service, act))).toEqual({ status: 403, code: 'not_permitted' })
        }
      }
      const anonymous = await leavesNothing(service, () => service.post(`/v1/requesters/${otherName}/revoke`, {}))
      expect(known(anonymous)).toEqual({ status: 401, code: 'unauthenticated' })
      expect(countOf(expectStatus(await plan(requester, launcher), 200))).toMatchObject({ jobs: 1 })
      expect(countOf(expectStatus(await revoke(requester, launcher), 200))).toMatchObject({ jobs: 1, certificates: 1 })
      expect(await stateOf(job)).toBe('finished')
    })

    test.each([
      ['no kind', 'hub.internal'],
      ['a kind that obtains nothing', 'api-key:abcdefgh'],
      ['nobody', 'anonymous'],
      ['a wildcard', 'service:%25'],
      ['an empty name', 'service:'],
    ])('a requester of %s is refused', async (_, requester) => {
      for (const act of [() => plan(requester), () => revoke(requester)]) {
        expect(known(await leavesNothing(service, act))).toEqual({ status: 400, code: 'name_rejected' })
      }
    })

    test.each(['keyCompromise', 'certificateHold', 'removeFromCRL', ''])(
      'the reason "%s" is refused',
      async (reason) => {
        const [requester] = await newLauncher()
        const act = () => service.post(`/v1/requesters/${requester}/revoke`, { reason }, service.admin)
        expect(known(await leavesNothing(service, act))).toEqual({ status: 400, code: 'body_rejected' })
      },
    )
  },
)
