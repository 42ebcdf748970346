// What the decision is told: facts that somebody verified before. Nothing here is a claim of the caller, except the acting
// name and the route, which the decision compares with the facts.
//
// The facts of a certificate hold for ever: parsed, signed by our hierarchy, of one kind, for one identity. What changes
// with time is not among them. Validity is carried and judged at each decision, revocation is looked up in the snapshot,
// so facts may be kept and used again for as long as anyone likes.
import type { ServiceName } from '../domain/dns-name.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { CALLER_PROFILES } from '../domain/profile-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import type { SpiffeId } from '../domain/spiffe-id.ts'
import type { SystemUser } from '../domain/system-user.ts'
import type { ServiceAccountName, UserName } from '../domain/user-name.ts'
import type { Validity } from '../domain/validity.ts'

/** The kinds of certificate whose holders call anything. */
export type CallerProfile = (typeof CALLER_PROFILES)[number]

/** Whose certificate it is. `profile` was taken from issuer and policy OID, never from a text in the subject. */
export type CertifiedIdentity =
  | { readonly profile: 'project-user'; readonly project: ProjectName; readonly user: UserName }
  | { readonly profile: 'job'; readonly project: ProjectName; readonly user: UserName; readonly job: string }
  | { readonly profile: 'service-account'; readonly project: ProjectName; readonly account: ServiceAccountName }
  | {
      readonly profile: 'account-job'
      readonly project: ProjectName
      readonly account: ServiceAccountName
      readonly job: string
    }
  | { readonly profile: 'service'; readonly service: ServiceName; readonly systemUser: SystemUser }
  | { readonly profile: 'admin'; readonly user: UserName }

export interface CertificateRecital {
  readonly kind: 'verified'
  readonly issuer: IssuerId
  readonly serial: SerialNumber
  /** The one CN, as it stands in the certificate. */
  readonly commonName: string
  /** Every L of the subject, in its order: the decision wants exactly one of a service. */
  readonly localities: readonly string[]
  readonly organizationalUnits: readonly string[]
  /** The one URI SAN. It says the same as `commonName`. */
  readonly spiffeId: SpiffeId
  /** What certificate and issuers have in common: the latest begin and the earliest end of the path. */
  readonly validity: Validity
  /** SHA-256 of the DER, lower-case hexadecimal. */
  readonly fingerprint: string
}

export type VerifiedCertificate = CertificateRecital & CertifiedIdentity

/**
 * What exactly is wrong with a certificate, for logs and explanations:
 * - `encoding`: not DER, not an X.509 version 3 certificate, an extension twice or broken, a control character in a name
 * - `issuer`: none of ours has that name and key identifier; `signature`: it did not sign this
 * - `authority`: it claims to be a CA; `key-usage`: not digitalSignature alone; `critical-extension`: one we do not know
 * - `policy`: not exactly one policy that the issuer may issue; `name-constraints`: a name its issuers may not certify
 * - `extended-key-usage`: not for clients; `common-name`: not exactly one, in an RDN of its own
 * - `profile`: of a kind that calls nobody; `names`: URI, common name, serial or job do not say one thing
 */
export type CertificateFault =
  | 'encoding'
  | 'issuer'
  | 'signature'
  | 'authority'
  | 'key-usage'
  | 'critical-extension'
  | 'policy'
  | 'name-constraints'
  | 'extended-key-usage'
  | 'common-name'
  | 'profile'
  | 'names'

/** Found before time is judged: the certificate is not one of ours, so its dates say nothing. */
export interface RefusedAsForeign {
  readonly kind: 'refused'
  readonly reason: 'CERT_MALFORMED' | 'CERT_UNTRUSTED'
  readonly fault: CertificateFault
  readonly validity: 'unproven'
}

/** A certificate that we did sign and that is no caller's. Time comes first in the table, so its validity goes along. */
export interface RefusedAsUnfit {
  readonly kind: 'refused'
  readonly reason: 'CERT_MALFORMED' | 'CERT_UNTRUSTED' | 'CERT_EKU' | 'CERT_AMBIGUOUS_CN'
  readonly fault: CertificateFault
  readonly validity: Validity
}

export type CertificateFacts = VerifiedCertificate | RefusedAsForeign | RefusedAsUnfit

