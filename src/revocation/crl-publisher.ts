// Publishes the CRLs of each issuing CA: at once after a revocation (within the one-second slot), ahead of nextUpdate when
// nothing happens, and at start when they are late. What is due of one issuer goes out together, under one number and with one
// state of the ledger: the complete CRL, its delta, and those partitions in which something happened. Every process may run one:
// the numbers move by compare-and-swap, so of two that publish at once one finds that there is nothing left to do.
import { CrlSuperseded } from '../domain/crl-superseded.ts'
import { type CrlScope, crlScopeKey, fullScope } from '../domain/crl-scope.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { type Clock, addSeconds } from '../domain/clock.ts'
import type { Recording, Transactions } from '../domain/transactions.ts'
import type { RevocationPolicy } from '../ca/policy/revocation-policy.ts'
import type { CrlIssuer } from './crl-issuer.ts'
import type { CrlLedger } from './crl-ledger.ts'
import type { CrlRebuilder } from './crl-rebuilder.ts'
import { type CrlDue, crlDue, nextCrlDates } from './crl-schedule.ts'
import type { CrlShelf } from './crl-shelf.ts'
import type { CrlBase, CrlFacts, CrlRecord, CrlStore } from './crl-store.ts'
import { DeltaBases } from './delta-bases.ts'
import type { FrozenEntries } from './entry-list.ts'
import { type MadeCrl, makeCrl } from './make-crl.ts'

export interface CrlPublisherParts {
  readonly transactions: Transactions<CrlStore & Recording>
  readonly ledger: CrlLedger
  readonly shelf: CrlShelf
  readonly rebuilder: CrlRebuilder
  readonly policy: RevocationPolicy['crl']
  readonly clock: Clock
  /** Read each time: an issuing CA may be added while the service runs. */
  readonly issuers: () => readonly CrlIssuer[]
  /** Told how long it took to make, sign and record what was due of an issuer. */
  readonly onPublished: (round: { readonly issuer: IssuerId; readonly seconds: number }) => void
}

const NOTHING: FrozenEntries = { parts: [], length: 0, count: 0 }

export class CrlPublisher {
  readonly #parts: CrlPublisherParts
  /** When this process last published, on the clock that is never set back. Milliseconds. */
  readonly #publishedAt = new Map<IssuerId, number>()
  readonly #bases = new Map<IssuerId, DeltaBases>()

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

  /** Whether there is a CRL of each kind to serve. One that is known and could not be made here again is none. */
  get isComplete(): boolean {
    const { issuers, shelf } = this.#parts
    return issuers().every((issuer) => scopesOf(issuer).every((scope) => shelf.get(scope) !== undefined))
  }

