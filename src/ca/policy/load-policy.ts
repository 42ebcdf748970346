// From a folder to a policy, once, at start. Every fault is reported together; a policy with a fault is no policy.
import type { ProfileName } from '../../domain/profile-name.ts'
import { LINTS } from '../lints.ts'
import { deepFreeze, FrozenMap } from './deep-freeze.ts'
import { checkPolicy } from './policy-checks.ts'
import { PolicyFolder } from './policy-folder.ts'
import { PolicyRejected } from './policy-rejected.ts'
import type { Policy } from './policy.ts'
import type { Profile } from './profile.ts'

/**
 * Reads and checks the policy in `folder` (an installation's own, or the `ca/` of the sources). Synchronous: nothing
 * serves before it has succeeded. Throws `PolicyRejected` with every fault as `file: field: rule`.
 */
export function loadPolicy(folder: string): Policy {
  const read = new PolicyFolder(folder)
  const policy = assemble(read.parse())
  const faults = [...read.faults, ...(policy === undefined ? [] : checkPolicy(policy, LINTS))]
  if (policy === undefined || faults.length > 0) throw new PolicyRejected(folder, faults)
  return deepFreeze(policy)
}

type Parsed = ReturnType<PolicyFolder['parse']>

/** The policy that the parsed files make, or nothing when one of them is missing. */
function assemble({ hierarchy, lints, profiles, ...rest }: Parsed): Policy | undefined {
  const { names, revocation, credentials } = rest
  if (hierarchy === undefined || lints === undefined) return undefined
  if (names === undefined || revocation === undefined || credentials === undefined) return undefined
  const found = profiles.filter((profile) => profile !== undefined)
  if (found.length < profiles.length) return undefined
  return {
    hierarchy: { ...hierarchy, authorities: new FrozenMap(hierarchy.authorities.map((entry) => [entry.name, entry])) },
    profiles: new FrozenMap<ProfileName, Profile>(found.map((profile) => [profile.name, profile])),
    names,
    revocation,
    credentials,
    lints: new FrozenMap(lints.lints.map((lint) => [lint.name, lint])),
  }
}
