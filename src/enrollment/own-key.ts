// Keys of the service's own, each with a certificate that it issues to itself: made when there is none that is right, and
// again when a third of the life is left. Processes share them through the database, and of several that find one due at once
// one makes it. What a key is for, and how it is handed out, stands with its use.
import type { CertificateRequest } from '../ca/certificate-request.ts'
import { type IssuedCertificate, prepareCertificate, signPermit } from '../ca/issue.ts'
import type { Issuer } from '../ca/issuer.ts'
import type { OwnKeyRecord } from '../ca/issuer-store.ts'
import type { SealContext } from '../ca/keystore/envelope.ts'
import type { NewKey } from '../ca/keystore/key-store.ts'
import { addSeconds } from '../domain/clock.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { parseSerialNumber } from '../domain/serial-number.ts'
import type { Validity } from '../domain/validity.ts'
import { type Certificate, parseCertificate } from '../x509/certificate.ts'
import { parsePublicKey, type PublicKey } from '../x509/public-key.ts'
import type { ActContext, IssuingKey } from './act-context.ts'
import { recordCertificate } from './issue-certificate.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** One use of such a key: what is certified, by whom, and where the key is kept. */
export interface OwnKeyUse {
  /** As the inventory writes it. */
  readonly identity: string
  readonly algorithm: KeyAlgorithmName
  /** Read each time: another generation may have taken over. */
  readonly issuedBy: () => IssuingKey
  readonly requestFor: (publicKey: PublicKey) => CertificateRequest
  readonly placeOf: (keyFingerprint: string) => SealContext
  readonly latest: (tx: UnitOfWork) => Promise<OwnKeyRecord | undefined>
  readonly insert: (tx: UnitOfWork, record: OwnKeyRecord) => Promise<void>
  /** Whether it says what one that is made now would say. */
  readonly saysWhatItShould: (certificate: Certificate) => boolean
}

export interface OwnKey {
  readonly certificate: Certificate
  readonly issuer: Issuer
  readonly sealedKey: Uint8Array
  readonly place: SealContext
  readonly validity: Validity
  /** From this instant on a new one is due. */
  readonly renewAt: Date
}

/** The key in use while it is right and has life left, else a new one, recorded before it is used. */
export async function currentOwnKey(context: ActContext, use: OwnKeyUse): Promise<OwnKey> {
  const found = await context.acts.run((tx) => latestInForce(context, use, tx))
  return found ?? (await makeOwnKey(context, use))
}

async function makeOwnKey(context: ActContext, use: OwnKeyUse): Promise<OwnKey> {
  const key = await context.vault.keyStore.generate(use.algorithm)
  const { issuer, signer } = use.issuedBy()
  const permit = prepareCertificate(use.requestFor(parsePublicKey(key.publicKey)), issuer, context)
  const issued = await signPermit(permit, signer)
  const record = await context.acts.run((tx) => recordUnlessThere(context, use, tx, key, issued))
  const made = ownKeyOf(use, record)
  if (made === undefined) throw new Error(`the issuer of a new key for ${use.identity} is not the one in use`)
  return made
}

/** Under the lock on the sealing key, which all who keep such a key take here: the second finds the first one's. */
async function recordUnlessThere(
  context: ActContext,
  use: OwnKeyUse,
  tx: UnitOfWork,
  key: NewKey,
  issued: IssuedCertificate,
): Promise<OwnKeyRecord> {
  const sealing = await tx.sealingKey('update')
  const before = await use.latest(tx)
  if (before !== undefined && (await latestInForce(context, use, tx)) !== undefined) return before
  const record: OwnKeyRecord = {
    serial: issued.serial,
    sealedKey: context.vault.keyStore.seal(key, use.placeOf(issued.keyFingerprint), sealing),
    certificate: issued.der,
    createdAt: issued.issuedAt,
  }
  const own = { identity: use.identity, requester: 'system', obtainedWith: 'installation', status: 'good' } as const
  await recordCertificate(tx, { ...issued, ...own }, { requestId: '' })
  await use.insert(tx, record)
  return record
}

/** One that was revoked or held is not used again: whoever looks at the CRL would refuse it. */
async function latestInForce(context: ActContext, use: OwnKeyUse, tx: UnitOfWork): Promise<OwnKey | undefined> {
  const latest = await use.latest(tx)
  const record = latest === undefined ? undefined : await tx.certificate(parseSerialNumber(latest.serial), 'none')
  if (latest === undefined || record?.status !== 'good') return undefined
  const found = ownKeyOf(use, latest)
  if (found === undefined || context.clock.now() >= found.renewAt) return undefined
  return use.saysWhatItShould(found.certificate) ? found : undefined
}

/** Undefined when its issuer is not the one in use any more. */
function ownKeyOf(use: OwnKeyUse, { certificate: der, sealedKey }: OwnKeyRecord): OwnKey | undefined {
  const certificate = parseCertificate(der)
  const { tbs } = certificate
  const { issuer } = use.issuedBy()
  if (Buffer.compare(tbs.issuerEncoded, issuer.subject) !== 0) return undefined
  const { notBefore, notAfter } = tbs.validity
  return {
    certificate,
    issuer,
    sealedKey,
    place: use.placeOf(tbs.publicKey.fingerprint),
    validity: tbs.validity,
    renewAt: addSeconds(notAfter, -(notAfter.getTime() - notBefore.getTime()) / 3000),
  }
}
