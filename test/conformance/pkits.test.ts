// NIST PKITS (the 249 runs of pkits.json) at its own instant. The conformance rules of §4 are waived, since many of its valid
// certificates break them on purpose; algorithms are not widened, and the runs with DSA are therefore refused.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type PathCertificate, readPathCertificate } from '../../src/verifier/path/path-certificate.ts'
import { ACCEPTED_SIGNATURES, type PathSettings } from '../../src/verifier/path/path-settings.ts'
import type { PolicySettings } from '../../src/verifier/path/policy-settings.ts'
import type { PathVerdict } from '../../src/verifier/path/path-verdict.ts'
import { MAX_INTERMEDIATES, PATH_LIMITS } from '../../src/verifier/path/path-work.ts'
import { verifyChain } from '../../src/verifier/path/verify-path.ts'
import { revocationCheck } from '../../src/verifier/revocation/check-revocation.ts'
import { RFC5280_REVOCATION } from '../../src/verifier/revocation/revocation-policy.ts'
import { type Crl, parseCrl } from '../../src/x509/crl.ts'
import { CertificateRejected } from '../../src/x509/tbs-certificate.ts'
import { CrlRejected } from '../../src/x509/crl-rejected.ts'
import { PKITS_DISAGREEMENTS } from './pkits-disagreements.ts'
import { describeVectors, readJson } from './vectors.ts'

const AT = new Date('2011-04-15T00:00:00Z')

/** At least this many must agree, whatever the list says. */
const FEWEST_AGREEING = 240

interface Run {
  readonly name: string
  readonly certs: readonly string[]
  readonly crls: readonly string[]
  readonly should_validate: boolean
  readonly InitialPolicySet?: readonly string[]
  readonly UserConstrainedPolicySet?: readonly string[]
  readonly InitialExplicitPolicy?: string
  readonly InitialPolicyMappingInhibit?: string
  readonly InitialInhibitAnyPolicy?: string
}

function policyNamed(name: string): string {
  return name === 'anyPolicy' ? name : `2.16.840.1.101.3.2.1.48.${name.slice(name.lastIndexOf('-') + 1)}`
}

/** The lists are one text with commas in them. */
function policiesOf(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap((each) => each.split(',')).map(policyNamed))
}

function policySettings(run: Run): PolicySettings {
  return {
    accepted: run.InitialPolicySet === undefined ? 'any' : policiesOf(run.InitialPolicySet),
    explicit: run.InitialExplicitPolicy === 'true' ? 'required' : 'optional',
    mapping: run.InitialPolicyMappingInhibit === 'true' ? 'inhibited' : 'allowed',
    anyPolicy: run.InitialInhibitAnyPolicy === 'true' ? 'inhibited' : 'allowed',
  }
}

function readable(der: Uint8Array): readonly PathCertificate[] {
  try {
    return [readPathCertificate(der)]
  } catch (error) {
    if (error instanceof CertificateRejected) return []
    throw error
  }
}

class Pkits {
  readonly runs: readonly Run[]
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    this.runs = readJson(join(folder, 'pkits.json')) as readonly Run[]
  }

  verdictOf(run: Run): PathVerdict {
    const [anchor, ...below] = run.certs.map((name) => this.#read('certs', `${name}.crt`))
    if (anchor === undefined) throw new Error(`no anchor in ${run.name}`)
    return verifyChain(below.toReversed(), [readPathCertificate(anchor)], this.#settings(run, below))
  }

  #settings(run: Run, below: readonly Uint8Array[]): PathSettings {
    const signers = below.flatMap(readable)
    const crls = run.crls.flatMap((name) => this.#crl(name))
    const check = revocationCheck({ crls, ocspResponses: [], signers }, RFC5280_REVOCATION)
    return {
      at: AT,
      purpose: 'any',
      policy: policySettings(run),
      conformance: 'waived',
      revocation: { kind: 'checked', check, unknown: 'refuse' },
      signatures: ACCEPTED_SIGNATURES,
      maxIntermediates: MAX_INTERMEDIATES,
      limits: PATH_LIMITS,
    }
  }

  #read(kind: string, name: string): Uint8Array {
    return new Uint8Array(readFileSync(join(this.#folder, kind, name)))
  }

  /** None for one that cannot be read: then nothing speaks for its issuer. */
  #crl(name: string): readonly Crl[] {
    try {
      return [parseCrl(this.#read('crls', `${name}.crl`))]
    } catch (error) {
      if (error instanceof CrlRejected) return []
      throw error
    }
  }
}

describeVectors('pkits', (folder) => {
  const pkits = new Pkits(folder)
  const verdicts = new Map<Run, PathVerdict>()

  beforeAll(() => {
    for (const run of pkits.runs) verdicts.set(run, pkits.verdictOf(run))
  })

  const isValid = (run: Run): boolean => verdicts.get(run)?.kind === 'valid'

  it('has all its runs', () => {
    expect(pkits.runs).toHaveLength(249)
  })

  it('accepts no run that is invalid', () => {
    expect(pkits.runs.filter((run) => isValid(run) && !run.should_validate).map(({ name }) => name)).toEqual([])
  })

  it('disagrees exactly where it is written down, with a reason', () => {
    const disagreeing = pkits.runs.filter((run) => isValid(run) !== run.should_validate).map(({ name }) => name)
    expect(disagreeing.toSorted()).toEqual([...PKITS_DISAGREEMENTS.keys()].toSorted())
    expect(pkits.runs.length - disagreeing.length).toBeGreaterThanOrEqual(FEWEST_AGREEING)
  })

  describe('the policies that hold are those that PKITS says', () => {
    const told = pkits.runs.filter((run) => run.should_validate && (run.UserConstrainedPolicySet?.length ?? 0) > 0)

    it.each(told.filter(({ name }) => !PKITS_DISAGREEMENTS.has(name)))('$name', (run) => {
      const verdict = verdicts.get(run)
      const expected = policiesOf(run.UserConstrainedPolicySet ?? [])
      const wanted = expected.has('anyPolicy') ? 'any' : expected
      expect(verdict?.kind === 'valid' && verdict.policies).toEqual(wanted)
    })
  })
})
