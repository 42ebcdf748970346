// The figures of one process, for Prometheus. Labels come from closed sets, so that no stranger can make this process keep
// a series for each thing that he tries: what is not in the set counts as `other`. Ages are taken when asked for.
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { type Clock, unixSeconds } from '../domain/clock.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ProfileName } from '../domain/profile-name.ts'
import type { Validity } from '../domain/validity.ts'
import { Histogram } from './histogram.ts'

export interface CrlFigures {
  readonly number: number
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  readonly entries: number
  /** Octets in DER. */
  readonly length: number
}

export interface SyncFigures {
  readonly provider: string
  /** A plan waits for a confirmation. */
  readonly isWaiting: boolean
  /** There is no whole reading. */
  readonly isUnread: boolean
  /** When a run last did all that it planned. */
  readonly doneAt: Date | undefined
}

export interface Metrics {
  readonly contentType: string
  /** The text for `GET /metrics`. */
  render(): Promise<string>
  /** `route` is the pattern that matched (`/v1/jobs/:id`), never the path. */
  requestAnswered(request: { method: string; route: string; status: number; seconds: number }): void
  certificateIssued(profile: ProfileName): void
  /** An OCSP answer: `memory`, `signature` or `fresh`, by where it came from, or the error's status. */
  ocspAnswered(answer: string): void
  /** A refusal by its problem code. */
  refused(code: string): void
  /** A credential of that kind did not hold, or was not looked at since too many had failed. */
  credential(kind: string, outcome: 'failed' | 'limited'): void
  decided(decision: { reason: string; way: string; seconds: number }): void
  crlPublished(issuer: IssuerId, figures: CrlFigures): void
  /** This process has made, signed and recorded what was due of an issuer. */
  crlsMade(round: { issuer: IssuerId; seconds: number }): void
  batchCommitted(batch: { acts: number; seconds: number }): void
  /** Jobs ended because their lease had lapsed, and those that wait while ending is paused. */
  leasesLooked(leases: { ended: number; waiting: number; isPaused: boolean }): void
  /** What is known of a directory sync; providers are those of the configuration. */
  directorySynced(sync: SyncFigures): void
  /** Somebody began or ceased to follow the feed of revocations; `cut`: it read nothing for too long. */
  feed(what: 'opened' | 'closed' | 'cut'): void
  /** `certificate`: `server`, or the issuer's id. A later call for the same one takes the place of the first. */
  certificateInUse(certificate: string, validity: Validity): void
  /** Read at each scrape: the age of the snapshot in seconds, and requests that wait for a signature. */
  watch(sources: {
    snapshotAgeSeconds: () => number
    signingQueue: () => number
    ocspRunning: () => number
    isQuarantined: () => boolean
  }): void
}

/** Route patterns of this service are under a hundred; a caller that passes paths instead is stopped here. */
const MAX_ROUTES = 300

/** An installation has a handful of issuers, each with a few live generations. */
const MAX_ISSUERS = 200

/** From a few entries to a million on a machine with other things to do. */
const PUBLISH_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** From under the 50 µs of a decision to the 10 s at which a request is broken off. */
const DURATION_BUCKETS = [0.00005, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export function createMetrics(options: {
  readonly clock: Clock
  /** Every problem code that an answer may carry. */
  readonly codes: Iterable<string>
  /** Every reason of a decision. */
  readonly reasons: Iterable<string>
  /** Every way in which decisions are asked for. */
  readonly ways: Iterable<string>
  /** Every kind of credential that is limited. */
  readonly credentials: Iterable<string>
}): Metrics {
  const registry = new Registry()
  // Among them the event loop's lag (nodejs_eventloop_lag_*), memory and open files.
  collectDefaultMetrics({ register: registry })
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    ...trafficMetrics(registry, options),
    ...stateMetrics(registry, options.clock),
  }
}

type Traffic =
  | 'requestAnswered'
  | 'certificateIssued'
  | 'ocspAnswered'
  | 'refused'
  | 'credential'
  | 'decided'
  | 'batchCommitted'
  | 'leasesLooked'
  | 'feed'

