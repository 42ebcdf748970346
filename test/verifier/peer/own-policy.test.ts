// The policy that is built into the published verifier is the one in `ca/`.
import { expect, test } from 'vitest'
import { loadPolicy } from '../../../src/ca/policy/load-policy.ts'
import { NAMES, PROFILES } from '../../../src/verifier/peer/own-policy.ts'

const policy = loadPolicy('ca')

test('every profile has the policy OID that `ca/profiles/` gives it', () => {
  const given = [...policy.profiles.values()].map(({ policyOid, name }) => [policyOid, name])
  expect([...PROFILES].sort()).toEqual(given.sort())
})

test('names have the rules of `ca/names.json`', () => {
  expect(policy.names).toMatchObject({ ...NAMES })
})
