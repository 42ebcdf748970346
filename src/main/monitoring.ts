// What this process tells of itself: log, metrics and readiness, fed by the edges and by what is in memory.
import { type Reason, REASONS } from '../access/reasons.ts'
import type { BookedIssuer } from '../enrollment/issuer-book.ts'
import type { Clock } from '../domain/clock.ts'
import { fullScope } from '../domain/crl-scope.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { PROFILE_NAMES } from '../domain/profile-name.ts'
import type { Validity } from '../domain/validity.ts'
import { CREDENTIAL_KINDS } from '../http/credential-limit.ts'
import type { LeaseReport } from '../enrollment/job-leases.ts'
import type { SyncRecord } from '../enrollment/sync-store.ts'
import type { OperationsParts } from '../http/operations-app.ts'
import type { Observer } from '../http/parts.ts'
import { PROBLEMS } from '../http/problems.ts'
import { WAYS } from '../proxies/answer-call.ts'
import type { Configuration } from '../ops/configuration.ts'
import { BoundedLog } from '../ops/bounded-log.ts'
import { type CheckResult, Health } from '../ops/health.ts'
import { type Log, openLog } from '../ops/log.ts'
import { createMetrics, type Metrics } from '../ops/metrics.ts'
import { systemTimer } from '../ops/timer.ts'
import type { OpenInstallation } from './installation.ts'
import { crlCheck, hasLostKey, isRoot, issuerCheck, masterKeyCheck } from './installation-checks.ts'
import type { LiveState } from './live-state.ts'

export interface Monitoring extends OperationsParts {
  readonly log: Log
  readonly health: Health
  readonly observer: Observer
  /** What waits for a signature, for the metrics. */
  watchQueue(queue: { readonly length: number }, ocsp: { readonly running: number }): void
  /** How long it took to make, sign and record what was due of an issuer. */
  crlsMade(round: { readonly issuer: IssuerId; readonly seconds: number }): void
  /** Brings the CRL figures up to date. */
  crlsPublished(): void
  serverCertificate(validity: Validity): void
  /** The certificate that signs OCSP answers for `issuer`. */
  ocspResponder(issuer: IssuerId, validity: Validity): void
  /** CAs that are in the book and not watched yet are watched from here on. */
  watchIssuers(opened: OpenInstallation): void
  /** Warns when keys are sealed under a master key that this process was not given. */
  watchMasterKey(opened: OpenInstallation): void
  batchCommitted(batch: { readonly acts: number; readonly seconds: number }): void
  /** What a look at the leases of jobs has ended, and whether their end is paused. */
  leasesLooked(report: LeaseReport): void
  /** What is known of a directory sync, of whatever process ran it. */
  directorySynced(provider: string, record: SyncRecord | undefined): void
  failed(error: unknown, where: string): void
  /** Somebody connected as a proxy without a certificate that our CAs have signed. */
  turnedAway(address: string, reason: string): void
}

const OK: CheckResult = { kind: 'ok' }

