// The key that snapshots for sidecars are signed with, and its certificate: issued by the process to itself when the first
// snapshot is asked for, and again when a third of its life is left. Replicas share it through the database.
import { prepareCertificate, signPermit } from '../ca/issue.ts'
import type { ServerKeyRecord } from '../ca/issuer-store.ts'
import { addSeconds } from '../domain/clock.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { parseSerialNumber } from '../domain/serial-number.ts'
import type { SnapshotSigner } from '../tokens/snapshot-jws.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { parsePublicKey } from '../x509/public-key.ts'
import type { ActContext } from './act-context.ts'
import { recordCertificate } from './issue-certificate.ts'
import { snapshotKeyContext } from './sealed-keys.ts'
import type { UnitOfWork } from './unit-of-work.ts'

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
  means: SnapshotSignerMeans,
): Promise<CurrentSnapshotSigner> {
  const latest = await context.acts.run(latestThatIsGood)
  const found = latest === undefined ? undefined : opened(context, latest)
  if (found !== undefined && context.clock.now() < found.renewAt) return found
  const made = opened(context, await issueSigner(context, means))
  if (made === undefined) throw new Error('the issuer of a new snapshot signer is not the one in use')
  return made
}

async function latestThatIsGood(tx: UnitOfWork): Promise<ServerKeyRecord | undefined> {
  const latest = await tx.latestSnapshotKey()
  const record = latest === undefined ? undefined : await tx.certificate(parseSerialNumber(latest.serial), 'none')
  return record?.status === 'good' ? latest : undefined
}

async function issueSigner(
  context: ActContext,
  { organization, algorithm }: SnapshotSignerMeans,
): Promise<ServerKeyRecord> {
  const { keyStore, installation } = context.vault
  const key = await keyStore.generate(algorithm)
  const publicKey = parsePublicKey(key.publicKey)
  const { issuer, signer } = context.issuingKeyFor(PROFILE)
  const request = { profile: PROFILE, organization, publicKey, lifetimeSeconds: 'default' } as const
  const issued = await signPermit(prepareCertificate(request, issuer, context), signer)
  const place = snapshotKeyContext(installation, publicKey.fingerprint)
  return context.acts.run(async (tx) => {
    const record: ServerKeyRecord = {
      serial: issued.serial,
      sealedKey: keyStore.seal(key, place, await tx.sealingKey('share')),
      certificate: issued.der,
      createdAt: issued.issuedAt,
    }
    const own = { identity: PROFILE, requester: 'system', obtainedWith: 'installation', status: 'good' } as const
    await recordCertificate(tx, { ...issued, ...own }, { requestId: '' })
    await tx.insertSnapshotKey(record)
    return record
  })
}

/** Undefined when its issuer is not the one in use any more. */
function opened(context: ActContext, { certificate, sealedKey }: ServerKeyRecord): CurrentSnapshotSigner | undefined {
  const { tbs } = parseCertificate(certificate)
  const { issuer } = context.issuingKeyFor(PROFILE)
  if (Buffer.compare(tbs.issuerEncoded, issuer.subject) !== 0) return undefined
  const { keyStore, installation } = context.vault
  const { notBefore, notAfter } = tbs.validity
  return {
    signer: keyStore.openSigner('snapshot', sealedKey, snapshotKeyContext(installation, tbs.publicKey.fingerprint)),
    chain: [certificate, issuer.certificate.der],
    issuer: issuer.id,
    renewAt: addSeconds(notAfter, -(notAfter.getTime() - notBefore.getTime()) / 3000),
  }
}
