// Joins the parts and runs them as a service: what is in memory, what is published, what goes on in the background, and the
// listeners in front. Nothing listens before everything behind it is ready.
import { readFileSync } from 'node:fs'
import { type Clock, systemClock } from './domain/clock.ts'
import type { Quarantine } from './domain/quarantine.ts'
import { currentServerCertificate } from './enrollment/server-certificate.ts'
import { Sightings } from './enrollment/sightings.ts'
import type { TokenContext } from './enrollment/token-acts.ts'
import { TokenKeyring } from './enrollment/token-keyring.ts'
import type { ApiParts } from './http/parts.ts'
import { CredentialLimit } from './http/credential-limit.ts'
import { OpenFeeds } from './http/open-feeds.ts'
import { SigningQueue } from './http/signing-queue.ts'
import {
  actContext,
  type InstallationFacts,
  NotInitialised,
  type OpenInstallation,
  openDuePartitions,
  openInstallation,
  refuseEmpty,
  serverMeans,
  type StorageWatch,
} from './main/installation.ts'
import { accessReviewersOf } from './main/access-reviewers.ts'
import { openCallDesk } from './main/call-desk.ts'
import { type Assembled, startWork } from './main/background-work.ts'
import { modelUpstreams } from './main/model-upstreams.ts'
import { FailureCounts } from './domain/failure-counts.ts'
import { TEST_PASSWORDS } from './main/test-passwords.ts'
import { Listeners, type Ports } from './main/listeners.ts'
import { LiveState } from './main/live-state.ts'
import { openMonitoring, type Monitoring } from './main/monitoring.ts'
import { ocspResponder, OcspSigners } from './main/ocsp.ts'
import { openProviders } from './main/sign-in-providers.ts'
import { directorySourcesOf } from './main/directory-sources.ts'
import { Refresh } from './main/refresh.ts'
import { Reload } from './main/reload.ts'
import { openRevocations, startCheckpoints } from './main/revocations.ts'
import { type SidecarMeans, sidecarSnapshots, snapshotSignerOf } from './main/sidecars.ts'
import { trustedIssuersOf } from './main/trusted-issuers.ts'
import type { Configuration } from './ops/configuration.ts'
import { Shutdown, type StopReport } from './ops/shutdown.ts'
import { systemTimer } from './ops/timer.ts'
import { BcryptThread } from './tokens/bcrypt-thread.ts'
import { KdfGate } from './tokens/kdf-gate.ts'

export interface RunningService {
  readonly ports: Ports
  readonly facts: InstallationFacts
  /** Takes up what a configuration that was read again says about access; everything else of it waits for the next start. */
  govern(configuration: Configuration): void
  /** Finishes what was accepted, for ten seconds at most. */
  stop(): Promise<StopReport>
}

/** Models that are counted at once; the oldest minute goes when there are more. */
const PREDICTED_MODELS = 10_000

/** Passphrase derivations at once; more are told to come again. */
const KEY_STORES_AT_ONCE = 4

/** Throws `NotInitialised`, and what opening the installation or a listener throws; then nothing is left running. */
export async function startService(configuration: Configuration, clock: Clock = systemClock): Promise<RunningService> {
  const shutdown = new Shutdown(systemTimer)
  try {
    return await assemble(configuration, clock, shutdown)
  } catch (error) {
    await shutdown.stop()
    throw error
  }
}

async function assemble(configuration: Configuration, clock: Clock, shutdown: Shutdown): Promise<RunningService> {
  const providers = await openProviders(configuration, clock)
  refuseEmpty(configuration)
  const live = new LiveState(clock, configuration.limits.snapshotAgeSeconds * 1000)
  live.snapshot.govern(configuration.access.rules)
  const monitoring = openMonitoring(configuration, live, clock)
  const opened = await openInstallation(configuration, watchOf(live, monitoring), clock)
  shutdown.add('storage', { name: 'storage', close: () => opened.storage.close() })
  const { facts } = opened
  if (facts === undefined) throw new NotInitialised(configuration.dataFolder)
  await live.load(opened)
  await openDuePartitions(opened)
  monitoring.watchIssuers(opened)
  monitoring.watchMasterKey(opened)
  const context = actContext(opened, () => live.snapshot.quarantine)
  const trustedIssuers = trustedIssuersOf(configuration, opened.policy.names, clock)
  const directorySources = directorySourcesOf(configuration, providers, opened.policy.names)
  const keyring = await openKeyring(opened, facts, () => live.snapshot.quarantine, clock)
  const server = await currentServerCertificate(context, serverMeans(opened, facts))
  const listeners = new Listeners(opened, server, shutdown)
  const sightings = new Sightings()
  const ocspSigners = new OcspSigners({ opened, live, context, monitoring })
  const assembled = {
    opened,
    facts,
    live,
    context,
    keyring,
    monitoring,
    sightings,
    ocspSigners,
    trustedIssuers,
    directorySources,
  }
  const work = startWork({ ...assembled, listeners, clock })
  shutdown.add('work', { name: 'background work', close: () => work.stop() })
  await work.crlsPublished
  const bcrypt = new BcryptThread()
  shutdown.add('work', { name: 'bcrypt', close: () => bcrypt.close() })
  const feeds = new OpenFeeds()
  const signer = snapshotSignerOf(context, facts, opened.book)
  const onFailure = (error: unknown): void => monitoring.failed(error, 'revocation feed')
  const revocations = openRevocations({ live, clock, signer, publicUrl: configuration.publicUrl, onFailure })
  const checkpoints = startCheckpoints(revocations, onFailure)
  shutdown.add('work', { name: 'checkpoints', close: () => checkpoints.stop() })
  shutdown.add('listeners', {
    name: 'feeds',
    close: () => {
      feeds.endAll()
      revocations.open.endAll()
    },
  })
  const ports = await listeners.open(
    apiParts({ ...assembled, providers, bcrypt, feeds, signer, revocations }),
    monitoring,
  )
  monitoring.log.info({ ports, installation: facts.installation }, 'ready')
  const govern = ({ access }: Configuration): void => {
    live.snapshot.govern(access.rules)
    live.recent.wake()
    monitoring.log.info({ superadmins: access.rules.superadmins.size }, 'access rules read again')
  }
  return { ports, facts, govern, stop: () => shutdown.stop() }
}

