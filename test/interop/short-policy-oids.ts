// The project's policy under an arc whose every number fits 31 bits. The project's own arc is a UUID of 128 bits (X.667): a
// program built with Go before 1.22, as Debian 12's Caddy, reads no certificate that holds such a number.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyPolicyFolder } from '../ca/policy/policy-folder-copy.ts'

/** X.660: for examples. */
const ARC = '2.999.1'

/** A new folder; the caller removes it. */
export function shortPolicyFolder(): string {
  const folder = copyPolicyFolder()
  const hierarchy = JSON.parse(readFileSync(join(folder, 'hierarchy.json'), 'utf8')) as { readonly policyArc: string }
  for (const name of globSync('**/*.json', { cwd: folder })) {
    const file = join(folder, name)
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(hierarchy.policyArc, ARC))
  }
  return folder
}
