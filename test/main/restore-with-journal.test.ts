// A backup that was made while the service ran, restored with the journal over the same installation (SECURITY.md rule 32): what was
// issued, revoked, released and ended after it is so again, and what cannot be is named.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseCrl } from '../../src/x509/crl.ts'
import type { Restored } from '../../src/main/restore.ts'
import { onBothStores } from '../support/both-stores.ts'
import { backup, restore } from '../support/restoring.ts'
import { type Certified, expectStatus, type TestService } from '../support/test-service.ts'

interface Key {
  readonly prefix: string
  readonly value: string
}

onBothStores(
  'a restore with the journal',
  () => ({}),
  (running) => {
    let owner: Certified
    let before: Record<'kept' | 'revoked' | 'held' | 'heldBefore' | 'removed' | 'blocked', Certified>
    let after: Certified
    let lost: Certified
    let keys: Record<'kept' | 'ended' | 'made', Key>
    let session: string
    let numbers: ReadonlyMap<string, bigint>
    let epoch: unknown
    let restored: Restored
    const file = () => join(running().folder, 'signet.backup')

    test('begins with a backup of the running service, for its owner alone, without the master key', async () => {
      const service = running()
      owner = await service.addProject('vision', 'carol')
      const certified = async (name: string) => service.addMember('vision', name, owner)
      before = {
        kept: await certified('kim'),
        revoked: await certified('rob'),
        held: await certified('hal'),
        heldBefore: await certified('hob'),
        removed: await certified('rem'),
        blocked: await certified('bob'),
      }
      await revoke(service, before.heldBefore, 'certificateHold', owner)
      const [kept, ended] = [await newKey(service, 'kept', before.kept), await newKey(service, 'ended', before.kept)]
      const token = await service.post('/v1/tokens', { audience: service.url }, before.kept)
      session = String(expectStatus(token, 201).json['access_token'])
      epoch = (await service.get('/v1/status', owner)).json['epoch']
      const taken = await backup(service, file())
      expect(taken.rows['certificates']).toBeGreaterThan(6)
      expect(statSync(file()).mode & 0o777).toBe(0o600)
      const master = readFileSync(join(service.folder, 'master.key'), 'utf8').trim()
      expect(readFileSync(file()).toString('latin1')).not.toContain(master)
      keys = { kept, ended, made: kept }
    })

    test('after which certificates are issued, revoked and released, and people, keys and names end', async () => {
      const service = running()
      after = await service.addMember('vision', 'ann', owner)
      lost = await service.addMember('vision', 'lou', owner)
      await revoke(service, before.revoked, 'keyCompromise', owner)
      await revoke(service, before.held, 'certificateHold', owner)
      await revoke(service, before.heldBefore, 'removeFromCRL', owner)
      await revoke(service, lost, 'superseded', owner)
      expectStatus(await service.send({ method: 'DELETE', path: '/v1/projects/vision/members/rem' }, owner), 200)
      expectStatus(await service.post('/v1/users/bob/block', undefined, service.admin), 200)
      expectStatus(await service.send({ method: 'DELETE', path: '/v1/api-keys/ended' }, before.kept), 204)
      keys = { ...keys, made: await newKey(service, 'made', before.kept) }
      await service.addUser('gone')
      expectStatus(await service.send({ method: 'DELETE', path: '/v1/users/gone' }, service.admin), 200)
      await expect.poll(() => listed(service), { timeout: 10_000 }).toContain(lost.serial)
      numbers = await numbersOf(service)
      await service.stop()
    })

    test('is refused while there is something in its place, and while a service runs', async () => {
      const service = running()
      await expect(restore(service, file(), { replacing: 'nothing' })).rejects.toMatchObject({
        code: 'restore_not_empty',
      })
      await service.restart()
      await expect(restore(service, file())).rejects.toMatchObject({ code: 'restore_in_use' })
      expect((await service.get('/v1/me', owner)).status).toBe(200)
      await service.stop()
    })

    test('says in its plan what would come of it, and changes nothing', async () => {
      const service = running()
      const plan = await restore(service, file(), { mode: 'plan' })
      expect(plan.survey.reach).toEqual({ kind: 'complete' })
      expect(plan.review).toEqual([`API key ${keys.made.prefix} of kim was made: it is not there`])
      expect(plan.kept).toBeUndefined()
      await service.restart()
      expect((await service.get('/v1/status', owner)).json['epoch']).toBe(epoch)
      expect((await service.get('/v1/me', after)).status).toBe(200)
      await service.stop()
    })

    test('brings back what the journal tells', async () => {
      const service = running()
      restored = await restore(service, file())
      expect(restored).toMatchObject({ quarantine: 'off', issued: 2, survey: { reach: { kind: 'complete' } } })
      expect(restored.kept).toMatch(/before.restore/)
      await service.restart()
      const status = (await service.get('/v1/status', owner)).json
      expect(status).toMatchObject({ epoch: restored.epoch, quarantine: null })
      expect(status['epoch']).not.toBe(epoch)
    })

    test.each([
      ['a certificate from before', () => before.kept, 200, undefined],
      ['one that was issued after the backup', () => after, 200, undefined],
      ['one that was revoked after it', () => before.revoked, 403, 'CERT_REVOKED'],
      ['one that was held after it', () => before.held, 403, 'CERT_REVOKED'],
      ['one that was released after it', () => before.heldBefore, 200, undefined],
      ['one that was issued and revoked after it', () => lost, 403, 'CERT_REVOKED'],
      ['that of a member who was removed after it', () => before.removed, 403, 'CERT_REVOKED'],
      ['that of a user who was blocked after it', () => before.blocked, 403, 'CERT_REVOKED'],
    ])('%s', async (_, whose, status, reason) => {
      const answer = await running().get('/v1/me', whose())
      const facts = answer.json['facts'] as { reason?: string } | undefined
      expect([answer.status, facts?.reason]).toEqual([status === 403 ? answer.status : status, reason])
      if (reason !== undefined) expect(answer.status).toBeGreaterThanOrEqual(400)
    })

    test('a CRL is published at once that lists them, with a number above all before', async () => {
      const service = running()
      const now = await numbersOf(service)
      for (const [issuer, number] of numbers) expect(now.get(issuer), issuer).toBeGreaterThan(number)
      const serials = await listed(service)
      for (const { serial } of [before.revoked, before.held, before.removed, before.blocked, lost]) {
        expect(serials).toContain(serial)
      }
      for (const { serial } of [before.kept, before.heldBefore, after]) expect(serials).not.toContain(serial)
    })

    test('keys that were ended stay so, and those of before live', async () => {
      const service = running()
      const me = (key: Key) =>
        service.send({ method: 'GET', path: '/v1/me', headers: { authorization: `ApiKey ${key.value}` } })
      expect((await me(keys.kept)).status).toBe(200)
      expect((await me(keys.ended)).json['code']).toBe('api_key_invalid')
      expect((await me(keys.made)).json['code']).toBe('api_key_invalid')
    })

    test('tokens of before hold no more', async () => {
      const service = running()
      const keySet = (await service.get('/.well-known/jwks.json')).json['keys'] as { kid: string }[]
      const header = JSON.parse(Buffer.from(session.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }
      expect(keySet.map(({ kid }) => kid)).not.toContain(header.kid)
    })

    test('the name of a user who came and went stays taken', async () => {
      const service = running()
      const answer = await service.put('/v1/users/gone', { platformRole: 'user' }, service.admin)
      expect([answer.status, answer.json['code']]).toEqual([409, 'name_taken'])
      expect((await service.get('/v1/projects/vision/members', owner)).json).toMatchObject({
        members: expect.arrayContaining([expect.objectContaining({ user: 'ann' })]) as unknown,
      })
    })

    test('the audit log has what was done meanwhile, and the restore', async () => {
      const service = running()
      const { events } = (await service.get('/v1/audit?limit=200', service.admin)).json as {
        events: { act: string; object: string }[]
      }
      const acts = events.map(({ act, object }) => `${act} ${object}`)
      expect(acts).toContain('installation.restore installation')
      expect(acts).toContain('user.block user:bob')
    })

    test('a backup of the restored one continues from there', async () => {
      const service = running()
      const second = `${file()}.2`
      await backup(service, second)
      const later = await service.addMember('vision', 'sue', owner)
      await service.stop()
      const again = await restore(service, second)
      expect(again).toMatchObject({ quarantine: 'off', issued: 1, survey: { reach: { kind: 'complete' } } })
      await service.restart()
      expect((await service.get('/v1/me', later)).status).toBe(200)
    })

    test('the older backup again, with the same journal: nothing revoked is lost, numbers rise', async () => {
      const service = running()
      const highest = await numbersOf(service)
      await service.stop()
      const again = await restore(service, file())
      expect(again).toMatchObject({ quarantine: 'off', issued: 3 })
      await service.restart()
      for (const [issuer, number] of highest) {
        expect((await numbersOf(service)).get(issuer), issuer).toBeGreaterThan(number)
      }
      expect(await listed(service)).toEqual(expect.arrayContaining([lost.serial, before.revoked.serial]))
      expect(existsSync(`${file()}.tmp`)).toBe(false)
    })
  },
)

async function revoke(service: TestService, whose: Certified, reason: string, by: Certified): Promise<void> {
  expectStatus(await service.post(`/v1/certificates/${whose.serial}/revoke`, { reason }, by), 200)
}

async function newKey(service: TestService, name: string, by: Certified): Promise<Key> {
  const { json } = expectStatus(await service.post('/v1/api-keys', { name, scopes: ['USER'] }, by), 201)
  const value = String(json['value'] ?? json['key'])
  return { prefix: value.split('.')[0] ?? '', value }
}

async function crlOf(service: TestService, issuer: string) {
  const response = await fetch(`${service.httpUrl}/pki/crl/${issuer}.crl`)
  return parseCrl(new Uint8Array(await response.arrayBuffer()))
}

async function listed(service: TestService): Promise<string[]> {
  return [...(await crlOf(service, 'users-1')).entries.keys()]
}

async function numbersOf(service: TestService): Promise<ReadonlyMap<string, bigint>> {
  const numbers = new Map<string, bigint>()
  for (const issuer of ['users-1', 'services-1']) numbers.set(issuer, (await crlOf(service, issuer)).number ?? 0n)
  return numbers
}
