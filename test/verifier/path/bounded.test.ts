// No chain makes the verifier slow: the work of each hostile one is counted, and stays within its limits. Time is measured
// by the benchmark `verify`.
import { describe, expect, it } from 'vitest'
import { readPathCertificate } from '../../../src/verifier/path/path-certificate.ts'
import { type PathLimits, PATH_LIMITS } from '../../../src/verifier/path/path-work.ts'
import { startRun } from '../../../src/verifier/path/validate-path.ts'
import { verifyChain, verifyPathWithin } from '../../../src/verifier/path/verify-path.ts'
import { codeOf } from '../../x509/refusal.ts'
import { makeCa, makeLeaf, SETTINGS } from './chain-fixture.ts'
import { hostileChains } from './hostile-chains.ts'

const CHAINS = hostileChains()

/** Of a limit some is left, or one step was taken too far: a signature by the largest key counts for eight. */
const OVERRUN: PathLimits = { signature: 8, candidate: 1, path: 1, constraint: 10_000, policy: 10_000 }

describe('hostile chains', () => {
  it.each(CHAINS)('$name: $verdict', ({ leaf, pool, verdict }) => {
    const run = startRun(SETTINGS)
    expect(verifyPathWithin(leaf.certificate, pool, run).kind).toBe(verdict)
    for (const unit of Object.keys(PATH_LIMITS) as (keyof PathLimits)[]) {
      expect(run.work.spent[unit], unit).toBeLessThanOrEqual(PATH_LIMITS[unit] + OVERRUN[unit])
    }
  })

  it('a thousand names under a thousand constraints cost a few look-ups each', () => {
    const names = CHAINS.filter(({ name }) => name.startsWith('1000 names'))
    expect(names).toHaveLength(5)
    for (const { leaf, pool } of names) {
      const run = startRun(SETTINGS)
      verifyPathWithin(leaf.certificate, pool, run)
      expect(run.work.spent.constraint).toBeLessThan(20_000)
    }
  })

  it('a hundred CAs of one name are told apart by trying no more keys than is allowed', () => {
    const [chain] = CHAINS.filter(({ name }) => name === '100 CAs of one name')
    const run = startRun(SETTINGS)
    const verdict = chain && verifyPathWithin(chain.leaf.certificate, chain.pool, run)
    expect(verdict).toMatchObject({ kind: 'refused', code: 'too-much-work', detail: 'signature' })
  })

  it('a short path is found among many that are long', () => {
    const [chain] = CHAINS.filter(({ name }) => name.includes('cross-signed, anchored'))
    const run = startRun(SETTINGS)
    const verdict = chain && verifyPathWithin(chain.leaf.certificate, chain.pool, run)
    expect(verdict?.kind === 'valid' && verdict.path.certificates).toHaveLength(3)
    expect(run.work.spent.signature).toBeLessThan(20)
  })
})

describe('what a peer sends', () => {
  const root = makeCa()
  const leaf = makeLeaf({ issuer: root })

  it('holds', () => {
    expect(verifyChain([leaf.der], [root.certificate], SETTINGS)).toMatchObject({ kind: 'valid' })
  })

  it('is not read when it is a megabyte', () => {
    const large = CHAINS.find(({ name }) => name === '1 MB')?.leaf.der ?? new Uint8Array()
    expect(large.length).toBeGreaterThan(900_000)
    expect(codeOf(() => readPathCertificate(large))).toBe('certificate_malformed')
    expect(verifyChain([large], [root.certificate], SETTINGS)).toMatchObject({
      code: 'certificate-malformed',
      depth: 0,
    })
  })

  it('is refused when it is no certificate, or nothing', () => {
    expect(verifyChain([], [root.certificate], SETTINGS)).toMatchObject({ code: 'certificate-malformed' })
    expect(verifyChain([Uint8Array.of(1)], [root.certificate], SETTINGS)).toMatchObject({
      code: 'certificate-malformed',
    })
  })

  it('may hold what cannot be read beside the leaf', () => {
    expect(verifyChain([leaf.der, Uint8Array.of(1)], [root.certificate], SETTINGS)).toMatchObject({ kind: 'valid' })
  })

  it('is refused when it is too many certificates', () => {
    const sent = [leaf.der, ...Array.from({ length: 100 }, () => root.der)]
    expect(verifyChain(sent, [root.certificate], SETTINGS)).toMatchObject({
      code: 'too-much-work',
      detail: 'certificates',
    })
  })
})
