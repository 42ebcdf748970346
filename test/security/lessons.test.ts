// Mistakes of platform CAs that went before, each as something that must not happen here, over the running service. Those with
// files of their own: 6 in test/enrollment/service-rotation.test.ts, 8 in custody.test.ts and 11 in custody-at-rest.test.ts
// beside it, 9 in test/interop/service-watch.test.ts, 13 in test/enrollment/renew-certificate.test.ts.
import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigurationRejected, parseConfiguration } from '../../src/ops/configuration.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { csrBytes, base64 } from '../http/csr-bytes.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { leavesNothing } from '../http/stored.ts'
import { makeCsr } from '../support/csr.ts'
import { known } from '../support/https-client.ts'
import { type Certified, certified, expectStatus, TestService } from '../support/test-service.ts'

const DAY = 86_400
const MEMBER = '/v1/projects/vision/members/alice/certificates'

const clock = new SettableClock()
let service: TestService
let alice: Certified

beforeAll(async () => {
  service = await TestService.start({ clock })
  alice = await service.addProject('vision', 'alice')
})
afterAll(() => service.close())

async function crlOf() {
  const answer = await fetch(`${service.httpUrl}/pki/crl/users-1.crl`)
  const { number = 0n, thisUpdate, nextUpdate = new Date(0) } = parseCrl(new Uint8Array(await answer.arrayBuffer()))
  return { number, thisUpdate, nextUpdate }
}

const issue = async (): Promise<Certified> => {
  const csr = await makeCsr()
  return certified(await service.post(MEMBER, { csr: csr.pem }, alice), csr)
}
const stateOf = async (serial: string): Promise<unknown> =>
  (await service.get(`/v1/certificates/${serial}`, service.admin)).json['status']

describe('serial numbers', () => {
  test('lesson 4: 17 octets, the first 01, and 128 bits that nobody counts', async () => {
    const serials = (await Promise.all(Array.from({ length: 20 }, issue))).map(({ serial }) => serial)
    expect(serials.every((serial) => /^01[0-9a-f]{32}$/.test(serial))).toBe(true)
    const gaps = serials.map((serial) => BigInt(`0x${serial}`)).toSorted((a, b) => (a < b ? -1 : 1))
    expect(gaps.slice(1).every((next, i) => next - (gaps[i] ?? 0n) > 1n << 64n)).toBe(true)
  })

  test('lesson 3: issues and revocations at once lose and repeat nothing', async () => {
    const issued = await Promise.all(Array.from({ length: 20 }, issue))
    expect(new Set(issued.map(({ serial }) => serial)).size).toBe(20)
    const answers = await Promise.all(
      issued.map(({ serial }) =>
        service.post(`/v1/certificates/${serial}/revoke`, { reason: 'superseded' }, service.admin),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(issued.map(() => 200))
    expect(await Promise.all(issued.map(({ serial }) => stateOf(serial)))).toEqual(issued.map(() => 'revoked'))
  })
})

describe('one identity is not another', () => {
  test('lesson 5: host1 is removed, and host10 stays', async () => {
    const one = await service.addService('host1.internal')
    const ten = await service.addService('host10.internal')
    expectStatus(await service.send({ method: 'DELETE', path: '/v1/services/host1.internal' }, service.admin), 200)
    expect([await stateOf(one.serial), await stateOf(ten.serial)]).toEqual(['revoked', 'good'])
    expect((await service.get('/v1/me', ten)).status).toBe(200)
  })
})

function faultsOf(parse: () => unknown): unknown {
  try {
    parse()
  } catch (error) {
    if (error instanceof ConfigurationRejected) return error.facts['faults']
    throw error
  }
  return []
}

describe('durations', () => {
  test.each(['3d + 345600', '3d345600', '1h30m', '0s', '-1s', '1.5h', '10', 's', ''])(
    'lesson 7: %j is none',
    (requestTime) => {
      const parse = () =>
        parseConfiguration({
          environment: {},
          file: undefined,
          workingFolder: service.folder,
          flags: { dataFolder: 'data', 'limits.requestTime': requestTime },
        })
      expect(faultsOf(parse)).toContainEqual(expect.stringContaining('limits.requestTime'))
    },
  )

  test.each(['3d', 1.5, -1, 0, '3600', null, 1e21])('lesson 7: %j is no number of seconds', async (lifetimeSeconds) => {
    const csr = await makeCsr()
    const answer = await leavesNothing(service, () => service.post(MEMBER, { csr: csr.pem, lifetimeSeconds }, alice))
    expect(known(answer)).toEqual({ status: 400, code: 'body_rejected' })
  })
})

describe('certification requests', () => {
  test('lesson 10: a signature that does not verify is refused', async () => {
    const der = csrBytes()
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
    const answer = await leavesNothing(service, () => service.post(MEMBER, { csr: base64(der) }, alice))
    expect(known(answer)).toEqual({ status: 400, code: 'csr_signature_invalid' })
  })

  test.each(['CN=vision__bob', 'CN=vision__alice, L=strimzica', 'CN=Signet users-1', 'O=Other, CN=vision__alice'])(
    'lesson 10: a request for %s is refused, not trimmed',
    async (name) => {
      const csr = await makeCsr({ name })
      const answer = await leavesNothing(service, () => service.post(MEMBER, { csr: csr.pem }, alice))
      expect(known(answer)).toEqual({ status: 403, code: 'csr_names_other' })
    },
  )
})

test('lesson 12: a user certificate is short, for clients alone, and carries what verifiers need', async () => {
  const { certificate } = await issue()
  const { tbs } = parseCertificate(new X509Certificate(certificate).raw)
  expect(tbs.validity.notAfter.getTime() - tbs.validity.notBefore.getTime()).toBeLessThanOrEqual((DAY + 300) * 1000)
  const leaf = new X509Certificate(certificate)
  expect(leaf.ca).toBe(false)
  expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  expect(leaf.subjectAltName).toBe('URI:spiffe://test.internal/project/vision/user/alice')
  expect(leaf.infoAccess).toContain('CA Issuers - URI:')
  expect(tbs.extensions.size).toBeGreaterThanOrEqual(8)
})

// Last: the certificates of the tests before have ended by then.
describe('CRLs', () => {
  test.each([
    ['an hour', 3_601],
    ['a day and an hour, past its end', DAY + 3_600],
  ])('lesson 1, lesson 2: a quiet CA that was down for %s publishes before it listens', async (_, seconds) => {
    const before = await crlOf()
    await service.stop()
    clock.pass(seconds)
    await service.restart()
    const after = await crlOf()
    expect(after.nextUpdate.getTime()).toBeGreaterThan(clock.now().getTime())
    expect(after.number).toBeGreaterThan(before.number)
    expect(after.thisUpdate.getTime()).toBeGreaterThan(before.thisUpdate.getTime())
  })

  test('lesson 2: nothing goes back when the clock does', async () => {
    const before = await crlOf()
    await service.stop()
    clock.pass(-7_200)
    await service.restart()
    const after = await crlOf()
    expect(after.number).toBeGreaterThanOrEqual(before.number)
    expect(after.thisUpdate.getTime()).toBeGreaterThanOrEqual(before.thisUpdate.getTime())
  })
})
