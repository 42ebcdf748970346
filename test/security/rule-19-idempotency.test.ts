// Rule 19: an Idempotency-Key is bound to principal, method, path and body, and kept for a day in the transaction of the
// write; a replay is authorised anew; secrets are never replayed. Every write of the API honours it.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leavesNothing, stored } from '../http/stored.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, type ClientIdentity, known, type Request } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, TestService } from '../support/test-service.ts'

const clock = new SettableClock()
let service: TestService
let owner: Certified
let scientist: Certified
let launcher: Certified
let model: Certified

beforeAll(async () => {
  service = await TestService.start({ clock })
  owner = await service.addProject('vision', 'owner')
  scientist = await service.addMember('vision', 'scientist', owner)
  model = await service.addService('model-1.internal', { systemUser: 'kserve' })
  launcher = await service.addService('launcher.internal', { roles: ['launcher'], projects: ['vision'] })
  await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model-1.internal' })
})
afterAll(() => service.close())

interface Write extends Request {
  readonly by: ClientIdentity
}

const send = ({ by, ...request }: Write, key: string): Promise<Answer> =>
  service.send({ ...request, headers: { 'idempotency-key': key } }, by)
const write = (method: string, path: string, body: unknown, by: ClientIdentity): Write => ({ method, path, body, by })
const csr = async (): Promise<string> => (await makeCsr()).pem

let count = 0
const newName = (): string => `u${String((count += 1))}`
async function newUser(): Promise<string> {
  const name = newName()
  await service.addUser(name)
  return name
}
async function newMember(): Promise<string> {
  const name = await newUser()
  expectStatus(await service.put(`/v1/projects/vision/members/${name}`, { role: 'scientist' }, owner), 201)
  return name
}
async function newSerial(): Promise<string> {
  const made = await makeCsr()
  const path = '/v1/projects/vision/members/scientist/certificates'
  return certified(await service.post(path, { csr: made.pem }, scientist), made).serial
}
const startJob = async () =>
  write('POST', '/v1/jobs', { project: 'vision', user: 'scientist', csr: await csr() }, launcher)
const issueToken = () => write('POST', '/v1/tokens', { audience: 'resnet' }, scientist)

const WRITES: readonly (readonly [what: string, make: () => Write | Promise<Write>])[] = [
  ['add a user', () => write('PUT', `/v1/users/${newName()}`, { platformRole: 'user' }, service.admin)],
  ['block a user', async () => write('POST', `/v1/users/${await newUser()}/block`, undefined, service.admin)],
  ['unblock a user', async () => write('POST', `/v1/users/${await newUser()}/unblock`, undefined, service.admin)],
  [
    'add a project',
    async () => write('POST', '/v1/projects', { name: newName(), owner: await newUser() }, service.admin),
  ],
  [
    'add a member',
    async () => write('PUT', `/v1/projects/vision/members/${await newUser()}`, { role: 'scientist' }, owner),
  ],
  [
    'remove a member',
    async () => write('DELETE', `/v1/projects/vision/members/${await newMember()}`, undefined, owner),
  ],
  ['put a service', () => write('PUT', `/v1/services/${newName()}.internal`, { systemUser: 'svc' }, service.admin)],
  [
    'put a deployment',
    () => {
      const name = newName()
      const body = { project: 'vision', host: `${name}.internal`, service: 'model-1.internal' }
      return write('PUT', `/v1/deployments/${name}`, body, owner)
    },
  ],
  [
    "a member's certificate",
    async () => write('POST', '/v1/projects/vision/members/scientist/certificates', { csr: await csr() }, scientist),
  ],
  [
    "a service's certificate",
    async () => write('POST', '/v1/services/model-1.internal/certificates', { csr: await csr() }, model),
  ],
  ['start a job', startJob],
  [
    'finish a job',
    async () => {
      const { by, ...request } = await startJob()
      const { json } = expectStatus(await service.send(request, by), 201)
      return write('POST', `/v1/jobs/${String(json['id'])}/finish`, undefined, launcher)
    },
  ],
  [
    'revoke a certificate',
    async () => write('POST', `/v1/certificates/${await newSerial()}/revoke`, { reason: 'superseded' }, owner),
  ],
  [
    'revoke a token',
    async () => {
      const { by, ...request } = issueToken()
      const { json } = expectStatus(await service.send(request, by), 201)
      return write('POST', '/v1/tokens/revoke', { token: json['access_token'] }, scientist)
    },
  ],
]

