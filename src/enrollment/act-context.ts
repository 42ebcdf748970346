// What every act works with: the transactions, time and chance, the policy and the keys in use. Built once, at start.
import type { Issuer } from '../ca/issuer.ts'
import type { Policy } from '../ca/policy/policy.ts'
import type { Clock, Random } from '../domain/clock.ts'
import type { ProfileName } from '../domain/profile-name.ts'
import type { Signer } from '../domain/signer.ts'
import type { TrustDomain } from '../domain/spiffe-id.ts'
import type { Acts } from './unit-of-work.ts'

/** An issuing key generation in use, with the signer for certificates. */
export interface IssuingKey {
  readonly issuer: Issuer
  readonly signer: Signer<'certificate'>
}

export interface ActContext {
  readonly acts: Acts
  readonly clock: Clock
  readonly random: Random
  readonly policy: Policy
  readonly trustDomain: TrustDomain
  /** The key generation that issues a profile now. Throws when none of this process does. */
  readonly issuingKeyFor: (profile: ProfileName) => IssuingKey
  /** SHA-256 fingerprints (hexadecimal) of the keys of all CAs: no leaf may have one. */
  readonly authorityKeys: ReadonlySet<string>
}

/** Where a request came from, for its audit event. */
export interface RequestOrigin {
  readonly requestId: string
}
