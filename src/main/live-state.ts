// What this process keeps in memory of the database, in step with the change log: the snapshot that decisions see, the
// ledger that CRLs are written from, the CRLs in force and the CAs. Its own commits arrive before they are answered; those
// of other processes with the next poll.
import { LiveSnapshot } from '../access/live-snapshot.ts'
import { RecentChanges } from '../access/recent-changes.ts'
import type { Change, NumberedChange } from '../domain/change.ts'
import type { Clock } from '../domain/clock.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { AuthorityShelf } from '../http/authority-shelf.ts'
import { CrlLedger } from '../revocation/crl-ledger.ts'
import type { CrlIssuer } from '../revocation/crl-issuer.ts'
import type { CrlRecord } from '../revocation/crl-store.ts'
import { CrlRebuilder } from '../revocation/crl-rebuilder.ts'
import { CrlShelf } from '../revocation/crl-shelf.ts'
import { RevocationFeed } from '../revocation/revocation-feed.ts'
import { OcspAnswers } from '../revocation/ocsp-answers.ts'
import { ClientCertificateCache } from '../verifier/client-certificate-cache.ts'
import { buildTrust, type Trust, type TrustedIssuer } from '../verifier/trust.ts'
import type { BookedIssuer, IssuerBook } from '../enrollment/issuer-book.ts'
import type { Policy } from '../ca/policy/policy.ts'
import { profilesOf } from '../ca/issuer.ts'
import type { TrustDomain } from '../domain/spiffe-id.ts'
import { bookIssuers, type OpenInstallation } from './installation.ts'
import { readUnbrokenChanges } from './unbroken-changes.ts'

/** What a change asks for beyond memory. */
export interface LiveStateListener {
  readonly onRevocation: () => void
  readonly onIssuers: () => void
  readonly onTokenKey: () => void
  /** Work that a change began has failed; the state is as it was, and the next change tries again, or a poll a second later. */
  readonly onFailure: (error: unknown) => void
}

/** A delta that adds up more changes is not worth reading them: it begins at a later base. */
const MAX_RECALLED = 50_000

/** Between two attempts to fetch the same. */
const RETRY_MILLISECONDS = 1000

export class LiveState {
  readonly snapshot: LiveSnapshot
  readonly ledger = new CrlLedger()
  /** For those who follow the log a step behind. */
  readonly recent = new RecentChanges()
  /** What was revoked, for everyone. */
  readonly revocations = new RevocationFeed()
  readonly crls = new CrlShelf()
  /** Of CRLs that another process has published. */
  readonly rebuilder = new CrlRebuilder(this.ledger, this.crls, () => this.crlIssuers())
  readonly ocspAnswers = new OcspAnswers()
  readonly authorities = new AuthorityShelf()
  readonly #clock: Clock
  #certificates: ClientCertificateCache | undefined
  #opened: OpenInstallation | undefined
  #listener: LiveStateListener | undefined
  /** What changes have asked for and was not fetched yet. */
  readonly #due = new Set<'issuer' | 'crl'>()
  readonly #toldOf = new Map<IssuerId, number>()
  #isFetching = false
  #failedAtMilliseconds = -Infinity

  constructor(clock: Clock, staleAfterMilliseconds: number) {
    this.#clock = clock
    this.snapshot = new LiveSnapshot(staleAfterMilliseconds)
  }

  /** Reads everything once; from here on changes are folded in. */
  async load(opened: OpenInstallation): Promise<void> {
    const { book } = opened
    this.#opened = opened
    this.#takeUp(book.all(), opened)
    await this.#recall(opened, await this.#loadState(opened))
    await this.#fetchCrls(book.all())
    // To read a million revocations takes longer than a snapshot may go unconfirmed: who says that all is ready asks once more.
    await opened.storage.pollNow()
  }

