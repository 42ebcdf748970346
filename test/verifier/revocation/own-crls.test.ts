// What a running service publishes, judged by the verifier: complete, delta and partitioned CRLs, alone and together;
// and its OCSP answers.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { crlUris } from '../../../src/x509/extensions/crl-distribution-points.ts'
import { type Crl, parseCrl } from '../../../src/x509/crl.ts'
import { encodeCertId } from '../../../src/x509/ocsp-cert-id.ts'
import { encodeOcspRequest } from '../../../src/x509/ocsp-request.ts'
import { parseOcspResponse } from '../../../src/x509/ocsp-response.ts'
import { parsePem, parsePemBundle } from '../../../src/x509/pem.ts'
import { type PathCertificate, readPathCertificate } from '../../../src/verifier/path/path-certificate.ts'
import { CrlCache } from '../../../src/verifier/revocation/crl-cache.ts'
import { revocationCheck } from '../../../src/verifier/revocation/check-revocation.ts'
import { judgeByOcsp } from '../../../src/verifier/revocation/judge-by-ocsp.ts'
import { type RevocationStatus, unknown } from '../../../src/verifier/revocation/revocation-status.ts'
import { STRICT_REVOCATION } from '../../../src/verifier/revocation/revocation-policy.ts'
import { type Certified, expectStatus, TestService } from '../../support/test-service.ts'

let service: TestService
let owner: Certified
let member: Certified
let leaf: PathCertificate
let users: PathCertificate
let root: PathCertificate

beforeAll(async () => {
  service = await TestService.start()
  owner = await service.addProject('vision', 'owner')
  member = await service.addMember('vision', 'member', owner)
  const [own, issuer] = parsePemBundle(member.certificate, 'CERTIFICATE').map((der) => readPathCertificate(der))
  if (own === undefined || issuer === undefined) throw new Error('no chain')
  leaf = own
  users = issuer
  root = readPathCertificate(parsePem(service.ca, 'CERTIFICATE'))
})
afterAll(() => service.close())

async function fetchCrl(path: string): Promise<Crl> {
  return parseCrl((await service.get(path)).bytes)
}

const fullPath = '/pki/crl/users-1.crl'
const deltaPath = '/pki/crl/users-1/delta.crl'

function partitionPath(): string {
  const [uri = ''] = crlUris(leaf.certificate.tbs.crlDistributionPoints ?? [])
  return new URL(uri).pathname
}

/** The first CRL there that is newer than `before`. */
async function newer(path: string, before: Crl): Promise<Crl> {
  for (;;) {
    const crl = await fetchCrl(path)
    if ((crl.number ?? 0n) > (before.number ?? 0n)) return crl
  }
}

function verdictOf(crls: readonly Crl[], certificate = leaf, issuer = users): string {
  const path = { certificates: certificate === leaf ? [leaf, users] : [certificate], anchor: root }
  const check = revocationCheck({ crls, ocspResponses: [], signers: [] }, STRICT_REVOCATION)
  const verdict = check({ certificate, issuer, path, at: service.clock.now() })
  // The same by a cache, which takes them in any order.
  const cache = new CrlCache([root, users], STRICT_REVOCATION)
  for (const crl of crls) cache.put(crl, service.clock.now())
  expect(cache.check(certificate, issuer, service.clock.now()).kind).toBe(verdict.kind)
  if (verdict.kind === 'unknown') return verdict.code
  return verdict.kind === 'revoked' ? `revoked ${verdict.reason ?? ''}`.trim() : verdict.kind
}

async function revoke(reason: string): Promise<void> {
  expectStatus(await service.post(`/v1/certificates/${member.serial}/revoke`, { reason }, service.admin), 200)
}

