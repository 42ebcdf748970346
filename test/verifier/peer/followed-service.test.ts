// A verifier that follows a running service: by its feed alone, since it polls once an hour here. What the service does is heard; when it
// is gone the verifier goes on until its lists end.
import { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseIssuerId } from '../../../src/domain/issuer-id.ts'
import { openVerifier, type Verifier, type VerifierOptions } from '../../../src/verifier/index.ts'
import { ServiceLine } from '../../../src/verifier/peer/ask-service.ts'
import type { EvidenceSink } from '../../../src/verifier/peer/evidence-sink.ts'
import { ServiceSource } from '../../../src/verifier/peer/service-source.ts'
import { type Certified, expectStatus, TestService } from '../../support/test-service.ts'

const HOUR = 3_600_000

let service: TestService
let owner: Certified
let verifier: Verifier
let ahead = 0
let folder: string

const options = (more: Partial<VerifierOptions> = {}): VerifierOptions => ({
  roots: { pem: service.ca },
  from: { url: service.url },
  trustDomain: 'test.internal',
  accept: { projects: 'any', services: 'any', administrators: 'refuse' },
  pollSeconds: 3600,
  timeoutSeconds: 5,
  now: () => new Date(Date.now() + ahead),
  ...more,
})

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signet-followed-'))
  service = await TestService.start()
  owner = await service.addProject('vision', 'olivia')
  verifier = await openVerifier(options())
})
afterAll(async () => {
  await verifier.close()
  await service.close()
  rmSync(folder, { recursive: true, force: true })
})

const derOf = ({ certificate }: { certificate: string }) => new Uint8Array(new X509Certificate(certificate).raw)

function codeOf(who: Certified, by: Verifier = verifier): string {
  const at = new Date(Date.now() + ahead)
  const verdict = by.verifyCertificate(derOf(who), {
    actingUser: { kind: 'credential-itself' },
    at,
    revocation: 'required',
  })
  return verdict.kind === 'verified' ? 'verified' : verdict.code
}

const soon = (read: () => string) => expect.poll(read, { timeout: 15_000, interval: 20 })
const heard = () => soon(() => verifier.status().news).toBe('heard')
const revoke = async (who: Certified, reason: string) =>
  expectStatus(await service.post(`/v1/certificates/${who.serial}/revoke`, { reason }, service.admin), 200)

test('what is revoked is refused, by the feed alone', async () => {
  await heard()
  expect(verifier.status()).toMatchObject({ ready: true, news: 'heard', fault: undefined })
  const alice = await service.addMember('vision', 'alice', owner)
  expect(codeOf(alice)).toBe('verified')
  await revoke(alice, 'keyCompromise')
  await soon(() => codeOf(alice)).toBe('CERT_REVOKED')
  expect(codeOf(owner)).toBe('verified')
})

test('a feed without checkpoints is not heard, and CRLs are asked for again', async () => {
  await heard()
  ahead = 31_000
  expect(verifier.status().news).toBe('polling')
  ahead = 0
})

test('a hold refuses, and its release lets in again', async () => {
  await heard()
  const bob = await service.addMember('vision', 'bob', owner)
  await revoke(bob, 'certificateHold')
  await soon(() => codeOf(bob)).toBe('CERT_REVOKED')
  await revoke(bob, 'removeFromCRL')
  await soon(() => codeOf(bob)).toBe('verified')
})

test('a verifier that opens later knows what happened before', async () => {
  const carol = await service.addMember('vision', 'carol', owner)
  await revoke(carol, 'superseded')
  const later = await openVerifier(options())
  await soon(() => codeOf(carol, later)).toBe('CERT_REVOKED')
  await later.close()
})

test('the root may be pinned by its fingerprint; another one opens nothing', async () => {
  const { fingerprint256 } = new X509Certificate(service.ca)
  const pinned = await openVerifier(options({ roots: { sha256: fingerprint256 } }))
  expect(codeOf(owner, pinned)).toBe('verified')
  await pinned.close()
  const other = `00${fingerprint256.replaceAll(':', '').slice(2)}`
  await expect(openVerifier(options({ roots: { sha256: other } }))).rejects.toMatchObject({
    code: 'evidence_unreadable',
  })
  await expect(openVerifier(options({ roots: { sha256: [] } }))).rejects.toMatchObject({ code: 'evidence_unreadable' })
})

