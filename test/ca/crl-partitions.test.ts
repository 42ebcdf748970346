// Into which partition a certificate falls, what it says of it, and for how long a partition has a CRL.
import { beforeAll, describe, expect, test } from 'vitest'
import { CrlPartitions, nextPartitions, partitionOf } from '../../src/ca/crl-partitions.ts'
import { prepareCertificate, signPermit } from '../../src/ca/issue.ts'
import { partitionUrl } from '../../src/ca/issuer.ts'
import { addSeconds } from '../../src/domain/clock.ts'
import { parseIssuerId } from '../../src/domain/issuer-id.ts'
import { makeSerialNumber } from '../../src/domain/serial-number.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { crlUris } from '../../src/x509/extensions/crl-distribution-points.ts'
import { makeHierarchy, makeKey, NOW, PUBLIC_HTTP_URL, requestFor, type TestHierarchy } from './test-hierarchy.ts'

const USERS_1 = parseIssuerId('users-1')
const urlOf = (number: number): string => partitionUrl(PUBLIC_HTTP_URL, USERS_1, number)
const opened = (count: number, before: Parameters<typeof nextPartitions>[1] = []) =>
  nextPartitions(USERS_1, before, { count, urlOf, openedAt: NOW })

function issuedSerial(n: number) {
  return makeSerialNumber((size) => {
    const bytes = new Uint8Array(size)
    new DataView(bytes.buffer).setUint32(size - 4, n)
    return bytes
  })
}

describe('partitions of an issuer', () => {
  test('have numbers from 1, and those after them go on', () => {
    const first = opened(2)
    const second = opened(3, first)
    expect([...first, ...second].map(({ number, generation }) => [number, generation])).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 2],
      [5, 2],
    ])
    expect(second.map(({ url }) => url)).toEqual([3, 4, 5].map(urlOf))
    expect(urlOf(3)).toBe('http://pki.signet.internal:8080/pki/crl/users-1/3.crl')
  })

  test('certificates are put into the newest generation alone', () => {
    const partitions = new CrlPartitions()
    const first = opened(2)
    partitions.load([...first, ...opened(4, first)])
    expect(partitions.open(USERS_1).map(({ number }) => number)).toEqual([3, 4, 5, 6])
    expect(partitions.all(USERS_1)).toHaveLength(6)
    expect(partitions.get(USERS_1, 2)).toMatchObject({ generation: 1 })
    expect(partitions.get(USERS_1, 7)).toBeUndefined()
    expect(partitions.open(parseIssuerId('users-2'))).toEqual([])
  })

  test('are chosen by the serial number, and take their share of random ones', () => {
    const partitions = opened(5)
    expect([0, 1, 4, 5, 0xffffffff].map((n) => partitionOf(partitions, issuedSerial(n))?.number)).toEqual([
      1, 2, 5, 1, 1,
    ])
    expect(partitionOf([], issuedSerial(1))).toBeUndefined()
  })

  const settled = opened(2).map((partition) => ({ ...partition, endsAt: addSeconds(NOW, 100) }))
  test.each([
    [99, [1, 2, 3]],
    [160, [1, 2, 3]],
    [161, [3]],
  ])('%i seconds on, with entries kept for a minute, %j have a CRL', (seconds, numbers) => {
    const partitions = new CrlPartitions()
    partitions.load([...settled, ...opened(1, settled)])
    const found = partitions.published(USERS_1, addSeconds(NOW, seconds), 60)
    expect(found.map(({ number }) => number)).toEqual(numbers)
  })
})

describe('a certificate', () => {
  let hierarchy: TestHierarchy
  beforeAll(async () => {
    hierarchy = await makeHierarchy()
  })
  const key = makeKey('ec-p256').publicKey
  const named = (der: Uint8Array): string[] => crlUris(parseCertificate(der).tbs.crlDistributionPoints ?? [])

  test('names the CRL of its partition, and says which that is', async () => {
    const { means, users } = hierarchy
    const seen = new Set<number | undefined>()
    for (let n = 0; n < 8; n += 1) {
      const permit = prepareCertificate(requestFor('project-user', key), users.issuer, means)
      const issued = await signPermit(permit, users.signer)
      const partition = partitionOf(means.partitions.open(users.issuer.id), issued.serial)
      expect(named(issued.der)).toEqual([partition?.url])
      expect(issued.crlPartition).toBe(partition?.number)
      seen.add(issued.crlPartition)
    }
    expect(seen).toEqual(new Set([1, 2, 3, 4]))
  })

  test.each(['issuing-ca', 'ocsp-responder'] as const)('of %s is in none', async (profile) => {
    const { means, root, users } = hierarchy
    const { issuer, signer } = profile === 'issuing-ca' ? root : users
    const issued = await signPermit(prepareCertificate(requestFor(profile, key), issuer, means), signer)
    expect(issued.crlPartition).toBeUndefined()
    expect(named(issued.der)).toEqual(profile === 'issuing-ca' ? [root.issuer.urls.crl] : [])
  })
})
