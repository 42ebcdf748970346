// Refusals of the directory. A name that is taken is `domain/name-taken.ts`: its rows refuse it.
import { CodedError, type Facts } from '../domain/coded-error.ts'

export type DirectoryErrorCode =
  | 'name_taken'
  | 'user_unknown'
  | 'user_blocked'
  | 'project_unknown'
  | 'member_unknown'
  | 'account_unknown'
  | 'service_unknown'
  | 'last_administrator'
  | 'last_owner'
  | 'quota_exceeded'
  | 'job_unknown'
  | 'job_finished'

export class DirectoryRefused extends CodedError<DirectoryErrorCode> {
  constructor(code: DirectoryErrorCode, facts: Facts = {}) {
    super(code, facts)
  }
}
