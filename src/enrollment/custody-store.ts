// Custody as a transaction keeps it: the projects whose members' keys the platform keeps, and those keys, sealed.
import type { ProjectName } from '../domain/project-name.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import type { UserName } from '../domain/user-name.ts'
import type { EndedProject } from './ending-store.ts'

export interface KeptKey {
  readonly project: ProjectName
  readonly user: UserName
  /** SHA-256 of the SubjectPublicKeyInfo, hexadecimal. */
  readonly keyFingerprint: string
  /** Its newest certificate. */
  readonly serial: SerialNumber
  /** Who had it made, as the inventory writes a requester. */
  readonly requester: string
  /** No certificate of this key ends later. */
  readonly renewUntil: Date
  /** When the next certificate is due; absent when there will be none. */
  readonly renewAt?: Date
  /** `keystore/envelope` bytes of passphrase and key. */
  readonly sealedKey: Uint8Array
  readonly createdAt: Date
  /** When the member last took it. Until then nobody works with it. */
  readonly handedOverAt?: Date
}

export interface EndedKeys extends Pick<EndedProject, 'certificates' | 'tokens'> {
  readonly keys: number
}

export interface CustodyStore {
  /** Whether keys are kept. The project's row, locked before, guards the answer. */
  custodyOf(project: ProjectName): Promise<boolean>
  beginCustody(project: ProjectName, at: Date): Promise<void>
  /**
   * Revokes what the kept keys of the project certify and the tokens that those certificates bought, deletes the keys, and ends
   * custody: a fixed number of statements. The project was locked for `update` before.
   */
  endCustody(project: ProjectName, reason: RevocationReason, at: Date): Promise<EndedKeys>

  /** Inserts, or replaces the one that was kept for the member before. */
  putKeptKey(key: KeptKey): Promise<void>
  keptKey(project: ProjectName, user: UserName, lock: 'none' | 'update'): Promise<KeptKey | undefined>
  /** Compare-and-swap on the certificate that was seen; false when another is the newest by now, or the key is gone. */
  renewKeptKey(seen: KeptKey, next: Pick<KeptKey, 'serial' | 'renewAt'>): Promise<boolean>
  /** Notes a hand-over, and sets the end of every renewal of the key, here and for the certificates that it has. */
  handOverUntil(key: KeptKey, at: Date, renewUntil: Date): Promise<void>
  /** Those whose time has come, the longest due first. */
  keysToRenew(at: Date, limit: number): Promise<readonly KeptKey[]>
  deleteKeptKey(project: ProjectName, user: UserName): Promise<void>
}