function trafficMetrics(
  registry: Registry,
  {
    codes,
    reasons,
    ways,
    credentials,
  }: Readonly<Record<'codes' | 'reasons' | 'ways' | 'credentials', Iterable<string>>>,
): Pick<Metrics, Traffic> {
  const requests = histogram(registry, 'http_request_seconds', 'Time to answer', ['method', 'route', 'status'])
  const issued = counter(registry, 'certificates_issued_total', 'Certificates issued', ['profile'])
  const ocspAnswers = counted(registry, 'ocsp_answers_total', 'OCSP answers, by where they came from', 'answer')
  const refusals = counter(registry, 'refusals_total', 'Requests refused, by problem code', ['code'])
  const decisions = countedPairs(registry, 'decisions_total', 'Decisions, by reason and way in', ['reason', 'way'])
  const decisionSeconds = histogram(registry, 'decision_seconds', 'Time of a decision', [])
  const batches = histogram(registry, 'database_batch_acts', 'Acts that shared a commit', [], [1, 2, 4, 8, 16, 32, 64])
  const commits = histogram(registry, 'database_commit_seconds', 'Time of a durable commit', [])
  const failures = counter(registry, 'credential_failures_total', 'Credentials that did not hold', ['kind'])
  const limited = counter(registry, 'credential_limited_total', 'Credentials that were not looked at', ['kind'])
  const credentialKind = oneOf(credentials)
  const lapsed = counter(registry, 'jobs_lapsed_total', 'Jobs ended because their lease had lapsed', [])
  const leases = { waiting: 0, isPaused: false }
  plainGauge(registry, 'job_lapses_waiting', 'Lapsed jobs that wait while ending is paused', () => leases.waiting)
  plainGauge(registry, 'job_lapses_paused', '1 while the end of lapsed jobs is paused', () => Number(leases.isPaused))
  const cut = counter(registry, 'revocation_feeds_cut_total', 'Followers of revocations that read too slowly', [])
  let feeds = 0
  plainGauge(registry, 'revocation_feeds', 'Open connections to the feed of revocations', () => feeds)
  const code = oneOf(codes)
  const reason = oneOf(reasons)
  const way = oneOf(ways)
  const route = firstOf(MAX_ROUTES)
  return {
    requestAnswered: (request) => {
      const method = METHODS.has(request.method) ? request.method : 'other'
      requests.observe(request.seconds, method, route(request.route), String(request.status))
    },
    certificateIssued: (profile) => issued.inc({ profile }),
    ocspAnswered: ocspAnswers,
    refused: (refusal) => refusals.inc({ code: code(refusal) }),
    credential: (kind, outcome) => (outcome === 'failed' ? failures : limited).inc({ kind: credentialKind(kind) }),
    decided: (decision) => {
      decisions(reason(decision.reason), way(decision.way))
      decisionSeconds.observe(decision.seconds)
    },
    leasesLooked: ({ ended, waiting, isPaused }) => {
      lapsed.inc(ended)
      Object.assign(leases, { waiting, isPaused })
    },
    feed: (what) => {
      if (what === 'cut') cut.inc()
      else feeds += what === 'opened' ? 1 : -1
    },
    batchCommitted: (batch) => {
      batches.observe(batch.acts)
      commits.observe(batch.seconds)
    },
  }
}

