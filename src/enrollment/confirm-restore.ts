// Ends the quarantine of a restore (SECURITY.md rule 32): what the last published CRLs list is revoked here too, their numbers are never
// given again, and API keys and passphrases end, since nobody can tell which of them were ended since the backup. The caller has verified the CRLs.
import type { Clock } from '../domain/clock.ts'
import { fullScope, crlScopeKey } from '../domain/crl-scope.ts'
import { authorityOfIdentity, type IssuerId } from '../domain/issuer-id.ts'
import { endApiKeys } from './end-api-keys.ts'
import { recordRevocation, tellOfRevocation } from './end-identity.ts'
import { endQuarantine } from './end-quarantine.ts'
import { afterRevocation, keepNewerCrl, recordUnknown, type ToldRevocation } from './replay-journal.ts'
import type { RestoreStore } from './restore-store.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import type { Transactions } from '../domain/transactions.ts'

export interface PublishedList {
  readonly issuer: IssuerId
  readonly number: number
  /** Of a root, whose CRL nobody here can make: it is taken as it is, when it is newer. Its certificate and the CRL, DER. */
  readonly taken?: { readonly certificate: Uint8Array; readonly der: Uint8Array }
  /** No certificate of the issuer lives longer. */
  readonly endsAt: Date
  readonly entries: Iterable<ToldRevocation>
}

export interface Confirmation {
  readonly acts: Transactions<UnitOfWork & RestoreStore>
  readonly clock: Clock
  readonly lists: readonly PublishedList[]
  readonly apiKeys: 'end' | 'keep'
  /** Of deployments. */
  readonly passphrases: 'end' | 'keep'
  /** As audit events write it. */
  readonly actor: string
}

export interface Confirmed {
  /** Certificates that the inventory had as good or held. */
  readonly revoked: number
  /** Serials that it lacked: they were issued after the backup. */
  readonly unknown: number
  readonly endedApiKeys: number
  readonly endedPassphrases: number
}

/** Of one transaction. */
const ENTRIES_AT_ONCE = 200

/** Broken off, it is begun anew: what is revoked already is passed over, and the quarantine ends in the last transaction. */
export async function confirmRestore(confirmation: Confirmation): Promise<Confirmed> {
  const counts = { revoked: 0, unknown: 0 }
  for (const list of confirmation.lists) await mergeList(confirmation, list, counts)
  const ended = await confirmation.acts.run((tx) => finish(confirmation, tx, counts))
  return { ...counts, ...ended }
}

type Counts = { -readonly [Count in 'revoked' | 'unknown']: Confirmed[Count] }

async function mergeList(confirmation: Confirmation, list: PublishedList, counts: Counts): Promise<void> {
  let some: ToldRevocation[] = []
  const write = async () => {
    const told = some
    some = []
    // An act may run more than once: it counts for itself.
    const { revoked, unknown } = await confirmation.acts.run((tx) => merge(confirmation, tx, told, list.endsAt))
    counts.revoked += revoked
    counts.unknown += unknown
  }
  for (const entry of list.entries) {
    some.push(entry)
    if (some.length === ENTRIES_AT_ONCE) await write()
  }
  if (some.length > 0) await write()
}

async function merge(
  { clock, actor }: Confirmation,
  tx: UnitOfWork,
  told: readonly ToldRevocation[],
  endsAt: Date,
): Promise<Counts> {
  const counts = { revoked: 0, unknown: 0 }
  const by = { at: clock.now(), actor, origin: { requestId: '' } }
  for (const entry of told) {
    const record = await tx.certificate(entry.serial, 'update')
    if (record === undefined) {
      await recordUnknown(tx, entry, endsAt)
      const made = await tx.certificate(entry.serial, 'none')
      if (made !== undefined) await tellOfRevocation(tx, made, by)
      counts.unknown += 1
      continue
    }
    const next = afterRevocation(record, entry)
    if (next === undefined) continue
    await recordRevocation(tx, next, by)
    const authority = authorityOfIdentity(next.identity)
    if (authority !== undefined) await tx.change({ kind: 'issuer', issuer: authority })
    counts.revoked += 1
  }
  return counts
}

async function finish(
  { clock, actor, apiKeys, passphrases, lists }: Confirmation,
  tx: UnitOfWork & RestoreStore,
  { revoked, unknown }: Counts,
): Promise<Pick<Confirmed, 'endedApiKeys' | 'endedPassphrases'>> {
  const at = clock.now()
  for (const { issuer, number, taken } of lists) {
    if (taken !== undefined) await keepNewerCrl(tx, issuer, taken.certificate, taken.der)
    await tx.raiseCrlNumbers(issuer, number)
    await tx.change({ kind: 'crl', issuer, scope: crlScopeKey(fullScope(issuer)), number })
  }
  const by = { at, actor, origin: { requestId: '' } }
  const endedApiKeys = apiKeys === 'end' ? (await endApiKeys(tx, { kind: 'all' }, by)).length : 0
  const endedPassphrases = passphrases === 'end' ? await endPassphrases(tx) : 0
  await endQuarantine(tx, at)
  const details = { revoked, unknown, endedApiKeys, endedPassphrases, apiKeys, passphrases, lists: lists.length }
  await tx.audit({ at, actor, act: 'installation.confirm', object: 'installation', requestId: '', details })
  return { endedApiKeys, endedPassphrases }
}

const DEPLOYMENTS_AT_ONCE = 200

/** Gives how many. Whoever had one is let in by nothing until another is set. */
async function endPassphrases(tx: UnitOfWork): Promise<number> {
  let ended = 0
  for (let cursor: string | undefined, isLast = false; !isLast; isLast = cursor === undefined) {
    const limit = DEPLOYMENTS_AT_ONCE
    const page = await tx.listDeployments('all', cursor === undefined ? { limit } : { limit, cursor })
    cursor = page.cursor
    for (const before of page.items) {
      if (before.policy.passphrases.length === 0) continue
      ended += before.policy.passphrases.length
      const deployment = { ...before, policy: { ...before.policy, passphrases: [] } }
      await tx.putDeployment(deployment)
      await tx.change({ kind: 'deployment', ...deployment })
    }
  }
  return ended
}
