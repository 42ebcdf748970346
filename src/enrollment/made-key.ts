// Keys that Signet makes for whoever asks: key and certificate in one answer, in the form that their program reads, handed over
// once and kept nowhere (what the platform keeps is `custody.ts`). Any act on the issuing path takes such a key: its `csr` is a
// `CsrSource`. Jobs and services come here the same way as members.
import { checkAlias, checkPassphrase, encodeKeyBundle, encodeTrustStore } from '../ca/keystore/key-bundle.ts'
import type { KeyFormat } from '../ca/keystore/key-bundle.ts'
import type { HandOverKey } from '../ca/keystore/hand-over-key.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import type { ActContext } from './act-context.ts'
import type { CertificateAnswer, CsrSource } from './issue-certificate.ts'

/** What the caller wants of the key. */
export interface MadeKeyWish {
  readonly algorithm: KeyAlgorithmName
  readonly format: KeyFormat
  /** Absent: one is made, and told with the answer. */
  readonly passphrase?: string | undefined
  /** Absent: the common name. */
  readonly alias?: string | undefined
}

/** A key store as its owner gets it. */
export interface DeliveredKey {
  readonly format: KeyFormat
  readonly alias: string
  readonly keyStore: Uint8Array
  readonly trustStore: Uint8Array
  /** Told when Signet made it. */
  readonly passphrase?: string
}

/** Characters of 6 bits each: 144 bits, which no stolen file gives away. */
const PASSPHRASE_BYTES = 18

/**
 * Runs `issue` with a key of its own, and gives what it answered with the key store. Throws what `issue` throws, and before
 * anything is made `PassphraseRejected`, `AliasRejected`; `PrivateKeyRejected` for an algorithm that no key store takes.
 */
export async function issueWithMadeKey<Answer>(
  context: ActContext,
  wish: MadeKeyWish,
  issue: (csr: CsrSource) => Promise<Answer>,
  certificateOf: (answer: Answer) => CertificateAnswer,
): Promise<{ readonly answer: Answer; readonly delivered: DeliveredKey }> {
  if (wish.passphrase !== undefined) checkPassphrase(wish.passphrase)
  if (wish.alias !== undefined) checkAlias(wish.alias)
  let made: HandOverKey | undefined
  try {
    const answer = await issue(async () => {
      const { makeHandOverKey } = await import('../ca/keystore/hand-over-key.ts')
      made = await makeHandOverKey(wish.algorithm)
      return made.certificationRequest
    })
    if (made === undefined) throw new Error('a certificate was issued without the key that was made for it')
    return { answer, delivered: await deliver(context, wish, certificateOf(answer), made.pkcs8) }
  } finally {
    made?.pkcs8.fill(0)
  }
}

/** The key store and its trust store, under the passphrase of the wish or a new one. */
export async function deliver(
  context: ActContext,
  { format, passphrase: wanted, alias: wantedAlias }: Omit<MadeKeyWish, 'algorithm'>,
  { der, issuer, commonName }: Pick<CertificateAnswer, 'der' | 'issuer' | 'commonName'>,
  privateKeyPkcs8: Uint8Array,
): Promise<DeliveredKey> {
  const { caCertificates, clock, random } = context
  const passphrase = wanted ?? makePassphrase(context)
  const alias = wantedAlias ?? commonName
  const at = clock.now()
  const bundle = { certificate: der, chain: caCertificates.chainOf(issuer), privateKeyPkcs8, passphrase, alias }
  return {
    format,
    alias,
    keyStore: await encodeKeyBundle(format, bundle, at, random),
    trustStore: await encodeTrustStore(format, caCertificates.roots(), passphrase, at),
    ...(wanted === undefined ? { passphrase } : {}),
  }
}

export function makePassphrase({ random }: Pick<ActContext, 'random'>): string {
  return Buffer.from(random(PASSPHRASE_BYTES)).toString('base64url')
}
