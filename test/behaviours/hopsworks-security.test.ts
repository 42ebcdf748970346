// Rows AA1, AA3, AA4 and AA6 to AA9: identities per project, what owners, scientists and administrators may, service accounts and
// the grammar of names, as a platform of this kind relies on them. Each row over the running service: status, code, and what
// is stored.
import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leavesNothing } from '../http/stored.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, known } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, TestService } from '../support/test-service.ts'

const NO = { status: 403, code: 'not_permitted' }

let service: TestService
/** Owner of ProjectA, and of ProjectB. */
let ada: Certified
let ben: Certified
let launcher: Certified

beforeAll(async () => {
  service = await TestService.start()
  ada = await service.addProject('ProjectA', 'Ada')
  ben = await service.addProject('ProjectB', 'Ben')
  await service.addService('model-a.internal')
  await service.addService('model-b.internal')
  launcher = await service.addService('launcher.internal', { roles: ['launcher'], projects: ['ProjectA'] })
  await service.addDeployment('asset-a', { project: 'ProjectA', host: 'a.internal', service: 'model-a.internal' })
  await service.addDeployment('asset-b', { project: 'ProjectB', host: 'b.internal', service: 'model-b.internal' })
})
afterAll(() => service.close())

const remove = (path: string, by: ClientIdentity): Promise<Answer> => service.send({ method: 'DELETE', path }, by)
const decide = async (by: ClientIdentity, actingUser: string, deployment = 'asset-a') =>
  (await service.post('/v1/authorize', { actingUser, deployment }, by)).json
const namesOf = ({ certificate }: ClientIdentity) => {
  const { subject, subjectAltName } = new X509Certificate(certificate)
  return { subject, subjectAltName }
}
const record = async (serial: string) => (await service.get(`/v1/certificates/${serial}`, service.admin)).json
const join = (project: string, user: string, by: ClientIdentity, role = 'scientist'): Promise<Answer> =>
  service.put(`/v1/projects/${project}/members/${user}`, { role }, by)
const startJob = async (user: string): Promise<Certified> => {
  const csr = await makeCsr()
  const started = await service.post('/v1/jobs', { project: 'ProjectA', user, csr: csr.pem }, launcher)
  const issued = expectStatus(started, 201).json['certificate'] as Record<string, unknown>
  const certificate = `${String(issued['certificate'])}${String(issued['chain'])}`
  return { certificate, key: csr.key, serial: String(issued['serial']), answer: issued }
}

describe('AA1: an identity of its own for each project', () => {
  test('AA1 Alice of two projects has two certificates, each named after one, and they share nothing', async () => {
    await service.addUser('Alice')
    expectStatus(await join('ProjectA', 'Alice', ada), 201)
    expectStatus(await join('ProjectB', 'Alice', ben), 201)
    const inA = await service.enrol('ProjectA', 'Alice', ada)
    const inB = await service.enrol('ProjectB', 'Alice', ben)
    const uri = (project: string) => `URI:spiffe://test.internal/project/${project}/user/Alice`
    expect(namesOf(inA)).toEqual({ subject: 'CN=ProjectA__Alice', subjectAltName: uri('ProjectA') })
    expect(namesOf(inB)).toEqual({ subject: 'CN=ProjectB__Alice', subjectAltName: uri('ProjectB') })
    expect((await record(inA.serial))['identity']).toBe('member:ProjectA__Alice')
    expect((await record(inB.serial))['identity']).toBe('member:ProjectB__Alice')

    // One certificate neither renews the other nor is seen by it.
    const csr = (await makeCsr()).pem
    const renew = () => service.post('/v1/projects/ProjectB/members/Alice/certificates', { csr }, inA)
    expect(known(await leavesNothing(service, renew))).toEqual(NO)
    expect(known(await service.get(`/v1/certificates/${inB.serial}`, inA))).toEqual({
      status: 404,
      code: 'certificate_unknown',
    })
    // The key of one is not certified for the other.
    const own = await makeCsr()
    expectStatus(await service.post('/v1/projects/ProjectA/members/Alice/certificates', { csr: own.pem }, inA), 201)
    const carry = () => service.post('/v1/projects/ProjectB/members/Alice/certificates', { csr: own.pem }, inB)
    expect(known(await leavesNothing(service, carry))).toEqual({ status: 403, code: 'key_of_another_identity' })

    expectStatus(await remove('/v1/projects/ProjectA/members/Alice', ada), 200)
    expect(await record(inA.serial)).toMatchObject({ status: 'revoked', reason: 'affiliationChanged' })
    expect(await record(inB.serial)).toMatchObject({ status: 'good' })
    expectStatus(await service.get('/v1/me', inB), 200)
  })
})

