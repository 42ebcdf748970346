// Refusals of a sign-in and of what a session asks for.
import { CodedError, type Facts } from '../domain/coded-error.ts'

export type SignInErrorCode =
  | 'sign_in_refused'
  | 'sign_in_busy'
  | 'provider_unknown'
  | 'provider_unreachable'
  | 'groups_unavailable'
  | 'user_link_required'
  | 'link_unknown'
  | 'session_ended'
  | 'sign_in_not_fresh'

export class SignInRefused extends CodedError<SignInErrorCode> {
  constructor(code: SignInErrorCode, facts: Facts = {}, options?: ErrorOptions) {
    super(code, facts, options)
  }
}
