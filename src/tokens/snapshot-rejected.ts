// Why a sidecar does not take what it was sent.
import { CodedError } from '../domain/coded-error.ts'

/**
 * - `snapshot_malformed`: no JWS of ours, or claims that say too little; `snapshot_type`: signed for another use
 * - `snapshot_signer`: not signed by a snapshot signer under the pinned root, or by one that was revoked
 * - `snapshot_signature`: the signature does not hold; `snapshot_foreign`: made by another issuer, or for another sidecar
 * - `snapshot_rolled_back`: older than what was seen before; `snapshot_expired`: too old to be used
 * - `snapshot_epoch`: of another epoch, and not from a live connection; `checkpoint_gap`: something was left out before it
 */
export type SnapshotRejectedCode =
  | 'snapshot_malformed'
  | 'snapshot_type'
  | 'snapshot_signer'
  | 'snapshot_signature'
  | 'snapshot_foreign'
  | 'snapshot_rolled_back'
  | 'snapshot_expired'
  | 'snapshot_epoch'
  | 'checkpoint_gap'

export class SnapshotRejected extends CodedError<SnapshotRejectedCode> {}
