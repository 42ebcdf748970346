// The certification policy, read from a folder such as `ca/` and checked as a whole. Frozen in every depth: what was
// checked at start is what holds until the process ends.
import type { ProfileName } from '../../domain/profile-name.ts'
import type { CredentialPolicy } from './credential-policy.ts'
import type { Hierarchy } from './hierarchy.ts'
import type { LintPolicy } from './lint-policy.ts'
import type { PolicyNames } from './names.ts'
import type { Profile } from './profile.ts'
import type { RevocationPolicy } from './revocation-policy.ts'

export interface Policy {
  readonly hierarchy: Hierarchy
  /** Every ProfileName has an entry; `profileNamed` looks it up. */
  readonly profiles: ReadonlyMap<ProfileName, Profile>
  readonly names: PolicyNames
  readonly revocation: RevocationPolicy
  /** Lives of enrolment tokens, JWTs and their keys. */
  readonly credentials: CredentialPolicy
  /** By name, each lint that the code knows. */
  readonly lints: ReadonlyMap<string, LintPolicy>
}

/** The profile of that name: the loader has made sure that there is one. */
export function profileNamed(policy: Policy, name: ProfileName): Profile {
  const profile = policy.profiles.get(name)
  if (profile === undefined) throw new Error(`policy without profile ${name}`)
  return profile
}
