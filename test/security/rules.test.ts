// The rules of SECURITY.md that a running service shows, each by its number. Rules that have files of their own: 8 in
// test/http/bad-input.test.ts, 13, 15 and the rest of who may call what in test/http/permissions.test.ts, 18, 19 and 36
// beside this file, 28 in test/http/signing-queue.test.ts and test/http/credential-limit.test.ts, 29 and 32 in test/storage/ and test/faults/, 31 and 34 in
// test/revocation/ and test/http/crl-serving.test.ts, 37 in test/enrollment/ and test/main/, 38 in test/ca/keystore/.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { initialise } from '../../src/cli/init.ts'
import { issueAdministratorOffline } from '../../src/cli/offline-administrator.ts'
import { readJournal } from '../../src/storage/journal.ts'
import { type Certificate, parseCertificate } from '../../src/x509/certificate.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { urisOf } from '../../src/x509/general-name.ts'
import { OID } from '../../src/x509/oid.ts'
import { sendRaw } from '../http/raw-request.ts'
import { leavesNothing, stored } from '../http/stored.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, known } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, TestService } from '../support/test-service.ts'

const clock = new SettableClock()
let service: TestService
let owner: Certified
let alice: Certified
let model: Certified
let launcher: Certified

beforeAll(async () => {
  service = await TestService.start({ clock, flags: { 'serverNames.dnsNames': 'localhost,signet.internal' } })
  owner = await service.addProject('vision', 'owner')
  alice = await service.addMember('vision', 'alice', owner)
  await service.addProject('fraud', 'eve')
  model = await service.addService('model-1.internal', { systemUser: 'kserve' })
  launcher = await service.addService('launcher.internal', { roles: ['launcher'], projects: ['vision'] })
  await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model-1.internal' })
})
afterAll(() => service.close())

const MEMBER_PATH = '/v1/projects/vision/members/alice/certificates'
const csr = async (): Promise<string> => (await makeCsr()).pem
const refusal = (status: number, code: string) => ({ status, code })

async function expectRefused(status: number, code: string, act: () => Promise<Answer>): Promise<void> {
  expect(known(await leavesNothing(service, act))).toEqual(refusal(status, code))
}

const parsed = (pem: string): Certificate => parseCertificate(new X509Certificate(pem).raw)
const uris = ({ certificate }: ClientIdentity): readonly string[] =>
  urisOf(parsed(certificate).tbs.subjectAlternativeName ?? [])

interface StartedJob extends Certified {
  readonly id: string
}

async function startJob(user = 'alice', project = 'vision'): Promise<StartedJob> {
  const made = await makeCsr()
  const answer = await service.post('/v1/jobs', { project, user, csr: made.pem }, launcher)
  const { id, certificate } = expectStatus(answer, 201).json as { id: string; certificate: Record<string, unknown> }
  const pem = String(certificate['certificate']) + String(certificate['chain'])
  return { id, certificate: pem, key: made.key, serial: String(certificate['serial']), answer: certificate }
}

async function tokenFor(identity: ClientIdentity, body: object = {}): Promise<string> {
  const answer = await service.post('/v1/tokens', { audience: service.url, ...body }, identity)
  return String(expectStatus(answer, 201).json['access_token'])
}

const withToken = (token: string, identity?: ClientIdentity, method = 'GET', path = '/v1/me', body?: unknown) =>
  service.send({ method, path, body, headers: { authorization: `Bearer ${token}` } }, identity)