describe('AA3: nobody acts as somebody else', () => {
  test.each([
    ['ProjectA__Ada', 'allow', 'ALLOWED'],
    ['ProjectA__Bob', 'deny', 'CERT_CN_MISMATCH'],
    ['ProjectB__Ada', 'deny', 'CERT_CN_MISMATCH'],
    ['Ada', 'deny', 'CERT_CN_MISMATCH'],
    ['ProjectA__ada', 'deny', 'CERT_CN_MISMATCH'],
    ['PROJECTA__ADA', 'deny', 'CERT_CN_MISMATCH'],
    ['ProjectA__Ada ', 'deny', 'CERT_CN_MISMATCH'],
    [' ProjectA__Ada', 'deny', 'CERT_CN_MISMATCH'],
    ['ProjectA__Ad\u0430', 'deny', 'CERT_CN_MISMATCH'],
    ['ProjectA__A\u200bda', 'deny', 'CERT_CN_MISMATCH'],
    ['ProjectA_Ada', 'deny', 'CERT_CN_MISMATCH'],
    ['ProjectA__Ada__x', 'deny', 'CERT_CN_MISMATCH'],
    ['', 'deny', 'CERT_CN_MISMATCH'],
  ])('AA3 Ada of ProjectA as %j: %s', async (actingUser, decision, reason) => {
    expect(await leavesNothing(service, () => decide(ada, actingUser))).toMatchObject({ decision, reason })
  })

  test('AA3 a server that asks about its caller hears the same', async () => {
    const model = await renewed('model-a.internal')
    const [leaf = ''] = ada.certificate.split(/(?<=-----END CERTIFICATE-----)/)
    const ask = async (actingUser: string) =>
      (
        await service.post(
          '/v1/authorize',
          { credential: { certificate: leaf }, actingUser, deployment: 'asset-a' },
          model,
        )
      ).json
    expect(await ask('ProjectA__Ada')).toMatchObject({ decision: 'allow', reason: 'ALLOWED' })
    expect(await ask('ProjectA__Bob')).toMatchObject({ decision: 'deny', reason: 'CERT_CN_MISMATCH' })
  })
})

describe('AA4: a service acts as its system user alone', () => {
  let caller: Certified
  beforeAll(async () => {
    caller = await service.addService('namenode.internal', { systemUser: 'hdfs' })
    await service.addDeployment('asset-s', {
      project: 'ProjectB',
      host: 's.internal',
      service: 'model-b.internal',
      serviceCallers: ['namenode.internal'],
    })
  })

  test.each([
    ['hdfs', 'allow', 'ALLOWED'],
    ['yarn', 'deny', 'CERT_L_MISMATCH'],
    ['HDFS', 'deny', 'CERT_L_MISMATCH'],
    ['hdfs ', 'deny', 'CERT_L_MISMATCH'],
    ['', 'deny', 'CERT_L_MISMATCH'],
    ['namenode.internal', 'deny', 'CERT_L_MISMATCH'],
    ['ProjectA__Ada', 'deny', 'CERT_L_MISMATCH'],
  ])('AA4 a service of the system user hdfs as %j: %s', async (actingUser, decision, reason) => {
    expect(namesOf(caller).subject).toBe('CN=namenode.internal\nL=hdfs')
    expect(await leavesNothing(service, () => decide(caller, actingUser, 'asset-s'))).toMatchObject({
      decision,
      reason,
    })
  })

  test('AA4 the right system user opens no deployment that does not name the service', async () => {
    expect(await decide(caller, 'hdfs', 'asset-a')).toMatchObject({ decision: 'deny' })
  })
})

