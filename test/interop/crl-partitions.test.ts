// OpenSSL with a certificate whose distribution point names a partition: the partition's CRL and the complete one both do, and one of
// another partition does not count as either.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { crlUris } from '../../src/x509/extensions/crl-distribution-points.ts'
import { encodePem, parsePemBundle } from '../../src/x509/pem.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'
import { splitPem } from './world.ts'

const SOON = { timeout: 20_000, interval: 100 }

let service: TestService
let owner: Certified
let alice: Certified

beforeAll(async () => {
  service = await TestService.start()
  owner = await service.addProject('vision', 'owner')
  alice = await service.addMember('vision', 'alice', owner)
})
afterAll(() => service.close())

function namedBy({ certificate }: Certified): string {
  const [der = new Uint8Array()] = parsePemBundle(certificate, 'CERTIFICATE')
  return crlUris(parseCertificate(der).tbs.crlDistributionPoints ?? []).join()
}

/** As a relying party fetches it: the URL as it stands in the certificate. */
function fetched(url: string): Promise<Buffer> {
  return new Promise((got, failed) => {
    const sent = request(url, { agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        if (response.statusCode === 200) got(Buffer.concat(chunks))
        else failed(new Error(`${url}: ${String(response.statusCode)}`))
      })
    })
    sent.on('error', failed)
    sent.end()
  })
}

const complete = (): string => `${service.httpUrl}/pki/crl/users-1.crl`

function otherPartition(): string {
  const own = Number(/(\d+)\.crl$/.exec(namedBy(alice))?.[1])
  return `${service.httpUrl}/pki/crl/users-1/${String((own % 8) + 1)}.crl`
}

async function verdict(...urls: readonly string[]): Promise<string> {
  const file = (name: string, text: string): string => {
    const path = join(service.folder, name)
    writeFileSync(path, text)
    return path
  }
  const [leaf = '', issuer = ''] = splitPem(alice.certificate)
  const crls = await Promise.all(urls.map(async (url) => encodePem('X509 CRL', await fetched(url))))
  const words = ['verify', '-CAfile', file('root.pem', service.ca), '-untrusted', file('issuer.pem', issuer)]
  const { status, stderr } = spawnSync(
    'openssl',
    [...words, '-x509_strict', '-crl_check', '-CRLfile', file('crl.pem', crls.join('')), file('leaf.pem', leaf)],
    { encoding: 'utf8' },
  )
  if (status === 0) return 'good'
  if (stderr.includes('certificate revoked')) return 'revoked'
  return stderr.includes('different CRL scope') ? 'another scope' : stderr
}

describe('a good certificate', () => {
  test('is good by the CRL that it names, by the complete one, and by both', async () => {
    expect(await verdict(namedBy(alice))).toBe('good')
    expect(await verdict(complete())).toBe('good')
    expect(await verdict(namedBy(alice), complete())).toBe('good')
  })

  test('is not good by the CRL of another partition', async () => {
    expect(otherPartition()).not.toBe(namedBy(alice))
    expect(await verdict(otherPartition())).toBe('another scope')
  })
})

describe('the CRL of a partition', () => {
  test('names its URL as the certificate does, critically, and no kind of certificate', async () => {
    const crl = parseCrl(await fetched(namedBy(alice)))
    expect(crl.issuingDistributionPoint).toMatchObject({
      name: { kind: 'full', names: [{ kind: 'uri', value: namedBy(alice) }] },
      onlyUserCertificates: false,
      onlyAuthorityCertificates: false,
      indirect: false,
    })
    expect([...crl.extensions.values()].filter(({ critical }) => critical)).toHaveLength(1)
    expect(parseCrl(await fetched(complete())).issuingDistributionPoint).toBeUndefined()
  })

  test('stands in the index beside the complete one and its delta', async () => {
    const { crls } = (await service.get('/pki/crl')).json as {
      crls: { issuer: string; kind: string; partition?: number; urls: string[] }[]
    }
    const ofUsers = crls.filter(({ issuer }) => issuer === 'users-1')
    expect(ofUsers.filter(({ kind }) => kind === 'partition').map(({ partition }) => partition)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ])
    expect(new Set(ofUsers.map(({ kind }) => kind))).toEqual(new Set(['full', 'delta', 'partition']))
    expect(crls.filter(({ issuer }) => issuer === 'root-1').map(({ kind }) => kind)).toEqual(['full'])
    for (const { urls } of ofUsers) {
      for (const url of urls)
        expect({ url, status: (await service.get(new URL(url).pathname)).status }).toEqual({ url, status: 200 })
    }
    const bundle = (await service.send({ method: 'GET', path: '/pki/crl/bundle.pem' })).bytes.toString()
    expect(splitPem(bundle)).toHaveLength(3)
  })
})

test('a revoked one is refused by both, and another partition still says nothing', async () => {
  expectStatus(await service.post(`/v1/certificates/${alice.serial}/revoke`, { reason: 'keyCompromise' }, owner), 200)
  for (const url of [namedBy(alice), complete()]) {
    await vi.waitFor(
      async () => expect({ url, verdict: await verdict(url) }).toEqual({ url, verdict: 'revoked' }),
      SOON,
    )
  }
  expect(await verdict(otherPartition())).toBe('another scope')
  const listed = async (url: string): Promise<boolean> => parseCrl(await fetched(url)).entries.has(alice.serial)
  expect([await listed(namedBy(alice)), await listed(complete()), await listed(otherPartition())]).toEqual([
    true,
    true,
    false,
  ])
})
