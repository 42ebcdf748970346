// The groups that a provider names at a sign-in: as they are, or not at all; and rights in a cluster never.
import { expect, test } from 'vitest'
import { acceptedGroups } from '../../src/enrollment/groups.ts'
import type { ProviderRules } from '../../src/enrollment/sign-in-provider.ts'

const RULES: ProviderRules = { name: 'idp', createUsers: false, administers: 'never', missingGroups: 'refuse' }

test('a right in a cluster is nobody’s group, whatever a provider calls one', () => {
  const right = 'kubernetes:prod:inferenceservices:ns/name'
  const alike = ['Kubernetes:prod', ' kubernetes:', 'kubernetes']
  expect(acceptedGroups([right, 'raters', ...alike, 'kubernetes:'], RULES)).toEqual(['raters', ...alike])
})
