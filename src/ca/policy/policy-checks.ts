// What the files of a policy must say together (CP §1.3.1, §7.1), beyond the shape of each. One check, one function; each
// returns the faults it finds, and all of them run.
import type { Lint } from '../lint.ts'
import { checkAuthorities } from './authority-checks.ts'
import { checkNames } from './name-checks.ts'
import type { PolicyFault } from './policy-rejected.ts'
import type { Policy } from './policy.ts'
import { checkProfiles } from './profile-checks.ts'

export function checkPolicy(policy: Policy, lints: readonly Lint[]): PolicyFault[] {
  return [...checkAuthorities(policy), ...checkProfiles(policy), ...checkNames(policy), ...checkLints(policy, lints)]
}

/** Both lists name the same lints, and a lint cites the section that its entry cites. */
function checkLints(policy: Policy, lints: readonly Lint[]): PolicyFault[] {
  const known = new Map(lints.map((lint) => [lint.name, lint]))
  const unknown = [...policy.lints.keys()].filter((name) => !known.has(name))
  const missing = [...known.keys()].filter((name) => !policy.lints.has(name))
  const elsewhere = [...policy.lints.values()].filter(({ name, cites }) => {
    const lint = known.get(name)
    return lint !== undefined && !lint.cites.split('; ').includes(cites)
  })
  const fault = (name: string, rule: string): PolicyFault => ({ file: 'lints.json', field: `lints.${name}`, rule })
  return [
    ...unknown.map((name) => fault(name, 'is a lint that the code knows')),
    ...missing.map((name) => fault(name, 'is listed, since the code has this lint')),
    ...elsewhere.map(({ name }) => fault(`${name}.cites`, 'is the section that the lint itself cites')),
  ]
}