describe('AA6: what an owner may and a scientist may not', () => {
  let scientist: Certified
  beforeAll(async () => {
    scientist = await service.addMember('ProjectA', 'Sue', ada)
    await service.addUser('Newcomer')
  })

  test('AA6 an owner manages members, and they are stored', async () => {
    await service.addUser('Max')
    expect(expectStatus(await join('ProjectA', 'Max', ada, 'owner'), 201).json).toMatchObject({
      commonName: 'ProjectA__Max',
      role: 'owner',
      status: 'active',
      addedBy: 'member:ProjectA__Ada',
    })
    expectStatus(await remove('/v1/projects/ProjectA/members/Max', ada), 200)
    const listed = (await service.get('/v1/projects/ProjectA/members', scientist)).json['members'] as Answer['json'][]
    expect(listed.find(({ user }) => user === 'Max')).toMatchObject({ status: 'removed' })
  })

  test.each([
    ['adds a member', () => join('ProjectA', 'Newcomer', scientist)],
    ['makes themselves an owner', () => join('ProjectA', 'Sue', scientist, 'owner')],
    ['removes a member', () => remove('/v1/projects/ProjectA/members/Ada', scientist)],
    ['enrols a member', () => service.post('/v1/projects/ProjectA/members/Ada/enrolment', undefined, scientist)],
    ['adds a service account', () => service.put('/v1/projects/ProjectA/service-accounts/sa-x', {}, scientist)],
    ['removes a service account', () => remove('/v1/projects/ProjectA/service-accounts/sa-x', scientist)],
    [
      'declares a deployment',
      () =>
        service.put(
          '/v1/deployments/mine',
          { project: 'ProjectA', host: 'mine.internal', service: 'model-a.internal' },
          scientist,
        ),
    ],
    ["revokes an owner's certificate", () => revoke(ada.serial, scientist)],
    ['deletes the project', () => remove('/v1/projects/ProjectA', scientist)],
    ['starts a job without a launcher', async () => startAs(scientist)],
  ])('AA6 no scientist %s', async (_, act) => {
    expect(known(await leavesNothing(service, act))).toEqual(NO)
  })

  test('AA6 a scientist reads what the project has, calls its deployments, and has jobs run for them', async () => {
    expectStatus(await service.get('/v1/projects/ProjectA/members', scientist), 200)
    expectStatus(await service.get('/v1/projects/ProjectA/service-accounts', scientist), 200)
    const deployments = (await service.get('/v1/deployments', scientist)).json['deployments'] as Answer['json'][]
    expect(deployments.map(({ name }) => name)).toEqual(['asset-a'])
    expect(await decide(scientist, 'ProjectA__Sue')).toMatchObject({ decision: 'allow' })
    const job = await startJob('Sue')
    expect(await decide(job, 'ProjectA__Sue')).toMatchObject({ decision: 'allow' })
    expect(await record(job.serial)).toMatchObject({ profile: 'job', requester: 'service:launcher.internal' })
  })

  test('AA6 nor does either anything in a project of others', async () => {
    for (const by of [ada, scientist]) {
      for (const act of [
        () => service.get('/v1/projects/ProjectB/members', by),
        () => service.get('/v1/projects/ProjectB/service-accounts', by),
        () => join('ProjectB', 'Newcomer', by),
        () => remove('/v1/projects/ProjectB/members/Ben', by),
      ]) {
        expect(known(await leavesNothing(service, act))).toEqual(NO)
      }
      expect(await decide(by, await actingAs(by), 'asset-b')).toMatchObject({ reason: 'PROJECT_BOUNDARY' })
    }
  })
})