const SECRETS: readonly (readonly [what: string, make: () => Write | Promise<Write>])[] = [
  [
    'a key that is made for a member',
    () =>
      write(
        'POST',
        '/v1/projects/vision/members/scientist/certificates',
        { generate: { algorithm: 'ec-p256' }, format: 'jks' },
        scientist,
      ),
  ],
  ['a token', issueToken],
  [
    "a member's enrolment token",
    async () => write('POST', `/v1/projects/vision/members/${await newMember()}/enrolment`, undefined, owner),
  ],
  [
    "a service's enrolment token",
    () => write('POST', '/v1/services/model-1.internal/enrolment', undefined, service.admin),
  ],
]

describe('rule 19: a replay', () => {
  test.each(WRITES)('of "%s" gets the same answer and does nothing', async (_, make) => {
    const asked = await make()
    const key = randomUUID()
    const first = await send(asked, key)
    expect(first.status).toBeLessThan(300)
    const again = await leavesNothing(service, () => send(asked, key))
    expect({ status: again.status, json: again.json }).toEqual({ status: first.status, json: first.json })
  })

  test.each(SECRETS)('of "%s" is refused: a secret is told once', async (_, make) => {
    const asked = await make()
    const key = randomUUID()
    expectStatus(await send(asked, key), 201)
    const again = await leavesNothing(service, () => send(asked, key))
    expect(known(again)).toEqual({ status: 409, code: 'already_delivered' })
  })

  test.each([...WRITES, ...SECRETS])('of "%s" with another body is refused', async (_, make) => {
    const asked = await make()
    const key = randomUUID()
    expect((await send(asked, key)).status).toBeLessThan(300)
    const other = { ...asked, body: asked.body === undefined ? {} : { ...asked.body, lifetimeSeconds: 3599 } }
    const refused = await leavesNothing(service, () => send(other, key))
    // A route that knows no such field says so before it looks at the key.
    expect([
      { status: 422, code: 'idempotency_key_reused' },
      { status: 400, code: 'body_rejected' },
    ]).toContainEqual(known(refused))
  })

  test('with another body that is sound is refused', async () => {
    const path = `/v1/users/${newName()}`
    const key = randomUUID()
    expectStatus(await send(write('PUT', path, { platformRole: 'user' }, service.admin), key), 201)
    const other = () => send(write('PUT', path, { platformRole: 'admin' }, service.admin), key)
    expect(known(await leavesNothing(service, other))).toEqual({ status: 422, code: 'idempotency_key_reused' })
  })

  test('of two at once, one acts and both get its answer', async () => {
    const asked = write('PUT', `/v1/users/${newName()}`, { platformRole: 'user' }, service.admin)
    const key = randomUUID()
    const [one, other] = await Promise.all([send(asked, key), send(asked, key)])
    expect({ status: other.status, json: other.json }).toEqual({ status: one.status, json: one.json })
    expect(one.status).toBe(201)
  })

  test('is another request on another path', async () => {
    const key = randomUUID()
    for (const name of [newName(), newName()]) {
      expectStatus(await send(write('PUT', `/v1/users/${name}`, { platformRole: 'user' }, service.admin), key), 201)
    }
  })

  test('by another principal is not answered', async () => {
    const second = await service.addMember('vision', newName(), owner, 'owner')
    const asked = write('PUT', `/v1/projects/vision/members/${await newUser()}`, { role: 'scientist' }, owner)
    const key = randomUUID()
    expectStatus(await send(asked, key), 201)
    const foreign = await leavesNothing(service, () => send({ ...asked, by: second }, key))
    expect(known(foreign)).toEqual({ status: 409, code: 'member_exists' })
  })

  test('of an act that was refused is a new request', async () => {
    const later = newName()
    const asked = write('POST', '/v1/projects', { name: newName(), owner: later }, service.admin)
    const key = randomUUID()
    expect(known(await leavesNothing(service, () => send(asked, key)))).toEqual({ status: 404, code: 'user_unknown' })
    await service.addUser(later)
    expectStatus(await send(asked, key), 201)
  })

  test('of a hold after its release holds nothing again', async () => {
    const serial = await newSerial()
    const hold = write('POST', `/v1/certificates/${serial}/revoke`, { reason: 'certificateHold' }, owner)
    const key = randomUUID()
    const held = expectStatus(await send(hold, key), 200)
    expectStatus(await service.post(`/v1/certificates/${serial}/revoke`, { reason: 'removeFromCRL' }, owner), 200)
    const again = await leavesNothing(service, () => send(hold, key))
    expect(again.json).toEqual(held.json)
    expect((await service.get(`/v1/certificates/${serial}`, owner)).json['status']).toBe('good')
  })
})

