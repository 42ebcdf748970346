// Every reason that a decision can give, as a closed union: the code is part of the interface and is never renamed. Each
// has the step of the table that gives it, what kind of answer it is, and what whoever gets it can do.
//
// A reason stands here from the day on which some step can return it. HTTP status codes are not known here: an edge maps
// the category (and the exceptions it documents) to a number.

/** The steps that exist, by the names of docs/decision.md; `snapshot` and `err` stand around the table. */
export const STEP_IDS = [
  ...(['snapshot', '0', '1a', '1b', '2', '3', '4', '5', '6', '7c', '7r', '7t', '7k', '7p', '8', '9'] as const),
  ...(['10u', '10s', '10t', '10d', '11', '12', '13', '14', '14r', '15a', '15b', '15c', '16', '17', '18'] as const),
  ...(['19', 'all', 'err'] as const),
] as const
export type StepId = (typeof STEP_IDS)[number]

/**
 * - `malformed`: the request cannot be read in one way only.
 * - `unauthenticated`: no credential, or one that does not hold; the answer carries a challenge.
 * - `forbidden`: the caller is known, and may not.
 * - `not-found`: there is nothing of that name for this caller.
 * - `limited`: too many, or too fast.
 * - `unavailable`: nobody can decide now; refused, and worth asking again.
 */
export type ReasonCategory =
  'allowed' | 'malformed' | 'unauthenticated' | 'forbidden' | 'not-found' | 'limited' | 'unavailable'

export interface ReasonRow {
  readonly step: StepId
  readonly category: ReasonCategory
  /** One sentence for whoever was refused: what to do about it. */
  readonly advice: string
}

