// Malformed certificates of public fuzzing corpora, as a leaf, as an intermediate and as an anchor: each ends in a verdict or
// in a typed error, and no work is done without being counted.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { IssuerPool } from '../../src/verifier/path/issuer-pool.ts'
import { type PathCertificate, readPathCertificate } from '../../src/verifier/path/path-certificate.ts'
import { PATH_LIMITS } from '../../src/verifier/path/path-work.ts'
import { startRun } from '../../src/verifier/path/validate-path.ts'
import { verifyChain, verifyPathWithin } from '../../src/verifier/path/verify-path.ts'
import { DerReader } from '../../src/x509/der-reader.ts'
import { DerRejected } from '../../src/x509/der-rejected.ts'
import { CertificateRejected } from '../../src/x509/tbs-certificate.ts'
import { makeCa, makeLeaf, SETTINGS } from '../verifier/path/chain-fixture.ts'
import { describeVectors } from './vectors.ts'

const LENIENT = { ...SETTINGS, conformance: 'waived', purpose: 'any' } as const

/** Many of the seeds are an element and something behind it, which strict DER refuses at once. */
function withoutTrailingBytes(bytes: Uint8Array): readonly Uint8Array[] {
  try {
    const element = DerReader.over(bytes).readEncoded()
    return element.length < bytes.length ? [element] : []
  } catch (error) {
    expect(error).toBeInstanceOf(DerRejected)
    return []
  }
}

describeVectors('fuzz-seeds', (folder) => {
  const files = ['x509', 'crl'].flatMap((kind) =>
    readdirSync(join(folder, kind)).map((name) => new Uint8Array(readFileSync(join(folder, kind, name)))),
  )
  const seeds = files.flatMap((bytes) => [bytes, ...withoutTrailingBytes(bytes)])
  const readable = seeds.flatMap((bytes): readonly PathCertificate[] => {
    try {
      return [readPathCertificate(bytes)]
    } catch (error) {
      expect(error).toBeInstanceOf(CertificateRejected)
      return []
    }
  })
  const root = makeCa()
  const leaf = makeLeaf({ issuer: root })

  it('are read, or refused with a type', () => {
    expect(seeds.length).toBeGreaterThan(600)
    expect(readable.length).toBeGreaterThanOrEqual(10)
  })

  it('never hold as a leaf, and hide no certificate that does hold', () => {
    for (const bytes of seeds) {
      expect(verifyChain([bytes, root.der], [root.certificate], LENIENT)).toMatchObject({ kind: 'refused' })
      expect(verifyChain([leaf.der, bytes], [root.certificate], LENIENT)).toMatchObject({ kind: 'valid' })
    }
  })

  it('are judged within the limits as anchors, intermediates and leaves of each other', () => {
    const pool = new IssuerPool({ anchors: readable, intermediates: readable })
    for (const certificate of readable) {
      const run = startRun(LENIENT)
      expect(['valid', 'refused']).toContain(verifyPathWithin(certificate, pool, run).kind)
      expect(run.work.spent.candidate).toBeLessThanOrEqual(PATH_LIMITS.candidate + 1)
      expect(run.work.spent.path).toBeLessThanOrEqual(PATH_LIMITS.path + 1)
    }
  })
})