test('complete, delta and partition say the same at every step, and no other partition says anything', async () => {
  const index = (await service.get('/pki/crl')).json['crls'] as { kind: string; issuer: string; urls: string[] }[]
  const others = index
    .filter(({ kind, issuer }) => kind === 'partition' && issuer === 'users-1')
    .map(({ urls: [url = ''] }) => new URL(url).pathname)
    .filter((path) => path !== partitionPath())
  expect(others.length).toBeGreaterThan(0)
  const foreign = await Promise.all(others.map(fetchCrl))
  expect(verdictOf(foreign)).toBe('crl-scope-other')

  const [full, partition, delta] = await Promise.all([fullPath, partitionPath(), deltaPath].map(fetchCrl))
  if (full === undefined || partition === undefined || delta === undefined) throw new Error('unreachable')
  expect([verdictOf([full]), verdictOf([partition]), verdictOf([full, delta])]).toEqual(['good', 'good', 'good'])
  expect(verdictOf([delta])).toBe('crl-base-missing')

  await revoke('certificateHold')
  const held = await newer(fullPath, full)
  const heldPartition = await newer(partitionPath(), partition)
  const heldDelta = await newer(deltaPath, delta)
  for (const crls of [[held], [heldPartition], [full, heldDelta], [held, heldDelta], [...foreign, heldPartition]]) {
    expect(verdictOf(crls)).toBe('revoked certificateHold')
  }
  // An older list that is still in force does not know; a newer one beside it is what counts.
  expect([verdictOf([full]), verdictOf([held, full])]).toEqual(['good', 'revoked certificateHold'])

  await revoke('removeFromCRL')
  const released = await newer(fullPath, held)
  const releasedPartition = await newer(partitionPath(), heldPartition)
  const releasedDelta = await newer(deltaPath, heldDelta)
  for (const crls of [[released], [releasedPartition], [full, releasedDelta], [held, releasedDelta]]) {
    expect(verdictOf(crls)).toBe('good')
  }

  await revoke('keyCompromise')
  const final = await newer(fullPath, released)
  const finalDelta = await newer(deltaPath, releasedDelta)
  for (const crls of [[final], [full, finalDelta], [held, finalDelta], [released, finalDelta]]) {
    expect(verdictOf(crls)).toBe('revoked keyCompromise')
  }
})

test('the answer of the responder is for the certificate that was asked about, and no other', async () => {
  const { tbs } = leaf.certificate
  const named = { name: tbs.issuerEncoded, keyBytes: users.certificate.tbs.publicKey.keyBytes }
  const nonce = Uint8Array.from({ length: 32 }, (_, i) => i)
  const request = encodeOcspRequest([encodeCertId('sha256', named, tbs.serialNumber)], nonce)
  const answer = await fetch(new URL('/pki/ocsp', service.httpUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/ocsp-request' },
    body: Uint8Array.from(request),
  })
  const response = parseOcspResponse(new Uint8Array(await answer.arrayBuffer()))
  const judge = (certificate: PathCertificate, asked: Uint8Array): RevocationStatus =>
    judgeByOcsp(
      {
        certificate,
        issuer: users,
        at: service.clock.now(),
        policy: STRICT_REVOCATION,
        nonce: asked,
        judgeResponder: () => unknown('crl-missing'),
      },
      response,
    )
  expect(judge(leaf, nonce)).toMatchObject({ kind: 'revoked', reason: 'keyCompromise' })
  expect(judge(leaf, nonce.subarray(1))).toEqual(unknown('ocsp-nonce-other'))
  const [other] = parsePemBundle(owner.certificate, 'CERTIFICATE').map((der) => readPathCertificate(der))
  if (other === undefined) throw new Error('no certificate')
  expect(judge(other, nonce)).toEqual(unknown('ocsp-certificate-other'))
})

test('the issuing CA is judged by the CRL of the root alone', async () => {
  const [ofRoot, ofUsers] = await Promise.all(['/pki/crl/root-1.crl', fullPath].map(fetchCrl))
  if (ofRoot === undefined || ofUsers === undefined) throw new Error('unreachable')
  expect(verdictOf([ofRoot], users, root)).toBe('good')
  expect(verdictOf([ofUsers], users, root)).toBe('crl-missing')
  expect(verdictOf([ofRoot])).toBe('crl-missing')
})
