// Where each of Signet's own private keys lies in the database, as the associated data of its encryption says it: a sealed
// key that was moved to another row, identity or installation does not open (CP §6.2.4).
import type { SealContext } from '../ca/keystore/envelope.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { parseCertificate } from '../x509/certificate.ts'
import type { KeptKey } from './custody-store.ts'
import type { SealedPlace } from './sealed-key-store.ts'

export function issuerKeyContext(installation: string, id: IssuerId): SealContext {
  return { installation, purpose: 'issuer', table: 'issuers', row: id, identity: `issuer:${id}`, keyVersion: 1 }
}

/** `keyFingerprint` is the SHA-256 of its SubjectPublicKeyInfo, hexadecimal. */
export function serverKeyContext(installation: string, keyFingerprint: string): SealContext {
  const identity = 'signet-server'
  return { installation, purpose: 'tls-server', table: 'server_keys', row: keyFingerprint, identity, keyVersion: 1 }
}

/** As `serverKeyContext`, for the key that snapshots are signed with. */
export function snapshotKeyContext(installation: string, keyFingerprint: string): SealContext {
  const identity = 'snapshot-signer'
  return { installation, purpose: 'snapshot', table: 'snapshot_keys', row: keyFingerprint, identity, keyVersion: 1 }
}

/** As `serverKeyContext`, for a key that OCSP answers are signed with. */
export function responderKeyContext(installation: string, keyFingerprint: string): SealContext {
  const identity = 'ocsp-responder'
  return { installation, purpose: 'ocsp', table: 'responder_keys', row: keyFingerprint, identity, keyVersion: 1 }
}

export function tokenKeyContext(installation: string, kid: string): SealContext {
  return { installation, purpose: 'jwt', table: 'token_keys', row: kid, identity: 'token-issuer', keyVersion: 1 }
}

/** Passphrase and key of a member, in custody. */
export function memberKeyContext(
  installation: string,
  { project, user, keyFingerprint }: Pick<KeptKey, 'project' | 'user' | 'keyFingerprint'>,
): SealContext {
  const identity = `member:${project}__${user}`
  return { installation, purpose: 'member', table: 'member_keys', row: keyFingerprint, identity, keyVersion: 1 }
}

/** What the connector of a model needs to be let in. */
export function modelCredentialContext(installation: string, model: string): SealContext {
  const identity = `model:${model}`
  return { installation, purpose: 'connector', table: 'models', row: model, identity, keyVersion: 1 }
}

/** Throws what parsing throws when the certificate beside the server's key is none. */
export function contextOf(installation: string, place: SealedPlace): SealContext {
  switch (place.kind) {
    case 'issuer':
      return issuerKeyContext(installation, place.id)
    case 'server':
      return serverKeyContext(installation, parseCertificate(place.certificate).tbs.publicKey.fingerprint)
    case 'snapshot':
      return snapshotKeyContext(installation, parseCertificate(place.certificate).tbs.publicKey.fingerprint)
    case 'responder':
      return responderKeyContext(installation, parseCertificate(place.certificate).tbs.publicKey.fingerprint)
    case 'token':
      return tokenKeyContext(installation, place.kid)
    case 'member':
      return memberKeyContext(installation, place)
    case 'connector':
      return modelCredentialContext(installation, place.model)
    default:
      return place satisfies never
  }
}

/** As an operator reads it, and finds the row by it. */
export function nameOf(place: SealedPlace): string {
  switch (place.kind) {
    case 'issuer':
      return `issuers ${place.id}`
    case 'server':
      return `server_keys ${place.serial}`
    case 'snapshot':
      return `snapshot_keys ${place.serial}`
    case 'responder':
      return `responder_keys ${place.serial}`
    case 'token':
      return `token_keys ${place.kid}`
    case 'member':
      return `member_keys ${place.project}__${place.user}`
    case 'connector':
      return `models ${place.model}`
    default:
      return place satisfies never
  }
}
