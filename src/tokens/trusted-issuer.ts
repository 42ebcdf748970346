// Another issuer whose tokens name identities here, as the configuration trusts it. Each entry says whose keys verify, for which
// audience, and which of its subjects is which identity: exactly, never by a pattern.
import { CodedError } from '../domain/coded-error.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { ServiceAccountName, UserName } from '../domain/user-name.ts'
import type { ForeignAlgorithm, ForeignKey } from './key-set.ts'

/** The keys of one issuer, wherever they come from. */
export interface IssuerKeys {
  /** Undefined when the issuer has no such key, as far as was asked lately. Throws `IssuerUnreachable`. */
  key(kid: string): Promise<ForeignKey | undefined>
}

export interface MappedIdentity {
  readonly project: ProjectName
  readonly who:
    { readonly kind: 'user'; readonly name: UserName } | { readonly kind: 'account'; readonly name: ServiceAccountName }
  /** Claims that must have exactly these texts besides. */
  readonly claims: ReadonlyMap<string, string>
}

export type OtherSubjects =
  | { readonly kind: 'nobody' }
  /** Workloads of a cluster, whose tokens say nothing of groups. */
  | { readonly kind: 'without-groups' }
  | { readonly kind: 'grouped'; readonly claim: string; readonly missing: 'refuse' | 'empty' }

export interface TrustedIssuer {
  /** Of the configuration; for Kubernetes the name of the cluster. */
  readonly name: string
  readonly kind: 'oidc' | 'kubernetes'
  /** `iss`, byte for byte. */
  readonly issuer: string
  readonly audience: string
  readonly algorithms: readonly ForeignAlgorithm[]
  /** The use of its tokens; a header without `typ` is a `JWT`. */
  readonly typ: 'JWT' | 'at+jwt'
  readonly maxLifetimeSeconds: number
  readonly keys: IssuerKeys
  /** By `sub`. */
  readonly identities: ReadonlyMap<string, MappedIdentity>
  /** What its other subjects are: nobody, or external users with the groups that it says. */
  readonly others: OtherSubjects
}

/** What the API server of a cluster says of a token of the cluster's. */
export type AccessReview =
  | { readonly kind: 'granted'; readonly groups: ReadonlySet<string> }
  /** The cluster does not take the token any more. */
  | { readonly kind: 'not-authenticated' }

export interface AccessReviews {
  /** Which of the groups in `wanted` stand for a right that the subject has now. Throws `IssuerUnreachable`. */
  review(token: string, subject: string, wanted: readonly string[]): Promise<AccessReview>
}

/** Clusters whose API server is asked, by the name of their entry. */
export type AccessReviewers = ReadonlyMap<string, AccessReviews>

/** By `iss`. */
export type TrustedIssuers = ReadonlyMap<string, TrustedIssuer>

/** The keys cannot be had now: nothing that they would verify is accepted meanwhile. */
export class IssuerUnreachable extends CodedError<'issuer_unreachable'> {
  constructor(issuer: string, why: string, options?: ErrorOptions) {
    super('issuer_unreachable', { issuer, why }, options)
  }
}

/** A good token of a subject that is nobody here. */
export class SubjectUnmapped extends CodedError<'subject_unmapped'> {
  constructor(issuer: string) {
    super('subject_unmapped', { issuer })
  }
}

/** The subject of a Kubernetes service account, as its tokens write it. */
export function kubernetesSubject(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`
}