/** What storage tells, and whom: memory follows its changes, and is loaded anew when one was missed. */
function watchOf(live: LiveState, monitoring: Monitoring): StorageWatch {
  const reload = new Reload(
    () => live.loadAgain(),
    (error) => monitoring.failed(error, 'load'),
  )
  return {
    onBatch: (batch) => monitoring.batchCommitted(batch),
    onCommitted: (changes) => live.apply(changes),
    onConfirmed: (at) => live.confirm(at),
    onUnshown: (seq) => live.snapshot.expect(seq),
    onFault: (error) => {
      monitoring.failed(error, 'storage')
      reload.after(error)
    },
  }
}

async function openKeyring(
  { storage, keyStore, policy, configuration }: OpenInstallation,
  { installation }: InstallationFacts,
  quarantine: () => Quarantine,
  clock: Clock,
): Promise<TokenKeyring> {
  const keyring = new TokenKeyring({
    acts: storage,
    keyStore,
    installation,
    quarantine,
    policy: policy.credentials.token,
    clock,
    algorithms: configuration.tokens.algorithms,
  })
  await keyring.keepUp()
  return keyring
}

function apiParts({
  opened,
  facts,
  live,
  context,
  keyring,
  monitoring,
  sightings,
  ocspSigners,
  trustedIssuers,
  directorySources,
  providers,
  bcrypt,
  feeds,
  signer,
  revocations,
}: Assembled &
  Pick<ApiParts['signIn'], 'providers'> &
  Pick<ApiParts, 'feeds' | 'revocations'> &
  Pick<SidecarMeans, 'signer'> & { readonly bcrypt: BcryptThread }): ApiParts {
  const { configuration, storage } = opened
  const startedAt = context.clock.now()
  const version = ownVersion()
  const refresh = new Refresh(context.clock, () => storage.pollNow())
  const signingQueue = new SigningQueue(configuration.limits.signingQueue)
  const ocsp = ocspResponder({ opened, live, context, monitoring }, ocspSigners)
  monitoring.watchQueue(signingQueue, ocsp)
  const tokens: TokenContext = {
    ...context,
    keys: keyring,
    tokenIssuer: configuration.publicUrl,
    isAudience: (name) =>
      name === configuration.publicUrl ||
      configuration.tokens.audiences.includes(name) ||
      // A name that is both would be two audiences: it is none.
      (live.snapshot.deployment(name) === undefined) !== (live.snapshot.service(name) === undefined),
    trustedIssuers,
    isTokenRevoked: (jti) => live.snapshot.tokenRevoked(jti),
  }
  const credentialLimit = new CredentialLimit(configuration.limits, context.clock, monitoring.observer)
  const kdfGate = new KdfGate()
  const reviewers = accessReviewersOf(configuration, context.clock)
  return {
    context,
    tokens,
    calls: openCallDesk({
      live,
      tokens,
      kdfGate,
      bcrypt,
      credentialLimit,
      refresh,
      reviewers,
      observer: monitoring.observer,
    }),
    reader: storage,
    snapshot: live.snapshot,
    refresh: () => refresh.run(),
    clientCertificates: { verify: (der) => live.certificates.verify(der) },
    sightings,
    crls: live.crls,
    ocsp,
    authorities: live.authorities,
    readiness: () => monitoring.health.readiness(),
    status: () => ({
      installation: facts.installation,
      demo: facts.demo,
      epoch: facts.epoch,
      version,
      startedAt,
    }),
    audit: (page) => storage.read((view) => view.listAudit(page)),
    publicUrl: configuration.publicUrl,
    gatewayPort: configuration.access.gatewayPort,
    signIn: {
      providers,
      loginAfterHours: configuration.signIn.loginAfterHours,
      browserUrl: configuration.publicBrowserUrl,
    },
    directorySources,
    limits: configuration.limits,
    signingQueue,
    keyStoreQueue: new SigningQueue(KEY_STORES_AT_ONCE),
    kdfGate,
    upstreams: modelUpstreams(configuration.access),
    predictions: new FailureCounts(context.clock, 60, PREDICTED_MODELS),
    testPasswords: configuration.signIn.isTest ? TEST_PASSWORDS : 'off',
    credentialLimit,
    sidecars: sidecarSnapshots({ opened, facts, live, context, keyring, signer }),
    feeds,
    revocations,
    observer: monitoring.observer,
  }
}

function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return manifest.version
}
