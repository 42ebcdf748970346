// Every reason that a decision can give, as a closed union: the code is part of the interface and is never renamed. Each
// has the step of the table that gives it, what kind of answer it is, and what whoever gets it can do.
//
// A reason stands here from the day on which some step can return it. HTTP status codes are not known here: an edge maps
// the category (and the exceptions it documents) to a number.

/** The steps that exist, by the names of docs/decision.md; `snapshot` and `err` stand around the table. */
export type StepId =
  'snapshot' | '0' | '2' | '5' | '6' | '7c' | '7r' | '9' | '10u' | '10s' | '13' | '14' | 'all' | 'err'

/**
 * - `unauthenticated`: no credential, or one that does not hold; the answer carries a challenge.
 * - `forbidden`: the caller is known, and may not.
 * - `not-found`: there is nothing of that name for this caller.
 * - `unavailable`: nobody can decide now; refused, and worth asking again.
 */
export type ReasonCategory = 'allowed' | 'unauthenticated' | 'forbidden' | 'not-found' | 'unavailable'

export interface ReasonRow {
  readonly step: StepId
  readonly category: ReasonCategory
  /** One sentence for whoever was refused: what to do about it. */
  readonly advice: string
}

const ROWS = {
  ALLOWED: row('all', 'allowed', 'Nothing to do: every step passed.'),

  SNAPSHOT_STALE: row('snapshot', 'unavailable', 'Ask again soon: this process has lost touch with its database.'),
  PDP_UNAVAILABLE: row('err', 'unavailable', 'Ask again soon, and tell the operator if it goes on: deciding failed.'),

  PEP_UNTRUSTED: row(
    '0',
    'forbidden',
    'Ask with the certificate of the service that the deployment names as its server, about that deployment only.',
  ),
  ROUTE_UNKNOWN: row('2', 'not-found', 'Check the host or the deployment name: none of that name exists.'),
  ROUTE_CONFLICT: row('2', 'forbidden', 'Name one deployment: host and deployment name mean different ones.'),

  CREDENTIAL_MISSING: row('5', 'unauthenticated', 'Present a client certificate.'),
  AUTH_METHOD_NOT_ENABLED: row(
    '6',
    'unauthenticated',
    'Present only credentials of a kind that the deployment accepts: a client certificate.',
  ),

  CERT_MALFORMED: row('7c', 'unauthenticated', 'Get a new certificate: this one is not encoded or named as ours are.'),
  CERT_UNTRUSTED: row('7c', 'unauthenticated', 'Present a certificate that this installation issued.'),
  CERT_EXPIRED: row('7c', 'unauthenticated', 'Renew the certificate: it has ended.'),
  CERT_NOT_YET_VALID: row('7c', 'unauthenticated', 'Check the clocks: the certificate begins later.'),
  CERT_EKU: row('7c', 'unauthenticated', 'Present a certificate that is meant for TLS clients (EKU clientAuth).'),
  CERT_AMBIGUOUS_CN: row('7c', 'unauthenticated', 'Present a certificate with exactly one common name.'),
  CERT_REVOKED: row('7r', 'unauthenticated', 'Get a new certificate: this one was revoked, or is on hold.'),

  SUBJECT_UNKNOWN: row(
    '9',
    'unauthenticated',
    'Ask an owner of the project, or an administrator: the identity in the certificate is no longer current.',
  ),
  SUBJECT_BLOCKED: row('9', 'unauthenticated', 'Ask an administrator: the user is blocked.'),

  CERT_CN_MISMATCH: row('10u', 'forbidden', 'Act as the name in the certificate, letter for letter: PROJECT__USER.'),
  CERT_L_MISMATCH: row('10s', 'forbidden', 'Act as the system user in the certificate of the service (its one L).'),

  ADMIN_NO_DATA: row('13', 'forbidden', 'Use a certificate of a project member: administrators do not see its data.'),
  PROJECT_BOUNDARY: row('14', 'forbidden', 'Use the identity that belongs to the project of the deployment.'),
  NOT_MEMBER: row('14', 'forbidden', 'Ask an owner of the project to list the service as a caller of the deployment.'),
} as const satisfies Record<string, ReasonRow>

export type Reason = keyof typeof ROWS
export type DenialReason = Exclude<Reason, 'ALLOWED'>

export const REASONS: Readonly<Record<Reason, ReasonRow>> = ROWS

function row<Step extends StepId, Category extends ReasonCategory>(step: Step, category: Category, advice: string) {
  return { step, category, advice } as const
}
