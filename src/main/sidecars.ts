// Joins what snapshots for sidecars are made of: the state in the database, the changes in memory, the CAs, the token keys and the
// key that signs.
import { profilesOf } from '../ca/issuer.ts'
import type { ActContext } from '../enrollment/act-context.ts'
import type { IssuerBook } from '../enrollment/issuer-book.ts'
import { type CurrentSnapshotSigner, currentSnapshotSigner } from '../enrollment/snapshot-signer.ts'
import type { TokenKeyring } from '../enrollment/token-keyring.ts'
import type { SnapshotSigner } from '../tokens/snapshot-jws.ts'
import { SidecarSnapshots, type Surroundings } from '../http/sidecar-snapshots.ts'
import { namesClaim } from '../http/sidecar/snapshot-document.ts'
import type { InstallationFacts, OpenInstallation } from './installation.ts'
import type { LiveState } from './live-state.ts'

export interface SidecarMeans {
  readonly opened: OpenInstallation
  readonly facts: InstallationFacts
  readonly live: LiveState
  readonly context: ActContext
  readonly keyring: TokenKeyring
  readonly signer: () => Promise<SnapshotSigner>
}

export function sidecarSnapshots({ opened, facts, live, context, keyring, signer }: SidecarMeans): SidecarSnapshots {
  const { configuration, storage } = opened
  return new SidecarSnapshots({
    clock: context.clock,
    snapshot: live.snapshot,
    recent: live.recent,
    readState: () => storage.readState(),
    signer,
    surroundings: () => surroundingsOf(opened, facts, context, keyring),
    issuer: configuration.publicUrl,
    epoch: facts.epoch,
    validitySeconds: configuration.sidecars.snapshotSeconds,
  })
}

/** Made when the first sidecar or follower asks, and looked at again when it is due, by one question at a time. */
export function snapshotSignerOf(
  context: ActContext,
  facts: InstallationFacts,
  book: IssuerBook,
): () => Promise<CurrentSnapshotSigner> {
  let current: CurrentSnapshotSigner | undefined
  let asking: Promise<CurrentSnapshotSigner> | undefined
  return async () => {
    const known = current === undefined || book.isRevoked(current.issuer) ? undefined : current
    if (known !== undefined && context.clock.now() < known.renewAt) return known
    asking ??= currentSnapshotSigner(context, facts).finally(() => {
      asking = undefined
    })
    current = await asking
    return current
  }
}

function surroundingsOf(
  { book, policy, configuration }: OpenInstallation,
  { installation }: InstallationFacts,
  { trustDomain, clock }: ActContext,
  keyring: TokenKeyring,
): Surroundings {
  return {
    installation,
    trustDomain,
    names: namesClaim(policy.names),
    issuers: book.all().map(({ issuer }) => ({
      id: issuer.id,
      root: issuer.authority.parent === null,
      certificate: Buffer.from(issuer.certificate.der).toString('base64'),
      issues: profilesOf(issuer, policy).map(({ policyOid, name }) => [policyOid, name]),
    })),
    tokens: {
      issuer: configuration.publicUrl,
      maxLifetimeSeconds: policy.credentials.token.maxSeconds,
      keys: keyring.jwks(clock.now()).keys.map((key) => ({ ...key })),
    },
  }
}