describe('rule 19: a replay is authorised anew', () => {
  test('after the certificate of the requester was revoked', async () => {
    const member = await service.addMember('vision', newName(), owner)
    const path = `/v1/projects/vision/members/u${String(count)}/certificates`
    const asked = write('POST', path, { csr: await csr() }, member)
    const key = randomUUID()
    expectStatus(await send(asked, key), 201)
    expectStatus(await service.post(`/v1/certificates/${member.serial}/revoke`, { reason: 'superseded' }, member), 200)
    const again = await leavesNothing(service, () => send(asked, key))
    expect(known(again)).toEqual({ status: 401, code: 'client_certificate_refused' })
  })

  test('after a launcher lost the project', async () => {
    const roles = ['launcher']
    const put = (projects: string[]) =>
      service.put('/v1/services/launcher-2.internal', { systemUser: 'svc', roles, projects }, service.admin)
    const second = await service.addService('launcher-2.internal', { roles, projects: ['vision'] })
    const asked = { ...(await startJob()), by: second }
    const key = randomUUID()
    expectStatus(await send(asked, key), 201)
    expectStatus(await put([]), 200)
    const again = await leavesNothing(service, () => send(asked, key))
    expect(known(again)).toEqual({ status: 403, code: 'project_not_granted' })
  })

  test('an enrolment token with its key is answered again, and buys no second certificate', async () => {
    const user = await newMember()
    const enrolmentToken = await service.enrolmentToken('vision', user, owner)
    const path = `/v1/projects/vision/members/${user}/certificates`
    const body = { csr: await csr(), enrolmentToken }
    const key = randomUUID()
    const anonymous = (asked: object, by: string) =>
      service.send({ method: 'POST', path, body: asked, headers: { 'idempotency-key': by } })
    const first = expectStatus(await anonymous(body, key), 201)
    expect((await leavesNothing(service, () => anonymous(body, key))).json).toEqual(first.json)
    const second = () => anonymous({ ...body, csr: body.csr }, randomUUID())
    expect(known(await leavesNothing(service, second))).toEqual({ status: 401, code: 'enrolment_token_invalid' })
  })
})

test('rule 19: a key is kept for 24 hours, and is a new one after', async () => {
  const asked = write('PUT', `/v1/services/${newName()}.internal`, { systemUser: 'svc' }, service.admin)
  const key = randomUUID()
  const first = expectStatus(await send(asked, key), 200)
  clock.pass(86_390)
  expect((await leavesNothing(service, () => send(asked, key))).json).toEqual(first.json)
  clock.pass(20)
  const before = await stored(service)
  expectStatus(await send(asked, key), 200)
  expect(await stored(service)).not.toEqual(before)
})
