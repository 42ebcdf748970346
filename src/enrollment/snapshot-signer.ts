// The key that snapshots for sidecars are signed with, and its certificate: issued by the process to itself when the first
// snapshot is asked for.
import type { IssuerId } from '../domain/issuer-id.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import type { SnapshotSigner } from '../tokens/snapshot-jws.ts'
import type { ActContext } from './act-context.ts'
import { currentOwnKey } from './own-key.ts'
import { snapshotKeyContext } from './sealed-keys.ts'

const PROFILE = 'snapshot-signer'

export interface SnapshotSignerMeans {
  readonly organization: string
  readonly algorithm: KeyAlgorithmName
}

export interface CurrentSnapshotSigner extends SnapshotSigner {
  /** From this instant on a new one is due. */
  readonly renewAt: Date
  /** The CA that certifies it: with that one revoked, a new one is due too. */
  readonly issuer: IssuerId
}

/** The signer in use when it is good and has life left, else a new one, recorded before it signs. */
export async function currentSnapshotSigner(
  context: ActContext,
  { organization, algorithm }: SnapshotSignerMeans,
): Promise<CurrentSnapshotSigner> {
  const { keyStore, installation } = context.vault
  const { certificate, issuer, sealedKey, place, renewAt } = await currentOwnKey(context, {
    identity: PROFILE,
    algorithm,
    issuedBy: () => context.issuingKeyFor(PROFILE),
    requestFor: (publicKey) => ({ profile: PROFILE, organization, publicKey, lifetimeSeconds: 'default' }),
    placeOf: (keyFingerprint) => snapshotKeyContext(installation, keyFingerprint),
    latest: (tx) => tx.latestSnapshotKey(),
    insert: (tx, record) => tx.insertSnapshotKey(record),
    saysWhatItShould: () => true,
  })
  return {
    signer: keyStore.openSigner('snapshot', sealedKey, place),
    chain: [certificate.der, issuer.certificate.der],
    issuer: issuer.id,
    renewAt,
  }
}
