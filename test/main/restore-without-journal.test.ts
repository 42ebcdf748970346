// A backup that is restored without its journal (SECURITY.md rule 32): the service starts in quarantine, and ends it when the last CRLs
// that were published have been merged. A backup of one store is restored on the other, too.
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { crlScopeKey } from '../../src/domain/crl-scope.ts'
import { issuerId } from '../../src/domain/issuer-id.ts'
import { openInstallation } from '../../src/main/installation.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { codeOf, signet } from '../cli/command-line.ts'
import { onBothStores } from '../support/both-stores.ts'
import { backup, flagsOf, restore } from '../support/restoring.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

onBothStores(
  'a restore without the journal',
  () => ({}),
  (running) => {
    let owner: Certified
    let kept: Certified
    let revoked: Certified
    let lost: Certified
    let key: string
    const file = () => join(running().folder, 'signet.backup')
    const at = (name: string) => join(running().folder, name)
    const all = () => ['root-1', 'users-1', 'services-1'].flatMap((issuer) => ['--crl', at(`${issuer}.crl`)])
    const confirm = (...words: string[]) => signet(['restore', 'confirm', ...words, ...flagsOf(running())])

    test('begins with a backup, a revocation after it, and a certificate that the backup does not know', async () => {
      const service = running()
      owner = await service.addProject('vision', 'carol')
      kept = await service.addMember('vision', 'kim', owner)
      revoked = await service.addMember('vision', 'rob', owner)
      const made = await service.post('/v1/api-keys', { name: 'key', scopes: ['USER'] }, kept)
      key = String(expectStatus(made, 201).json['value'] ?? expectStatus(made, 201).json['key'])
      await service.addService('model.internal')
      await service.addDeployment('speech', {
        ...{ project: 'vision', service: 'model.internal', host: 'speech.models.internal' },
        ...{ authModes: ['passphrase'], passphrases: [{ id: 'a', passphrase: 'a passphrase of some length' }] },
      })
      await save(service, 'users-1', at('old.crl'))
      const old = (await crl(service, 'users-1')).number ?? 0n
      const sam = await service.addMember('vision', 'sam', owner)
      expectStatus(await service.post(`/v1/certificates/${sam.serial}/revoke`, { reason: 'superseded' }, owner), 200)
      await expect
        .poll(async () => (await crl(service, 'users-1')).number ?? 0n, { timeout: 10_000 })
        .toBeGreaterThan(old)
      await backup(service, file())
      lost = await service.addMember('vision', 'lou', owner)
      for (const { serial } of [revoked, lost]) {
        expectStatus(await service.post(`/v1/certificates/${serial}/revoke`, { reason: 'keyCompromise' }, owner), 200)
      }
      await expect
        .poll(async () => [...(await crl(service, 'users-1')).entries.keys()], { timeout: 10_000 })
        .toEqual(expect.arrayContaining([revoked.serial, lost.serial]))
      for (const issuer of ['root-1', 'users-1', 'services-1']) await save(service, issuer, at(`${issuer}.crl`))
      await service.stop()
    })

    test.each([
      ['none', (): string[] => [], 'no-journal'],
      ['one that is not there', () => [at('nowhere.jsonl')], 'no-journal'],
      [
        'one that was begun anew',
        () => {
          writeFileSync(at('fresh.jsonl'), '')
          return [at('fresh.jsonl')]
        },
        'not-continued',
      ],
    ])('with %s it would start in quarantine', async (_, journals, why) => {
      const plan = await restore(running(), file(), { journals: journals(), mode: 'plan' })
      expect(plan).toMatchObject({ quarantine: 'on', survey: { reach: { kind: 'incomplete', why } } })
    })

    test('starts in quarantine, and has no CRL of the backup to serve', async () => {
      const service = running()
      expect(await restore(service, file(), { journals: [] })).toMatchObject({ quarantine: 'on', issued: 0 })
      expect(await keptWhole(service)).toEqual([])
      await service.restart()
      expect((await service.get('/v1/status', kept)).json['quarantine']).not.toBeNull()
      for (const whose of [kept, revoked, lost, service.admin]) {
        expect((await service.get('/v1/me', whose)).json['code']).toBe('quarantined')
      }
      expect((await fetch(`${service.httpUrl}/pki/crl/users-1.crl`)).status).toBe(503)
    })

    test('a backup of it is in quarantine too, although its journal tells everything', async () => {
      const service = running()
      await backup(service, at('quarantined.backup'))
      await service.stop()
      const plan = await restore(service, at('quarantined.backup'), { mode: 'plan' })
      expect(plan).toMatchObject({ quarantine: 'on', survey: { reach: { kind: 'complete' } } })
      await service.restart()
    })

    test.each([
      ['an issuing CA without a CRL', () => ['--crl', at('root-1.crl'), '--crl', at('users-1.crl')], 'crl_missing'],
      ['a root without a CRL', () => ['--crl', at('users-1.crl'), '--crl', at('services-1.crl')], 'crl_missing'],
      [
        'a CRL that is older than the backup',
        () => ['--crl', at('old.crl'), '--crl', at('services-1.crl')],
        'crl_older_than_backup',
      ],
      [
        'a CRL that was changed',
        () => {
          const der = Buffer.from(savedCrls.get(at('users-1.crl')) ?? [])
          der[der.length - 3] = (der[der.length - 3] ?? 0) ^ 1
          writeFileSync(at('forged.crl'), der)
          return ['--crl', at('forged.crl'), '--crl', at('services-1.crl')]
        },
        'crl_signature_invalid',
      ],
      ['a file that is no CRL', () => ['--crl', file(), '--crl', at('services-1.crl')], 'pem_malformed'],
    ])('is not ended by %s', async (_, words, code) => {
      const refused = await confirm(...words(), '--plan')
      expect(codeOf(refused), refused.stderr).toBe(code)
      expect((await running().get('/v1/me', kept)).json['code']).toBe('quarantined')
    })

    test('says in its plan what the CRLs hold, and stays', async () => {
      const planned = await confirm(...all(), '--plan', '--json')
      expect(planned.status, planned.stderr).toBe(0)
      expect(JSON.parse(planned.stdout)).toMatchObject({
        plan: true,
        crls: [{ issuer: 'root-1' }, { issuer: 'users-1', entries: 3 }, {}],
      })
      expect((await running().get('/v1/me', kept)).json['code']).toBe('quarantined')
    })

    test('is ended by the last CRLs, while the service runs', async () => {
      const service = running()
      const done = await confirm(...all(), '--json')
      expect(done.status, done.stderr).toBe(0)
      expect(JSON.parse(done.stdout)).toMatchObject({ revoked: 1, unknown: 1, endedApiKeys: 1, endedPassphrases: 1 })
      await expect.poll(async () => (await service.get('/v1/me', kept)).status, { timeout: 5000 }).toBe(200)
      expect((await service.get('/v1/me', revoked)).json['facts']).toMatchObject({ reason: 'CERT_REVOKED' })
      expect((await service.get('/v1/me', lost)).json['facts']).toMatchObject({ reason: 'CERT_REVOKED' })
      const headers = { authorization: `ApiKey ${key}` }
      expect((await service.send({ method: 'GET', path: '/v1/me', headers })).json['code']).toBe('api_key_invalid')
    })

    test('leaves no passphrase of a deployment, since nobody knows which were taken away', async () => {
      const service = running()
      expect((await service.get('/v1/deployments/speech', owner)).json).toMatchObject({ passphrases: [] })
    })

    test('is followed by CRLs that list what was revoked, with higher numbers', async () => {
      const service = running()
      for (const issuer of ['users-1', 'services-1']) {
        const before = parseCrl(savedCrls.get(at(`${issuer}.crl`)) ?? new Uint8Array())
        await expect
          .poll(async () => (await crl(service, issuer)).number ?? 0n, { timeout: 10_000 })
          .toBeGreaterThan(before.number ?? 0n)
      }
      const serials = [...(await crl(service, 'users-1')).entries.keys()]
      expect(serials).toEqual(expect.arrayContaining([revoked.serial, lost.serial]))
      expect(serials).not.toContain(kept.serial)
    })

    test('the CRL that such a certificate names itself lists it too', async () => {
      const service = running()
      const { raw } = new X509Certificate(lost.certificate)
      const [point] = parseCertificate(new Uint8Array(raw)).tbs.crlDistributionPoints ?? []
      const [name] = point?.name?.kind === 'full' ? point.name.names : []
      const path = name?.kind === 'uri' ? new URL(name.value).pathname : ''
      expect(path).toMatch(/^\/pki\/crl\/users-1\/[0-9]+\.crl$/)
      const partition = await fetch(`${service.httpUrl}${path}`)
      expect([...parseCrl(new Uint8Array(await partition.arrayBuffer())).entries.keys()]).toContain(lost.serial)
    })

    test('the certificate that only the CRL knew is in the inventory, revoked', async () => {
      const { json } = await running().get(`/v1/certificates/${lost.serial}`, running().admin)
      expect(json).toMatchObject({ serial: lost.serial, status: 'revoked', reason: 'keyCompromise' })
    })

    test('a second confirmation is refused', async () => {
      expect(codeOf(await confirm('--crl', at('users-1.crl')))).toBe('restore_not_waiting')
    })

    test('the backup of this store opens on the other', async () => {
      const other = await restoreOnOther(running(), file())
      expect(other).toMatchObject({ quarantine: 'off', issued: 1, revocations: 2 })
    })
  },
)