describe('names and certificates', () => {
  test('rule 1: exactly one URI each, which says the kind', async () => {
    const job = await startJob()
    expect(uris(alice)).toEqual(['spiffe://test.internal/project/vision/user/alice'])
    expect(uris(job)).toEqual([`spiffe://test.internal/project/vision/user/alice/job/${job.id}`])
    expect(uris(model)).toEqual(['spiffe://test.internal/service/model-1.internal/kserve'])
    expect(uris(service.admin)).toHaveLength(1)
  })

  test('rule 1: a member who was removed and added again is the same row, and gets nothing back', async () => {
    const back = await service.addMember('vision', 'back', owner)
    const path = '/v1/projects/vision/members/back'
    expectStatus(await service.send({ method: 'DELETE', path }, owner), 200)
    expectStatus(await service.put(path, { role: 'scientist' }, owner), 201)
    expect((await service.get('/v1/me', back)).json['facts']).toEqual({ reason: 'CERT_REVOKED' })
  })

  test('rule 2: an acting name with __ is never answered by the service rule', async () => {
    const batch = await service.addService('batch.internal', { systemUser: 'batch' })
    const serviceCallers = ['batch.internal']
    const settings = { project: 'vision', host: 'open.internal', service: 'model-1.internal', serviceCallers }
    await service.addDeployment('open', settings)
    const ask = async (actingUser: string) =>
      (await service.post('/v1/authorize', { actingUser, deployment: 'open' }, batch)).json['reason']
    expect(await ask('batch')).toBe('ALLOWED')
    for (const name of ['vision__alice', 'batch__', '__batch', 'Batch', 'batch ', '']) {
      expect({ name, reason: await ask(name) }).toEqual({ name, reason: 'CERT_L_MISMATCH' })
    }
  })

  test.each([
    ["Signet's own name", 'signet.internal', {}],
    ['localhost', 'localhost', {}],
    ["Signet's own name beside another", 'good.internal', { dnsNames: ['signet.internal'] }],
    ['a wildcard beside another', 'good.internal', { dnsNames: ['*.internal'] }],
  ])('rule 3: %s is no name of a service', (_, name, more) =>
    expectRefused(400, 'name_rejected', () =>
      service.put(`/v1/services/${name}`, { systemUser: 'x', ...more }, service.admin),
    ),
  )

  test('rule 3: a DNS name belongs to one service', () =>
    expectRefused(409, 'name_taken', () =>
      service.put('/v1/services/other.internal', { systemUser: 'x', dnsNames: ['model-1.internal'] }, service.admin),
    ))

  test('rule 4: what a user is called makes nobody an administrator', async () => {
    const pretender = await service.addMember('vision', 'signet-admin', owner)
    await expectRefused(403, 'not_permitted', () => service.get('/v1/users', pretender))
    expect((await service.get('/v1/me', pretender)).json['actor']).toBe('member:vision__signet-admin')
  })

  test('rule 5, rule 6: issuing CAs are constrained, and point to CRL and issuer, not to OCSP', () => {
    for (const [of, purposes] of [
      [alice, [OID.clientAuth, OID.ocspSigning]],
      [model, [OID.serverAuth, OID.clientAuth, OID.ocspSigning]],
    ] as const) {
      const { tbs } = parsed(String(of.answer['chain']))
      expect(tbs.basicConstraints).toEqual({ authority: true, pathLength: 0 })
      expect([...(tbs.keyUsage ?? [])].toSorted()).toEqual(['cRLSign', 'keyCertSign'])
      expect(tbs.extendedKeyUsage?.toSorted()).toEqual(purposes.toSorted())
      expect(tbs.extensions.get(OID.keyUsage)?.critical).toBe(true)
      expect(tbs.extensions.get(OID.nameConstraints)?.critical).toBe(true)
      const text = new X509Certificate(String(of.answer['chain'])).infoAccess ?? ''
      expect(text).toContain(`CA Issuers - URI:${service.httpUrl}/pki/ca/root-1.cer`)
      expect(text).not.toContain('OCSP - ')
    }
  })

  test('rule 6: the key of a leaf signs, and nothing else', async () => {
    for (const { certificate } of [alice, model, await startJob(), service.admin]) {
      expect([...(parsed(certificate).tbs.keyUsage ?? [])]).toEqual(['digitalSignature'])
    }
  })

  test('rule 7: serials of 17 octets that begin with 01, and dates set back five minutes', async () => {
    const { json } = expectStatus(await service.post(MEMBER_PATH, { csr: await csr() }, alice), 201)
    expect(json['serial']).toMatch(/^01[0-9a-f]{32}$/)
    const record = await service.get(`/v1/certificates/${String(json['serial'])}`, alice)
    const issuedAt = Date.parse(String(record.json['issuedAt']))
    expect(Math.floor(issuedAt / 1000) - Date.parse(String(json['notBefore'])) / 1000).toBe(300)
    const { thisUpdate, number } = parseCrl((await service.get('/pki/crl/users-1.crl')).bytes)
    expect(Number(number) - thisUpdate.getTime() / 1000).toBe(300)
  })

  test('rule 10: what is published under is configured, whatever Host says', async () => {
    const ask = (line: string, identity?: ClientIdentity, body = '') => {
      const content = `content-type: application/json\r\ncontent-length: ${String(body.length)}\r\n`
      const head = `${line} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n${body === '' ? '' : content}`
      return sendRaw(service, `${head}\r\n${body}`, identity)
    }
    for (const path of ['/openapi.json', '/pki/crl', '/.well-known/openid-configuration']) {
      const answer = await ask(`GET ${path}`)
      expect(answer.status).toBe(200)
      expect(answer.body).toContain(service.url)
      expect(answer.body).not.toContain('evil')
    }
    const { status, body } = await ask(`POST ${MEMBER_PATH}`, alice, JSON.stringify({ csr: await csr() }))
    expect(status).toBe(201)
    const { certificate } = JSON.parse(body) as { certificate: string }
    expect(new X509Certificate(certificate).infoAccess).toContain(
      `CA Issuers - URI:${service.httpUrl}/pki/ca/users-1.cer`,
    )
  })
})

