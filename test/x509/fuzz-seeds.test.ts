// Malformed certificates and CRLs of public fuzzing corpora, from the folder that SIGNET_VECTORS names: each ends in a
// value or a typed error within 200 ms.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { parseCertificationRequest } from '../../src/x509/certification-request.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { codeOf } from './refusal.ts'

const MAX_MILLISECONDS = 200

const vectors = process.env['SIGNET_VECTORS']
const folder = vectors === undefined ? undefined : join(vectors, 'fuzz-seeds')

function seedsOf(kind: string): readonly { readonly name: string; readonly bytes: Uint8Array }[] {
  const path = join(folder ?? '', kind)
  return readdirSync(path).map((name) => ({ name, bytes: readFileSync(join(path, name)) }))
}

function readCertificate(bytes: Uint8Array): void {
  const { tbs } = parseCertificate(bytes)
  const getters = [
    () => tbs.publicKey.keyObject(),
    () => tbs.basicConstraints,
    () => tbs.keyUsage,
    () => tbs.extendedKeyUsage,
    () => tbs.subjectAlternativeName,
    () => tbs.subjectKeyIdentifier,
    () => tbs.authorityKeyIdentifier,
    () => tbs.crlDistributionPoints,
    () => tbs.authorityInformationAccess,
    () => tbs.certificatePolicies,
    () => tbs.nameConstraints,
  ]
  for (const getter of getters) codeOf(getter)
}

const PARSERS = [readCertificate, parseCrl, parseCertificationRequest] as const

describe('fuzz seeds', () => {
  if (folder === undefined || !existsSync(folder)) {
    it.skipIf(process.env['CI'] !== 'true')('are skipped: SIGNET_VECTORS names no folder with fuzz-seeds', () => {
      expect.fail('SIGNET_VECTORS must name the folder of the conformance vectors')
    })
    return
  }

  it.each(['x509', 'crl'])('%s: a value or a typed error, in time', (kind) => {
    const seeds = seedsOf(kind)
    expect(seeds.length).toBeGreaterThan(100)
    for (const { name, bytes } of seeds) {
      for (const parse of PARSERS) {
        const started = performance.now()
        codeOf(() => parse(bytes))
        expect(performance.now() - started, name).toBeLessThan(MAX_MILLISECONDS)
      }
    }
  })
})
