// What the HTTP edge is built from. Everything arrives here; the edge holds no state of its own but its caches.
import type { Socket } from 'node:net'
import type { HttpBindings } from '@hono/node-server'
import type { DeploymentStore } from '../directory/deployment-store.ts'
import type { Snapshot } from '../access/snapshot.ts'
import type { Inventory } from '../ca/inventory.ts'
import type { DirectoryStore } from '../directory/directory-store.ts'
import type { ProxyStore } from '../directory/proxy-store.ts'
import type { SidecarStore } from '../directory/sidecar-store.ts'
import type { SignInStore } from '../directory/sign-in-store.ts'
import type { AuditEvent } from '../domain/audit-event.ts'
import type { Page, PageRequest } from '../domain/transactions.ts'
import type { ActContext } from '../enrollment/act-context.ts'
import type { DirectorySource } from '../enrollment/directory-source.ts'
import type { Sightings } from '../enrollment/sightings.ts'
import type { SignInProvider } from '../enrollment/sign-in-provider.ts'
import type { TokenContext } from '../enrollment/token-acts.ts'
import type { FailureCounts } from '../domain/failure-counts.ts'
import type { ModelStore } from '../enrollment/model-store.ts'
import type { ModelUpstreams } from './predict.ts'
import type { RevocationCheckpoints } from '../revocation/revocation-checkpoints.ts'
import type { RevocationFeed } from '../revocation/revocation-feed.ts'
import type { RevocationFeedStore } from '../revocation/revocation-feed-store.ts'
import type { OcspResponder } from '../revocation/ocsp-responder.ts'
import type { CrlShelf } from '../revocation/crl-shelf.ts'
import type { KdfGate } from '../tokens/kdf-gate.ts'
import type { CallDesk, CallObserver } from '../proxies/answer-call.ts'
import type { ClientCertificateCache } from '../verifier/client-certificate-cache.ts'
import type { CredentialLimit, CredentialWatch } from './credential-limit.ts'
import type { FewAtOnce } from './few-at-once.ts'
import type { OpenFeeds } from './open-feeds.ts'
import type { SidecarSnapshots } from './sidecar-snapshots.ts'
import type { SigningQueue } from './signing-queue.ts'
import type { AuthorityShelf } from './authority-shelf.ts'
import type { Permission } from './permissions.ts'

/** What readers may do outside an act: lists and look-ups in one consistent view. */
export interface Reader {
  read<Result>(
    look: (
      view: DirectoryStore &
        SignInStore &
        Inventory &
        DeploymentStore &
        ProxyStore &
        SidecarStore &
        ModelStore &
        RevocationFeedStore,
    ) => Promise<Result>,
  ): Promise<Result>
}

/** What the edge tells the operations side; implemented there, named here, so that neither imports the other. */
export interface Observer extends CredentialWatch, CallObserver {
  request(route: string, method: string, status: number, seconds: number): void
  refused(code: string): void
  /** `answer`: what an OCSP answer said, or the error it was. */
  ocspAnswered(answer: string): void
  issued(profile: string): void
  /** Of the public feed of revocations. */
  feed(what: 'opened' | 'closed' | 'cut'): void
  /** A failure that the client is told nothing of. */
  failed(error: unknown, facts: { readonly requestId: string; readonly route: string }): void
}

/** What `/v1/status` shows: on, off, stale. */
export interface StatusFacts {
  readonly installation: string
  readonly demo: boolean
  readonly version: string
  readonly epoch: string
  readonly startedAt: Date
}

export interface SignInParts {
  /** By name. */
  readonly providers: ReadonlyMap<string, SignInProvider>
  /** -1: never asked for; 0: external users get nothing; else hours since their last sign-in. */
  readonly loginAfterHours: number
  /** By which browsers reach the listener for people. */
  readonly browserUrl: string
}

export interface TestPasswords {
  readonly hash: (password: string) => Promise<string>
  /** Nobody's takes as long as somebody's. */
  readonly verify: (password: string, hash: string | undefined) => Promise<boolean>
}

export interface RevocationsParts {
  readonly feed: RevocationFeed
  readonly checkpoints: Pick<RevocationCheckpoints, 'ensure'>
  readonly open: OpenFeeds
  /** Reads of older events. */
  readonly reads: FewAtOnce
}

export interface Limits {
  readonly bodyBytes: number
}

export interface ApiParts {
  readonly context: ActContext
  readonly tokens: TokenContext
  readonly reader: Reader
  readonly snapshot: Snapshot
  /** Brings the snapshot up to date with what other processes have committed; at most once a second, whoever asks. */
  readonly refresh: () => Promise<void>
  readonly clientCertificates: Pick<ClientCertificateCache, 'verify'>
  /** Answers for model calls, whoever tells of them. */
  readonly calls: CallDesk
  /** Which certificates of services are in use. */
  readonly sightings: Sightings
  readonly crls: CrlShelf
  readonly ocsp: Pick<OcspResponder, 'answer' | 'answerTo' | 'holds' | 'kept' | 'request'>
  readonly authorities: AuthorityShelf
  readonly readiness: () => Promise<{ readonly ready: boolean; readonly missing: readonly object[] }>
  readonly status: () => StatusFacts
  readonly audit: (page: PageRequest) => Promise<Page<AuditEvent>>
  readonly publicUrl: string
  /** At which callers reach the hosts of deployments. */
  readonly gatewayPort: number
  /** How people sign in. */
  readonly signIn: SignInParts
  /** Directories that members are held in step with, by the name of their provider. */
  readonly directorySources: ReadonlyMap<string, DirectorySource>
  readonly limits: Limits
  readonly signingQueue: SigningQueue
  /** Key stores that are being made: each costs a second of key derivation. */
  readonly keyStoreQueue: SigningQueue
  /** Every derivation of a deployment's passphrase in this process, whoever asks. */
  readonly kdfGate: KdfGate
  /** Around every check of a credential that is not a client certificate. */
  readonly credentialLimit: CredentialLimit
  /** Where connectors of models lead. */
  readonly upstreams: ModelUpstreams
  /** Predictions of the running minute, by model. */
  readonly predictions: FailureCounts
  /** Passwords at OpenSearch's API: in test installations alone. */
  readonly testPasswords: TestPasswords | 'off'
  /** What sidecars are given, and how many of them follow. */
  readonly sidecars: SidecarSnapshots
  readonly feeds: OpenFeeds
  /** The public feed, and how many follow it: strangers must not keep sidecars out. */
  readonly revocations: RevocationsParts
  readonly observer: Observer
}

/** The environment of a Hono handler here. */
export interface ApiEnvironment {
  readonly Bindings: HttpBindings
  readonly Variables: {
    requestId: string
    /** Programs show certificates and Authorization headers, browsers a cookie; neither takes the other's. */
    listener: 'programs' | 'browser'
    /** Who may call the route that was found. */
    permission: Permission
    /** A `TLSSocket` on the HTTPS listeners; one that is none shows no certificate. */
    socket: Socket
  }
}
