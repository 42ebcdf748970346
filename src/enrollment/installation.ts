// The first transaction of an installation: its CAs with their first CRLs and its first administrator, all of it or nothing.
import type { CertificateRecord } from '../ca/inventory.ts'
import type { KeyStore } from '../ca/keystore/key-store.ts'
import { crlScopeKey } from '../domain/crl-scope.ts'
import { authorityIdentity } from '../domain/issuer-id.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import type { UserName } from '../domain/user-name.ts'
import type { CrlRecord } from '../revocation/crl-store.ts'
import { base64Of } from '../x509/base64.ts'
import type { NewAuthority } from './authorities.ts'
import { recordPartitions } from './crl-partitions.ts'
import { recordCertificate } from './issue-certificate.ts'
import { issuerKeyContext } from './sealed-keys.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface Founding extends Vault {
  readonly demo: boolean
  readonly organization: string
  readonly algorithm: KeyAlgorithmName
  readonly userId: string
  readonly administrator: UserName
  readonly authorities: readonly NewAuthority[]
  readonly crls: readonly CrlRecord[]
  readonly administratorCertificate: CertificateRecord
  readonly at: Date
}

/** Where keys are sealed, and for which installation. */
export interface Vault {
  readonly keyStore: KeyStore
  readonly installation: string
}

const FOUNDER = { actor: 'offline:init', requestId: '' } as const

export async function recordFounding(tx: UnitOfWork, founding: Founding): Promise<void> {
  const { administrator, at } = founding
  tx.journal({ kind: 'installation', id: founding.installation })
  await tx.setMetadata('installation', founding.installation)
  await tx.setMetadata('epoch', founding.installation)
  await tx.setMetadata('demo', founding.demo ? 'yes' : 'no')
  await tx.setMetadata('organization', founding.organization)
  await tx.setMetadata('algorithm', founding.algorithm)
  await tx.setSealingKey(founding.keyStore.masterKeys[0])
  for (const authority of founding.authorities) await recordAuthority(tx, founding, authority, FOUNDER.actor, at)
  for (const crl of founding.crls) await recordAuthorityCrl(tx, crl, 0, { actor: FOUNDER.actor, at })
  await tx.insertUser({
    id: founding.userId,
    name: administrator,
    status: 'active',
    platformRole: 'admin',
    createdAt: at,
  })
  await tx.change({ kind: 'user', name: administrator, status: 'active', platformRole: 'admin' })
  await recordCertificate(tx, founding.administratorCertificate, FOUNDER)
  await tx.audit({
    at,
    ...FOUNDER,
    act: 'installation.init',
    object: 'installation',
    details: { authorities: founding.authorities.map(({ issuer }) => issuer.id), administrator },
  })
}

/** Issuer row with its sealed key, inventory row and change of a new CA. */
export async function recordAuthority(
  tx: UnitOfWork,
  { keyStore, installation }: Vault,
  { issuer, issued, record, key, partitions }: NewAuthority,
  actor: string,
  at: Date,
): Promise<void> {
  const certifiedAs = {
    identity: authorityIdentity(issuer.id),
    requester: actor,
    obtainedWith: 'offline',
    status: 'good',
  } as const
  const place = issuerKeyContext(installation, issuer.id)
  const sealed = key === undefined ? {} : { sealedKey: keyStore.seal(key, place, await tx.sealingKey('share')) }
  await tx.insertIssuer({ ...record, ...sealed })
  await recordCertificate(tx, { ...issued, ...certifiedAs }, { requestId: '' })
  await recordPartitions(tx, partitions, actor)
  await tx.change({ kind: 'issuer', issuer: issuer.id })
  await tx.audit({
    at,
    actor,
    act: 'issuer.add',
    object: `issuer:${issuer.id}`,
    requestId: '',
    details: { certifiedBy: issued.issuer, notAfter: issued.validity.notAfter.toISOString() },
  })
}

/** Puts a CRL in force that was made offline. Throws `CrlSuperseded`. */
export async function recordAuthorityCrl(
  tx: UnitOfWork,
  crl: CrlRecord,
  seenNumber: number,
  by: { readonly actor: string; readonly at: Date },
): Promise<void> {
  await tx.advanceCrl(seenNumber, crl)
  if (crl.content.kind === 'whole') {
    tx.journal({ kind: 'authority-crl', issuer: crl.scope.issuer, crl: base64Of(crl.content.der) })
  }
  const { issuer } = crl.scope
  await tx.change({ kind: 'crl', issuer, scope: crlScopeKey(crl.scope), number: crl.number })
  const details = { number: crl.number, nextUpdate: crl.nextUpdate.toISOString() }
  await tx.audit({ ...by, act: 'crl.publish', object: `issuer:${issuer}`, requestId: '', details })
}

/** The generation after the last one of an authority. */
export async function nextGeneration(tx: UnitOfWork, authority: string): Promise<number> {
  const generations = (await tx.issuers()).filter((record) => record.authority === authority)
  return Math.max(0, ...generations.map(({ generation }) => generation)) + 1
}
