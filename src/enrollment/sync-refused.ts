// Refusals of a directory sync.
import { CodedError } from '../domain/coded-error.ts'

export type SyncErrorCode =
  | 'sync_unknown'
  /** The directory did not tell everything (rule 25). */
  | 'sync_unread'
  /** The plan needs a confirmation (rule 25). */
  | 'sync_waits'
  /** What was confirmed is not what would be done, or what was planned does not fit any more. */
  | 'sync_plan_changed'
  | 'sync_superseded'

export class SyncRefused extends CodedError<SyncErrorCode> {}
