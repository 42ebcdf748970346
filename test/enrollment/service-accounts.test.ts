// Service accounts: who makes them and what they are called, who obtains their certificates and tokens, and that nothing is
// left of one when it or its project ends. AA8, AA9, rules 1, 11, 12, 13 and 18.
import { beforeAll, expect, test } from 'vitest'
import { leavesNothing } from '../http/stored.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, known } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, type TestService } from '../support/test-service.ts'

const DAY = 86_400
const path = (project: string, account = ''): string =>
  `/v1/projects/${project}/service-accounts${account === '' ? '' : `/${account}`}`

onBothStores(
  'service accounts',
  () => ({}),
  (running) => {
    let service: TestService
    let owner: Certified
    let launcher: Certified
    let count = 0

    beforeAll(async () => {
      service = running()
      owner = await service.addProject('vision', 'owner')
      await service.addProject('other', 'bystander')
      await service.addService('model.internal')
      launcher = await service.addService('launcher.internal', { roles: ['launcher'], projects: ['vision'] })
      await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model.internal' })
    })

    const add = (name: string, by: ClientIdentity = owner, project = 'vision'): Promise<Answer> =>
      service.put(path(project, name), {}, by)
    const fresh = async (): Promise<string> => {
      const name = `sa-f${String((count += 1))}`
      expectStatus(await add(name), 201)
      return name
    }
    const remove = (name: string, by: ClientIdentity = owner): Promise<Answer> =>
      service.send({ method: 'DELETE', path: path('vision', name) }, by)
    const ask = async (name: string, by: ClientIdentity, more = {}, project = 'vision'): Promise<Answer> =>
      service.post(`${path(project, name)}/certificates`, { csr: (await makeCsr()).pem, ...more }, by)
    const obtain = async (name: string, by: ClientIdentity, more = {}): Promise<Certified> => {
      const csr = await makeCsr()
      return certified(await service.post(`${path('vision', name)}/certificates`, { csr: csr.pem, ...more }, by), csr)
    }
    const buy = async (name: string, by: ClientIdentity): Promise<unknown> => {
      const answer = await service.post(`${path('vision', name)}/tokens`, { audience: 'resnet' }, by)
      return expectStatus(answer, 201).json['access_token']
    }
    const isActive = async (token: unknown): Promise<unknown> =>
      (await service.post('/v1/tokens/introspect', { token }, service.admin)).json['active']
    const record = async ({ serial }: Certified): Promise<Record<string, unknown>> =>
      (await service.get(`/v1/certificates/${serial}`, service.admin)).json
    const decide = async (by: ClientIdentity, actingUser: string): Promise<unknown> =>
      (await service.post('/v1/authorize', { actingUser, deployment: 'resnet' }, by)).json['reason']

    test('AA8: an account is added, seen by members, and has an identity of its own', async () => {
      const added = expectStatus(await add('sa-etl'), 201).json
      expect(added).toMatchObject({
        project: 'vision',
        account: 'sa-etl',
        commonName: 'vision__sa-etl',
        status: 'active',
        createdBy: 'member:vision__owner',
      })
      expect((await service.get(path('vision', 'sa-etl'), owner)).json).toEqual(added)
      expect((await service.get(path('vision'), owner)).json['serviceAccounts']).toEqual([added])
      const account = await obtain('sa-etl', owner)
      expect((await service.get('/v1/me', account)).json).toMatchObject({
        principal: 'vision__sa-etl',
        actor: 'account:vision__sa-etl',
      })
      expect(await record(account)).toMatchObject({
        profile: 'service-account',
        identity: 'account:vision__sa-etl',
        requester: 'member:vision__owner',
        project: 'vision',
      })
      expect(await decide(account, 'vision__sa-etl')).toBe('ALLOWED')
      expect(await decide(account, 'vision__owner')).toBe('CERT_CN_MISMATCH')
    })

    test.each([
      ['without the prefix', 'etl', 400, 'name_rejected'],
      ['with the prefix in upper case', 'SA-etl', 400, 'name_rejected'],
      ['of the prefix alone', 'sa-', 400, 'name_rejected'],
      ['with two underscores', 'sa-a__b', 400, 'name_rejected'],
      ['that ends with a dash', 'sa-a-', 400, 'name_rejected'],
      ['of 49 characters', `sa-${'a'.repeat(46)}`, 400, 'name_rejected'],
      ['that is there', 'sa-there', 409, 'name_taken'],
      ['that is there in another letter case', 'sa-THERE', 409, 'name_taken'],
      ['that was there', 'sa-gone', 409, 'name_taken'],
      ['that was there in another letter case', 'sa-Gone', 409, 'name_taken'],
    ])('rule 1: a name %s is refused', async (_, name, status, code) => {
      await add('sa-there')
      if ((await add('sa-gone')).status === 201) expectStatus(await remove('sa-gone'), 200)
      expect(known(await leavesNothing(service, () => add(name)))).toEqual({ status, code })
    })

    test('rule 1: a user never has a name like a service account', async () => {
      for (const name of ['sa-etl', 'SA-etl', 'Sa-x']) {
        const put = () => service.put(`/v1/users/${name}`, { platformRole: 'user' }, service.admin)
        expect(known(await leavesNothing(service, put))).toEqual({ status: 400, code: 'name_rejected' })
      }
    })

    test('AA9: the common name has at most 64 characters, refused when the account is added', async () => {
      const project = 'p'.repeat(23) + '1'
      const ownerThere = await service.addProject(project, 'longowner')
      const fits = `sa-${'a'.repeat(64 - 24 - 2 - 3)}`
      const added = expectStatus(await add(fits, ownerThere, project), 201)
      expect(String(added.json['commonName'])).toHaveLength(64)
      const refused = await leavesNothing(service, () => add(`${fits}a`, ownerThere, project))
      expect(known(refused)).toEqual({ status: 400, code: 'name_rejected' })
    })

    test('two projects may have accounts of one name, and each is its own', async () => {
      const there = await service.addProject('twin', 'twinowner')
      const name = await fresh()
      expectStatus(await add(name, there, 'twin'), 201)
      const account = await obtain(name, owner)
      expect(known(await ask(name, account, {}, 'twin'))).toEqual({ status: 403, code: 'not_permitted' })
      expectStatus(await remove(name), 200)
      const seen = expectStatus(await service.get(path('twin', name), there), 200)
      expect(seen.json['status']).toBe('active')
    })

    test.each([
      ['a scientist', 403, 'not_permitted'],
      ['the owner of another project', 403, 'not_permitted'],
      ['an administrator', 403, 'not_permitted'],
      ['a service that is no launcher', 403, 'not_permitted'],
      ['a launcher of other projects', 403, 'project_not_granted'],
      ['a job', 403, 'not_permitted'],
      ['another account', 403, 'not_permitted'],
      ['nobody', 401, 'unauthenticated'],
    ])('rules 11, 12: %s gets neither a certificate nor a token', async (asker, status, code) => {
      const name = await fresh()
      const by = await askerOf(asker)
      const csr = (await makeCsr()).pem
      for (const [way, body] of [
        ['certificates', { csr }],
        ['tokens', { audience: 'resnet' }],
      ] as const) {
        const act = () => service.post(`${path('vision', name)}/${way}`, body, by)
        expect(known(await leavesNothing(service, act)), way).toEqual({ status, code })
      }
    })

    async function askerOf(asker: string): Promise<ClientIdentity | undefined> {
      const n = String((count += 1))
      switch (asker) {
        case 'a scientist':
          return service.addMember('vision', `sci${n}`, owner)
        case 'the owner of another project':
          return service.addProject(`o${n}`, `oo${n}`)
        case 'an administrator':
          return service.admin
        case 'a service that is no launcher':
          return service.addService(`s${n}.internal`, { projects: ['vision'] })
        case 'a launcher of other projects':
          return service.addService(`l${n}.internal`, { roles: ['launcher'], projects: ['other'] })
        case 'a job': {
          const csr = await makeCsr()
          const body = { project: 'vision', user: 'owner', csr: csr.pem }
          const { json } = expectStatus(await service.post('/v1/jobs', body, launcher), 201)
          const { certificate, chain } = json['certificate'] as Record<string, string>
          return { certificate: `${certificate ?? ''}${chain ?? ''}`, key: csr.key }
        }
        case 'another account':
          return obtain(await fresh(), owner)
        default:
          return undefined
      }
    }

    test.each([
      ['unknown', 'sa-never', 404, 'account_unknown'],
      ['deleted', 'sa-dead', 404, 'account_unknown'],
      ['in another letter case', 'sa-CASE', 404, 'account_unknown'],
      ['of no name', 'owner', 400, 'name_rejected'],
    ])('an account that is %s gets nothing', async (_, name, status, code) => {
      for (const made of ['sa-dead', 'sa-case']) await add(made)
      await remove('sa-dead')
      for (const act of [
        () => ask(name, owner),
        () => service.post(`${path('vision', name)}/tokens`, { audience: 'resnet' }, owner),
        () => remove(name),
      ]) {
        expect(known(await leavesNothing(service, act))).toEqual({ status, code })
      }
    })

    test('a key of somebody else, and a life of more than a day, are refused', async () => {
      const name = await fresh()
      const csr = await makeCsr()
      expectStatus(await service.post('/v1/projects/vision/members/owner/certificates', { csr: csr.pem }, owner), 201)
      const stolen = () => service.post(`${path('vision', name)}/certificates`, { csr: csr.pem }, owner)
      expect(known(await leavesNothing(service, stolen))).toEqual({ status: 403, code: 'key_of_another_identity' })
      for (const by of [owner, launcher]) {
        const tooLong = () => ask(name, by, { lifetimeSeconds: DAY + 1 })
        expect(known(await leavesNothing(service, tooLong))).toEqual({ status: 400, code: 'validity_too_long' })
        await obtain(name, by, { lifetimeSeconds: DAY })
      }
    })

    test('rule 11: an account renews itself; what an owner obtained without end, what a launcher obtained for its day', async () => {
      const name = await fresh()
      const first = await obtain(name, owner)
      const second = await obtain(name, first)
      expect(await record(second)).toMatchObject({
        requester: 'member:vision__owner',
        obtainedWith: `certificate:${first.serial}`,
      })
      expect(await record(second)).not.toHaveProperty('renewUntil')

      const granted = await obtain(name, launcher)
      expect(await record(granted)).toMatchObject({ requester: 'service:launcher.internal' })
      const renewed = await obtain(name, granted, { lifetimeSeconds: 3600 })
      const { renewUntil } = await record(granted)
      expect(await record(renewed)).toMatchObject({ requester: 'service:launcher.internal', renewUntil })
      // The audit event names who acted, the inventory who answers for it.
      const events = (await service.get('/v1/audit?limit=50', service.admin)).json['events'] as Record<
        string,
        unknown
      >[]
      const issued = events.find(({ object }) => object === `certificate:${renewed.serial}`)
      expect(issued).toMatchObject({ act: 'certificate.issue', actor: `account:vision__${name}` })
    })

    test('rule 11: an owner’s certificate that was replaced obtains none, and its successor does', async () => {
      const name = await fresh()
      const before = await service.addMember('vision', 'second-owner', owner, 'owner')
      const csr = await makeCsr()
      const next = certified(await service.post('/v1/certificates/rekey', { csr: csr.pem }, before), csr)
      const refusal = { status: 409, code: 'certificate_replaced' }
      expect(known(await leavesNothing(service, () => ask(name, before)))).toEqual(refusal)
      expectStatus(await ask(name, next), 201)
    })

    test('rule 13: whoever obtained a certificate may revoke it, another launcher may not', async () => {
      const name = await fresh()
      const granted = await obtain(name, launcher)
      const stranger = await service.addService(`x${String(count)}.internal`, {
        roles: ['launcher'],
        projects: ['vision'],
      })
      const revoke = (by: ClientIdentity) =>
        service.post(`/v1/certificates/${granted.serial}/revoke`, { reason: 'superseded' }, by)
      expect(known(await leavesNothing(service, () => revoke(stranger)))).toEqual({
        status: 403,
        code: 'not_permitted',
      })
      expectStatus(await revoke(launcher), 200)
      expect(known(await service.get('/v1/me', granted))).toEqual({ status: 401, code: 'client_certificate_refused' })
    })

    test('a token is the account’s, names who asked, and has an audience', async () => {
      const name = await fresh()
      const token = await buy(name, launcher)
      const claims = (await service.post('/v1/tokens/introspect', { token }, service.admin)).json
      expect(claims).toMatchObject({
        active: true,
        sub: `vision__${name}`,
        project: 'vision',
        user: name,
        aud: 'resnet',
        act: { sub: 'launcher.internal' },
      })
      const events = (await service.get('/v1/audit?limit=10', service.admin)).json['events'] as Record<
        string,
        unknown
      >[]
      expect(events.find(({ act }) => act === 'token.issue')).toMatchObject({
        actor: 'service:launcher.internal',
        details: { holder: `account:vision__${name}`, bound: 'none' },
      })
      for (const [body, code] of [
        [{ audience: 'nothing' }, 'token_audience_unknown'],
        [{}, 'body_rejected'],
        [{ audience: 'resnet', bind: true }, 'body_rejected'],
        [{ audience: 'resnet', lifetimeSeconds: 3601 }, 'token_lifetime_too_long'],
      ] as const) {
        const act = () => service.post(`${path('vision', name)}/tokens`, body, owner)
        expect(known(await leavesNothing(service, act))).toEqual({ status: 400, code })
      }
    })

    test('a key may be made for an account, by whom a certificate may be asked for, and is handed over once', async () => {
      const name = await fresh()
      const body = { generate: { algorithm: 'ec-p256' }, format: 'pkcs12', passphrase: 'correct horse battery' }
      const plain = { method: 'POST', path: `${path('vision', name)}/certificates`, body }
      const asked = { ...plain, headers: { 'idempotency-key': `made-${name}` } }
      const { json } = expectStatus(await service.send(asked, launcher), 201)
      expect(json).toMatchObject({
        profile: 'service-account',
        commonName: `vision__${name}`,
        keyStore: { format: 'pkcs12' },
      })
      const again = () => service.send(asked, launcher)
      expect(known(await leavesNothing(service, again))).toEqual({ status: 409, code: 'already_delivered' })
      const scientist = await service.addMember('vision', `maker${String(count)}`, owner)
      const refused = () => service.send(plain, scientist)
      expect(known(await leavesNothing(service, refused))).toEqual({ status: 403, code: 'not_permitted' })
    })

    test('AA5: a deleted account keeps nothing, in the answer’s own moment', async () => {
      const name = await fresh()
      const [mine, granted] = [await obtain(name, owner), await obtain(name, launcher)]
      const tokens = [await buy(name, owner), await buy(name, launcher), await buy(name, mine)]
      expectStatus(await remove(name), 200)
      for (const each of [mine, granted]) {
        expect(await record(each)).toMatchObject({ status: 'revoked', reason: 'cessationOfOperation' })
        expect(known(await service.get('/v1/me', each))).toEqual({ status: 401, code: 'client_certificate_refused' })
      }
      for (const token of tokens) expect(await isActive(token)).toBe(false)
      expect((await service.get(path('vision', name), owner)).json['status']).toBe('deleted')
      expect(known(await remove(name))).toEqual({ status: 404, code: 'account_unknown' })
    })

    test('AA5: accounts end with their project', async () => {
      const there = await service.addProject('doomed', 'doomedowner')
      expectStatus(await add('sa-etl', there, 'doomed'), 201)
      await service.addService('doomed.internal', { projects: ['doomed'] })
      const csr = await makeCsr()
      const account = certified(
        await service.post(`${path('doomed', 'sa-etl')}/certificates`, { csr: csr.pem }, there),
        csr,
      )
      const bought = await service.post(`${path('doomed', 'sa-etl')}/tokens`, { audience: 'doomed.internal' }, account)
      const token = expectStatus(bought, 201).json['access_token']
      expectStatus(await service.send({ method: 'DELETE', path: '/v1/projects/doomed' }, service.admin), 200)
      expect(await record(account)).toMatchObject({ status: 'revoked', reason: 'cessationOfOperation' })
      expect(await isActive(token)).toBe(false)
      expect(known(await service.get('/v1/me', account))).toEqual({ status: 401, code: 'client_certificate_refused' })
      const events = (await service.get('/v1/audit?limit=20', service.admin)).json['events'] as Record<
        string,
        unknown
      >[]
      expect(events.find(({ act }) => act === 'project.delete')).toMatchObject({ details: { accounts: 1, members: 1 } })
    })

    test('rule 11: what a removed launcher obtained ends with it', async () => {
      const name = await fresh()
      const gone = await service.addService('gone.internal', { roles: ['launcher'], projects: ['vision'] })
      const [granted, mine] = [await obtain(name, gone), await obtain(name, owner)]
      const renewed = await obtain(name, granted, { lifetimeSeconds: 3600 })
      const tokens = [await buy(name, gone), await buy(name, renewed)]
      const kept = await buy(name, mine)
      expectStatus(await service.send({ method: 'DELETE', path: '/v1/services/gone.internal' }, service.admin), 200)
      for (const each of [granted, renewed]) expect(await record(each)).toMatchObject({ status: 'revoked' })
      for (const token of tokens) expect(await isActive(token)).toBe(false)
      expect(await isActive(kept)).toBe(true)
      expectStatus(await service.get('/v1/me', mine), 200)
    })

    test('rule 11: what a removed owner obtained stays, but for tokens', async () => {
      const name = await fresh()
      const leaver = await service.addMember('vision', `leaver${String(count)}`, owner, 'owner')
      const account = await obtain(name, leaver)
      const token = await buy(name, leaver)
      const user = `/v1/projects/vision/members/leaver${String(count)}`
      expectStatus(await service.send({ method: 'DELETE', path: user }, owner), 200)
      expect(await isActive(token)).toBe(false)
      expectStatus(await service.get('/v1/me', account), 200)
    })

    test('rule 11: a token ends with the certificate that bought it', async () => {
      const name = await fresh()
      const buyer = await service.addMember('vision', `buyer${String(count)}`, owner, 'owner')
      const [token, kept] = [await buy(name, buyer), await buy(name, owner)]
      const body = { reason: 'keyCompromise' }
      expectStatus(await service.post(`/v1/certificates/${buyer.serial}/revoke`, body, service.admin), 200)
      expect([await isActive(token), await isActive(kept)]).toEqual([false, true])
    })

    test('rule 18: of a deletion and an issue at once, no good certificate of a deleted account is left', async () => {
      for (let round = 0; round < 4; round += 1) {
        const name = await fresh()
        const csrs = await Promise.all(Array.from({ length: 4 }, () => makeCsr()))
        const issues = csrs.map(({ pem }) => service.post(`${path('vision', name)}/certificates`, { csr: pem }, owner))
        const [removed, ...answers] = await Promise.all([remove(name), ...issues])
        expectStatus(removed, 200)
        for (const answer of answers) {
          if (answer.status !== 201) expect(known(answer)).toEqual({ status: 404, code: 'account_unknown' })
        }
        const left = await service.get(`/v1/certificates?identity=account:vision__${name}&status=good`, service.admin)
        expect(left.json['certificates']).toEqual([])
      }
    })

    test('a service that starts again knows which accounts there are', async () => {
      const [stays, goes] = [await fresh(), await fresh()]
      const [account, gone] = [await obtain(stays, owner), await obtain(goes, owner)]
      expectStatus(await remove(goes), 200)
      await service.stop()
      await service.restart()
      expectStatus(await service.get('/v1/me', account), 200)
      expect(known(await service.get('/v1/me', gone))).toEqual({ status: 401, code: 'client_certificate_refused' })
    })

    test('rule 19: an account is added once for one Idempotency-Key', async () => {
      const asked = { method: 'PUT', path: path('vision', 'sa-once'), body: {}, headers: { 'idempotency-key': 'once' } }
      const first = expectStatus(await service.send(asked, owner), 201)
      expect((await service.send(asked, owner)).json).toEqual(first.json)
      const token = { method: 'POST', path: `${path('vision', 'sa-once')}/tokens`, body: { audience: 'resnet' } }
      expectStatus(await service.send({ ...token, headers: { 'idempotency-key': 'token' } }, owner), 201)
      const again = () => service.send({ ...token, headers: { 'idempotency-key': 'token' } }, owner)
      expect(known(await leavesNothing(service, again))).toEqual({ status: 409, code: 'already_delivered' })
    })
  },
)
