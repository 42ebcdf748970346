// How the CAs of an installation come to be (CP §4.2, §6.1): a root that signs itself, issuing CAs under it, and the CRLs
// of both. All of it happens offline, in `init` and the ceremonies; the running service never holds a root signer.
import type { CrlPartition } from '../ca/crl-partitions.ts'
import type { KeyStore, NewKey } from '../ca/keystore/key-store.ts'
import { type IssuedCertificate, type IssuingMeans, prepareCertificate, prepareRoot, signPermit } from '../ca/issue.ts'
import { type Issuer, makeIssuer } from '../ca/issuer.ts'
import type { IssuerRecord } from '../ca/issuer-store.ts'
import { fullScope } from '../domain/crl-scope.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import type { Signer } from '../domain/signer.ts'
import { type CrlRecord, type RevokedCertificate, wholeCrl } from '../revocation/crl-store.ts'
import { firstPartitions } from './crl-partitions.ts'
import { nextCrlDates } from '../revocation/crl-schedule.ts'
import { lengthOf, makeCrl } from '../revocation/make-crl.ts'
import { parsePublicKey } from '../x509/public-key.ts'
import { encodeRevokedEntry } from '../x509/tbs-crl.ts'

export interface NewAuthority {
  readonly issuer: Issuer
  readonly issued: IssuedCertificate
  readonly record: Omit<IssuerRecord, 'sealedKey'>
  /** Into which its revocations are divided; a root's are not. */
  readonly partitions: readonly CrlPartition[]
  /** Sealed when it is recorded. A root's is not: it lies in a folder of its own. */
  readonly key?: NewKey
}

export interface AuthorityNaming {
  readonly authority: string
  readonly generation: number
  readonly organization: string
  readonly publicHttpUrl: string
}

/** The certificate that a root signs for itself. */
export async function makeRootCertificate(
  means: IssuingMeans,
  naming: AuthorityNaming,
  signer: Signer<'certificate'>,
): Promise<NewAuthority> {
  const { authority, generation, organization, publicHttpUrl } = naming
  const permit = prepareRoot(
    {
      profile: 'root',
      authority,
      generation,
      organization,
      publicKey: parsePublicKey(signer.publicKey),
      lifetimeSeconds: 'default',
    },
    publicHttpUrl,
    means,
  )
  return newAuthority(means, naming, await signPermit(permit, signer), undefined)
}

/** An issuing CA with a fresh key, certified by its parent. */
export async function makeIssuingAuthority(
  means: IssuingMeans,
  naming: AuthorityNaming,
  made: { readonly keyStore: KeyStore; readonly algorithm: KeyAlgorithmName },
  parent: { readonly issuer: Issuer; readonly signer: Signer<'certificate'> },
): Promise<NewAuthority> {
  const { authority, generation, organization } = naming
  const key = await made.keyStore.generate(made.algorithm)
  const permit = prepareCertificate(
    {
      profile: 'issuing-ca',
      authority,
      generation,
      organization,
      publicKey: parsePublicKey(key.publicKey),
      lifetimeSeconds: 'default',
    },
    parent.issuer,
    means,
  )
  const authorityMade = newAuthority(means, naming, await signPermit(permit, parent.signer), key)
  // What it issues before it is on record names them too.
  means.partitions.load(authorityMade.partitions)
  return authorityMade
}

function newAuthority(
  { policy }: IssuingMeans,
  { authority, generation, publicHttpUrl }: AuthorityNaming,
  issued: IssuedCertificate,
  key: NewKey | undefined,
): NewAuthority {
  const issuer = makeIssuer({ authority, generation, certificate: issued.der }, policy, publicHttpUrl)
  const wanted = { count: policy.revocation.crl.partitionsPerIssuer, publicHttpUrl }
  const partitions = key === undefined ? [] : firstPartitions(issuer, wanted, issued.issuedAt)
  const record = {
    id: issuer.id,
    authority,
    generation,
    certificate: issued.der,
    createdAt: issued.issuedAt,
  }
  return { issuer, issued, record, partitions, ...(key === undefined ? {} : { key }) }
}

/** A CRL made outside the publisher: the first of an issuing CA, and every one of a root. */
export async function makeAuthorityCrl(
  issuer: Issuer,
  signer: Signer<'crl'>,
  given: {
    readonly before: CrlRecord | undefined
    readonly revoked: readonly RevokedCertificate[]
    readonly coversRevision: number
    readonly now: Date
    readonly life: { readonly backdateSeconds: number; readonly nextUpdateSeconds: number }
  },
): Promise<CrlRecord> {
  const dates = nextCrlDates(given.before, given.now, given.life)
  const { coversRevision, revoked } = given
  const facts = { scope: fullScope(issuer.id), ...dates, coversRevision, endedBefore: new Date(0), base: undefined }
  const entries = revoked.map(({ serial, revokedAt, reason }) =>
    encodeRevokedEntry({ serial, revocationDate: revokedAt, reason }),
  )
  const { id, subject: name, keyIdentifier } = issuer
  const crlIssuer = { id, name, keyIdentifier, signer, deltaUrl: undefined, partitions: [] }
  const { parts } = await makeCrl(crlIssuer, facts, {
    parts: entries,
    length: lengthOf(entries),
    count: entries.length,
  })
  return wholeCrl(facts, Buffer.concat(parts))
}
