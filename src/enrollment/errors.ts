// Refusals of the acts.
import { CodedError, type Facts } from '../domain/coded-error.ts'

export type EnrollmentErrorCode =
  | 'unauthenticated'
  | 'not_permitted'
  | 'scope_missing'
  | 'role_missing'
  | 'api_key_name_empty'
  | 'api_key_name_too_long'
  | 'api_key_scopes_empty'
  | 'api_key_scope_privileged'
  | 'api_key_expiry_rejected'
  | 'api_key_too_many'
  | 'api_key_unknown'
  | 'api_key_deployment_unknown'
  | 'enrolment_token_invalid'
  | 'member_at_work'
  | 'renewal_ended'
  | 'certificate_replaced'
  | 'key_not_new'
  | 'requester_ended'
  | 'project_not_granted'
  | 'job_of_administrator'
  | 'job_too_long'
  | 'job_without_end'
  | 'job_lease_refused'
  | 'job_lease_lapsed'
  | 'leases_not_paused'
  | 'idempotency_key_reused'
  | 'already_delivered'

export class EnrollmentRefused extends CodedError<EnrollmentErrorCode> {
  constructor(code: EnrollmentErrorCode, facts: Facts = {}) {
    super(code, facts)
  }
}
