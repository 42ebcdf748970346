// Policies along a path (RFC 9618 §5): what PKITS leaves out, and that no chain makes the graph large.
import { describe, expect, it } from 'vitest'
import { IssuerPool } from '../../../src/verifier/path/issuer-pool.ts'
import { type PathSettings } from '../../../src/verifier/path/path-settings.ts'
import { ANY_POLICY, type PolicySettings } from '../../../src/verifier/path/policy-settings.ts'
import type { PathVerdict } from '../../../src/verifier/path/path-verdict.ts'
import { startRun } from '../../../src/verifier/path/validate-path.ts'
import { verifyPath, verifyPathWithin } from '../../../src/verifier/path/verify-path.ts'
import type { Extension } from '../../../src/x509/extension.ts'
import { certificatePolicies } from '../../../src/x509/extensions/certificate-policies.ts'
import { OID } from '../../../src/x509/oid.ts'
import {
  type Entity,
  inhibitAnyPolicy,
  keyNumber,
  makeCa,
  makeLeaf,
  policyConstraints,
  policyMappings,
  SETTINGS,
} from './chain-fixture.ts'

const policies = (...oids: readonly string[]): Extension => certificatePolicies(oids, 'non-critical')
const P1 = '2.25.1.1'
const P2 = '2.25.1.2'
const P3 = '2.25.1.3'
const ANY = OID.anyPolicy
const EXPLICIT: Partial<PolicySettings> = { explicit: 'required' }

/** Below a root: a CA for each list of extensions, and the leaf last. */
function chainOf(...lists: readonly (readonly Extension[])[]): {
  readonly root: Entity
  readonly below: readonly Entity[]
} {
  const root = makeCa()
  const below: Entity[] = []
  for (const [i, extensions] of lists.entries()) {
    const issuer = below[0] ?? root
    const parts = { issuer, key: keyNumber(i + 2), extensions }
    below.unshift(i === lists.length - 1 ? makeLeaf(parts) : makeCa({ name: `CA ${i}`, ...parts }))
  }
  return { root, below }
}

function verdictOf(lists: readonly (readonly Extension[])[], policy: Partial<PolicySettings> = {}): PathVerdict {
  const { root, below } = chainOf(...lists)
  const [leaf, ...intermediates] = below.map(({ certificate }) => certificate)
  const settings: PathSettings = { ...SETTINGS, policy: { ...ANY_POLICY, ...policy } }
  if (leaf === undefined) throw new Error('no leaf')
  return verifyPath(leaf, new IssuerPool({ anchors: [root.certificate], intermediates }), settings)
}

describe('policies that hold', () => {
  const cases: readonly (readonly [
    what: string,
    lists: readonly (readonly Extension[])[],
    policy: Partial<PolicySettings>,
    held: ReadonlySet<string> | 'any',
  ])[] = [
    ['one policy all the way', [[policies(P1)], [policies(P1)]], EXPLICIT, new Set([P1])],
    ['anyPolicy above', [[policies(ANY)], [policies(P1)]], EXPLICIT, new Set([P1])],
    ['anyPolicy below', [[policies(P1, P2)], [policies(ANY)]], EXPLICIT, new Set([P1, P2])],
    ['anyPolicy all the way', [[policies(ANY)], [policies(ANY)]], EXPLICIT, 'any'],
    ['anyPolicy, with some asked for', [[policies(ANY)], [policies(ANY)]], { accepted: new Set([P1]) }, new Set([P1])],
    ['none, and none asked for', [[], []], {}, new Set()],
    [
      'mapped: told in the terms of the anchor',
      [[policies(P1), policyMappings([P1, P2])], [policies(P2)]],
      EXPLICIT,
      new Set([P1]),
    ],
    ['mapped from anyPolicy', [[policies(ANY), policyMappings([P1, P2])], [policies(P2)]], EXPLICIT, new Set([P1])],
    [
      'mapped twice',
      [[policies(P1), policyMappings([P1, P2])], [policies(P2), policyMappings([P2, P3])], [policies(P3)]],
      { explicit: 'required', accepted: new Set([P1]) },
      new Set([P1]),
    ],
    ['a count that has not run down', [[policyConstraints({ explicit: 2 })], []], {}, new Set()],
  ]

  it.each(cases)('%s', (_, lists, policy, held) => {
    const verdict = verdictOf(lists, policy)
    expect(verdict.kind === 'valid' && verdict.policies).toEqual(held)
  })
})

