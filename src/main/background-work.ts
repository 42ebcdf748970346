// What goes on in the background of a running service: what is published, rotated, renewed, swept and held in step, each as a
// task of its own, and which change of the log wakes which of them.
import { addSeconds, type Clock } from '../domain/clock.ts'
import type { ActContext } from '../enrollment/act-context.ts'
import { renewKeptKeys } from '../enrollment/custody.ts'
import type { DirectorySource } from '../enrollment/directory-source.ts'
import { settlePartitions } from '../enrollment/crl-partitions.ts'
import { syncWhenDue } from '../enrollment/directory-sync.ts'
import { finishEndedJobs } from '../enrollment/finish-ended-jobs.ts'
import { JobLeases } from '../enrollment/job-leases.ts'
import { revokeReplaced } from '../enrollment/revoke-replaced.ts'
import { currentServerCertificate } from '../enrollment/server-certificate.ts'
import type { Sightings } from '../enrollment/sightings.ts'
import type { TokenKeyring } from '../enrollment/token-keyring.ts'
import { type BackgroundWork, startBackground } from '../ops/background.ts'
import { startTicking } from '../ops/ticking.ts'
import { systemTimer } from '../ops/timer.ts'
import { CrlFolder } from '../storage/crl-folder.ts'
import { CrlPublisher } from '../revocation/crl-publisher.ts'
import type { TrustedIssuers } from '../tokens/trusted-issuer.ts'
import { type InstallationFacts, type OpenInstallation, serverMeans } from './installation.ts'
import type { Listeners } from './listeners.ts'
import type { OcspSigners } from './ocsp.ts'
import type { LiveState } from './live-state.ts'
import type { Monitoring } from './monitoring.ts'
import { keepCrlFiles } from './crl-files.ts'

/** Half of the second within which a job ends whose lease has lapsed. */
const LEASE_STEP_MILLISECONDS = 500
const MAINTENANCE_SECONDS = 600
/** A kept key is due hours before its certificate ends. */
const CUSTODY_SECONDS = 60
/** How long an operator waits at most until a sync of another process shows here. */
const SYNC_LOOK_SECONDS = 5
const TICKET_KEY_SECONDS = 3600
/** Each certificate that is in use is written once in this time. */
const SIGHTINGS_SECONDS = 60

/** The parts of a running service that its work and its edges are made of. */
export interface Assembled {
  readonly opened: OpenInstallation
  readonly facts: InstallationFacts
  readonly live: LiveState
  readonly context: ActContext
  readonly keyring: TokenKeyring
  readonly monitoring: Monitoring
  readonly sightings: Sightings
  readonly ocspSigners: OcspSigners
  readonly trustedIssuers: TrustedIssuers
  readonly directorySources: ReadonlyMap<string, DirectorySource>
}

export interface Work {
  /** Resolves when there is a CRL of each kind to serve. */
  readonly crlsPublished: Promise<void>
  stop(): Promise<void>
}

export function startWork({
  opened,
  facts,
  live,
  context,
  keyring,
  monitoring,
  sightings,
  ocspSigners,
  directorySources,
  listeners,
  clock,
}: Assembled & { readonly listeners: Listeners; readonly clock: Clock }): Work {
  const publisher = new CrlPublisher({
    transactions: opened.storage,
    ledger: live.ledger,
    shelf: live.crls,
    rebuilder: live.rebuilder,
    policy: opened.policy.revocation.crl,
    clock,
    onPublished: (round) => monitoring.crlsMade(round),
    // In quarantine a new CRL would lack what was revoked since the backup.
    issuers: () => (live.snapshot.quarantine.kind === 'quarantined' ? [] : live.crlIssuers()),
  })
  const means = { clock, timer: systemTimer, onFailure: (error: unknown) => monitoring.failed(error, 'background') }
  const published = Promise.withResolvers<undefined>()
  const crls = startBackground(async () => {
    const next = await publisher.publishDue()
    live.tellOfCrls()
    monitoring.crlsPublished()
    if (publisher.isComplete) published.resolve(undefined)
    return next
  }, means)
  const keys = startBackground(() => keyring.keepUp(), means)
  const certificate = startBackground(async () => {
    const current = await currentServerCertificate(context, serverMeans(opened, facts))
    monitoring.serverCertificate(current.validity)
    listeners.show(current)
    return current.renewAt
  }, means)
  const ocsp = startBackground(() => ocspSigners.keepUp(), means)
  ocspSigners.listen(() => ocsp.wake())
  const maintenance = startBackground(async () => {
    live.snapshot.forgetExpired(clock.now())
    await finishEndedJobs(context)
    await opened.storage.forgetExpired()
    await opened.storage.run((tx) => settlePartitions(tx, clock.now()))
    return addSeconds(clock.now(), MAINTENANCE_SECONDS)
  }, means)
  const replaced = startBackground(
    () => revokeReplaced(context, { nextRevokeAt: () => opened.storage.read((view) => view.nextRevokeAt()) }),
    means,
  )
  const seen = startBackground(async () => {
    await sightings.write(context.acts)
    return addSeconds(clock.now(), SIGHTINGS_SECONDS)
  }, means)
  const custody = startBackground(async () => {
    const renewed = await renewKeptKeys(context, means.onFailure)
    return addSeconds(clock.now(), renewed === 0 ? CUSTODY_SECONDS : 1)
  }, means)
  const ticketKeys = startBackground(async () => {
    listeners.rotateTicketKeys()
    return addSeconds(clock.now(), TICKET_KEY_SECONDS)
  }, means)
  const syncs = [...directorySources.values()].map((source) =>
    startBackground(async () => {
      monitoring.directorySynced(source.provider, await syncWhenDue(context, source))
      return addSeconds(clock.now(), SYNC_LOOK_SECONDS)
    }, means),
  )
  const jobLeases = new JobLeases(context)
  const leases = startTicking(
    async () => monitoring.leasesLooked(await jobLeases.look()),
    LEASE_STEP_MILLISECONDS,
    means,
  )
  const { crlDirectory } = opened.configuration
  const files = crlDirectory === undefined ? [] : [keepCrlFiles(live.crls, new CrlFolder(crlDirectory), means)]
  const running: readonly Pick<BackgroundWork, 'stop'>[] = [
    ...files,
    crls,
    keys,
    certificate,
    ocsp,
    maintenance,
    replaced,
    seen,
    custody,
    ticketKeys,
    leases,
    ...syncs,
  ]
  live.listen({
    onRevocation: () => {
      crls.wake()
      // It may be Signet's own.
      certificate.wake()
    },
    onIssuers: () => {
      monitoring.watchIssuers(opened)
      crls.wake()
      certificate.wake()
      ocsp.wake()
    },
    onTokenKey: () => keys.wake(),
    onFailure: means.onFailure,
  })
  return {
    crlsPublished: published.promise,
    stop: async () => {
      await Promise.all(running.map((each) => each.stop()))
    },
  }
}
