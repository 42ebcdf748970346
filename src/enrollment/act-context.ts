// What every act works with: the transactions, time and chance, the policy and the keys in use. Built once, at start.
import type { IssuingMeans } from '../ca/issue.ts'
import type { Issuer } from '../ca/issuer.ts'
import type { TrustedRoot } from '../ca/keystore/key-bundle.ts'
import type { KeyStore } from '../ca/keystore/key-store.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ProfileName } from '../domain/profile-name.ts'
import type { Signer } from '../domain/signer.ts'
import type { DistinguishedName } from '../x509/distinguished-name.ts'
import type { Acts } from './unit-of-work.ts'

/** An issuing key generation in use, with the signer for certificates. */
export interface IssuingKey {
  readonly issuer: Issuer
  readonly signer: Signer<'certificate'>
}

export interface CaCertificates {
  /** The issuing CA under the root, DER; the root stands in the trust store. */
  chainOf(issuer: IssuerId): readonly Uint8Array[]
  roots(): readonly TrustedRoot[]
}

export interface ActContext extends IssuingMeans {
  readonly acts: Acts
  /** The key generation that issues a profile now. Throws `IssuerUnavailable`. */
  readonly issuingKeyFor: (profile: ProfileName) => IssuingKey
  /** The certificates that a key store brings along beside its own. */
  readonly caCertificates: CaCertificates
  /** Where keys that are kept for members are sealed. */
  readonly vault: { readonly keyStore: KeyStore; readonly installation: string }
  /** Subjects of every CA generation: no CSR may name one. */
  readonly caSubjects: readonly DistinguishedName[]
  /** DNS names that no service may have: those of the policy, and Signet's own. */
  readonly reservedDnsNames: readonly string[]
  /** How many projects a user may own of whom no administrator has said otherwise. */
  readonly projectsPerUser: number
}

/** Where a request came from, for its audit event. */
export interface RequestOrigin {
  readonly requestId: string
}
