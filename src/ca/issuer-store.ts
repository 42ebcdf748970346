// The issuing keys of an installation, as the database keeps them: certificate in clear, private key sealed under the
// master key. The root's row has no key: it lives in a folder of its own, offline.
import type { IssuerId } from '../domain/issuer-id.ts'

export interface IssuerRecord {
  readonly id: IssuerId
  /** Name of the authority in `ca/hierarchy.json`. */
  readonly authority: string
  readonly generation: number
  readonly certificate: Uint8Array
  /** `keystore/envelope` bytes; absent for the root. */
  readonly sealedKey?: Uint8Array
  readonly createdAt: Date
}

/** A key of Signet's own that is not an issuer's, with the certificate that goes with it. */
export interface OwnKeyRecord {
  readonly serial: string
  readonly sealedKey: Uint8Array
  readonly certificate: Uint8Array
  readonly createdAt: Date
}

export interface IssuerStore {
  /** Throws when the id is taken. */
  insertIssuer(issuer: IssuerRecord): Promise<void>
  issuers(): Promise<readonly IssuerRecord[]>
  /** Of Signet's own TLS server. */
  insertServerKey(key: OwnKeyRecord): Promise<void>
  latestServerKey(): Promise<OwnKeyRecord | undefined>
  /** The keys that snapshots for sidecars are signed with are kept likewise. */
  insertSnapshotKey(key: OwnKeyRecord): Promise<void>
  latestSnapshotKey(): Promise<OwnKeyRecord | undefined>
  /** And those that OCSP answers about the certificates of `issuer` are signed with. */
  insertResponderKey(issuer: IssuerId, key: OwnKeyRecord): Promise<void>
  latestResponderKey(issuer: IssuerId): Promise<OwnKeyRecord | undefined>
}