describe('who may get what', () => {
  test.each<[method: string, path: string, body: () => Promise<unknown>]>([
    ['POST', MEMBER_PATH, async () => ({ csr: await csr() })],
    ['POST', '/v1/tokens', async () => ({ audience: 'resnet' })],
    ['POST', '/v1/tokens/revoke', async () => ({ token: 'x' })],
    ['POST', '/v1/jobs', async () => ({ project: 'vision', user: 'alice', csr: await csr() })],
    ['PUT', '/v1/users/bought', async () => ({})],
    ['GET', '/v1/certificates', async () => undefined],
  ])('rule 11: a bearer token buys nothing at %s %s, with or without a certificate', async (method, path, body) => {
    const token = await tokenFor(alice)
    const sent = await body()
    for (const identity of [undefined, alice, service.admin]) {
      await expectRefused(403, 'credential_buys_none', () => withToken(token, identity, method, path, sent))
    }
  })

  test('rule 11: an enrolment token stands in the body, alone, and is no bearer token', async () => {
    await service.addUser('fresh')
    expectStatus(await service.put('/v1/projects/vision/members/fresh', { role: 'scientist' }, owner), 201)
    const enrolmentToken = await service.enrolmentToken('vision', 'fresh', owner)
    await expectRefused(401, 'token_malformed', () => withToken(enrolmentToken))
    const body = { csr: await csr(), enrolmentToken }
    const path = '/v1/projects/vision/members/fresh/certificates'
    await expectRefused(403, 'not_permitted', () => service.post(path, body, alice))
    await expectRefused(401, 'enrolment_token_invalid', () =>
      service.post('/v1/projects/fraud/members/eve/certificates', body),
    )
    expectStatus(await service.post(path, body), 201)
    await expectRefused(401, 'enrolment_token_invalid', () => service.post(path, body))
  })

  test('rule 11: a token ends with the certificate that buys it', async () => {
    const made = await makeCsr()
    const short = certified(await service.post(MEMBER_PATH, { csr: made.pem, lifetimeSeconds: 600 }, alice), made)
    const { json } = expectStatus(await service.post('/v1/tokens', { audience: 'resnet' }, short), 201)
    expect(json['expires_in']).toBeLessThanOrEqual(600)
    await expectRefused(400, 'token_lifetime_too_long', () =>
      service.post('/v1/tokens', { audience: 'resnet', lifetimeSeconds: 900 }, short),
    )
  })

  test('rule 11: each certificate records what it was obtained with', async () => {
    const { json } = expectStatus(await service.post(MEMBER_PATH, { csr: await csr() }, alice), 201)
    const record = await service.get(`/v1/certificates/${String(json['serial'])}`, alice)
    expect(record.json['obtainedWith']).toBe(`certificate:${alice.serial}`)
    const first = await service.get(`/v1/certificates/${alice.serial}`, alice)
    expect(first.json['obtainedWith']).toMatch(/^enrolment:[0-9a-f]{32}$/)
    const bought = await startJob()
    const of = await service.get(`/v1/certificates/${bought.serial}`, owner)
    expect(of.json).toMatchObject({
      requester: 'service:launcher.internal',
      obtainedWith: `certificate:${launcher.serial}`,
    })
  })

  test.each([
    ['a project that it does not list', 'fraud', 'eve', 403, 'project_not_granted'],
    ['somebody who is no member', 'vision', 'eve', 404, 'member_unknown'],
  ])('rule 12: a launcher gets no job for %s', async (_, project, user, status, code) => {
    const body = { project, user, csr: await csr() }
    await expectRefused(status, code, () => service.post('/v1/jobs', body, launcher))
  })

  test('rule 12: never for a platform administrator, and no plain member certificate', async () => {
    await service.addUser('boss', 'admin')
    expectStatus(await service.put('/v1/projects/vision/members/boss', { role: 'scientist' }, owner), 201)
    const body = { project: 'vision', user: 'boss', csr: await csr() }
    await expectRefused(403, 'job_of_administrator', () => service.post('/v1/jobs', body, launcher))
    await expectRefused(403, 'not_permitted', () => service.post(MEMBER_PATH, { csr: body.csr }, launcher))
  })

  test('rule 13: the requester revokes what it obtained, and releases no hold', async () => {
    const job = await startJob()
    const path = `/v1/certificates/${job.serial}/revoke`
    expectStatus(await service.post(path, { reason: 'certificateHold' }, launcher), 200)
    await expectRefused(403, 'not_permitted', () => service.post(path, { reason: 'removeFromCRL' }, launcher))
    expectStatus(await service.post(path, { reason: 'removeFromCRL' }, owner), 200)
    expectStatus(await service.post(path, { reason: 'superseded' }, job), 200)
  })

  test('rule 14: an administrator does not add themselves, and names an owner only where none is left', async () => {
    const { admin } = service
    await expectRefused(403, 'not_permitted', () =>
      service.post('/v1/projects', { name: 'mine', owner: 'root-admin' }, admin),
    )
    await service.addUser('heir')
    const heir = () => service.put('/v1/projects/fraud/members/heir', { role: 'owner' }, admin)
    await expectRefused(403, 'not_permitted', heir)
    expectStatus(await service.post('/v1/users/eve/block', undefined, admin), 200)
    await expectRefused(403, 'not_permitted', () =>
      service.put('/v1/projects/fraud/members/root-admin', { role: 'owner' }, admin),
    )
    await expectRefused(403, 'not_permitted', () =>
      service.put('/v1/projects/fraud/members/heir', { role: 'scientist' }, admin),
    )
    expectStatus(await heir(), 201)
    const expected = { act: 'member.add', actor: 'admin:root-admin', object: 'member:fraud__heir' }
    expect((await stored(service)).newestAct).toMatchObject(expected)
  })

  test('rule 16: a model server asks about the deployments that name it, and no other', async () => {
    const other = await service.addService('model-2.internal')
    const leaf = `${alice.certificate.split('-----END CERTIFICATE-----')[0] ?? ''}-----END CERTIFICATE-----\n`
    const ask = (by: ClientIdentity | undefined, where: object) =>
      service.post('/v1/authorize', { credential: { certificate: leaf }, actingUser: 'vision__alice', ...where }, by)
    expect((await ask(model, { host: 'resnet.internal' })).json['decision']).toBe('allow')
    expect(known(await ask(other, { deployment: 'resnet' }))).toEqual(refusal(403, 'asker_untrusted'))
    expect(known(await ask(model, { deployment: 'unknown' }))).toEqual(refusal(403, 'asker_untrusted'))
    expect(known(await ask(service.admin, { deployment: 'resnet' }))).toEqual(refusal(403, 'asker_untrusted'))
    expect(known(await ask(undefined, { deployment: 'resnet' }))).toEqual(refusal(401, 'unauthenticated'))
  })
})

