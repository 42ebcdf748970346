// Rows AA10 and AA11 of the behaviours: what clients of an older CA of this kind rely on, as our API answers it.
import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCrl } from '../../src/x509/crl.ts'
import { leavesNothing } from '../http/stored.ts'
import { makeCsr } from '../support/csr.ts'
import { type Certified, certified, expectStatus, TestService } from '../support/test-service.ts'

let service: TestService
let agent: Certified
let owner: Certified

beforeAll(async () => {
  service = await TestService.start()
  owner = await service.addProject('vision', 'owner')
  agent = await service.addService('agent.internal')
})
afterAll(() => service.close())

describe('an older CA of this kind', () => {
  test('AA10: an agent without the launcher role gets nothing for a member', async () => {
    const body = { project: 'vision', user: 'owner', csr: (await makeCsr()).pem }
    const { status } = await leavesNothing(service, () => service.post('/v1/jobs', body, agent))
    expect(status).toBe(403)
  })

  test.each(['', ' \n'])('AA10: an empty CSR is refused as what cannot be processed: %j', async (csr) => {
    const path = '/v1/projects/vision/members/owner/certificates'
    const { status, code } = await leavesNothing(service, () => service.post(path, { csr }, owner))
    expect({ status, code }).toEqual({ status: 422, code: 'csr_empty' })
  })

  test('AA10: a second certificate for a subject is issued', async () => {
    const made = await makeCsr()
    const path = '/v1/services/agent.internal/certificates'
    const second = certified(await service.post(path, { csr: made.pem }, agent), made)
    for (const each of [agent, second]) expectStatus(await service.get('/v1/me', each), 200)
  })

  test('AA10: a second revocation answers with the first date', async () => {
    const made = await makeCsr()
    const issued = await service.post('/v1/services/agent.internal/certificates', { csr: made.pem }, agent)
    const path = `/v1/certificates/${certified(issued, made).serial}/revoke`
    const first = expectStatus(await service.post(path, { reason: 'superseded' }, service.admin), 200)
    const second = await leavesNothing(service, () => service.post(path, { reason: 'unspecified' }, service.admin))
    expect({ status: second.status, json: second.json }).toEqual({ status: 200, json: first.json })
  })

  test('AA10, AA11: a CSR with the name of a CA is refused', async () => {
    const { subject } = new X509Certificate(String(owner.answer['chain']))
    const made = await makeCsr({ name: subject.split('\n').reverse().join(', ') })
    const path = '/v1/services/agent.internal/certificates'
    const { code } = await leavesNothing(service, () => service.post(path, { csr: made.pem }, agent))
    expect(code).toBe('csr_names_ca')
  })

  test('AA11: a subject is the caller’s own, whatever the CSR says', async () => {
    const made = await makeCsr({ name: 'CN=model-1.internal' })
    const path = '/v1/services/agent.internal/certificates'
    const { status, code } = await leavesNothing(service, () => service.post(path, { csr: made.pem }, agent))
    expect({ status, code }).toEqual({ status: 403, code: 'csr_names_other' })
  })

  test('AA10: anybody fetches the CRL', async () => {
    const { status, bytes } = await service.get('/pki/crl/services-1.crl')
    expect(status).toBe(200)
    expect(parseCrl(bytes).number).toBeGreaterThan(0n)
  })
})
