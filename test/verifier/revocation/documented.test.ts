// docs/verifier.md lists every code, and no other.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CACHE_FAULTS } from '../../../src/verifier/revocation/crl-cache.ts'
import { REVOCATION_FAULTS } from '../../../src/verifier/revocation/revocation-status.ts'

test('docs/verifier.md has a row for every code of revocation', () => {
  const rows = readFileSync('docs/verifier.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| `(?:crl|ocsp|feed|distribution)-/.test(line))
  const listed = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, code]) => code))
  expect(listed.toSorted()).toEqual([...REVOCATION_FAULTS, ...CACHE_FAULTS].toSorted())
})