describe('issuing', () => {
  async function journalOf(serial: string): Promise<readonly string[]> {
    const kinds: string[] = []
    for await (const line of readJournal(service.configuration.journal)) {
      if (line.kind === 'entry' && 'serial' in line.entry && line.entry.serial === serial) kinds.push(line.entry.kind)
    }
    return kinds
  }

  test('rule 17: certificate and audit event stand in one transaction, under one request id', async () => {
    const answer = expectStatus(await service.post(MEMBER_PATH, { csr: await csr() }, alice), 201)
    expect((await stored(service)).newestAct).toMatchObject({
      act: 'certificate.issue',
      object: `certificate:${String(answer.json['serial'])}`,
      requestId: answer.headers['x-request-id'],
    })
  })

  test('rule 32: issue, hold, release and revocation are in the journal before the answer', async () => {
    const { serial } = await startJob()
    const path = `/v1/certificates/${serial}/revoke`
    for (const reason of ['certificateHold', 'removeFromCRL', 'keyCompromise']) {
      expectStatus(await service.post(path, { reason }, owner), 200)
    }
    expect(await journalOf(serial)).toEqual(['issued', 'held', 'released', 'revoked'])
  })

  test('rule 30: a write tells the revision at which it can be seen', async () => {
    const first = await service.put('/v1/services/rev.internal', { systemUser: 'a' }, service.admin)
    const second = await service.put('/v1/services/rev.internal', { systemUser: 'b' }, service.admin)
    expect(Number(second.headers['signet-revision'])).toBeGreaterThan(Number(first.headers['signet-revision']))
    expect((await service.get('/v1/me', alice)).headers['signet-revision']).toBeUndefined()
  })

  test('rule 35: renewal with the same key revokes nothing', async () => {
    const made = await makeCsr()
    const first = certified(await service.post(MEMBER_PATH, { csr: made.pem }, alice), made)
    const second = certified(await service.post(MEMBER_PATH, { csr: made.pem }, first), made)
    expect(second.serial).not.toBe(first.serial)
    for (const each of [first, second]) expectStatus(await service.get('/v1/me', each), 200)
  })
})

