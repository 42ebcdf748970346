// Where each of Signet's own private keys lies in the database, as the associated data of its encryption says it: a sealed
// key that was moved to another row, identity or installation does not open (CP §6.2.4).
import type { SealContext } from '../ca/keystore/envelope.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { KeptKey } from './custody-store.ts'

export function issuerKeyContext(installation: string, id: IssuerId): SealContext {
  return { installation, purpose: 'issuer', table: 'issuers', row: id, identity: `issuer:${id}`, keyVersion: 1 }
}

/** `keyFingerprint` is the SHA-256 of its SubjectPublicKeyInfo, hexadecimal. */
export function serverKeyContext(installation: string, keyFingerprint: string): SealContext {
  const identity = 'signet-server'
  return { installation, purpose: 'tls-server', table: 'server_keys', row: keyFingerprint, identity, keyVersion: 1 }
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