describe('opens nothing', () => {
  test.each<readonly [string, () => Partial<VerifierOptions>, string]>([
    ['with a root of somebody else', () => ({ roots: { pem: service.admin.certificate } }), 'trust_rejected'],
    ['without a root', () => ({ roots: { pem: '' } }), 'evidence_unreadable'],
    ['over plain HTTP', () => ({ from: { url: service.httpUrl } }), 'evidence_unreadable'],
    ['where nobody answers', () => ({ from: { url: 'https://localhost:1' } }), 'evidence_unreadable'],
    ['for a trust domain that is none', () => ({ trustDomain: 'Test Internal' }), 'name_rejected'],
    ['from a file that is not there', () => ({ from: { files: [join(folder, 'none.pem')] } }), 'evidence_unreadable'],
    [
      'by a fingerprint without a service',
      () => ({ roots: { sha256: 'ab' }, from: { files: [] } }),
      'evidence_unreadable',
    ],
  ])('%s', async (_, more, code) => {
    await expect(openVerifier(options(more()))).rejects.toMatchObject({ code })
  })
})

describe('from files', () => {
  const crlBundle = async () => (await service.get('/pki/crl/bundle.pem')).text
  const replace = async (name: string, text: string) => {
    writeFileSync(join(folder, 'crls', `.${name}`), text)
    renameSync(join(folder, 'crls', `.${name}`), join(folder, 'crls', name))
  }

  test('they are read again when they change, and kept when they break', async () => {
    mkdirSync(join(folder, 'crls'))
    const authorities = join(folder, 'authorities.pem')
    const chains = ['users-1', 'services-1'].map(async (id) => (await service.get(`/pki/ca/${id}.pem`)).text)
    writeFileSync(authorities, (await Promise.all(chains)).join(''))
    await replace('crls.pem', await crlBundle())
    const files = await openVerifier(
      options({ from: { files: [authorities, join(folder, 'crls')] }, pollSeconds: 0.05 }),
    )
    const dave = await service.addMember('vision', 'dave', owner)
    expect([codeOf(dave, files), files.status().news, files.status().ready]).toEqual(['verified', 'files', true])
    const old = await crlBundle()
    await revoke(dave, 'superseded')
    await replace('crls.pem', 'nothing of use')
    await soon(() => files.status().fault ?? '').toContain('evidence_unreadable')
    expect(codeOf(dave, files)).toBe('verified')
    const published = async () => {
      await replace('crls.pem', await crlBundle())
      return codeOf(dave, files)
    }
    await expect.poll(published, { timeout: 15_000 }).toBe('CERT_REVOKED')
    await soon(() => files.status().fault ?? 'none').toBe('none')
    await replace('crls.pem', old)
    await soon(() => files.status().fault ?? '').toContain('crl-number-lower')
    expect(codeOf(dave, files)).toBe('CERT_REVOKED')
    await files.close()
  })
})

test('a CRL that is refused keeps none of the others back', async () => {
  const line = new ServiceLine(new URL(service.url), [new X509Certificate(service.ca).raw], 5)
  let asked = 0
  const source = new ServiceSource(
    line,
    sinkOf(() => ++asked === 1),
    () => new Date(),
  )
  await expect(source.refresh('all', AbortSignal.timeout(10_000))).rejects.toMatchObject({
    code: 'evidence_unreadable',
  })
  line.close()
  expect(asked).toBe(['root-1', 'services-1', 'users-1'].length)
})

/** Refuses a CRL when it is told to, and takes everything else. */
function sinkOf(refuses: () => boolean): EvidenceSink {
  const issuer = parseIssuerId('users-1')
  return {
    takeAuthorities: () => [],
    takeCrl: () => (refuses() ? { kind: 'refused', fault: 'crl-not-yet-valid' } : { kind: 'taken', issuer }),
    tell: () => undefined,
    vouchForFeed: () => undefined,
    restartFeed: () => undefined,
    knows: () => true,
    numbersOf: () => undefined,
    isNamed: () => true,
    failed: () => undefined,
    settled: () => undefined,
  }
}

// Last, since it stops the service.
test('without the service it goes on until its lists end, and then refuses; with it again it hears again', async () => {
  await heard()
  const erin = await service.addMember('vision', 'erin', owner)
  await service.stop()
  await soon(() => verifier.status().news).toBe('polling')
  expect([codeOf(owner), codeOf(erin), verifier.status().ready]).toEqual(['verified', 'verified', true])
  await soon(() => verifier.status().fault ?? '').toContain('evidence_unreadable')
  const [ends = 0] = verifier
    .status()
    .crls.flatMap(({ issuer, nextUpdate }) => (issuer === 'users-1' ? [Number(nextUpdate)] : []))
  ahead = ends - Date.now() - HOUR
  expect(codeOf(erin)).toBe('verified')
  ahead = ends - Date.now() + 2000
  // Her certificate ends about when the list does: one of them refuses, and neither lets her in.
  expect(['REVOCATION_STALE', 'CERT_EXPIRED']).toContain(codeOf(erin))
  ahead = 0
  await service.restart()
  await heard()
  await revoke(erin, 'keyCompromise')
  await soon(() => codeOf(erin)).toBe('CERT_REVOKED')
})
