// What judging a certificate takes: the usual path of two certificates, and the chains that are made to be dear. In this process,
// since no service is part of it.
import { readPathCertificate } from '../../src/verifier/path/path-certificate.ts'
import { IssuerPool } from '../../src/verifier/path/issuer-pool.ts'
import { startRun } from '../../src/verifier/path/validate-path.ts'
import { verifyPath, verifyPathWithin } from '../../src/verifier/path/verify-path.ts'
import { keyNumber, makeCa, makeLeaf, SETTINGS } from '../../test/verifier/path/chain-fixture.ts'
import { type HostileChain, hostileChains } from '../../test/verifier/path/hostile-chains.ts'
import { type Benchmark, type BenchOptions, type Figure, median } from './figure.ts'

const ROUNDS = 5
const MAX_MILLISECONDS = 200
/** Larger than the verifier reads by default: the limits on work must hold without that on bytes. */
const WIDE = { maxBytes: 4 * 1024 * 1024 }

export const verify: Benchmark = {
  name: 'verify',
  measures: 'a certificate read and its path built and validated, in one process; hostile chains, one by one',
  run: async ({ seconds, say }: BenchOptions) => {
    say('the usual path')
    const usual = usualPaths(seconds)
    say('hostile chains')
    return [usual, ...hostileChains().map(slowest)]
  },
}

/** Leaf, issuing CA and root of EC P-256: each leaf read anew, as one that was not seen before. */
function usualPaths(seconds: number): Figure {
  const root = makeCa()
  const issuing = makeCa({ name: 'Issuing', issuer: root, key: keyNumber(2) })
  const { der } = makeLeaf({ issuer: issuing })
  const pool = new IssuerPool({ anchors: [root.certificate], intermediates: [issuing.certificate] })
  const until = performance.now() + seconds * 1000
  const started = performance.now()
  let verified = 0
  for (; performance.now() < until; verified++) {
    if (verifyPath(readPathCertificate(der), pool, SETTINGS).kind === 'refused') throw new Error('refused')
  }
  const value = (verified * 1000) / (performance.now() - started)
  return { name: 'usual paths', value, unit: '/s' }
}

function slowest({ name, leaf, pool, verdict }: HostileChain): Figure {
  const times = Array.from({ length: ROUNDS }, () => {
    const started = performance.now()
    const run = startRun(SETTINGS)
    if (verifyPathWithin(readPathCertificate(leaf.der, WIDE), pool, run).kind !== verdict) throw new Error(name)
    return performance.now() - started
  })
  return { name, value: median(times), unit: 'ms', target: { kind: 'at-most', value: MAX_MILLISECONDS } }
}