describe('AA7: what an administrator of the platform may and may not', () => {
  let doomed: Certified
  beforeAll(async () => {
    doomed = await service.addProject('Doomed', 'Dora')
    expectStatus(await service.put('/v1/projects/Doomed/service-accounts/sa-job', {}, doomed), 201)
  })

  test.each([
    ['members', () => service.get('/v1/projects/Doomed/members', service.admin)],
    ['service accounts', () => service.get('/v1/projects/Doomed/service-accounts', service.admin)],
    ['one service account', () => service.get('/v1/projects/Doomed/service-accounts/sa-job', service.admin)],
    ['jobs', () => service.get('/v1/jobs', service.admin)],
  ])('AA7 does not read the %s of a project', async (_, act) => {
    expect(known(await leavesNothing(service, act))).toEqual(NO)
  })

  test.each([
    ['joins it', () => join('Doomed', 'root-admin', service.admin)],
    ['joins it as owner', () => join('Doomed', 'root-admin', service.admin, 'owner')],
    ['adds another owner', () => join('Doomed', 'Ada', service.admin, 'owner')],
    ['removes a member', () => remove('/v1/projects/Doomed/members/Dora', service.admin)],
    ['adds a service account', () => service.put('/v1/projects/Doomed/service-accounts/sa-x', {}, service.admin)],
    ['removes a service account', () => remove('/v1/projects/Doomed/service-accounts/sa-job', service.admin)],
    [
      'founds one of their own',
      () => service.post('/v1/projects', { name: 'Mine', owner: 'root-admin' }, service.admin),
    ],
    ['starts a job', () => startAs(service.admin)],
    ['gets a token', () => service.post('/v1/tokens', { audience: 'asset-a' }, service.admin)],
  ])('AA7 neither %s', async (_, act) => {
    expect(known(await leavesNothing(service, act))).toEqual(NO)
  })

  test.each([
    ['a member', () => certificateFor('members/Dora', service.admin)],
    ['a service account', () => certificateFor('service-accounts/sa-job', service.admin)],
  ])('AA7 nor gets a certificate of %s', async (_, act) => {
    expect(known(await leavesNothing(service, act))).toEqual(NO)
  })

  test.each(['root-admin', 'ProjectA__root-admin', 'ProjectA__Ada'])('AA7 calls no deployment as %s', async (name) => {
    const { decision, reason } = await decide(service.admin, name)
    expect({ decision, reason }).toEqual({ decision: 'deny', reason: 'ADMIN_NO_DATA' })
  })

  test('AA7 blocks a user, and deletes a project with all that it holds', async () => {
    const account = certified(...(await issuedFor('Doomed', 'sa-job', doomed)))
    const member = await service.addMember('Doomed', 'Milo', doomed)
    expectStatus(await service.post('/v1/users/Milo/block', undefined, service.admin), 200)
    expect(await record(member.serial)).toMatchObject({ status: 'revoked', reason: 'privilegeWithdrawn' })
    expect(known(await service.get('/v1/me', member))).toEqual({ status: 401, code: 'client_certificate_refused' })

    expectStatus(await remove('/v1/projects/Doomed', service.admin), 200)
    for (const each of [doomed, account]) {
      expect(await record(each.serial)).toMatchObject({ status: 'revoked', reason: 'cessationOfOperation' })
      expect(known(await service.get('/v1/me', each))).toEqual({ status: 401, code: 'client_certificate_refused' })
    }
  })

  test('rule 14: AA7 replaces an owner who is blocked, audited, and the members see by whom', async () => {
    const owner = await service.addProject('Orphan', 'Olga')
    const member = await service.addMember('Orphan', 'Otto', owner)
    await service.addUser('Oscar')
    const name = () => join('Orphan', 'Oscar', service.admin, 'owner')
    expect(known(await leavesNothing(service, name))).toEqual(NO)
    expectStatus(await service.post('/v1/users/Olga/block', undefined, service.admin), 200)
    for (const [user, role] of [
      ['Oscar', 'scientist'],
      ['root-admin', 'owner'],
    ] as const) {
      expect(known(await leavesNothing(service, () => join('Orphan', user, service.admin, role)))).toEqual(NO)
    }
    expectStatus(await name(), 201)
    const members = (await service.get('/v1/projects/Orphan/members', member)).json['members'] as Answer['json'][]
    expect(members.find(({ user }) => user === 'Oscar')).toMatchObject({ role: 'owner', addedBy: 'admin:root-admin' })
    const events = (await service.get('/v1/audit?limit=5', service.admin)).json['events'] as Answer['json'][]
    expect(events.find(({ act }) => act === 'member.add')).toMatchObject({
      actor: 'admin:root-admin',
      object: 'member:Orphan__Oscar',
      details: { role: 'owner' },
    })
    // One is enough.
    expect(known(await leavesNothing(service, () => join('Orphan', 'Ada', service.admin, 'owner')))).toEqual(NO)
  })
})