export function openMonitoring(configuration: Configuration, live: LiveState, clock: Clock): Monitoring {
  const log = openLog({ level: configuration.logLevel, clock, destination: process.stderr })
  const metrics = createMetrics({
    clock,
    codes: Object.keys(PROBLEMS),
    reasons: Object.keys(REASONS),
    ways: WAYS,
    credentials: CREDENTIAL_KINDS,
  })
  const health = new Health(clock, systemTimer)
  registerSnapshotCheck(health, configuration, live, clock)
  registerQuarantineCheck(health, live)
  const leases = leaseWatch(log, metrics, health)
  const watched = new Set<IssuerId>()
  const strangers = new BoundedLog(log, clock)
  return {
    log,
    health,
    observer: observerOf(log, metrics, clock),
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.render() }),
    readiness: () => health.readiness(),
    watchQueue: (queue, ocsp) =>
      metrics.watch({
        snapshotAgeSeconds: () => (clock.monotonicMilliseconds() - live.snapshot.confirmedAtMilliseconds) / 1000,
        signingQueue: () => queue.length,
        ocspRunning: () => ocsp.running,
        isQuarantined: () => live.snapshot.quarantine.kind === 'quarantined',
      }),
    crlsMade: (round) => metrics.crlsMade(round),
    crlsPublished: () => {
      for (const { crl } of live.crls.all()) {
        const { issuer, kind } = crl.scope
        if (kind === 'full') metrics.crlPublished(issuer, { ...crl, entries: live.ledger.count(issuer) })
      }
    },
    watchIssuers: ({ book, policy }) => {
      for (const booked of book.all()) {
        const { issuer } = booked
        if (watched.has(issuer.id)) continue
        watched.add(issuer.id)
        metrics.certificateInUse(issuer.id, issuer.validity)
        registerIssuerChecks(health, booked, { book, policy }, live, clock)
      }
    },
    watchMasterKey: (opened) => void health.register('master key', () => masterKeyCheck(opened)),
    leasesLooked: leases,
    directorySynced: syncWatch(log, metrics, health),
    batchCommitted: (batch) => metrics.batchCommitted(batch),
    ocspResponder: (issuer, validity) => metrics.certificateInUse(`ocsp-${issuer}`, validity),
    serverCertificate: (validity) => metrics.certificateInUse('server', validity),
    failed: (error, where) => log.error({ err: error, where }, 'failed, and will be tried again'),
    turnedAway: (address, reason) =>
      strangers.warn({ alert: true, address, reason }, 'somebody connects as a proxy without a certificate of ours'),
  }
}

function observerOf(log: Log, metrics: Metrics, clock: Clock): Observer {
  const strangers = new BoundedLog(log, clock)
  return {
    request: (route, method, status, seconds) => metrics.requestAnswered({ route, method, status, seconds }),
    refused: (code) => metrics.refused(code),
    ocspAnswered: (answer) => metrics.ocspAnswered(answer),
    // What was tried is not written: people type passwords where names belong.
    credentialFailed: ({ kind, address }, code) => {
      metrics.credential(kind, 'failed')
      strangers.warn({ kind, address, code }, 'a credential did not hold')
    },
    credentialLimited: ({ kind, address }) => {
      metrics.credential(kind, 'limited')
      strangers.warn({ kind, address }, 'a credential was not looked at: too many failed')
    },
    issued: (profile) => {
      const known = PROFILE_NAMES.find((name) => name === profile)
      if (known !== undefined) metrics.certificateIssued(known)
    },
    feed: (what) => metrics.feed(what),
    decided: decisionWatch(log, metrics, strangers),
    failed: (error, facts) => log.error({ err: error, ...facts }, 'a request failed'),
  }
}

/**
 * What the client is not told, or somebody has to look at: why we could not decide, who tells of calls without being registered, what a
 * refusal hides. Those that strangers cause are bounded.
 */
function decisionWatch(log: Log, metrics: Metrics, strangers: BoundedLog): Observer['decided'] {
  return (decision, way, seconds) => {
    const { reason } = decision
    metrics.decided({ reason, way, seconds })
    if (decision.decision === 'allow') return
    if (decision.fault !== undefined) log.error({ err: decision.fault, way }, 'a decision failed')
    if (reason === 'PEP_UNTRUSTED') strangers.warn({ alert: true, way, reason }, 'somebody tells of calls who may not')
    const hidden = HIDDEN_REASONS[reason]
    if (hidden !== undefined)
      strangers.warn({ way, reason: hidden, deployment: decision.resource }, 'a call was refused')
  }
}

/** Of what the answer tells less. */
const HIDDEN_REASONS: Readonly<Partial<Record<Reason, string>>> = {
  KEY_EXPIRED: 'KEY_EXPIRED',
  KEY_REVOKED: 'KEY_REVOKED',
  NOT_FOUND: 'MODEL_HIDDEN',
}

