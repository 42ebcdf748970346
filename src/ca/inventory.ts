// The inventory: every certificate that was ever issued, and every key that was ever certified. It is a record, not a
// list of the living: nothing is deleted when a certificate ends (clean-up of what has long expired is an act of its own).
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ProfileName } from '../domain/profile-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import type { Page, PageRequest, RowLock } from '../domain/transactions.ts'
import type { Validity } from '../domain/validity.ts'

export type CertificateStatus = 'good' | 'held' | 'revoked'

export interface CertificateRecord {
  readonly serial: SerialNumber
  readonly issuer: IssuerId
  readonly profile: ProfileName
  /** Whose it is, in one word: `member:PROJECT__USER`, `job:ID`, `service:NAME`, `admin:USER`, `signet-server`, `issuer:users-1`. */
  readonly identity: string
  readonly commonName: string
  /** Project name, for those profiles that live in one. */
  readonly project?: ProjectName
  /** SHA-256 of the SubjectPublicKeyInfo, hexadecimal. */
  readonly keyFingerprint: string
  readonly validity: Validity
  /** The partition of its issuer's CRLs that it names (ca/crl-partitions.ts); absent: it names the complete CRL. */
  readonly crlPartition?: number
  readonly der: Uint8Array
  /** Who asked: an actor as audit events write it. */
  readonly requester: string
  /** What the requester proved itself with: `certificate:01ab…`, `enrolment:…`, `offline`. */
  readonly obtainedWith: string
  /** No renewal of this identity goes past this instant (CP §4.6); absent where renewals are not limited. */
  readonly renewUntil?: Date
  readonly issuedAt: Date
  readonly status: CertificateStatus
  /** The first instant of the hold or revocation. */
  readonly revokedAt?: Date
  readonly reason?: RevocationReason
  /** The certificate for a new key that takes its place (CP §4.7). From then on it buys no other certificate. */
  readonly replacedBy?: SerialNumber
  /** When it is revoked for that; absent when it ends before. */
  readonly revokeAt?: Date
}

/** What an act asks about the certificate that its caller shows. */
export type CertificateStanding = Pick<CertificateRecord, 'status' | 'validity' | 'renewUntil' | 'replacedBy'>

export interface CertificateFilter {
  /** Exact, never a pattern. */
  readonly commonName?: string
  readonly identity?: string
  readonly project?: string
  readonly profile?: ProfileName
  readonly issuer?: IssuerId
  readonly requester?: string
  /** `expired` is good, held or revoked and past its end. `good`, `held` and `revoked` are within their validity. */
  readonly status?: CertificateStatus | 'expired'
  readonly expiresBefore?: Date
}

export interface Inventory {
  insertCertificate(record: CertificateRecord): Promise<void>
  /**
   * Binds a key to an identity, for ever. The same identity may claim it again; throws `KeyRefused` for a key of another
   * identity or one that was ever revoked for compromise. One statement and a unique row: two claims at once, one wins.
   */
  claimKey(keyFingerprint: string, identity: string): Promise<void>
  /** Locks the row of a key, when it has one: whoever is recording a certificate of it has finished, or begins afterwards. */
  holdKey(keyFingerprint: string): Promise<void>
  markKeyCompromised(keyFingerprint: string): Promise<void>
  certificate(serial: SerialNumber, lock: RowLock): Promise<CertificateRecord | undefined>
  certificateStanding(serial: SerialNumber, lock: RowLock): Promise<CertificateStanding | undefined>
  /** Sets status, revokedAt and reason of a row that was locked for `update` before. */
  updateRevocation(record: CertificateRecord): Promise<void>
  /** Certificates of an identity that are good or held and end after `at`, locked for `update`. */
  liveCertificatesOf(identity: string, at: Date): Promise<readonly CertificateRecord[]>
  /** The same of the certificates that `requester` answers for and that are service accounts'. */
  liveAccountCertificatesBy(requester: string, at: Date): Promise<readonly CertificateRecord[]>
  /** Sets replacedBy and revokeAt of a row that was locked for `update` before. */
  markReplaced(record: Pick<CertificateRecord, 'serial' | 'replacedBy' | 'revokeAt'>): Promise<void>
  /** Certificates that are to be revoked at `at` or before and are not, first due first, locked for `update`. */
  replacedUntil(at: Date, limit: number): Promise<readonly CertificateRecord[]>
  /** When the next one is to be revoked. */
  nextRevokeAt(): Promise<Date | undefined>
  /** When a key was first certified for this identity. */
  firstIssueOf(identity: string, keyFingerprint: string): Promise<Date | undefined>
  /** Keeps the latest for each serial number. */
  recordSightings(seen: ReadonlyMap<SerialNumber, Date>): Promise<void>
  sightingsOf(serials: readonly SerialNumber[]): Promise<ReadonlyMap<SerialNumber, Date>>
  listCertificates(filter: CertificateFilter, at: Date, page: PageRequest): Promise<Page<CertificateRecord>>
}
