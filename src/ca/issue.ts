// The one way by which certificates are made, of every kind: check what is asked, encode, lint, permit, sign (CP §4.3).
// Nothing is recorded here: what this returns is no certificate until the caller has made it durable.
import type { Clock, Random } from '../domain/clock.ts'
import { CodedError } from '../domain/coded-error.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ProfileName } from '../domain/profile-name.ts'
import { makeSerialNumber } from '../domain/serial-number.ts'
import type { Signer } from '../domain/signer.ts'
import type { TrustDomain } from '../domain/spiffe-id.ts'
import type { Validity } from '../domain/validity.ts'
import { assembleCertificate } from '../x509/certificate.ts'
import { refuseKey } from './allowed-key.ts'
import { refuseOutsideZones, sanOf } from './alternative-names.ts'
import type { CrlPartitions } from './crl-partitions.ts'
import { encodeCertificateRequest } from './certificate-bytes.ts'
import type { CertificateRequest } from './certificate-request.ts'
import { rootSignatory, type Signatory } from './issuer.ts'
import type { LintContext } from './lint.ts'
import { Permit, type PermittedFacts } from './permit.ts'
import type { Authority } from './policy/hierarchy.ts'
import { type Policy, profileNamed } from './policy/policy.ts'
import { refuseIfIssuerEndsFirst, requestedValidity } from './requested-validity.ts'
import { SubjectRefused } from './subject.ts'

/** What issuing needs beside the request; made once, when the process starts. */
export interface IssuingMeans {
  readonly policy: Policy
  readonly trustDomain: TrustDomain
  readonly clock: Clock
  readonly random: Random
  /** SHA-256 of the SubjectPublicKeyInfo of every CA key there ever was, lower-case hexadecimal. */
  readonly caKeyFingerprints: ReadonlySet<string>
  /** Into which the revocations of each issuer are divided. */
  readonly partitions: CrlPartitions
}

export interface IssuedCertificate extends PermittedFacts {
  readonly der: Uint8Array
  readonly issuer: IssuerId
  readonly profile: ProfileName
  /** The moment of issue; `notBefore` lies before it. */
  readonly issuedAt: Date
}

export type IssueErrorCode = 'profile_not_issued' | 'signer_mismatch'

/** An issuer or a signer that is not the one for this certificate. */
export class IssueRefused extends CodedError<IssueErrorCode> {}

/**
 * Everything up to the signature, for every profile but a root's. Throws `IssueRefused`, `SubjectRefused`,
 * `NameRejected`, `ValidityRefused`, `KeyNotAllowed`, `KeyRejected`, `LintFailed`.
 */
export function prepareCertificate(request: CertificateRequest, signatory: Signatory, means: IssuingMeans): Permit {
  const { policy, clock } = means
  const profile = profileNamed(policy, request.profile)
  const certified = certifiedBy(request, policy)
  const isBelow = certified === undefined || certified.parent === signatory.authority.name
  if (!signatory.authority.issues.includes(profile.name) || !isBelow) {
    throw new IssueRefused('profile_not_issued', { profile: profile.name, issuer: signatory.id })
  }
  const issuedAt = clock.now()
  const validity = requestedValidity(request.lifetimeSeconds, profile, issuedAt)
  const partitions = means.partitions.open(signatory.id)
  return prepare(request, { policy, profile, signatory, certified, issuedAt, partitions }, validity, means)
}

/** The certificate that a root signs for itself; its URLs are under `publicHttpUrl`. Throws as `prepareCertificate`. */
export function prepareRoot(request: RootRequest, publicHttpUrl: string, means: IssuingMeans): Permit {
  const { policy, clock } = means
  const profile = profileNamed(policy, request.profile)
  const issuedAt = clock.now()
  const validity = requestedValidity(request.lifetimeSeconds, profile, issuedAt)
  const signatory = rootSignatory(request, validity, policy, publicHttpUrl)
  const certified = signatory.authority
  return prepare(request, { policy, profile, signatory, certified, issuedAt, partitions: [] }, validity, means)
}

type RootRequest = CertificateRequest & { readonly profile: 'root' }

function prepare(request: CertificateRequest, context: LintContext, validity: Validity, means: IssuingMeans): Permit {
  refuseIfIssuerEndsFirst(validity, context.signatory)
  refuseKey(request.publicKey, context, means.caKeyFingerprints)
  refuseOutsideZones(sanOf(request, means.trustDomain).dnsNames, context.signatory.authority)
  const serial = makeSerialNumber(means.random)
  const tbs = encodeCertificateRequest(request, context, { serial, validity, trustDomain: means.trustDomain })
  return Permit.prepare(tbs, context, request.publicKey)
}

/** The hierarchy entry of the CA that is certified; `undefined` for a leaf. */
function certifiedBy(request: CertificateRequest, { hierarchy }: Policy): Authority | undefined {
  if (request.profile !== 'issuing-ca' && request.profile !== 'root') return undefined
  const entry = hierarchy.authorities.get(request.authority)
  if (entry === undefined) throw new SubjectRefused('authority_unknown', { authority: request.authority })
  return entry
}

/**
 * Signs what the permit permits, and spends it. The signer must hold the key that the bytes name as their issuer's;
 * throws `IssueRefused` (`signer_mismatch`) before the permit is spent, and `PermitSpent` the second time.
 */
export async function signPermit(permit: Permit, signer: Signer<'certificate'>): Promise<IssuedCertificate> {
  const { signatory, profile, issuedAt } = permit.context
  if (Buffer.compare(signer.publicKey, signatory.publicKey.spki) !== 0 || signer.algorithm !== signatory.algorithm) {
    throw new IssueRefused('signer_mismatch', { issuer: signatory.id })
  }
  const tbs = permit.redeem()
  const der = assembleCertificate(tbs, signatory.algorithm, await signer.sign(tbs))
  return { ...permit.facts, der, issuer: signatory.id, profile: profile.name, issuedAt }
}