/** Scopes of issuing CAs of which the database has bytes. */
async function keptWhole({ configuration }: TestService): Promise<string[]> {
  const { storage } = await openInstallation(configuration)
  try {
    const issuers = [issuerId('users', 1), issuerId('services', 1)]
    const crls = await storage.read(async (view) => Promise.all(issuers.map((issuer) => view.latestCrls(issuer))))
    expect(crls.flat().length).toBeGreaterThan(1)
    return crls.flat().flatMap(({ scope, content }) => (content.kind === 'gone' ? [] : [crlScopeKey(scope)]))
  } finally {
    await storage.close()
  }
}

const savedCrls = new Map<string, Uint8Array>()

async function save(service: TestService, issuer: string, file: string): Promise<void> {
  const { der } = await crl(service, issuer)
  savedCrls.set(file, der)
  writeFileSync(file, der)
}

async function crl(service: TestService, issuer: string) {
  const response = await fetch(`${service.httpUrl}/pki/crl/${issuer}.crl`)
  return parseCrl(new Uint8Array(await response.arrayBuffer()))
}

/** On SQLite, whichever this one is: PostgreSQL into SQLite crosses the stores. */
function restoreOnOther(service: TestService, file: string) {
  const path = join(service.folder, 'other.db')
  const { configuration } = service
  const elsewhere = { ...configuration, database: { kind: 'sqlite' as const, path } }
  const journal = { configuration: { ...elsewhere, journal: join(service.folder, 'other.jsonl') } }
  return restore(service, file, { ...journal, journals: [configuration.journal], replacing: 'nothing' })
}