describe('AA8: a service account runs what a project runs', () => {
  test('AA8 it has an identity and a certificate of its own, and calls what its project has', async () => {
    expectStatus(await service.put('/v1/projects/ProjectA/service-accounts/sa-nightly', {}, ada), 201)
    const account = certified(...(await issuedFor('ProjectA', 'sa-nightly', launcher)))
    expect(namesOf(account)).toEqual({
      subject: 'CN=ProjectA__sa-nightly',
      subjectAltName: 'URI:spiffe://test.internal/project/ProjectA/account/sa-nightly',
    })
    expect(await record(account.serial)).toMatchObject({
      profile: 'service-account',
      identity: 'account:ProjectA__sa-nightly',
      requester: 'service:launcher.internal',
    })
    expect(await decide(account, 'ProjectA__sa-nightly')).toMatchObject({ decision: 'allow', reason: 'ALLOWED' })
    expect(await decide(account, 'ProjectA__Ada')).toMatchObject({ reason: 'CERT_CN_MISMATCH' })
    expect(await decide(account, 'ProjectA__sa-nightly', 'asset-b')).toMatchObject({ reason: 'PROJECT_BOUNDARY' })
  })

  test('AA8 it is no member: it manages nothing and reads no list', async () => {
    expectStatus(await service.put('/v1/projects/ProjectA/service-accounts/sa-plain', {}, ada), 201)
    const account = certified(...(await issuedFor('ProjectA', 'sa-plain', ada)))
    for (const act of [
      () => service.get('/v1/projects/ProjectA/members', account),
      () => service.get('/v1/projects/ProjectA/service-accounts', account),
      () => join('ProjectA', 'Ben', account),
      () => remove('/v1/projects/ProjectA/service-accounts/sa-plain', account),
      () => startAs(account),
    ]) {
      expect(known(await leavesNothing(service, act))).toEqual(NO)
    }
  })
})