  /** After a gap. The changes that were missed may have been of any kind: all that any of them asks for is done. */
  async loadAgain(): Promise<void> {
    // Nothing is followed before the first load, so nothing can be missed.
    if (this.#opened === undefined) return
    const seq = await this.#loadState(this.#opened)
    try {
      await this.#recall(this.#opened, seq)
    } finally {
      // The log is followed again and no poll meets the gap once more; without a recall every issuer counts as touched.
      this.#ask(new Set(['revocation', 'token-key', 'issuer', 'crl']))
    }
  }

  /** The issuers whose CRLs this process can make. */
  crlIssuers(): readonly CrlIssuer[] {
    return this.#opened === undefined ? [] : crlIssuersOf(this.#opened)
  }

  /** Called from here on for what a change asks beyond memory. */
  listen(listener: LiveStateListener): void {
    this.#listener = listener
  }

  get certificates(): ClientCertificateCache {
    if (this.#certificates === undefined) throw new Error('the CAs are not loaded yet')
    return this.#certificates
  }

  /** Folds committed changes in: memory at once, what has to be fetched right after. Throws `SnapshotGap`. */
  apply(changes: readonly NumberedChange[]): void {
    this.snapshot.apply(changes)
    this.ledger.apply(changes)
    this.ocspAnswers.apply(changes)
    this.recent.add(changes)
    this.revocations.add(changes)
    this.#ask(new Set(changes.map(({ change }) => change.kind)))
  }

  /** The log was asked at that instant and has nothing more; what could not be fetched before is tried again. */
  confirm(askedAtMilliseconds: number): void {
    this.snapshot.confirm(askedAtMilliseconds)
    if (askedAtMilliseconds - this.#failedAtMilliseconds >= RETRY_MILLISECONDS) this.#fetchDue()
  }

  /** Follows the log in the same turn in which the state is there: no change comes in between. Gives the state's number. */
  async #loadState({ storage, facts }: OpenInstallation): Promise<number> {
    const askedAt = this.#clock.monotonicMilliseconds()
    const ledger = this.ledger.beginLoad()
    const loads = [this.snapshot.beginLoad(), ledger]
    const { seq, revocations } = await storage.readStateInto((changes) => {
      for (const load of loads) for (const change of changes) load.take(change)
    })
    await ledger.settle()
    for (const load of loads) load.finish(seq)
    this.revocations.load(revocations, facts?.epoch ?? '')
    this.ocspAnswers.purgeAll()
    storage.follow(seq)
    this.snapshot.confirm(askedAt)
    return seq
  }

  /** Of the changes in the state that was loaded, those that deltas add up, and that CRLs in force may be older than. */
  async #recall({ storage, book }: OpenInstallation, seq: number): Promise<void> {
    const online = book.all().filter(({ crlSigner }) => crlSigner !== undefined)
    const records: CrlRecord[] = []
    for (const { issuer } of online) records.push(...(await storage.read((view) => view.latestCrls(issuer.id))))
    const oldest = Math.min(...records.map(({ base, coversRevision }) => base?.coversRevision ?? coversRevision))
    if (!Number.isFinite(oldest)) return
    const since = Math.max(oldest, seq - MAX_RECALLED)
    const known = await readUnbrokenChanges(storage, since, seq)
    this.ledger.recall(known.changes, known.since)
  }

  /** What changes of these kinds ask for beyond memory. */
  #ask(kinds: ReadonlySet<Change['kind']>): void {
    if (kinds.has('revocation')) this.#listener?.onRevocation()
    if (kinds.has('token-key')) this.#listener?.onTokenKey()
    // Publishing begins with its end, and asks for nothing before.
    if (kinds.has('quarantine')) this.#listener?.onRevocation()
    for (const kind of ['issuer', 'crl'] as const) if (kinds.has(kind)) this.#due.add(kind)
    this.#fetchDue()
  }

  #fetchDue(): void {
    const opened = this.#opened
    if (opened === undefined || this.#isFetching) return
    this.#isFetching = true
    void this.#fetchEach(opened).finally(() => {
      this.#isFetching = false
    })
  }

  async #fetchEach(opened: OpenInstallation): Promise<void> {
    for (const kind of this.#due) {
      this.#due.delete(kind)
      try {
        await (kind === 'issuer' ? this.#fetchIssuers(opened) : this.#fetchCrls(opened.book.all()))
      } catch (error) {
        this.#due.add(kind)
        this.#failedAtMilliseconds = this.snapshot.confirmedAtMilliseconds
        this.#listener?.onFailure(error)
        return
      }
    }
  }

  async #fetchIssuers(opened: OpenInstallation): Promise<void> {
    const fresh = await bookIssuers(opened)
    if (fresh.length > 0) {
      this.#takeUp(opened.book.all(), opened)
      await this.#fetchCrls(fresh)
    }
    // Also when none is new: its partitions may be what has changed, and want CRLs.
    this.#listener?.onIssuers()
  }

  async #fetchCrls(issuers: readonly BookedIssuer[]): Promise<void> {
    const storage = this.#opened?.storage
    if (storage === undefined) return
    for (const { issuer } of issuers) {
      for (const crl of await storage.read((view) => view.latestCrls(issuer.id))) await this.rebuilder.takeUp(crl)
    }
    this.tellOfCrls()
  }

  /** Those who follow the feed hear of each CRL once it can be fetched here. */
  tellOfCrls(): void {
    for (const { crl } of this.crls.complete()) {
      const { issuer } = crl.scope
      if (this.#toldOf.get(issuer) === crl.number) continue
      this.#toldOf.set(issuer, crl.number)
      this.revocations.published({ issuer, number: crl.number })
    }
  }

  #takeUp(issuers: readonly BookedIssuer[], { policy, book, means }: OpenInstallation): void {
    for (const { issuer } of issuers) {
      const { validity, certificate } = issuer
      this.authorities.put({
        id: issuer.id,
        isRoot: issuer.authority.parent === null,
        der: certificate.der,
        ...validity,
      })
    }
    this.#certificates = new ClientCertificateCache(trustOf(book, policy, means.trustDomain))
  }
}

function crlIssuersOf({ book, means, policy }: OpenInstallation): readonly CrlIssuer[] {
  const { expiredEntriesKeptSeconds } = policy.revocation.crl
  return book.all().flatMap(({ issuer, crlSigner: signer }) => {
    if (signer === undefined) return []
    const { id, subject: name, keyIdentifier, urls } = issuer
    const partitions = means.partitions.published(id, means.clock.now(), expiredEntriesKeptSeconds)
    return [{ id, name, keyIdentifier, signer, deltaUrl: urls.deltaCrl, partitions }]
  })
}

function trustOf(book: IssuerBook, policy: Policy, trustDomain: TrustDomain): Trust {
  const trusted = (booked: BookedIssuer): TrustedIssuer => ({
    id: booked.issuer.id,
    certificate: booked.issuer.certificate.der,
    issues: new Map(profilesOf(booked.issuer, policy).map((profile) => [profile.policyOid, profile.name])),
  })
  const isRoot = ({ issuer }: BookedIssuer): boolean => issuer.authority.parent === null
  return buildTrust({
    roots: book.all().filter(isRoot).map(trusted),
    issuing: book
      .all()
      .filter((booked) => !isRoot(booked))
      .map(trusted),
    names: policy.names,
    trustDomain,
  })
}
