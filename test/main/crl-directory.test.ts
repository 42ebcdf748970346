// `crl.directory` of a running service: each CRL in force is there as a file, and follows a revocation.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parseCrl } from '../../src/x509/crl.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'

const folder = mkdtempSync(join(tmpdir(), 'signet-crl-directory-'))
let service: TestService
let owner: Certified

beforeAll(async () => {
  service = await TestService.start({ flags: { 'crl.directory': folder } })
  owner = await service.addProject('vision', 'owner')
})
afterAll(async () => {
  await service.close()
  rmSync(folder, { recursive: true, force: true })
})

const WAIT = { timeout: 15_000, interval: 20 }
const served = async (name: string): Promise<Buffer> =>
  (await service.send({ method: 'GET', path: `/pki/crl/${name}`, headers: {} })).bytes

test('holds what is served, of every kind, and lists a revocation', async () => {
  const names = ['root-1.crl', 'users-1.crl', 'users-1/delta.crl', 'users-1/1.crl', 'services-1.crl']
  for (const name of names) {
    await vi.waitFor(async () => expect(readFileSync(join(folder, name)).equals(await served(name))).toBe(true), WAIT)
  }
  expectStatus(
    await service.post(`/v1/certificates/${owner.serial}/revoke`, { reason: 'superseded' }, service.admin),
    200,
  )
  await vi.waitFor(() => {
    const crl = parseCrl(readFileSync(join(folder, 'users-1.crl')))
    expect(crl.entries.get(owner.serial)?.reason).toBe('superseded')
  }, WAIT)
})
