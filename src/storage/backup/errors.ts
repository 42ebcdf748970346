// What backup and restore refuse, for the operator at the machine.
import { CodedError, type Facts } from '../../domain/coded-error.ts'

export type BackupErrorCode =
  /** The file is cut off, changed or none of ours. */
  | 'backup_damaged'
  /** It was made by a newer Signet. */
  | 'backup_too_new'
  /** It could not be written whole; nothing stands under its name. */
  | 'backup_unwritable'
  | 'backup_unreadable'
  /** There is an installation where the backup is to go. */
  | 'restore_not_empty'
  /** The installation that is there is another one. */
  | 'restore_other_installation'
  /** A service, or a command, has the database open. */
  | 'restore_in_use'
  /** The database could not be built or put in its place; what was there is there. */
  | 'restore_unwritable'
  /** Lines in the middle of a journal do not add up. */
  | 'journal_damaged'
  | 'journal_unreadable'
  /** Nothing in the journal is of the installation of the backup. */
  | 'journal_other_installation'

export class BackupRefused extends CodedError<BackupErrorCode> {
  constructor(code: BackupErrorCode, facts: Facts = {}, options?: ErrorOptions) {
    super(code, facts, options)
  }
}

/** The system's own word for a failure of a file: `ENOSPC`, `EACCES`. */
export function systemCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}
