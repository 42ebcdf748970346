// The certificate that OCSP answers are signed with: kept while it is good, renewed with a third of its life left, one for
// all processes.
import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import { parseSerialNumber } from '../../src/domain/serial-number.ts'
import type { ActContext, IssuingKey } from '../../src/enrollment/act-context.ts'
import { currentOcspSigner } from '../../src/enrollment/ocsp-signer.ts'
import { revokeCertificate } from '../../src/enrollment/revoke-certificate.ts'
import { actContext, NOBODY, type OpenInstallation, openInstallation } from '../../src/main/installation.ts'
import type { OcspSigner } from '../../src/revocation/make-ocsp-response.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { OID } from '../../src/x509/oid.ts'
import { TestService } from '../support/test-service.ts'
import { StillClock } from './still-clock.ts'

const clock = new StillClock()
let service: TestService
let opened: OpenInstallation
let context: ActContext
let users: IssuingKey
let services: IssuingKey

beforeAll(async () => {
  service = await TestService.start({ clock })
  await service.stop()
  opened = await openInstallation(service.configuration, NOBODY, clock)
  context = actContext(opened)
  users = context.issuingKeyFor('project-user')
  services = context.issuingKeyFor('service')
})
afterAll(async () => {
  await opened.storage.close()
  await service.close()
})

const serialOf = ({ certificate }: OcspSigner) => parseSerialNumber(parseCertificate(certificate).tbs.serialHex)

test('each issuer certifies its own: a week, for OCSP alone, with no-check and no addresses to ask at', async () => {
  const [one, other] = [await currentOcspSigner(context, users), await currentOcspSigner(context, services)]
  expect(serialOf(one)).not.toBe(serialOf(other))
  for (const [signer, { issuer }] of [
    [one, users],
    [other, services],
  ] as const) {
    const { tbs } = parseCertificate(signer.certificate)
    expect(Buffer.from(tbs.issuerEncoded)).toEqual(Buffer.from(issuer.subject))
    expect(new X509Certificate(signer.certificate).keyUsage).toEqual([OID.ocspSigning])
    expect(tbs.extensions.has(OID.ocspNoCheck)).toBe(true)
    expect(tbs.extensions.has(OID.crlDistributionPoints)).toBe(false)
    expect(tbs.validity.notAfter.getTime() - clock.now().getTime()).toBe(7 * 86_400_000 - 1000)
  }
})

test('is the one that is there, until a third of its life is left', async () => {
  const first = await currentOcspSigner(context, users)
  expect(first.renewAt.getTime()).toBeLessThan(first.endsAt.getTime() - 2 * 86_400_000)
  clock.set(addSeconds(first.renewAt, -1))
  expect(serialOf(await currentOcspSigner(context, users))).toBe(serialOf(first))
  clock.set(first.renewAt)
  const second = await currentOcspSigner(context, users)
  expect(serialOf(second)).not.toBe(serialOf(first))
  expect(serialOf(await currentOcspSigner(context, users))).toBe(serialOf(second))
})

test('several processes that find it due at once make one', async () => {
  const { renewAt } = await currentOcspSigner(context, users)
  clock.set(renewAt)
  const other = await openInstallation(service.configuration, NOBODY, clock)
  try {
    const asked = [context, actContext(other), context, actContext(other)]
    const signers = await Promise.all(asked.map((each) => currentOcspSigner(each, users)))
    expect(new Set(signers.map(serialOf)).size).toBe(1)
    const identity = 'ocsp-responder:users-1'
    const page = await opened.storage.read((view) => view.listCertificates({ identity }, clock.now(), { limit: 50 }))
    const made = page.items.filter(({ issuedAt }) => issuedAt.getTime() === clock.now().getTime())
    expect(made.map(({ serial, requester }) => [serial, requester])).toEqual([[signers.map(serialOf)[0], 'system']])
  } finally {
    await other.storage.close()
  }
})

test.each(['keyCompromise', 'certificateHold'] as const)('is made anew when it was revoked: %s', async (reason) => {
  const before = await currentOcspSigner(context, users)
  await revokeCertificate(context, {
    caller: { kind: 'offline' },
    serial: serialOf(before),
    reason,
    origin: { requestId: 'r' },
  })
  clock.pass(1)
  expect(serialOf(await currentOcspSigner(context, users))).not.toBe(serialOf(before))
})

test('lives no longer than its issuer', async () => {
  const { notAfter } = users.issuer.validity
  clock.set(addSeconds(notAfter, -3600))
  expect((await currentOcspSigner(context, users)).endsAt.getTime()).toBeLessThanOrEqual(notAfter.getTime())
})
