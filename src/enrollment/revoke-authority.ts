// Revoking an issuing CA (CP §5.7): its certificate is revoked in the inventory and listed by the root's CRL, in one transaction.
// From then on nothing is issued by it and every certificate below it is refused. What was bought with those certificates ends too
// where somebody else may have made some: nobody can tell theirs from ours.
import type { CertificateRecord } from '../ca/inventory.ts'
import type { Issuer } from '../ca/issuer.ts'
import { parseSerialNumber } from '../domain/serial-number.ts'
import { type AuthorityReason, RevocationRefused, revokeAuthorityRecord } from '../revocation/revocation.ts'
import { endApiKeys } from './end-api-keys.ts'
import { recordRevocation } from './end-identity.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface AuthorityRevocation {
  readonly issuer: Issuer
  readonly reason: AuthorityReason
  readonly at: Date
  readonly actor: string
}

export interface RevokedAuthority {
  /** As it now is; asked again, with the first date. */
  readonly record: CertificateRecord
  readonly tokens: number
  readonly apiKeys: number
}

const COMPROMISED: ReadonlySet<AuthorityReason> = new Set<AuthorityReason>(['keyCompromise', 'cACompromise'])

/** Throws `RevocationRefused` for a CA whose certificate is not on record. */
export async function revokeAuthority(
  tx: UnitOfWork,
  { issuer, reason, at, actor }: AuthorityRevocation,
): Promise<RevokedAuthority> {
  const serial = parseSerialNumber(issuer.certificate.tbs.serialHex)
  const record = await tx.certificate(serial, 'update')
  if (record === undefined) throw new RevocationRefused('certificate_unknown', { serial })
  const outcome = revokeAuthorityRecord(record, reason, at)
  if (outcome.kind === 'unchanged') return { record, tokens: 0, apiKeys: 0 }
  const by = { at, actor, origin: { requestId: '' } }
  await recordRevocation(tx, outcome.record, by)
  await tx.change({ kind: 'issuer', issuer: issuer.id })
  if (!COMPROMISED.has(reason)) return { record: outcome.record, tokens: 0, apiKeys: 0 }
  const tokens = await tx.endTokensBoughtUnder(issuer.id, at)
  for (const { jti, expiresAt } of tokens) {
    await tx.change({ kind: 'token-revocation', jti, expiresAt: expiresAt.getTime() })
  }
  const apiKeys = await endApiKeys(tx, { kind: 'made-under', issuer: issuer.id }, by)
  return { record: outcome.record, tokens: tokens.length, apiKeys: apiKeys.length }
}
