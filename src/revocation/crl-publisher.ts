// Publishes the full CRL of each issuing CA: at once after a revocation (within the one-second slot), ahead of nextUpdate
// when nothing happens, and at start when it is late. Every process may run one: the number moves by compare-and-swap, so
// of two that publish at once one finds that there is nothing left to do.
import { crlScopeKey, fullScope } from '../domain/crl-scope.ts'
import { CrlSuperseded } from '../domain/crl-superseded.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { type Clock, addSeconds } from '../domain/clock.ts'
import type { Signer } from '../domain/signer.ts'
import type { Recording, Transactions } from '../domain/transactions.ts'
import type { RevocationPolicy } from '../ca/policy/revocation-policy.ts'
import type { CrlLedger } from './crl-ledger.ts'
import { crlDue, nextCrlDates } from './crl-schedule.ts'
import type { CrlShelf } from './crl-shelf.ts'
import { type CrlRecord, type CrlStore, wholeCrl } from './crl-store.ts'
import { makeCrl } from './make-crl.ts'

/** An issuer whose key this process holds. */
export interface CrlIssuer {
  readonly id: IssuerId
  readonly name: Uint8Array
  readonly keyIdentifier: Uint8Array
  readonly signer: Signer<'crl'>
}

export interface CrlPublisherParts {
  readonly transactions: Transactions<CrlStore & Recording>
  readonly ledger: CrlLedger
  readonly shelf: CrlShelf
  readonly policy: RevocationPolicy['crl']
  readonly clock: Clock
  /** Read each time: an issuing CA may be added while the service runs. */
  readonly issuers: () => readonly CrlIssuer[]
}

export class CrlPublisher {
  readonly #parts: CrlPublisherParts
  /** When this process last published, on the clock that is never set back. Milliseconds. */
  readonly #publishedAt = new Map<IssuerId, number>()

  constructor(parts: CrlPublisherParts) {
    this.#parts = parts
  }

  /** Publishes what is due now and tells when to look again. An issuer that fails does not keep the others back. */
  async publishDue(): Promise<Date> {
    const outcomes = await Promise.allSettled(this.#parts.issuers().map((issuer) => this.#publishIfDue(issuer)))
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
    if (failures.length > 0) throw new AggregateError(failures, 'a CRL could not be published')
    const next = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.getTime()] : []))
    return new Date(
      Math.min(...next, addSeconds(this.#parts.clock.now(), this.#parts.policy.reissueEverySeconds).getTime()),
    )
  }

  /** The instant at which this issuer is to be looked at again. */
  async #publishIfDue(issuer: CrlIssuer): Promise<Date> {
    const { ledger, shelf, policy, clock } = this.#parts
    const before = shelf.get(fullScope(issuer.id))?.crl
    const now = clock.now()
    const due = crlDue(before, ledger.hasNewsAfter(issuer.id, before?.coversRevision ?? 0), now, policy)
    if (due.kind === 'later') return due.at
    if (this.#wouldBeTooSoon(issuer.id, before, now)) return addSeconds(now, policy.minIntervalSeconds)
    try {
      await this.#publish(issuer, before, now)
      // An entry leaves only after a CRL made past its certificate's end has listed it.
      ledger.forgetEndedBefore(issuer.id, addSeconds(now, -policy.expiredEntriesKeptSeconds))
    } catch (error) {
      if (!(error instanceof CrlSuperseded)) throw error
      await this.#fetchLatest(issuer.id)
    }
    return addSeconds(now, policy.minIntervalSeconds)
  }

  /** Behind the last CRL the wall clock does not tell one second from the next; the other one does. */
  #wouldBeTooSoon(issuer: IssuerId, before: CrlRecord | undefined, now: Date): boolean {
    const { clock, policy } = this.#parts
    const at = this.#publishedAt.get(issuer)
    if (before === undefined || at === undefined || now >= addSeconds(before.thisUpdate, policy.backdateSeconds)) {
      return false
    }
    return clock.monotonicMilliseconds() - at < policy.minIntervalSeconds * 1000
  }

  async #publish(issuer: CrlIssuer, before: CrlRecord | undefined, now: Date): Promise<void> {
    const { transactions, ledger, shelf, policy, clock } = this.#parts
    const coversRevision = ledger.revision
    const dates = nextCrlDates(before, now, policy)
    const der = await makeCrl(
      {
        issuerName: issuer.name,
        issuerKeyIdentifier: issuer.keyIdentifier,
        ...dates,
        entries: ledger.entries(issuer.id),
      },
      issuer.signer,
    )
    const scope = fullScope(issuer.id)
    const facts = { scope, ...dates, coversRevision, endedBefore: new Date(0), base: undefined }
    const next = wholeCrl(facts, der)
    await transactions.run((tx) => recordCrl(tx, before?.number ?? 0, next, now, ledger.count(issuer.id)))
    shelf.put(next)
    this.#publishedAt.set(issuer.id, clock.monotonicMilliseconds())
  }

  async #fetchLatest(issuer: IssuerId): Promise<void> {
    const latest = await this.#parts.transactions.run((tx) => tx.latestCrl(fullScope(issuer)))
    if (latest !== undefined) this.#parts.shelf.put(latest)
  }
}

async function recordCrl(
  tx: CrlStore & Recording,
  seenNumber: number,
  next: CrlRecord,
  at: Date,
  entries: number,
): Promise<void> {
  await tx.advanceCrl(seenNumber, next)
  const { issuer } = next.scope
  await tx.change({ kind: 'crl', issuer, scope: crlScopeKey(next.scope), number: next.number })
  await tx.audit({
    at,
    actor: 'system',
    act: 'crl.publish',
    object: `issuer:${issuer}`,
    requestId: '',
    details: { number: next.number, entries },
  })
}