const ROWS = {
  ALLOWED: row('all', 'allowed', 'Nothing to do: every step passed.'),

  SNAPSHOT_STALE: row('snapshot', 'unavailable', 'Ask again soon: this process has lost touch with its database.'),
  QUARANTINED: row(
    'snapshot',
    'unavailable',
    'Tell the operator: after a restore, somebody has to confirm what there is.',
  ),
  PDP_UNAVAILABLE: row('err', 'unavailable', 'Ask again soon, and tell the operator if it goes on: deciding failed.'),

  PEP_UNTRUSTED: row(
    '0',
    'forbidden',
    'Ask with the certificate of the service that the deployment names as its server, about that deployment only.',
  ),
  REQUEST_AMBIGUOUS: row('1a', 'malformed', 'Send each header once, by its own name, without control characters.'),
  PATH_NOT_CANONICAL: row(
    '1b',
    'malformed',
    'Send the path as it is meant: without `..`, `;`, backslashes and encoded separators.',
  ),
  ROUTE_UNKNOWN: row('2', 'not-found', 'Check host, path, deployment and model: none of that name exists.'),
  ROUTE_CONFLICT: row('2', 'forbidden', 'Name one deployment: host, path, header and body mean different ones.'),

  CREDENTIAL_MISSING: row('5', 'unauthenticated', 'Present a credential of a kind that the deployment accepts.'),
  AUTH_METHOD_NOT_ENABLED: row(
    '6',
    'unauthenticated',
    'Present only credentials of a kind that the deployment and the platform accept.',
  ),

  CERT_MALFORMED: row('7c', 'unauthenticated', 'Get a new certificate: this one is not encoded or named as ours are.'),
  CERT_UNTRUSTED: row('7c', 'unauthenticated', 'Present a certificate that this installation issued.'),
  CERT_EXPIRED: row('7c', 'unauthenticated', 'Renew the certificate: it has ended.'),
  CERT_NOT_YET_VALID: row('7c', 'unauthenticated', 'Check the clocks: the certificate begins later.'),
  CERT_EKU: row('7c', 'unauthenticated', 'Present a certificate that is meant for TLS clients (EKU clientAuth).'),
  CERT_AMBIGUOUS_CN: row('7c', 'unauthenticated', 'Present a certificate with exactly one common name.'),
  CERT_REVOKED: row('7r', 'unauthenticated', 'Get a new certificate: this one was revoked, or is on hold.'),

  REVOCATION_STALE: row('7r', 'unavailable', 'Ask again soon: what is revoked was not heard of for too long.'),

  TOKEN_MALFORMED: row('7t', 'unauthenticated', 'Get a new token: this one cannot be read.'),
  TOKEN_TYPE: row('7t', 'unauthenticated', 'Present an access token: this one is for another use.'),
  TOKEN_SIGNATURE: row('7t', 'unauthenticated', 'Get a new token: the signature of this one does not hold.'),
  TOKEN_ISSUER: row('7t', 'unauthenticated', 'Present a token of Signet, or of an issuer that is trusted here.'),
  TOKEN_AUDIENCE: row('7t', 'unauthenticated', 'Get a token whose audience is this deployment.'),
  TOKEN_EXPIRED: row('7t', 'unauthenticated', 'Get a new token: it is not the time of this one.'),
  TOKEN_KEY_UNKNOWN: row('7t', 'unauthenticated', 'Get a new token: the key that signed this one is not known.'),
  TOKEN_REVOKED: row('7t', 'unauthenticated', 'Get a new token: this one was revoked.'),
  TOKEN_BINDING: row('7t', 'unauthenticated', 'Present the token together with the certificate that it is bound to.'),
  KEY_INVALID: row('7k', 'unauthenticated', 'Check the API key, or make a new one.'),
  KEY_EXPIRED: row('7k', 'unauthenticated', 'Make a new API key: this one has ended.'),
  KEY_REVOKED: row('7k', 'unauthenticated', 'Make a new API key: this one was deleted.'),
  PASSPHRASE_INVALID: row('7p', 'unauthenticated', 'Ask an owner of the project for the passphrase of today.'),
  RATE_LIMITED: row('7p', 'limited', 'Wait a minute: too many passphrases were tried.'),
  CREDENTIAL_CONFLICT: row('8', 'forbidden', 'Present credentials of one identity alone.'),

  SUBJECT_UNKNOWN: row(
    '9',
    'unauthenticated',
    'Ask an owner of the project, or an administrator: the identity is no longer current.',
  ),
  SUBJECT_BLOCKED: row('9', 'unauthenticated', 'Ask an administrator: the user is blocked.'),

  CERT_CN_MISMATCH: row('10u', 'forbidden', 'Act as the name in the certificate, letter for letter: PROJECT__USER.'),
  CERT_L_MISMATCH: row('10s', 'forbidden', 'Act as the system user in the certificate of the service (its one L).'),

  SUBJECT_MISMATCH: row('10t', 'forbidden', 'Act as the name that the token or key is for, letter for letter.'),
  DELEGATION_DENIED: row(
    '10d',
    'forbidden',
    'Ask an owner to list the caller as a delegate, and call for members who may call by themselves.',
  ),

  NOT_FOUND: row('12', 'not-found', 'There is nothing of that name.'),
  ADMIN_NO_DATA: row('13', 'forbidden', 'Use a certificate of a project member: administrators do not see its data.'),
  PROJECT_BOUNDARY: row('14', 'forbidden', 'Use the identity that belongs to the project of the deployment.'),
  NOT_MEMBER: row('14', 'forbidden', 'Ask an owner of the project to list the service as a caller of the deployment.'),
  ROLE_INSUFFICIENT: row('14r', 'forbidden', 'Ask an owner of the project: the role does not allow this.'),

  EXTERNAL_ACCESS_DISABLED: row('15a', 'forbidden', 'External users are not let in on this platform.'),
  GROUP_NOT_GRANTED: row(
    '15b',
    'forbidden',
    'Ask an owner of the project to grant the deployment to one of your groups.',
  ),
  EXTERNAL_LOGIN_REQUIRED: row('15c', 'unauthenticated', 'Sign in again: the last time was too long ago.'),
  MODEL_DISABLED: row('16', 'forbidden', 'Ask the owner of the model: it is switched off.'),
  GROUP_PRIVATE: row('17', 'forbidden', 'Ask the owner of the model group: it is private.'),
  GROUP_RESTRICTED: row('17', 'forbidden', 'Ask the owner of the model group for one of its backend roles.'),
  RESTRICTED_WITHOUT_ROLES: row('17', 'forbidden', 'Ask the owner of the model group to name its backend roles.'),
  SCOPE_MISSING: row('18', 'forbidden', 'Use a token or key with the scope: SERVING to call, MODELREGISTRY to manage.'),
  KEY_NOT_FOR_DEPLOYMENT: row('18', 'forbidden', 'Use a key that lists this deployment.'),
  POLICY_DENIED: row('19', 'forbidden', 'Ask an owner of the project: the deployment refuses this caller by name.'),
  QUOTA: row('19', 'limited', 'Wait a minute: the deployment has had the calls that it takes in one.'),
} as const satisfies Record<string, ReasonRow>

export type Reason = keyof typeof ROWS
export type DenialReason = Exclude<Reason, 'ALLOWED'>

export const REASONS: Readonly<Record<Reason, ReasonRow>> = ROWS

function row<Step extends StepId, Category extends ReasonCategory>(step: Step, category: Category, advice: string) {
  return { step, category, advice } as const
}
