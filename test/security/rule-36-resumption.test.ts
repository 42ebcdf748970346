// Rule 36: a TLS session that is resumed shows the certificate of its first handshake. What is believed of it is judged for
// every request: revocation, time and subject, on the connection that is open and on one that resumes it.
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SettableClock } from '../http/settable-clock.ts'
import { askOn } from '../http/raw-request.ts'
import { openSession, TLS_VERSIONS } from '../http/tls-session.ts'
import { makeCsr } from '../support/csr.ts'
import { type Certified, certified, expectStatus, TestService } from '../support/test-service.ts'

const clock = new SettableClock()
let service: TestService
let owner: Certified

beforeAll(async () => {
  service = await TestService.start({ clock })
  owner = await service.addProject('vision', 'owner')
  await service.addService('model-1.internal', { systemUser: 'kserve' })
  await service.addDeployment('resnet', { project: 'vision', host: 'resnet.internal', service: 'model-1.internal' })
})
afterAll(() => service.close())

const HEAD = 'host: localhost\r\n'
const ME = `GET /v1/me HTTP/1.1\r\n${HEAD}\r\n`
const QUESTION = JSON.stringify({ actingUser: { kind: 'credential-itself' }, deployment: 'resnet' })
const DECIDE =
  `POST /v1/authorize HTTP/1.1\r\n${HEAD}content-type: application/json\r\n` +
  `content-length: ${String(QUESTION.length)}\r\n\r\n${QUESTION}`

async function expectRefused(socket: TLSSocket, reason: string): Promise<void> {
  const me = await askOn(socket, ME)
  expect({ status: me.status, code: me.code }).toEqual({ status: 401, code: 'client_certificate_refused' })
  expect(me.body).toContain(`"reason":"${reason}"`)
  expect((await askOn(socket, DECIDE)).body).toContain(`"decision":"deny","reason":"${reason}"`)
  socket.destroy()
}

describe.each(TLS_VERSIONS)('rule 36: on %s', (version) => {
  const name = `m${version.replace(/\D/g, '')}`

  test('a resumed session is the same caller', async () => {
    const { socket, resume } = await openSession(service, version, owner)
    expect((await askOn(socket, ME)).status).toBe(200)
    const resumed = await resume()
    expect((await askOn(resumed, ME)).body).toContain('"principal":"vision__owner"')
    socket.destroy()
    resumed.destroy()
  })

  test('a certificate that is revoked is refused by the next request, and when it is resumed', async () => {
    const member = await service.addMember('vision', `${name}a`, owner)
    const { socket, resume } = await openSession(service, version, member)
    const path = `/v1/certificates/${member.serial}/revoke`
    expectStatus(await service.post(path, { reason: 'keyCompromise' }, owner), 200)
    await expectRefused(socket, 'CERT_REVOKED')
    await expectRefused(await resume(), 'CERT_REVOKED')
  })

  test('a user who is blocked is refused likewise', async () => {
    const member = await service.addMember('vision', `${name}b`, owner)
    const { socket, resume } = await openSession(service, version, member)
    expectStatus(await service.post(`/v1/users/${name}b/block`, undefined, service.admin), 200)
    await expectRefused(socket, 'CERT_REVOKED')
    await expectRefused(await resume(), 'CERT_REVOKED')
  })

  test('a certificate that ends meanwhile is refused likewise', async () => {
    const made = await makeCsr()
    const path = '/v1/projects/vision/members/owner/certificates'
    const short = certified(await service.post(path, { csr: made.pem, lifetimeSeconds: 600 }, owner), made)
    const { socket, resume } = await openSession(service, version, short)
    clock.pass(601)
    await expectRefused(socket, 'CERT_EXPIRED')
    await expectRefused(await resume(), 'CERT_EXPIRED')
  })
})