  /** The instant at which this issuer is to be looked at again. */
  async #publishIfDue(issuer: CrlIssuer): Promise<Date> {
    const { shelf, policy, clock } = this.#parts
    const now = clock.now()
    const scopes = scopesOf(issuer).map((scope) => ({ scope, due: this.#due(scope, now) }))
    const due = scopes.flatMap(({ scope, due: { kind } }) => (kind === 'due' ? [scope] : []))
    if (due.length === 0) return earliestOf(scopes.map((each) => each.due))
    const before = shelf.known(fullScope(issuer.id))
    if (this.#wouldBeTooSoon(issuer.id, before, now)) return addSeconds(now, policy.minIntervalSeconds)
    try {
      await this.#publish(issuer, due, now)
    } catch (error) {
      if (!(error instanceof CrlSuperseded)) throw error
      await this.#fetchLatest(issuer.id)
    }
    return addSeconds(now, policy.minIntervalSeconds)
  }

  #due(scope: CrlScope, now: Date): CrlDue {
    const { ledger, shelf, policy } = this.#parts
    const before = shelf.known(scope)
    const served = shelf.get(scope)?.crl.number
    // With nothing to serve nobody waits for the next second, as after a restore.
    if (before === undefined || served === undefined) return { kind: 'due', because: 'first' }
    // One that this process could not make again has to be followed by one that it can.
    const isInForce = served === before.number
    return crlDue(before, !isInForce || ledger.hasNewsAfter(scope, before.coversRevision), now, policy)
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

  async #publish(issuer: CrlIssuer, due: readonly CrlScope[], now: Date): Promise<void> {
    const { transactions, shelf, rebuilder, clock } = this.#parts
    const began = clock.monotonicMilliseconds()
    const made = await Promise.all(
      (await this.#contents(issuer, due, now)).map(([facts, entries]) => makeCrl(issuer, facts, entries)),
    )
    const records = made.map(({ record }) => record)
    rebuilder.isMaking(records)
    const seen = records.map(({ scope }) => shelf.known(scope)?.number ?? 0)
    await transactions.run((tx) => recordCrls(tx, issuer.id, made, seen, now))
    for (const { record, parts } of made) shelf.put(record, parts)
    this.#publishedAt.set(issuer.id, clock.monotonicMilliseconds())
    this.#remember(issuer.id, records)
    this.#parts.onPublished({ issuer: issuer.id, seconds: (clock.monotonicMilliseconds() - began) / 1000 })
  }

  /** What each CRL says, all of it as of one state of the ledger. A delta goes with each complete one. */
  async #contents(
    issuer: CrlIssuer,
    due: readonly CrlScope[],
    now: Date,
  ): Promise<readonly (readonly [CrlFacts, FrozenEntries])[]> {
    const { ledger, shelf, policy } = this.#parts
    const withDelta = due.some(({ kind }) => kind === 'full')
    const scopes: readonly CrlScope[] = withDelta ? [...due, { kind: 'delta', issuer: issuer.id }] : due
    const endedBefore = this.#endedBefore(issuer.id)
    await ledger.forgetEndedBefore(issuer.id, endedBefore)
    // From here on without a pause: what is listed is what the revision says.
    const before = newestOf(scopes.flatMap((scope) => shelf.known(scope) ?? []))
    const shared = { ...nextCrlDates(before, now, policy), coversRevision: ledger.revision, endedBefore }
    return scopes.map((scope) => {
      if (scope.kind !== 'delta') return [{ ...shared, scope, base: undefined }, ledger.entries(scope)]
      const base = this.#base(issuer.id, now)
      // Without one that will do, the complete CRL of this very number is the base, and nothing is added to it.
      const entries = base === undefined ? NOTHING : ledger.changedSince(issuer.id, base.coversRevision)
      return [{ ...shared, scope, base: base ?? shared }, entries]
    })
  }

  /** Entries that the last complete CRL has listed past their end leave, once in a while and not at each revocation. */
  #endedBefore(issuer: IssuerId): Date {
    const { shelf, policy } = this.#parts
    const before = shelf.known(fullScope(issuer))
    if (before === undefined) return new Date(0)
    const madeAt = addSeconds(before.thisUpdate, policy.backdateSeconds)
    const listedPastEnd = addSeconds(madeAt, -policy.expiredEntriesKeptSeconds)
    return listedPastEnd >= addSeconds(before.endedBefore, policy.reissueEverySeconds)
      ? listedPastEnd
      : before.endedBefore
  }

  #base(issuer: IssuerId, now: Date): CrlBase | undefined {
    const { ledger, shelf, policy } = this.#parts
    const bases = this.#bases.get(issuer) ?? new DeltaBases()
    if (!this.#bases.has(issuer)) {
      this.#bases.set(issuer, bases)
      const { base } = shelf.known({ kind: 'delta', issuer }) ?? {}
      if (base !== undefined) bases.add(base, 0)
    }
    const before = shelf.known(fullScope(issuer))
    if (before !== undefined) bases.add(before, policy.reissueEverySeconds)
    const isKnown = ({ coversRevision }: CrlBase): boolean => ledger.knowsChangesSince(issuer, coversRevision)
    return bases.choose(now, policy.deltaBaseSeconds, isKnown)
  }

  #remember(issuer: IssuerId, records: readonly CrlRecord[]): void {
    const delta = records.find(({ scope }) => scope.kind === 'delta')
    if (delta?.base === undefined) return
    this.#parts.ledger.forgetChanges(issuer, delta.coversRevision, delta.base.coversRevision)
  }

  async #fetchLatest(issuer: IssuerId): Promise<void> {
    const { transactions, rebuilder } = this.#parts
    for (const record of await transactions.run((tx) => tx.latestCrls(issuer))) await rebuilder.takeUp(record)
  }
}

function scopesOf({ id, partitions }: CrlIssuer): readonly CrlScope[] {
  return [
    fullScope(id),
    ...partitions.map(({ number }) => ({ kind: 'partition', issuer: id, partition: number }) as const),
  ]
}

function earliestOf(dues: readonly CrlDue[]): Date {
  return new Date(Math.min(...dues.flatMap((due) => (due.kind === 'later' ? [due.at.getTime()] : []))))
}

/** The highest number and the latest date of them: what follows has higher and later ones. */
function newestOf(records: readonly CrlRecord[]): CrlRecord | undefined {
  const [first] = records
  if (first === undefined) return undefined
  const number = Math.max(...records.map((record) => record.number))
  const thisUpdate = new Date(Math.max(...records.map((record) => record.thisUpdate.getTime())))
  return { ...first, number, thisUpdate }
}

async function recordCrls(
  tx: CrlStore & Recording,
  issuer: IssuerId,
  made: readonly MadeCrl[],
  seen: readonly number[],
  at: Date,
): Promise<void> {
  for (const [index, { record }] of made.entries()) {
    await tx.advanceCrl(seen[index] ?? 0, record)
    await tx.change({ kind: 'crl', issuer, scope: crlScopeKey(record.scope), number: record.number })
  }
  const [first] = made
  if (first === undefined) return
  const scopes = made.map(({ record }) => crlScopeKey(record.scope))
  const details = { number: first.record.number, scopes, bytes: first.record.length }
  await tx.audit({ at, actor: 'system', act: 'crl.publish', object: `issuer:${issuer}`, requestId: '', details })
}