function stateMetrics(
  registry: Registry,
  clock: Clock,
): Pick<Metrics, 'crlPublished' | 'crlsMade' | 'certificateInUse' | 'watch' | 'directorySynced'> {
  const crls = new Map<string, CrlFigures>()
  const certificates = new Map<string, Validity>()
  const issuer = firstOf(MAX_ISSUERS)
  const certificate = firstOf(MAX_ISSUERS)
  const now = (): number => unixSeconds(clock.now())
  const ofCrl = (name: string, help: string, value: (crl: CrlFigures) => number): void =>
    gauge(registry, name, help, 'issuer', () => [...crls].map(([id, crl]) => [id, value(crl)]))
  ofCrl('crl_number', 'Number of the current CRL', ({ number }) => number)
  ofCrl('crl_entries', 'Entries of the current CRL', ({ entries }) => entries)
  ofCrl('crl_bytes', 'Length of the current CRL', ({ length }) => length)
  ofCrl('crl_age_seconds', 'Time since thisUpdate', ({ thisUpdate }) => now() - unixSeconds(thisUpdate))
  ofCrl('crl_next_update_seconds', 'Time left until nextUpdate', ({ nextUpdate }) => unixSeconds(nextUpdate) - now())
  const rounds = histogram(registry, 'crl_publish_seconds', 'Time to publish', ['issuer'], PUBLISH_SECONDS)
  gauge(registry, 'certificate_life_seconds', 'Time left of a certificate in use', 'certificate', () =>
    [...certificates].map(([name, { notAfter }]) => [name, unixSeconds(notAfter) - now()]),
  )
  const syncs = new Map<string, SyncFigures>()
  const ofSyncs = (name: string, help: string, value: (sync: SyncFigures) => number): void =>
    gauge(registry, name, help, 'provider', () => [...syncs].map(([provider, sync]) => [provider, value(sync)]))
  ofSyncs('directory_sync_waiting', '1 while a plan waits for a confirmation', ({ isWaiting }) => Number(isWaiting))
  ofSyncs('directory_sync_unread', '1 while the directory does not tell everything', ({ isUnread }) => Number(isUnread))
  ofSyncs('directory_sync_age_seconds', 'Time since a run did all that it planned', ({ doneAt }) =>
    doneAt === undefined ? Infinity : now() - unixSeconds(doneAt),
  )
  return {
    directorySynced: (figures) => void syncs.set(figures.provider, figures),
    crlPublished: (id, figures) => void crls.set(issuer(id), figures),
    crlsMade: ({ issuer: id, seconds }) => rounds.observe(seconds, issuer(id)),
    certificateInUse: (name, validity) => void certificates.set(certificate(name), validity),
    watch: ({ snapshotAgeSeconds, signingQueue, ocspRunning, isQuarantined }) => {
      plainGauge(registry, 'snapshot_age_seconds', 'Time since the snapshot was confirmed', snapshotAgeSeconds)
      plainGauge(registry, 'signing_queue', 'Requests that wait for a signature', signingQueue)
      plainGauge(registry, 'ocsp_running', 'OCSP answers that are being made', ocspRunning)
      const help = '1 from a restore without journal until it is confirmed'
      plainGauge(registry, 'quarantined', help, () => Number(isQuarantined()))
    },
  }
}

function counter<Label extends string>(registry: Registry, name: string, help: string, labelNames: Label[]) {
  return new Counter({ name: `signet_${name}`, help, labelNames, registers: [registry] })
}

/** Counts by one label; the library is told at each scrape, since its own counter works out the label's text each time. */
function counted(registry: Registry, name: string, help: string, label: string) {
  const counts = new Map<string, number>()
  new Counter({
    name: `signet_${name}`,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset()
      for (const [value, count] of counts) this.inc({ [label]: value }, count)
    },
  })
  return (value: string): void => {
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
}

/** The same by two labels. */
function countedPairs(registry: Registry, name: string, help: string, labels: readonly [string, string]) {
  const counts = new Map<string, Map<string, number>>()
  const [first, second] = labels
  new Counter({
    name: `signet_${name}`,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      this.reset()
      for (const [one, others] of counts) {
        for (const [other, count] of others) this.inc({ [first]: one, [second]: other }, count)
      }
    },
  })
  return (one: string, other: string): void => {
    let others = counts.get(one)
    if (others === undefined) counts.set(one, (others = new Map<string, number>()))
    others.set(other, (others.get(other) ?? 0) + 1)
  }
}

function histogram<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: Label[],
  buckets: number[] = DURATION_BUCKETS,
) {
  return new Histogram(registry, { name: `signet_${name}`, help, labelNames, buckets })
}

function gauge(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  read: () => (readonly [string, number])[],
): void {
  new Gauge({
    name: `signet_${name}`,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset()
      for (const [value, figure] of read()) this.set({ [label]: value }, figure)
    },
  })
}

function plainGauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name: `signet_${name}`,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    },
  })
}

function oneOf(known: Iterable<string>): (value: string) => string {
  const set = new Set(known)
  return (value) => (set.has(value) ? value : 'other')
}

/** The first `limit` values as they are, every later one as `other`. */
function firstOf(limit: number): (value: string) => string {
  const seen = new Set<string>()
  return (value) => {
    if (seen.has(value)) return value
    if (seen.size >= limit) return 'other'
    seen.add(value)
    return value
  }
}
