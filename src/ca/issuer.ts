// One key generation of one CA, as those who issue and publish under it see it: names, key identifier, URLs, end of life.
// The private key is not here; a `Signer` is handed in where something is signed.
import { unixSeconds } from '../domain/clock.ts'
import { CodedError } from '../domain/coded-error.ts'
import { crlPath, fullScope } from '../domain/crl-scope.ts'
import { issuerId, type IssuerId } from '../domain/issuer-id.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import type { Validity } from '../domain/validity.ts'
import { type Certificate, parseCertificate } from '../x509/certificate.ts'
import { encodeName } from '../x509/distinguished-name.ts'
import type { PublicKey } from '../x509/public-key.ts'
import type { CertificateRequest } from './certificate-request.ts'
import type { Authority } from './policy/hierarchy.ts'
import { type Policy, profileNamed } from './policy/policy.ts'
import type { Profile } from './policy/profile.ts'
import { subjectOf } from './subject.ts'

/** Where what an issuer signs is published: plain HTTP, since it carries its own signature. */
export interface IssuerUrls {
  /** The complete CRL. */
  readonly crl: string
  readonly deltaCrl: string
  readonly caIssuers: string
  readonly ocsp: string
}

/** What a certificate says about its issuer. A root signs its own certificate as a signatory, before it is an `Issuer`. */
export interface Signatory {
  readonly id: IssuerId
  readonly authority: Authority
  readonly generation: number
  /** Its subject, encoded: the issuer of what it signs, byte for byte. */
  readonly subject: Uint8Array
  readonly keyIdentifier: Uint8Array
  readonly publicKey: PublicKey
  readonly algorithm: KeyAlgorithmName
  readonly validity: Validity
  readonly urls: IssuerUrls
}

export interface Issuer extends Signatory {
  readonly certificate: Certificate
}

export type IssuerErrorCode = 'issuer_unusable'

/** A certificate that does not make its holder an issuer of this hierarchy. */
export class IssuerUnusable extends CodedError<IssuerErrorCode> {
  constructor(id: string, why: string) {
    super('issuer_unusable', { issuer: id, why })
  }
}

/** `http://pki.example` and `users-1` → where that issuer's CRL, certificate and OCSP are. */
function issuerUrls(publicHttpUrl: string, id: IssuerId): IssuerUrls {
  const base = withoutSlash(publicHttpUrl)
  return {
    crl: base + crlPath(fullScope(id)),
    deltaCrl: base + crlPath({ kind: 'delta', issuer: id }),
    caIssuers: `${base}/pki/ca/${id}.cer`,
    ocsp: `${base}/pki/ocsp`,
  }
}

/**
 * The issuer that `certificate` (DER) makes. Throws `IssuerUnusable` when the hierarchy has no such authority or the
 * certificate is not one of a CA, and what `parseCertificate` throws.
 */
export function makeIssuer(
  given: { readonly authority: string; readonly generation: number; readonly certificate: Uint8Array },
  policy: Policy,
  publicHttpUrl: string,
): Issuer {
  const id = issuerId(given.authority, given.generation)
  const authority = policy.hierarchy.authorities.get(given.authority)
  if (authority === undefined) throw new IssuerUnusable(id, 'no such authority in the hierarchy')
  const certificate = parseCertificate(given.certificate)
  const { tbs } = certificate
  const keyIdentifier = tbs.subjectKeyIdentifier
  if (keyIdentifier === undefined) throw new IssuerUnusable(id, 'no subject key identifier')
  if (tbs.basicConstraints?.authority !== true) throw new IssuerUnusable(id, 'not the certificate of a CA')
  return {
    id,
    authority,
    generation: given.generation,
    subject: tbs.subjectEncoded,
    keyIdentifier,
    publicKey: tbs.publicKey,
    algorithm: namedAlgorithm(id, tbs.publicKey),
    validity: tbs.validity,
    urls: issuerUrls(publicHttpUrl, id),
    certificate,
  }
}

/** Where the CRL of a partition is published. For new ones alone: what was published somewhere stays there. */
export function partitionUrl(publicHttpUrl: string, id: IssuerId, number: number): string {
  return withoutSlash(publicHttpUrl) + crlPath({ kind: 'partition', issuer: id, partition: number })
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}

/** The signatory of a root's own certificate: what the request will make it, for the life that it will have. */
export function rootSignatory(
  request: CertificateRequest & { readonly profile: 'root' },
  validity: Validity,
  policy: Policy,
  publicHttpUrl: string,
): Signatory {
  const id = issuerId(request.authority, request.generation)
  const authority = policy.hierarchy.authorities.get(request.authority)
  if (authority === undefined) throw new IssuerUnusable(id, 'no such authority in the hierarchy')
  return {
    id,
    authority,
    generation: request.generation,
    subject: encodeName(subjectOf(request, policy)),
    keyIdentifier: request.publicKey.keyIdentifier,
    publicKey: request.publicKey,
    algorithm: namedAlgorithm(id, request.publicKey),
    validity,
    urls: issuerUrls(publicHttpUrl, id),
  }
}

/** The profiles that `issuer` may issue. */
export function profilesOf(issuer: Signatory, policy: Policy): readonly Profile[] {
  return issuer.authority.issues.map((name) => profileNamed(policy, name))
}

/**
 * Until when `issuer` has the life to issue, in seconds since the epoch: at least twice (the policy says how often) the longest
 * certificate that it may be asked for must be left (CP §5.6). After that, issuing moves to the next generation or raises an
 * alarm.
 */
export function issuesUntil(issuer: Signatory, policy: Policy): number {
  const leaves = profilesOf(issuer, policy).filter((profile) => !profile.basicConstraints.authority)
  const longest = Math.max(0, ...leaves.map((profile) => profile.lifetime.maxSeconds))
  return unixSeconds(issuer.validity.notAfter) + 1 - longest * policy.hierarchy.renewBeforeLeafLives
}

/** See `issuesUntil`. */
export function hasLifeToIssue(issuer: Signatory, policy: Policy, at: Date): boolean {
  return unixSeconds(at) <= issuesUntil(issuer, policy)
}

function namedAlgorithm(id: string, key: PublicKey): KeyAlgorithmName {
  if (key.algorithm === 'rsa') throw new IssuerUnusable(id, 'an RSA key of an unnamed length')
  return key.algorithm
}
