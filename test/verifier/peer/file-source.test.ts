// Files of CAs and CRLs that are broken, too early or no files: each keeps back what it holds itself, and nothing else.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openVerifier, type Verifier } from '../../../src/verifier/index.ts'
import { encodePem } from '../../../src/x509/pem.ts'
import { CRL_TIME, EVERYONE, leafOf, makeCrl, makeWorld, NOW, SERIAL, type World } from './clinic.ts'

let world: World
let leaf: Uint8Array
let service: Uint8Array
let folder: string
let verifier: Verifier | undefined
const now = new Date()

beforeAll(async () => {
  world = await makeWorld()
  leaf = await leafOf(world, 'project-user')
  service = await leafOf(world, 'service', { serial: `01${'5f'.repeat(16)}` })
})
beforeEach(async () => {
  now.setTime(NOW.getTime())
  folder = mkdtempSync(join(tmpdir(), 'signet-files-'))
  mkdirSync(join(folder, 'crls'))
  write('users.cer', world.users.der)
  write('services.cer', world.services.der)
  write('crls/root-1.crl', await makeCrl(world.root))
  write('crls/users-1.crl', await makeCrl(world.users))
  write('crls/services-1.crl', await makeCrl(world.services))
})
afterEach(async () => {
  await verifier?.close()
  verifier = undefined
  rmSync(folder, { recursive: true, force: true })
})
afterAll(() => verifier?.close())

const write = (name: string, bytes: Uint8Array | string) => writeFileSync(join(folder, name), bytes)

async function open(): Promise<Verifier> {
  verifier = await openVerifier({
    roots: { pem: encodePem('CERTIFICATE', world.root.der) },
    from: { files: [folder, join(folder, 'crls')] },
    trustDomain: 'signet.test',
    accept: EVERYONE,
    pollSeconds: 0.02,
    now: () => new Date(now),
  })
  return verifier
}

function codesOf(by: Verifier): readonly string[] {
  return [leaf, service].map((der) => {
    const question = { actingUser: { kind: 'credential-itself' }, at: now, revocation: 'required' } as const
    const verdict = by.verifyCertificate(der, question)
    return verdict.kind === 'verified' ? 'verified' : verdict.code
  })
}

const soon = <T>(read: () => T) => expect.poll(read, { timeout: 10_000, interval: 10 })
const GOOD = ['verified', 'verified']

describe('a verifier opens and goes on beside', () => {
  const BROKEN: readonly (readonly [string, string, () => Uint8Array | string | Promise<Uint8Array>, string[]])[] = [
    ['a CRL that is none', 'crls/users-1.crl', () => 'nothing of use', ['REVOCATION_STALE', 'verified']],
    ['an empty CRL', 'crls/users-1.crl', () => '', ['REVOCATION_STALE', 'verified']],
    ['a CRL of another key', 'crls/users-1.crl', () => signedByServices(), ['REVOCATION_STALE', 'verified']],
    ['a CRL that is cut off', 'crls/users-1.crl', () => cutOff(), ['REVOCATION_STALE', 'verified']],
    [
      'a certificate that is cut off',
      'users.cer',
      () => world.users.der.subarray(0, -1),
      ['CERT_UNTRUSTED', 'verified'],
    ],
    ['a leaf among the CAs', 'leaf.pem', () => encodePem('CERTIFICATE', leaf), GOOD],
    ['a file of something else', 'notes.pem', () => 'to whom it may concern', GOOD],
  ]

  const signedByServices = () => makeCrl(world.users, { signedBy: world.services })
  const cutOff = async () => (await makeCrl(world.users)).subarray(0, -1)

  test.each(BROKEN)('%s', async (_, name, bytes, codes) => {
    write(name, await bytes())
    const opened = await open()
    expect(codesOf(opened)).toEqual(codes)
    expect(opened.status().fault).toBeDefined()
  })

  test('what is no file', async () => {
    symlinkSync('/dev/zero', join(folder, 'crls', 'endless.crl'))
    mkdirSync(join(folder, 'crls', 'folder.crl'))
    const opened = await open()
    expect(codesOf(opened)).toEqual(GOOD)
    expect(opened.status().fault).toContain('no file')
  })
})

test('a folder of which nothing can be read opens nothing', async () => {
  for (const name of ['users.cer', 'services.cer']) write(name, 'nothing of use')
  await expect(open()).rejects.toMatchObject({ code: 'evidence_unreadable' })
})

test('what breaks later leaves what was read before, and the others are read', async () => {
  const opened = await open()
  expect([codesOf(opened), opened.status().fault]).toEqual([GOOD, undefined])
  write('crls/root-1.crl', 'nothing of use')
  write('users.cer', 'nothing of use')
  await soon(() => opened.status().fault).toContain('evidence_unreadable')
  write('crls/users-1.crl', await makeCrl(world.users, { number: 2, revoked: [SERIAL] }))
  await soon(() => codesOf(opened)).toEqual(['CERT_REVOKED', 'verified'])
  write('crls/root-1.crl', await makeCrl(world.root))
  write('users.cer', world.users.der)
  await soon(() => opened.status().fault).toBeUndefined()
})

test('a CRL whose time has not come is taken when it has, though its file does not change', async () => {
  const thisUpdate = new Date(NOW.getTime() + 60_000)
  const opened = await open()
  write('crls/users-1.crl', await makeCrl(world.users, { number: 2, revoked: [SERIAL], thisUpdate }))
  await soon(() => opened.status().fault).toContain('crl-not-yet-valid')
  expect(codesOf(opened)).toEqual(GOOD)
  now.setTime(thisUpdate.getTime())
  await soon(() => codesOf(opened)).toEqual(['CERT_REVOKED', 'verified'])
  await soon(() => opened.status().fault).toBeUndefined()
})

test('a CRL that runs out refuses those of its CA alone', async () => {
  write('crls/users-1.crl', await makeCrl(world.users, { nextUpdate: new Date(NOW.getTime() + 1000) }))
  const opened = await open()
  now.setTime(NOW.getTime() + 2000)
  expect(codesOf(opened)).toEqual(['REVOCATION_STALE', 'verified'])
  expect(now < CRL_TIME.nextUpdate).toBe(true)
})