/** The alarm of the brake: in the log once, in the metrics and as a warning of readiness while it lasts. */
function leaseWatch(log: Log, metrics: Metrics, health: Health): (report: LeaseReport) => void {
  let last: LeaseReport = { ended: 0, waiting: 0, isPaused: false }
  const fix = 'signet job leases; when they are dead: signet job leases --confirm'
  health.register('job leases', () =>
    last.isPaused
      ? { kind: 'warning', detail: `too many lapsed at once: ${String(last.waiting)} jobs wait for their end`, fix }
      : OK,
  )
  return (report) => {
    if (report.isPaused && !last.isPaused)
      log.error({ ...report, fix }, 'too many jobs lapsed at once: ending is paused')
    if (!report.isPaused && last.isPaused) log.info({ ...report }, 'lapsed jobs are ended again')
    if (report.ended > 0) log.info({ jobs: report.ended }, 'jobs ended: their lease has lapsed')
    metrics.leasesLooked(report)
    last = report
  }
}

/** The alarm of the brake on directory syncs, as that on leases. */
function syncWatch(log: Log, metrics: Metrics, health: Health): Monitoring['directorySynced'] {
  const known = new Map<string, SyncRecord | undefined>()
  return (provider, record) => {
    if (!known.has(provider))
      health.register(`directory sync ${provider}`, () => syncCheck(provider, known.get(provider)))
    const before = known.get(provider)
    known.set(provider, record)
    const { waiting, unread, done } = record ?? {}
    const facts = { provider, fix: fixOf(provider) }
    if (waiting !== undefined && waiting.digest !== before?.waiting?.digest)
      log.error(
        { ...facts, digest: waiting.digest, brakes: waiting.brakes },
        'a directory sync waits for a confirmation',
      )
    if (unread !== undefined && before?.unread === undefined)
      log.error({ ...facts, why: unread.why }, 'a directory does not tell everything: nothing is changed')
    metrics.directorySynced({
      provider,
      isWaiting: waiting !== undefined,
      isUnread: unread !== undefined,
      doneAt: done?.at,
    })
  }
}

function syncCheck(provider: string, record: SyncRecord | undefined): CheckResult {
  if (record?.unread !== undefined) {
    const since = record.unread.since.toISOString()
    return { kind: 'warning', detail: `not read whole since ${since}: ${record.unread.why}`, fix: fixOf(provider) }
  }
  if (record?.waiting === undefined) return OK
  const { brakes } = record.waiting
  return { kind: 'warning', detail: `waits for a confirmation: ${brakes.join(', ')}`, fix: fixOf(provider) }
}

function fixOf(provider: string): string {
  return `signet directory sync --provider ${provider} --plan`
}

function registerSnapshotCheck(health: Health, { limits }: Configuration, live: LiveState, clock: Clock): void {
  health.register('snapshot', () => {
    const ageSeconds = (clock.monotonicMilliseconds() - live.snapshot.confirmedAtMilliseconds) / 1000
    if (live.snapshot.quarantine.kind === 'quarantined' || ageSeconds < limits.snapshotAgeSeconds) return OK
    if (ageSeconds === Infinity) return missing('a change is missing in it', 'nothing: it is read anew')
    return missing(`not confirmed for ${ageSeconds.toFixed(1)} s`, 'look whether the database answers')
  })
}

function registerQuarantineCheck(health: Health, { snapshot }: LiveState): void {
  health.register('quarantine', () => {
    const { quarantine } = snapshot
    if (quarantine.kind === 'none') return OK
    return missing(`since ${quarantine.since.toISOString()}, after a restore without journal`, CONFIRM_FIX)
  })
}

const CONFIRM_FIX =
  'signet restore confirm --crl FILE, with the last CRL of the root and of each issuing CA that was published'

function registerIssuerChecks(
  health: Health,
  booked: BookedIssuer,
  { book, policy }: Pick<OpenInstallation, 'book' | 'policy'>,
  live: LiveState,
  clock: Clock,
): void {
  const { issuer } = booked
  if (!hasLostKey(booked)) {
    health.register(`crl ${issuer.id}`, () =>
      crlCheck(issuer, live.crls.get(fullScope(issuer.id))?.crl, policy, clock.now()),
    )
  }
  if (!isRoot(issuer)) health.register(`issuer ${issuer.id}`, () => issuerCheck(book, booked, policy, clock.now()))
}

function missing(detail: string, fix: string): CheckResult {
  return { kind: 'missing', detail, fix }
}