describe('refused', () => {
  const cases: readonly (readonly [
    what: string,
    lists: readonly (readonly Extension[])[],
    policy: Partial<PolicySettings>,
    code: string,
    depth: number,
  ])[] = [
    ['no policies though one is required', [[], []], EXPLICIT, 'policy', 1],
    ['the leaf has another', [[policies(P1)], [policies(P2)]], EXPLICIT, 'policy', 0],
    ['the leaf has none', [[policies(P1)], []], EXPLICIT, 'policy', 0],
    [
      'none of those asked for',
      [[policies(P1)], [policies(P1)]],
      { explicit: 'required', accepted: new Set([P2]) },
      'policy',
      0,
    ],
    [
      'a mapped policy by its old name',
      [[policies(P1), policyMappings([P1, P2])], [policies(P1)]],
      EXPLICIT,
      'policy',
      0,
    ],
    [
      'a mapping that is inhibited',
      [[policies(P1), policyMappings([P1, P2])], [policies(P2)]],
      { explicit: 'required', mapping: 'inhibited' },
      'policy',
      0,
    ],
    [
      'anyPolicy that is inhibited',
      [[policies(ANY)], [policies(P1)]],
      { explicit: 'required', anyPolicy: 'inhibited' },
      'policy',
      1,
    ],
    [
      'anyPolicy inhibited by the CA above',
      [[policies(ANY), inhibitAnyPolicy(0)], [policies(ANY)]],
      EXPLICIT,
      'policy',
      0,
    ],
    ['a CA requires a policy', [[policies(P1), policyConstraints({ explicit: 0 })], []], {}, 'policy', 0],
    ['the leaf requires one of itself', [[], [policyConstraints({ explicit: 0 })]], {}, 'policy', 0],
    ['a mapping from anyPolicy', [[policies(P1), policyMappings([ANY, P2])], [policies(P2)]], {}, 'policy-mapping', 1],
    ['a mapping to anyPolicy', [[policies(P1), policyMappings([P1, ANY])], [policies(P2)]], {}, 'policy-mapping', 1],
  ]

  it.each(cases)('%s', (_, lists, policy, code, depth) => {
    expect(verdictOf(lists, policy)).toMatchObject({ kind: 'refused', code, depth })
  })

  it('an anchor that requires a policy', () => {
    const root = makeCa({ extensions: [policyConstraints({ explicit: 0 })] })
    const leaf = makeLeaf({ issuer: root })
    const pool = new IssuerPool({ anchors: [root.certificate], intermediates: [] })
    expect(verifyPath(leaf.certificate, pool, SETTINGS)).toMatchObject({ code: 'policy', depth: 0 })
  })
})

it('grows with the policies and mappings of a chain, not with the ways through it', () => {
  // Each CA has every policy and maps each to two: the tree of RFC 5280 doubles at every level.
  const oids = Array.from({ length: 60 }, (_, i) => `2.25.9.${i}`)
  const pairs = oids.flatMap((oid, i) => [[oid, oid] as const, [oid, `2.25.9.${(i + 1) % oids.length}`] as const])
  const level = [policies(...oids), policyMappings(...pairs)]
  const levels = 8
  const { root, below } = chainOf(...Array.from({ length: levels }, () => level), [policies(...oids)])
  const [leaf, ...intermediates] = below.map(({ certificate }) => certificate)
  const run = startRun({ ...SETTINGS, policy: { ...ANY_POLICY, explicit: 'required' } })
  if (leaf === undefined) throw new Error('no leaf')
  const verdict = verifyPathWithin(leaf, new IssuerPool({ anchors: [root.certificate], intermediates }), run)
  expect(verdict.kind === 'valid' && verdict.policies).toEqual(new Set(oids))
  // A node with its edges, the expectations above and below it, a mapping: for each of 120 mappings a level.
  expect(run.work.spent.policy).toBeLessThan(10 * pairs.length * (levels + 1))
})
