// Failures of storage. A refusal that belongs to a noun (`NameTaken`, `KeyRefused`, `CrlSuperseded`) stands in `domain/`.
import { CodedError } from '../domain/coded-error.ts'

/** Nothing of the act was kept: the database or the journal could not be written. Asking again later may succeed. */
export class StorageUnavailable extends CodedError<'storage_unavailable'> {
  constructor(why: string, cause?: unknown) {
    super('storage_unavailable', { why }, { cause })
  }
}

/** The connection broke while COMMIT was on its way: the act was kept or it was not. Only an Idempotency-Key can tell. */
export class CommitUnknown extends CodedError<'commit_unknown'> {
  constructor(cause: unknown) {
    super('commit_unknown', {}, { cause })
  }
}

export class StorageClosed extends CodedError<'storage_closed'> {
  constructor() {
    super('storage_closed')
  }
}

/** The database was migrated by a newer Signet; there is no way back but a backup. */
export class SchemaTooNew extends CodedError<'schema_too_new'> {
  constructor(found: number, known: number) {
    const remedy = `start a Signet that knows schema ${found}, or restore a backup of schema ${known} or older`
    super('schema_too_new', { found, known, remedy })
  }
}

/** A key that must be unique (a serial number, a `jti`) was inserted twice. */
export class RecordExists extends CodedError<'record_exists'> {
  constructor(record: string, key: string) {
    super('record_exists', { record, key })
  }
}

/** An update found no row: what it was to change was not read before. */
export class RecordMissing extends CodedError<'record_missing'> {
  constructor(record: string, key: string) {
    super('record_missing', { record, key })
  }
}

/** Changes after `position` are no longer in the log: read the whole state, and follow from there. */
export class ChangeLogGap extends CodedError<'change_log_gap'> {
  constructor(position: number, next: number) {
    super('change_log_gap', { position, next })
  }
}

export class DatabaseUrlRejected extends CodedError<'database_url_rejected'> {
  constructor() {
    super('database_url_rejected', { expected: 'sqlite:/path/to/file.db or postgres://user@host/database' })
  }
}
