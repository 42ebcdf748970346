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

/** A key of Signet's own that is not an issuer's: its TLS server key with the certificate that goes with it. */
export interface ServerKeyRecord {
  readonly serial: string
  readonly sealedKey: Uint8Array
  readonly certificate: Uint8Array
  readonly createdAt: Date
}

export interface IssuerStore {
  /** Throws when the id is taken. */
  insertIssuer(issuer: IssuerRecord): Promise<void>
  issuers(): Promise<readonly IssuerRecord[]>
  insertServerKey(key: ServerKeyRecord): Promise<void>
  latestServerKey(): Promise<ServerKeyRecord | undefined>
  /** The keys that snapshots for sidecars are signed with are kept likewise. */
  insertSnapshotKey(key: ServerKeyRecord): Promise<void>
  latestSnapshotKey(): Promise<ServerKeyRecord | undefined>
}