describe('AA9: names that split in one way', () => {
  const found = (name: string): Promise<Answer> => service.post('/v1/projects', { name, owner: 'Ben' }, service.admin)
  const LONG = `p${'x'.repeat(22)}9`

  test.each(['ab', 'A1', 'a_b', 'a_b_c9', LONG])('AA9 %s is a project', async (name) => {
    expectStatus(await found(name), 201)
  })

  test.each([
    ['one character', 'a'],
    ['25 characters', `${LONG}9`],
    ['two underscores', 'a__b'],
    ['an underscore at its end', 'ab_'],
    ['an underscore at its start', '_ab'],
    ['a digit at its start', '1ab'],
    ['a dash', 'a-b'],
    ['a dot', 'a.b'],
    ['a blank', 'a b'],
    ['a letter that is not ASCII', 'proj\u00e9'],
    ['a letter that looks like another', 'pr\u043eject'],
    ['a line feed at its end', 'project\n'],
    ['a NUL', 'pro\u0000ject'],
  ])('AA9 a project is not named with %s', async (_, name) => {
    const answer = await leavesNothing(service, () => found(name))
    expect(answer.status).toBe(400)
    expect(['name_rejected', 'body_rejected']).toContain(answer.code)
  })

  test.each([
    ['that is there', 'ProjectA'],
    ['that is there in other letters', 'PROJECTa'],
    ['that was there', 'Past'],
    ['that was there in other letters', 'pAST'],
  ])('AA9 a project is not named with a name %s', async (_, name) => {
    if ((await found('Past')).status === 201) expectStatus(await remove('/v1/projects/Past', service.admin), 200)
    expect(known(await leavesNothing(service, () => found(name)))).toEqual({ status: 409, code: 'name_taken' })
  })

  test('AA9 a member is refused who would have a common name of 65 characters, and one of 64 is not', async () => {
    const owner = await service.addProject(`q${'x'.repeat(22)}9`, 'Quinn')
    const project = `q${'x'.repeat(22)}9`
    const [fits, long] = [`u${'y'.repeat(37)}`, `u${'y'.repeat(38)}`]
    for (const user of [fits, long]) await service.addUser(user)
    expect(String(expectStatus(await join(project, fits, owner), 201).json['commonName'])).toHaveLength(64)
    const refused = await leavesNothing(service, () => join(project, long, owner))
    expect(known(refused)).toEqual({ status: 400, code: 'name_rejected' })
    // Nor does a project begin with an owner who does not fit.
    const other = `r${'x'.repeat(22)}9`
    const founding = () => service.post('/v1/projects', { name: other, owner: long }, service.admin)
    expect(known(await leavesNothing(service, founding))).toEqual({ status: 400, code: 'name_rejected' })
  })

  test.each([
    ['like a service account', 'sa-x', 400, 'name_rejected'],
    ['like a service account in other letters', 'Sa-x', 400, 'name_rejected'],
    ['with two underscores', 'a__b', 400, 'name_rejected'],
    ['with a dash at its end', 'a-', 400, 'name_rejected'],
    ['of 49 characters', 'u'.repeat(49), 400, 'name_rejected'],
    ['that is there in other letters', 'ADA', 409, 'name_taken'],
    ['that was there in other letters', 'PAT', 409, 'name_taken'],
  ])('rule 1: a user is not named %s', async (_, name, status, code) => {
    const put = (user: string) => service.put(`/v1/users/${user}`, { platformRole: 'user' }, service.admin)
    if ((await put('Pat')).status === 201) expectStatus(await remove('/v1/users/Pat', service.admin), 200)
    expect(known(await leavesNothing(service, () => put(name)))).toEqual({ status, code })
  })

  test.each(['root__x', 'Root', '1root', '-root', 'r'.repeat(33), ''])(
    'rule 2: no service runs as the system user %j',
    async (systemUser) => {
      const put = () => service.put('/v1/services/odd.internal', { systemUser }, service.admin)
      const answer = await leavesNothing(service, put)
      expect(answer.status).toBe(400)
      expect(['name_rejected', 'body_rejected']).toContain(answer.code)
    },
  )
})

function revoke(serial: string, by: ClientIdentity): Promise<Answer> {
  return service.post(`/v1/certificates/${serial}/revoke`, { reason: 'superseded' }, by)
}

async function startAs(by: ClientIdentity): Promise<Answer> {
  return service.post('/v1/jobs', { project: 'ProjectA', user: 'Ada', csr: (await makeCsr()).pem }, by)
}

async function certificateFor(whom: string, by: ClientIdentity): Promise<Answer> {
  return service.post(`/v1/projects/Doomed/${whom}/certificates`, { csr: (await makeCsr()).pem }, by)
}

async function issuedFor(project: string, account: string, by: ClientIdentity) {
  const csr = await makeCsr()
  const path = `/v1/projects/${project}/service-accounts/${account}/certificates`
  return [await service.post(path, { csr: csr.pem }, by), csr] as const
}

async function actingAs(by: ClientIdentity): Promise<string> {
  return String((await service.get('/v1/me', by)).json['principal'])
}

async function renewed(name: string): Promise<Certified> {
  const csr = await makeCsr()
  return certified(await service.post(`/v1/services/${name}/certificates`, { csr: csr.pem }, service.admin), csr)
}