describe('tokens', () => {
  test.each([
    ['an audience is not guessed', {}, 'body_rejected'],
    ['an audience is registered', { audience: 'nobody' }, 'token_audience_unknown'],
    ['the lifetime is an hour at most', { audience: 'resnet', lifetimeSeconds: 3601 }, 'token_lifetime_too_long'],
  ])('rule 20: %s', (_, body, code) => expectRefused(400, code, () => service.post('/v1/tokens', body, alice)))

  test('rule 20: a token for a deployment is refused by Signet itself, and good for who serves it', async () => {
    const token = await tokenFor(alice, { audience: 'resnet' })
    await expectRefused(401, 'token_audience', () => withToken(token))
    const { json } = await service.post('/v1/tokens/introspect', { token }, model)
    expect(json).toMatchObject({ active: true, aud: 'resnet', sub: 'vision__alice', project: 'vision', user: 'alice' })
  })

  test('rule 20: a bound token is refused without its own certificate', async () => {
    const token = await tokenFor(alice, { bind: true })
    expectStatus(await withToken(token, alice), 200)
    await expectRefused(401, 'token_binding', () => withToken(token))
    await expectRefused(401, 'token_binding', () => withToken(token, owner))
    const renewed = await makeCsr()
    const next = certified(await service.post(MEMBER_PATH, { csr: renewed.pem }, alice), renewed)
    await expectRefused(401, 'token_binding', () => withToken(token, next))
  })

  test('rule 20: token and certificate of two principals are refused together', async () => {
    const token = await tokenFor(alice)
    await expectRefused(403, 'credential_conflict', () => withToken(token, owner))
  })

  test('rule 20: a revoked token, and every token of an identity that ended, is refused', async () => {
    const leaver = await service.addMember('vision', 'leaver', owner)
    const [one, other] = [await tokenFor(leaver), await tokenFor(leaver)]
    expectStatus(await service.post('/v1/tokens/revoke', { token: one }, leaver), 200)
    await expectRefused(401, 'token_revoked', () => withToken(one))
    expectStatus(await withToken(other), 200)
    expectStatus(await service.send({ method: 'DELETE', path: '/v1/projects/vision/members/leaver' }, owner), 200)
    await expectRefused(401, 'token_revoked', () => withToken(other))
  })

  test('rule 20, rule 34: tokens of a job die with it, and are not revived', async () => {
    const job = await startJob()
    const token = await tokenFor(job)
    expectStatus(await withToken(token), 200)
    expectStatus(await service.post(`/v1/jobs/${job.id}/finish`, undefined, launcher), 200)
    await expectRefused(401, 'token_revoked', () => withToken(token))
  })

  test('rule 21: a token is refused a second after its end', async () => {
    const token = await tokenFor(alice, { lifetimeSeconds: 60 })
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp: number }
    expect(exp).toBeGreaterThan(0)
    clock.pass(121)
    await expectRefused(401, 'token_expired', () => withToken(token))
  })
})

