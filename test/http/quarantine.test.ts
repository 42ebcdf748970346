// The service in quarantine (SECURITY.md rule 32), begun and ended by another process on its database: what it refuses, what it still
// answers, and that nothing is signed.
import { expect, test } from 'vitest'
import { endQuarantine } from '../../src/enrollment/end-quarantine.ts'
import { beginQuarantine } from '../support/begin-quarantine.ts'
import type { UnitOfWork } from '../../src/enrollment/unit-of-work.ts'
import { NOBODY, openInstallation } from '../../src/main/installation.ts'
import { onBothStores } from '../support/both-stores.ts'
import { makeCsr } from '../support/csr.ts'
import type { Certified, TestService } from '../support/test-service.ts'

const SINCE = new Date('2026-06-01T12:00:00Z')

onBothStores(
  'an installation in quarantine',
  () => ({}),
  (running) => {
    let owner: Certified
    let numbers: unknown

    test('answers before', async () => {
      const service = running()
      owner = await service.addProject('vision', 'carol')
      const status = (await service.get('/v1/status', owner)).json
      numbers = status['crls']
      expect(status).toMatchObject({ quarantine: null })
      expect((await service.get('/v1/me', owner)).status).toBe(200)
    })

    test('says so from the moment on in which it begins, and is not ready', async () => {
      const service = running()
      await act(service, (tx) => beginQuarantine(tx, SINCE))
      await expect.poll(() => quarantineOf(service, owner), { timeout: 5000 }).toEqual({ since: SINCE.toISOString() })
      const ready = await fetch(`${service.operationsUrl}/readyz`)
      expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('signet restore confirm')])
      const metrics = await (await fetch(`${service.operationsUrl}/metrics`)).text()
      expect(metrics).toContain('signet_quarantined 1\n')
    })

    test.each([
      ['POST', '/v1/authorize', { deployment: 'one' }],
      ['POST', '/v1/authorize?explain=true', { deployment: 'one' }],
      ['POST', '/access/v1/evaluation', {}],
      ['POST', '/v1/tokens', { audience: 'https://x.internal' }],
      ['POST', '/v1/certificates/01/revoke', { reason: 'superseded' }],
      ['PUT', '/v1/users/eve', { platformRole: 'admin' }],
      ['GET', '/v1/me', undefined],
      ['GET', '/v1/audit', undefined],
      ['GET', '/v1/jobs', undefined],
      ['GET', '/pki/crl', undefined],
      ['GET', '/pki/crl/users-1.crl', undefined],
      ['GET', '/pki/crl/all.pem', undefined],
      ['GET', '/nowhere', undefined],
    ])('refuses %s %s', async (method, path, body) => {
      for (const identity of [owner, running().admin, undefined]) {
        const answer = await running().send({ method, path, ...(body === undefined ? {} : { body }) }, identity)
        expect([answer.status, answer.json['code']]).toEqual([503, 'quarantined'])
        expect(answer.json['facts']).toMatchObject({ since: SINCE.toISOString() })
      }
    })

    test('gives no certificate to a renewal on a connection that shows a good one', async () => {
      const csr = await makeCsr()
      const answer = await running().post('/v1/certificates/renew', { csr: csr.pem }, owner)
      expect([answer.status, answer.json['code']]).toEqual([503, 'quarantined'])
    })

    test('tells proxies why, in the status that nginx understands', async () => {
      const headers = { 'x-original-host': 'one.models.internal', 'x-original-method': 'GET', 'x-original-uri': '/' }
      const answer = await running().send({ method: 'GET', path: '/authz/nginx', headers }, owner)
      expect([answer.status, answer.json]).toMatchObject([403, { status: 503, code: 'QUARANTINED' }])
    })

    test.each(['/healthz', '/openapi.json', '/pki/trust-bundle.pem', '/pki/ca/users-1.cer', '/.well-known/jwks.json'])(
      'still answers %s',
      async (path) => {
        expect((await running().get(path)).status).toBe(200)
      },
    )

    test('gives nobody its state without a certificate of ours', async () => {
      expect((await running().get('/v1/status')).status).toBe(401)
    })

    test('goes on after the confirmation, and publishes only then', async () => {
      const service = running()
      expect((await service.get('/v1/status', owner)).json['crls']).toEqual(numbers)
      await act(service, (tx) => endQuarantine(tx, new Date()))
      await expect.poll(() => quarantineOf(service, owner), { timeout: 5000 }).toBe(null)
      expect((await service.get('/v1/me', owner)).status).toBe(200)
      expect((await service.get('/pki/crl/users-1.crl')).status).toBe(200)
    })

    test('is in quarantine again after a restart, and listens in it', async () => {
      const service = running()
      await act(service, (tx) => beginQuarantine(tx, SINCE))
      await service.stop()
      await service.restart()
      expect(await quarantineOf(service, owner)).toEqual({ since: SINCE.toISOString() })
      expect((await service.get('/v1/me', owner)).json['code']).toBe('quarantined')
    })
  },
)

async function act(service: TestService, change: (tx: UnitOfWork) => Promise<void>): Promise<void> {
  const { storage } = await openInstallation(service.configuration, NOBODY)
  try {
    await storage.run(change)
  } finally {
    await storage.close()
  }
}

async function quarantineOf(service: TestService, identity: Certified): Promise<unknown> {
  return (await service.get('/v1/status', identity)).json['quarantine']
}
