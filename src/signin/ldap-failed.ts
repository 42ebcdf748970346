// Why a directory could not be asked. Nothing is known then of anybody: it is neither a yes nor a no.

export type LdapFailure =
  /** It does not answer, or not in time, or not under TLS with its name. */
  | 'unreachable'
  /** It answers, and not to what the configuration says. */
  | 'misconfigured'
  /** The answer is cut short, points elsewhere or cannot be read. */
  | 'incomplete'

export class LdapFailed extends Error {
  readonly failure: LdapFailure

  constructor(failure: LdapFailure, why: string, options?: ErrorOptions) {
    super(`${failure}: ${why}`, options)
    this.name = 'LdapFailed'
    this.failure = failure
  }
}
