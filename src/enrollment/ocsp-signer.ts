// The key and certificate that OCSP answers about one CA generation's certificates are signed with (RFC 6960 §4.2.2.2): that
// generation certifies it, for a week, and the process renews it. Answers that an older one signed stay good until they end.
import { hash } from 'node:crypto'
import { unixSeconds } from '../domain/clock.ts'
import { profileNamed } from '../ca/policy/policy.ts'
import type { OcspSigner } from '../revocation/make-ocsp-response.ts'
import type { ActContext, IssuingKey } from './act-context.ts'
import { currentOwnKey } from './own-key.ts'
import { responderKeyContext } from './sealed-keys.ts'

const PROFILE = 'ocsp-responder'

/** The responder in use when it is good and has life left, else a new one, recorded before it signs. */
export async function currentOcspSigner(context: ActContext, issuedBy: IssuingKey): Promise<OcspSigner> {
  const { keyStore, installation } = context.vault
  const { id, algorithm } = issuedBy.issuer
  const { certificate, sealedKey, place, validity, renewAt } = await currentOwnKey(context, {
    identity: ocspResponderIdentity(id),
    algorithm,
    // A generation that issues nothing else any more still answers for what it has issued.
    issuedBy: () => issuedBy,
    requestFor: (publicKey) => ({
      profile: PROFILE,
      issuer: id,
      publicKey,
      lifetimeSeconds: lifetimeSeconds(context, issuedBy),
    }),
    placeOf: (keyFingerprint) => responderKeyContext(installation, keyFingerprint),
    latest: (tx) => tx.latestResponderKey(id),
    insert: (tx, record) => tx.insertResponderKey(id, record),
    saysWhatItShould: () => true,
  })
  return {
    signer: keyStore.openSigner('ocsp', sealedKey, place),
    certificate: certificate.der,
    keyHash: hash('sha1', certificate.tbs.publicKey.keyBytes, 'buffer'),
    endsAt: validity.notAfter,
    renewAt,
  }
}

export function ocspResponderIdentity(issuer: string): string {
  return `${PROFILE}:${issuer}`
}

/** As the profile says, and in the last days of its issuer as long as that lives. */
function lifetimeSeconds({ policy, clock }: ActContext, { issuer }: IssuingKey): number {
  const left = unixSeconds(issuer.validity.notAfter) - unixSeconds(clock.now())
  return Math.min(profileNamed(policy, PROFILE).lifetime.defaultSeconds, Math.max(left, 1))
}