describe('the first administrator', () => {
  const configured = () => service.configuration
  const request = () => ({
    configuration: configured(),
    rootFolder: join(service.folder, 'root-2'),
    rootPassphrase: 'correct horse battery staple',
    algorithm: 'ec-p256' as const,
    administrator: 'second',
    adminFolder: join(service.folder, 'admin-2'),
    adminPassphrase: 'another horse',
  })

  test('rule 39: init refuses a root folder inside the data folder', async () => {
    const inside = { ...request(), rootFolder: join(configured().dataFolder, 'root') }
    await expect(initialise(inside, () => undefined, clock)).rejects.toMatchObject({ code: 'root_inside_data_folder' })
  })

  test('rule 39: init refuses to overwrite', async () => {
    await expect(initialise(request(), () => undefined, clock)).rejects.toMatchObject({ code: 'already_initialised' })
  })

  test('rule 39: a certificate made at the machine lets an administrator in again, and is audited', async () => {
    const folder = join(service.folder, 'admin-3')
    const asked = { user: 'root-admin', folder, passphrase: 'yet another horse' }
    const files = await issueAdministratorOffline(configured(), asked)
    const identity = { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') }
    expectStatus(await service.get('/v1/users', identity), 200)
    const { json } = await service.get('/v1/audit?limit=20', identity)
    const { serialNumber } = new X509Certificate(identity.certificate)
    expect(json['events']).toContainEqual(
      expect.objectContaining({
        act: 'certificate.issue',
        actor: 'offline:admin',
        object: `certificate:${serialNumber.toLowerCase()}`,
      }),
    )
  })

  test('rule 39: for a user who is no administrator it is refused', async () => {
    const asked = { user: 'alice', folder: join(service.folder, 'admin-4'), passphrase: 'x' }
    await expectOffline(asked, 'not_an_administrator')
  })

  test('rule 39: the status says that this is no demonstration', async () => {
    expect((await service.get('/v1/status', alice)).json['demo']).toBe(false)
  })

  async function expectOffline(asked: Parameters<typeof issueAdministratorOffline>[1], code: string): Promise<void> {
    await expect(issueAdministratorOffline(configured(), asked)).rejects.toMatchObject({ code })
  }
})
