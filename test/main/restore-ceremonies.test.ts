// What the root did after a backup, when the backup is restored: its CRL is in force again and never an older one, a CA that it revoked stays
// revoked, and no key generation is given again (SECURITY rules 31 and 32, CP §3.3).
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { makeNextGeneration, planNextGeneration, revokeIssuingCa, signRootCrl } from '../../src/cli/root-ceremony.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { codeOf, signet } from '../cli/command-line.ts'
import { onBothStores } from '../support/both-stores.ts'
import { backup, flagsOf, restore } from '../support/restoring.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

const SOON = { timeout: 10_000, interval: 50 }
const LOST = 'issuing CA users-2 was made: its key is lost, revoke it: signet ceremony revoke-ca --issuer users-2'

const rootOf = (service: TestService) => ({ folder: service.rootFolder, passphrase: service.rootPassphrase })

onBothStores(
  'a restore after a ceremony',
  () => ({}),
  (running) => {
    let owner: Certified
    let bruno: Certified
    let number: number
    const at = (name: string) => join(running().folder, name)
    const confirm = (...issuers: string[]) => {
      const crls = issuers.flatMap((issuer) => ['--crl', at(`${issuer}.crl`)])
      return signet(['restore', 'confirm', ...crls, ...flagsOf(running())])
    }

    test('begins with a backup, then a new issuing CA and a root CRL', async () => {
      const service = running()
      owner = await service.addProject('vision', 'alice')
      await backup(service, at('first'))
      await makeNextGeneration(service.configuration, rootOf(service), 'users')
      await vi.waitFor(async () => expect((await crl(service, 'users-2')).number).toBeDefined(), SOON)
      bruno = await service.addMember('vision', 'bruno', owner)
      expect(bruno.answer['issuer']).toBe('users-2')
      number = (await signRootCrl(service.configuration, rootOf(service), undefined)).number
      await service.stop()
    })

    test('with the journal the root CRL is served again, and the lost key is named', async () => {
      const service = running()
      const restored = await restore(service, at('first'))
      expect(restored).toMatchObject({ quarantine: 'off', review: [LOST] })
      await service.restart()
      expect((await crl(service, 'root-1')).number).toBe(BigInt(number))
      expect((await service.get('/v1/me', bruno)).status).toBe(200)
      const ready = await fetch(`${service.operationsUrl}/readyz`)
      expect([ready.status, await ready.json()]).toMatchObject([
        200,
        { warnings: [{ check: 'issuer users-2', detail: 'its key is lost since a restore' }] },
      ])
    })

    test('its generation is taken: the next one is another, and users-1 issues meanwhile', async () => {
      const service = running()
      const plan = await planNextGeneration(service.configuration, service.rootFolder, 'users')
      expect(plan.issuer).toBe('users-3')
      expect((await service.addMember('vision', 'carla', owner)).answer['issuer']).toBe('users-1')
    })

    test('it can be revoked by the root, as the restore says', async () => {
      const service = running()
      await backup(service, at('second'))
      const asked = { issuer: 'users-2', reason: 'superseded', out: undefined } as const
      const done = await revokeIssuingCa(service.configuration, rootOf(service), asked)
      expect(done.successor).toBe('users-1')
      number = done.crl.number
      await vi.waitFor(async () => expect((await service.get('/v1/me', bruno)).status).toBe(401), SOON)
      await vi.waitFor(async () => expect((await crl(service, 'root-1')).number).toBe(BigInt(number)), SOON)
      for (const issuer of ['root-1', 'users-1', 'services-1']) await save(service, issuer, at(`${issuer}.crl`))
      await service.stop()
    })

    test('without the journal no confirmation passes over what the root revoked', async () => {
      const service = running()
      expect(await restore(service, at('second'), { journals: [] })).toMatchObject({ quarantine: 'on' })
      await service.restart()
      expect(codeOf(await confirm('users-1', 'services-1'))).toBe('crl_missing')
      const done = await confirm('root-1', 'users-1', 'services-1')
      expect(done.status, done.stderr).toBe(0)
      await vi.waitFor(async () => expect((await service.get('/v1/me', owner)).status).toBe(200), SOON)
      await vi.waitFor(async () => expect((await service.get('/v1/me', bruno)).status).toBe(401), SOON)
      expect((await crl(service, 'root-1')).number).toBe(BigInt(number))
      await service.stop()
    })

    test('with the oldest backup and without the journal the ledger of the root knows the generation', async () => {
      const service = running()
      await restore(service, at('first'), { journals: [] })
      await service.restart()
      const done = await confirm('root-1', 'users-1', 'services-1')
      expect(done.status, done.stderr).toBe(0)
      expect((await planNextGeneration(service.configuration, service.rootFolder, 'users')).issuer).toBe('users-3')
      const made = await makeNextGeneration(service.configuration, rootOf(service), 'users')
      expect(made.issuer.id).toBe('users-3')
      expect((await crl(service, 'root-1')).number).toBe(BigInt(number))
    })
  },
)

async function crl(service: TestService, issuer: string) {
  const { bytes } = expectStatus(await service.send({ method: 'GET', path: `/pki/crl/${issuer}.crl` }), 200)
  return parseCrl(bytes)
}

async function save(service: TestService, issuer: string, file: string): Promise<void> {
  writeFileSync(file, (await crl(service, issuer)).der)
}
