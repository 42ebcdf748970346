// Ends an identity: everything that was issued to it is revoked in the transaction of the act that ends it, so there is no
// moment at which the identity is gone and its certificate still good (CP §4.9).
import type { CertificateRecord } from '../ca/inventory.ts'
import { authorityOfIdentity } from '../domain/issuer-id.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import { revokeRecord } from '../revocation/revocation.ts'
import type { TokenRecord } from '../tokens/token-store.ts'
import type { RequestOrigin } from './act-context.ts'
import { endApiKeys } from './end-api-keys.ts'
import type { ChangedCertificate } from './ending-store.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface Ending {
  /** As the inventory writes it: `member:PROJECT__USER`. */
  readonly identity: string
  readonly reason: RevocationReason
  readonly at: Date
  readonly actor: string
  readonly origin: RequestOrigin
}

/** Revokes its certificates and tokens, also the tokens that it bought for others, and voids its unspent enrolment tokens. */
export async function endIdentity(tx: UnitOfWork, ending: Ending): Promise<void> {
  for (const record of await tx.liveCertificatesOf(ending.identity, ending.at)) {
    const outcome = revokeRecord(record, ending.reason, ending.at)
    if (outcome.kind === 'changed') await recordRevocation(tx, outcome.record, ending)
  }
  for (const token of await tx.liveTokensOf(ending.identity, ending.at)) await revokeToken(tx, token, ending.at)
  for (const token of await tx.liveTokensForOthers(ending.identity, ending.at)) await revokeToken(tx, token, ending.at)
  await tx.voidEnrolmentTokens(ending.identity, ending.at)
}

/**
 * Ends what hangs on a certificate that is revoked or held: the tokens that it bought, and, when its key is compromised, every
 * other certificate of that key, since whoever has the key can renew any of them, and the API keys that were made with them. A release revives none of it.
 */
export async function endWhatHangsOn(
  tx: UnitOfWork,
  ended: CertificateRecord,
  by: Pick<Ending, 'at' | 'actor' | 'origin'>,
): Promise<void> {
  const own = await tx.liveTokensOf(ended.identity, by.at)
  for (const token of [...own, ...(await tx.liveTokensForOthers(ended.identity, by.at))]) {
    if (token.certificateSerial === ended.serial) await revokeToken(tx, token, by.at)
  }
  if (ended.reason !== 'keyCompromise') return
  // A thief may have made them; of a certificate that was replaced they stay.
  await endApiKeys(tx, { kind: 'made-with', proof: ended.serial }, by)
  // A key belongs to one identity (`claimKey`), so its other certificates are found there.
  for (const record of await tx.liveCertificatesOf(ended.identity, by.at)) {
    if (record.keyFingerprint !== ended.keyFingerprint || record.serial === ended.serial) continue
    const outcome = revokeRecord(record, 'keyCompromise', by.at)
    if (outcome.kind === 'unchanged') continue
    await recordRevocation(tx, outcome.record, by)
    await endWhatHangsOn(tx, outcome.record, by)
  }
}

/** What somebody obtained who may not have been who they said. */
export async function revokeTokensObtained(tx: UnitOfWork, requester: string, at: Date): Promise<void> {
  for (const token of await tx.liveTokensForOthers(requester, at)) await revokeToken(tx, token, at)
}

async function revokeToken(tx: UnitOfWork, { jti, expiresAt }: TokenRecord, at: Date): Promise<void> {
  await tx.revokeToken(jti, at)
  await tx.change({ kind: 'token-revocation', jti, expiresAt: expiresAt.getTime() })
}

const ACT_OF_STATUS = {
  good: 'certificate.release',
  held: 'certificate.hold',
  revoked: 'certificate.revoke',
} as const

const EVENT_OF_STATUS = { good: 'released', held: 'held', revoked: 'revoked' } as const

/** Row, change, journal entry and audit event of a revocation, hold or release that has been decided. */
export async function recordRevocation(
  tx: UnitOfWork,
  record: CertificateRecord,
  { at, actor, origin }: Pick<Ending, 'at' | 'actor' | 'origin'>,
): Promise<void> {
  // No other reason follows a final one.
  const before = record.reason === 'keyCompromise' ? await tx.certificate(record.serial, 'none') : undefined
  await tx.updateRevocation(record)
  if (record.reason === 'keyCompromise' || record.reason === 'cACompromise') {
    await tx.markKeyCompromised(record.keyFingerprint)
  }
  await tellOfRevocation(tx, record, { at, actor, origin }, before?.status)
}

/** Change, journal entry and audit event of a certificate whose row is written. */
export async function tellOfRevocation(
  tx: UnitOfWork,
  record: ChangedCertificate,
  { at, actor, origin }: Pick<Ending, 'at' | 'actor' | 'origin'>,
  before?: CertificateRecord['status'],
): Promise<void> {
  const { issuer, serial } = record
  const status = EVENT_OF_STATUS[record.status]
  const reason = record.reason ?? 'certificateHold'
  const revokedAt = record.revokedAt ?? at
  const authority = authorityOfIdentity(record.identity)
  await tx.change({
    kind: 'revocation',
    issuer,
    serial,
    status,
    ...(before === 'revoked' ? { was: before } : {}),
    reason,
    revokedAt: revokedAt.getTime(),
    notAfter: record.validity.notAfter.getTime(),
    ...(record.crlPartition === undefined ? {} : { partition: record.crlPartition }),
    ...(authority === undefined ? {} : { authority }),
  })
  tx.journal({ kind: status, issuer, serial, reason, at: revokedAt.toISOString() })
  await tx.audit({
    at,
    actor,
    act: ACT_OF_STATUS[record.status],
    object: `certificate:${serial}`,
    requestId: origin.requestId,
    details: { identity: record.identity, reason, since: revokedAt.toISOString() },
  })
}