/** Whose token it is, as its claims say; a mapped token of a trusted issuer speaks for one of ours. */
export type TokenSubject =
  | { readonly kind: 'member'; readonly project: ProjectName; readonly user: UserName }
  | { readonly kind: 'account'; readonly project: ProjectName; readonly account: ServiceAccountName }
  | { readonly kind: 'service'; readonly service: ServiceName }
  /** Nobody of ours: whoever the issuer says, with the groups that it says. */
  | {
      readonly kind: 'external'
      /** As the configuration names the issuer. */
      readonly idp: string
      readonly subject: string
      readonly groups: ReadonlySet<string>
      /** `auth_time`, else `iat`. */
      readonly signedInAt: Date
    }

/** A token whose signature holds. Like a certificate's, its facts hold for ever: time, audience and revocation are judged later. */
export interface VerifiedToken {
  readonly kind: 'token'
  /** `jwt`: one of ours; `oidc`: one of a trusted issuer. */
  readonly method: 'jwt' | 'oidc'
  readonly verdict: 'verified'
  readonly subject: TokenSubject
  /** The names that it is for; `configured`: the issuer's entry fixes the audience, and it was compared. */
  readonly audience: readonly string[] | 'configured'
  /** What it is revoked by; tokens of others have none that we know of. */
  readonly jti: string | undefined
  readonly notBefore: Date
  readonly expiresAt: Date
  /** The SHA-256 of the certificate that it is bound to (RFC 8705 §3.1), lower-case hexadecimal. */
  readonly boundTo: string | undefined
  readonly scopes: ReadonlySet<string> | 'unrestricted'
}

export type TokenFault =
  | 'TOKEN_MALFORMED'
  | 'TOKEN_TYPE'
  | 'TOKEN_SIGNATURE'
  | 'TOKEN_ISSUER'
  | 'TOKEN_AUDIENCE'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_KEY_UNKNOWN'
  | 'TOKEN_REVOKED'
  | 'TOKEN_BINDING'
  /** The keys of its issuer could not be had: an error, and never an allowance. */
  | 'PDP_UNAVAILABLE'

export interface RefusedToken {
  readonly kind: 'token'
  readonly method: 'jwt' | 'oidc'
  readonly verdict: 'refused'
  readonly reason: TokenFault
}

export type TokenFacts = VerifiedToken | RefusedToken

/** The hash was compared with that of the key which the prefix finds; whether that key is good is judged later. */
export interface ApiKeyFacts {
  readonly kind: 'api-key'
  readonly prefix: string
  readonly secret: 'matches' | 'differs'
}

/** A passphrase was tried against the entries of the deployment that the call is for. */
export type PassphraseFacts =
  | {
      readonly kind: 'passphrase'
      readonly verdict: 'held'
      readonly deployment: string
      readonly entry: string
      /** Of the entry when it was tried: it may say another one since, under the same name. */
      readonly hash: string
    }
  | {
      readonly kind: 'passphrase'
      readonly verdict: 'refused'
      readonly reason: 'PASSPHRASE_INVALID' | 'RATE_LIMITED'
    }

/** Something in the place of a credential that is of no kind known. */
export interface UnreadableCredential {
  readonly kind: 'unreadable'
}

export type OtherCredential = TokenFacts | ApiKeyFacts | PassphraseFacts | UnreadableCredential

/**
 * Everything that was presented, and never a choice from it: each one must hold, and a bad one is not rescued by a good
 * one. There is room for one certificate, because a connection (or a question) shows one.
 */
export interface Credentials {
  readonly certificate: CertificateFacts | 'absent'
  /** Who saw it: this process, on the connection that asks, or a server or proxy that tells of it. */
  readonly certificateSeen: 'on-this-connection' | 'told'
  readonly others: readonly OtherCredential[]
}

export const NO_CREDENTIALS: Credentials = Object.freeze({
  certificate: 'absent',
  certificateSeen: 'told',
  others: Object.freeze([]),
})

/** As this process saw it on the connection that asks. */
export function certificateAlone(certificate: CertificateFacts): Credentials {
  return { certificate, certificateSeen: 'on-this-connection', others: [] }
}

/** Whom the caller says it acts for. `credential-itself` counts only where a deployment says so; it is never assumed. */
export type ActingUser = { readonly kind: 'named'; readonly name: string } | { readonly kind: 'credential-itself' }

/** Distinguished name of a certificate of ours, from the parts that our profiles give: `CN=…,OU=…,L=…`. */
export function distinguishedName(
  certificate: Pick<CertificateRecital, 'commonName' | 'organizationalUnits' | 'localities'>,
): string {
  const { commonName, organizationalUnits, localities } = certificate
  return [
    `CN=${commonName}`,
    ...organizationalUnits.map((unit) => `OU=${unit}`),
    ...localities.map((locality) => `L=${locality}`),
  ].join(',')
}
