// The one table from codes to HTTP: a code without a row does not compile. Titles say what to do about it; `tells` says
// whether the facts of the error go to the client or stay in the log.
import type { DeploymentErrorCode } from '../directory/deployment-store.ts'
import type { CaErrorCode } from '../ca/errors.ts'
import type { HandOverErrorCode, SealingErrorCode } from '../ca/keystore/errors.ts'
import type { ProxyErrorCode } from '../directory/proxy-store.ts'
import type { SidecarErrorCode } from '../directory/sidecar-store.ts'
import type { DirectoryErrorCode } from '../directory/errors.ts'
import type { CrlScopeRejected } from '../domain/crl-scope.ts'
import type { DurationRejected } from '../domain/duration.ts'
import type { IssuerIdRejected } from '../domain/issuer-id.ts'
import type { NameRejected } from '../domain/name-rules.ts'
import type { NameTaken } from '../domain/name-taken.ts'
import type { Quarantined } from '../domain/quarantine.ts'
import type { ReasonRejected } from '../domain/revocation-reason.ts'
import type { SerialRejected } from '../domain/serial-number.ts'
import type { CursorRejected } from '../domain/transactions.ts'
import type { CustodyErrorCode } from '../enrollment/custody-refused.ts'
import type { ExchangeErrorCode } from '../enrollment/exchange-errors.ts'
import type { EnrollmentErrorCode } from '../enrollment/errors.ts'
import type { SignInErrorCode } from '../enrollment/sign-in-errors.ts'
import type { SyncErrorCode } from '../enrollment/sync-refused.ts'
import type { ModelErrorCode } from '../enrollment/model-refused.ts'
import type { IssuerBookErrorCode } from '../enrollment/issuer-book.ts'
import type { RevocationErrorCode } from '../revocation/revocation.ts'
import type { TokenErrorCode } from '../tokens/errors.ts'
import type { PassphraseRefusedCode } from '../tokens/passphrase-refused.ts'
import type { X509ErrorCode } from '../x509/errors.ts'
import { MODEL_PROBLEMS } from './model-problems.ts'

/** Refusals of the edge itself. */
type EdgeCode =
  | 'api_key_invalid'
  | 'asker_untrusted'
  | 'authorization_malformed'
  | 'authorization_missing'
  | 'base64_malformed'
  | 'body_malformed'
  | 'body_rejected'
  | 'body_too_large'
  | 'client_certificate_refused'
  | 'credential_buys_none'
  | 'credential_conflict'
  | 'csr_empty'
  | 'expectation_unknown'
  | 'foreign_page'
  | 'browsers_only'
  | 'headers_too_large'
  | 'idempotency_key_malformed'
  | 'internal'
  | 'length_required'
  | 'media_type_unsupported'
  | 'not_found'
  | 'page_token_missing'
  | 'parameter_rejected'
  | 'request_ambiguous'
  | 'request_too_slow'
  | 'request_unreadable'
  | 'temporarily_unavailable'
  | 'too_busy'
  | 'too_many_failures'

/** Failures of our own that no client can do anything about: they answer `internal` and stand in the log. */
type InternalCode =
  | 'authority_unknown'
  | 'organization_rejected'
  | 'job_id_rejected'
  | 'issuer_unusable'
  | 'permit_spent'
  | 'policy_rejected'
  | 'profile_not_issued'
  | 'signer_mismatch'
  | 'subject_incomplete'

type DomainCode = (
  | CrlScopeRejected
  | DurationRejected
  | IssuerIdRejected
  | NameRejected
  | NameTaken
  | Quarantined
  | ReasonRejected
  | SerialRejected
  | CursorRejected
)['code']

/** What storage says when nothing can be made durable. */
type StorageCode = 'storage_unavailable' | 'commit_unknown'

export type ProblemCode =
  | EdgeCode
  | DomainCode
  | StorageCode
  | X509ErrorCode
  | Exclude<CaErrorCode, InternalCode>
  | HandOverErrorCode
  | SealingErrorCode
  | CustodyErrorCode
  | DirectoryErrorCode
  | EnrollmentErrorCode
  | SignInErrorCode
  | SyncErrorCode
  | IssuerBookErrorCode
  | RevocationErrorCode
  | DeploymentErrorCode
  | ProxyErrorCode
  | SidecarErrorCode
  | ModelErrorCode
  | TokenErrorCode
  | PassphraseRefusedCode
  | ExchangeErrorCode
  | 'issuer_unreachable'
  | 'subject_unmapped'

export interface ProblemRow {
  readonly status: 400 | 401 | 403 | 404 | 408 | 409 | 411 | 413 | 415 | 417 | 421 | 422 | 429 | 431 | 500 | 503
  readonly title: string
  readonly tells: 'facts' | 'nothing'
  /** What clients of Hopsworks know the refusal by. */
  readonly errorCode?: number
}

const tell = (status: ProblemRow['status'], title: string): ProblemRow => ({ status, title, tells: 'facts' })
const hush = (status: ProblemRow['status'], title: string): ProblemRow => ({ status, title, tells: 'nothing' })

const NOT_DER = 'Send strict DER (X.690): definite, minimal lengths, and nothing after the end.'

export const PROBLEMS: Readonly<Record<ProblemCode, ProblemRow>> = {
  // The request itself
  base64_malformed: tell(400, 'Send PEM, or DER in standard base64.'),
  body_malformed: tell(400, 'Send one JSON object.'),
  body_rejected: tell(400, 'Mend the fields that are named; unknown fields are refused.'),
  body_too_large: tell(413, 'Send a smaller body.'),
  cursor_rejected: tell(400, 'Send the cursor of the page before, unchanged, or none.'),
  duration_rejected: tell(400, 'Write a duration as a whole number and one of s, m, h, d.'),
  expectation_unknown: hush(417, 'Expect 100-continue or nothing.'),
  browsers_only: tell(421, 'Open this in a browser, at the address that facts.browserUrl names.'),
  foreign_page: tell(403, 'A browser page of another site may not write here.'),
  headers_too_large: hush(431, 'Send fewer or shorter headers.'),
  idempotency_key_malformed: tell(400, 'An Idempotency-Key has 1 to 255 visible ASCII characters.'),
  idempotency_key_reused: tell(422, 'This Idempotency-Key was used with another body: choose a new one.'),
  crl_scope_rejected: tell(404, 'A CRL is named users-1, users-1/delta or users-1/7.'),
  issuer_id_rejected: tell(404, 'An issuer is named like users-1.'),
  length_required: hush(411, 'Send Content-Length, and no Transfer-Encoding.'),
  media_type_unsupported: tell(415, 'Send the media type that is expected.'),
  name_rejected: tell(400, 'Choose a name that follows the rule.'),
  not_found: hush(404, 'There is nothing here.'),
  parameter_rejected: tell(400, 'Mend the parameters that are named; unknown parameters are refused.'),
  reason_rejected: tell(400, 'Give a reason of RFC 5280 §5.3.1.'),
  request_ambiguous: tell(400, 'Send each deciding header once.'),
  request_too_slow: hush(408, 'Send the whole request sooner.'),
  request_unreadable: hush(400, 'Send HTTP/1.1 (RFC 9112).'),
  serial_rejected: tell(400, 'A serial number of ours has 34 hexadecimal digits and begins with 01.'),

  // Who asks
  unauthenticated: hush(401, 'Present a client certificate.'),
  client_certificate_refused: tell(401, 'Present a client certificate that holds; the reason is a decision reason.'),
  requester_ended: hush(401, 'What you asked with has ended meanwhile: get a new certificate.'),
  enrolment_token_invalid: hush(
    401,
    'Ask for a new enrolment token: this one is unknown, spent, expired or for somebody else.',
  ),
  authorization_malformed: hush(401, 'Send Authorization: Bearer and one token, or ApiKey and one key.'),
  authorization_missing: hush(401, 'Authorization header not set.'),
  api_key_invalid: { ...hush(401, 'Invalid or incorrect API key.'), errorCode: 320_012 },
  member_at_work: tell(409, 'The member holds a live certificate, and renews with it; or revoke it first.'),
  credential_buys_none: hush(403, 'A bearer token buys nothing here: use mutual TLS.'),
  credential_conflict: hush(403, 'Present credentials of one principal.'),
  not_permitted: tell(403, 'Ask somebody who may do this.'),
  scope_missing: { ...tell(403, 'No valid scope found for this invocation.'), errorCode: 320_004 },
  role_missing: { ...hush(403, 'The user of this API key does not have the role for this.'), errorCode: 320_003 },
  asker_untrusted: tell(403, 'Ask with the certificate of the service that serves this deployment.'),
  custody_changed: tell(409, 'Ask again: custody of the project began or ended meanwhile.'),
  custody_off: tell(409, 'The project keeps no keys: an owner may turn custody on.'),
  kept_key_unknown: tell(404, 'No key of this member is kept: an owner may have one made.'),
  alias_rejected: tell(400, 'Choose an alias of 1 to 64 letters, digits, dots, dashes and underscores.'),
  key_algorithm_unsupported: tell(400, 'Choose an algorithm that key stores take: no ML-DSA.'),
  passphrase_not_ascii: tell(400, 'Choose a passphrase of printable ASCII characters.'),
  passphrase_too_short: tell(400, 'Choose a passphrase of at least 12 characters.'),
  already_delivered: hush(409, 'A secret is handed over once: ask for a new one.'),

  // API keys
  api_key_name_empty: { ...hush(400, 'Give the API key a name.'), errorCode: 320_008 },
  api_key_name_too_long: { ...tell(400, 'Give the API key a name of at most 45 characters.'), errorCode: 320_009 },
  api_key_exists: { ...tell(400, 'Choose another name: you have an API key of this one.'), errorCode: 320_007 },
  api_key_scopes_empty: { ...hush(400, 'Give the API key at least one scope.'), errorCode: 320_005 },
  api_key_scope_privileged: tell(403, 'This scope is for administrators, who act as such.'),
  api_key_expiry_rejected: tell(
    400,
    'Let the API key end in the future, and not after the latest instant that is named.',
  ),
  api_key_too_many: tell(409, 'Delete an API key that is not needed any more.'),
  api_key_unknown: hush(404, 'You have no API key of this name.'),
  api_key_deployment_unknown: tell(400, 'Name deployments that the key reaches.'),

  // Sign-in
  sign_in_refused: hush(401, 'Sign in again: name, password or what the provider sent back does not hold.'),
  sign_in_busy: hush(429, 'Come again in a moment: too many passwords are being checked.'),
  provider_unknown: tell(404, 'There is no provider of this name, or it takes no sign-in of this kind.'),
  provider_unreachable: tell(503, 'The provider does not answer as it should: come again in a moment.'),
  groups_unavailable: tell(403, 'The provider has to say all groups of the person: ask whoever runs it.'),
  user_link_required: tell(403, 'Ask an administrator to link this subject of the provider to a user.'),
  link_unknown: tell(404, 'The user has no link to this provider.'),
  session_ended: hush(401, 'Sign in again: the session has ended.'),
  sign_in_not_fresh: tell(403, 'Sign in again: what outlives the session is made right after a sign-in.'),
  page_token_missing: hush(403, 'A page shows its token in the header signet-page-token when it writes.'),

  // The certification request
  csr_empty: tell(422, 'Send a certification request.'),
  csr_too_large: tell(413, 'A certification request has at most 16 KiB.'),
  csr_malformed: tell(400, 'Send a PKCS#10 request in strict DER.'),
  csr_pem_malformed: tell(400, 'Send one PEM block CERTIFICATE REQUEST and nothing else.'),
  csr_signature_invalid: tell(400, 'Sign the request with the key that it holds.'),
  csr_signature_weak: tell(400, 'Sign the request with SHA-256 or better.'),
  csr_asks_for_ca: tell(400, 'Nobody becomes a CA by a request.'),
  csr_asks_beyond_profile: tell(400, 'Ask for no extension beyond those of the profile.'),
  csr_common_name_too_long: tell(400, 'A common name has at most 64 characters.'),
  csr_name_not_ascii: tell(400, 'Names are printable ASCII.'),
  csr_names_ca: tell(400, 'Do not ask for the name of a CA.'),
  csr_names_other: tell(403, 'Ask for your own name, or leave the subject empty.'),
  csr_san_kind_refused: tell(400, 'Ask for no alternative names of this kind.'),
  general_name_malformed: tell(400, 'An alternative name cannot be read.'),
  name_outside_zones: tell(400, 'Choose a name in one of the zones of the hierarchy.'),
  csr_two_common_names: tell(400, 'Ask for one common name.'),

  // The key
  key_malformed: tell(400, 'The public key cannot be read.'),
  key_unsupported: tell(400, 'Use a key of a supported algorithm.'),
  key_algorithm_not_allowed: tell(400, 'Use a key that the profile allows.'),
  key_rsa_too_small: tell(400, 'Use an RSA key of at least 2048 bits.'),
  key_rsa_too_large: tell(400, 'Use an RSA key of at most 8192 bits.'),
  key_rsa_bad_exponent: tell(400, 'Use an odd public exponent between 3 and 2^32.'),
  key_rsa_roca: tell(400, 'This key was made by a broken generator (CVE-2017-15361): make another elsewhere.'),
  key_is_a_ca_key: tell(400, 'This is the key of a CA: make your own.'),
  key_compromised: tell(403, 'This key was revoked for compromise: make a new one.'),
  key_of_another_identity: tell(403, 'This key is certified for another identity: make a new one.'),

  // Issuing
  validity_too_long: tell(400, 'Ask for a lifetime within the maximum of the profile.'),
  validity_not_whole_seconds: tell(400, 'Ask for a lifetime in whole seconds.'),
  issuer_expires_first: tell(503, 'The issuing CA ends before this certificate would: its next generation is due.'),
  issuer_unavailable: tell(503, 'No issuing CA can issue this now: its next generation is due.'),
  lint_failed: tell(500, 'The certificate would have broken the policy and was not signed.'),
  renewal_ended: tell(403, 'Renewals of this identity have ended: enrol again, or ask for a shorter lifetime.'),
  certificate_replaced: tell(409, 'Ask with the certificate that took its place.'),
  key_not_new: tell(422, 'Rekey with a new key; renewing keeps the key.'),
  project_not_granted: tell(403, 'Ask an administrator to list the project for this service.'),
  job_too_long: tell(400, 'Ask for a shorter job, or for a deployment.'),
  job_without_end: tell(400, 'Notebooks and deployments last while their lease is kept: ask for no lifetime.'),
  job_lease_refused: tell(400, 'Ask for a lease within the bounds of the policy.'),
  job_lease_lapsed: tell(409, 'The lease of the job has lapsed: send a heartbeat first.'),
  leases_not_paused: tell(409, 'Nothing is paused: lapsed jobs are ended as they lapse.'),
  job_of_administrator: tell(403, 'Jobs never run as a platform administrator.'),

  // The directory
  name_taken: tell(409, 'Choose another name: this one is or was taken, in this or another letter case.'),
  user_unknown: tell(404, 'There is no user of this name.'),
  user_blocked: tell(403, 'The user is blocked.'),
  project_unknown: tell(404, 'There is no project of this name.'),
  member_unknown: tell(404, 'There is no such member.'),
  member_exists: tell(409, 'This user is a member already.'),
  account_unknown: tell(404, 'There is no such service account.'),
  service_unknown: tell(404, 'There is no service of this name.'),
  last_administrator: tell(409, 'Name another administrator first.'),
  last_owner: tell(409, 'Name another owner first.'),
  quota_exceeded: tell(
    409,
    'The user owns as many projects as they may: give one up, or ask an administrator for more.',
  ),
  deployment_unknown: tell(404, 'Name a deployment of a project that is yours.'),
  job_unknown: tell(404, 'There is no such job.'),
  job_finished: tell(409, 'The job has ended.'),
  link_taken: tell(409, 'This person of the provider is linked to a user already.'),
  sync_unknown: tell(404, 'No provider of this name is held in step with groups.'),
  sync_unread: tell(503, 'The directory does not tell everything, so nothing was changed: look at it, then run again.'),
  sync_waits: tell(409, 'Look at the plan, and confirm its digest if that is what is wanted: nothing was changed.'),
  sync_plan_changed: tell(409, 'What would be done has changed: look at the plan again.'),
  sync_superseded: tell(409, 'Another run has begun since: look what it did.'),
  host_taken: tell(409, 'Choose another host: this one belongs to another deployment.'),
  path_taken: tell(409, 'Choose another path prefix: this one overlaps another of the same host.'),
  auth_mode_not_activated: tell(400, 'Ask the operator to activate the option, or accept other credentials.'),
  auth_modes_rejected: tell(400, 'Mend the accepted credentials as facts.why says.'),
  credential_place_rejected: tell(400, 'Choose another place for the credential, as facts.why says.'),
  passphrase_entry_unknown: tell(400, 'Set the passphrase: none of this id is kept.'),
  proxy_unknown: tell(404, 'There is no proxy of this name.'),
  sidecar_unknown: tell(404, 'Name a sidecar that is yours.'),
  sidecar_of_another_service: tell(
    409,
    'Name the service that serves these deployments; another service needs a sidecar of another name.',
  ),
  proxy_service_taken: tell(409, 'Name another service: this one is a proxy of another name.'),
  deployment_of_another_project: tell(409, 'Choose another name: this deployment belongs to another project.'),

  ...MODEL_PROBLEMS,

  // Revocation
  certificate_unknown: tell(404, 'There is no certificate of this serial number, or none for you.'),
  revocation_is_final: tell(409, 'A revocation is final: it does not become a hold.'),
  certificate_not_held: tell(409, 'Only a hold can be released.'),
  reason_not_for_leaf: tell(400, 'This reason is for authorities.'),
  authority_needs_ceremony: tell(409, 'A CA is revoked in a ceremony with the key of its root.'),

  // Tokens
  token_malformed: hush(401, 'This is no token of ours.'),
  token_type: hush(401, 'This token is for another use.'),
  token_signature: hush(401, 'The signature of the token does not hold.'),
  token_issuer: hush(401, 'The token is from another issuer.'),
  token_audience: hush(401, 'The token is for another audience.'),
  token_expired: hush(401, 'Get a new token.'),
  token_key_unknown: hush(401, 'The token names a key that is not, or no longer, published.'),
  token_revoked: hush(401, 'The token was revoked.'),
  token_binding: hush(401, 'Present the token over the connection whose certificate it is bound to.'),
  token_lifetime_too_long: tell(400, 'Ask for a shorter lifetime; a token ends with the certificate that buys it.'),
  token_lifetime_malformed: tell(400, 'Ask for a lifetime in whole seconds.'),
  token_audience_unknown: tell(400, 'Name a registered deployment or service as the audience.'),
  token_algorithm_unsupported: tell(400, 'Ask for an algorithm that the installation signs with.'),
  delegation_too_deep: hush(403, 'Two have acted for the subject already: let it ask by itself.'),
  token_key_not_published: tell(404, 'Name a key that stands in the key set.'),
  token_key_none: tell(503, 'No token key may sign now: come again in a moment.'),

  // Passphrases of deployments
  passphrase_busy: hush(429, 'Come again in a moment: too many passphrases are being worked out.'),
  passphrase_hash_malformed: hush(400, 'Send a hash of PBKDF2 with SHA-256 or SHA-512, of bcrypt or of scrypt.'),
  passphrase_hash_too_costly: tell(400, 'Send a hash that costs less to check; facts.most bounds facts.parameter.'),
  passphrase_hash_too_weak: tell(400, 'Send a hash that costs more to guess: facts.parameter is at least facts.least.'),
  passphrase_rejected: tell(
    400,
    'Choose a passphrase of 16 to 1024 printable ASCII characters, no blank at either end.',
  ),

  // Trusted issuers, and exchange
  issuer_unreachable: tell(503, 'The keys of the issuer cannot be had now: come again in a moment.'),
  subject_unmapped: tell(403, 'Ask the operator to map this subject of the issuer to an identity.'),
  subject_token_refused: tell(401, 'Bring another subject token; the reason says what is wrong with this one.'),
  subject_token_spent: hush(403, 'A token buys one certificate: bring a fresh one.'),
  subject_token_buys_no_certificate: hush(
    403,
    'Bring a token of a trusted issuer or of your session, for yourself alone.',
  ),
  delegation_refused: hush(403, 'Let the subject name you (may_act), or ask as a launcher of its project.'),
  exchange_unsupported: tell(400, 'Ask for the grant of RFC 8693.'),

  // What is read as DER, PEM, a name or an extension, when nothing above says it better
  certificate_malformed: tell(400, 'The certificate cannot be read.'),
  crl_malformed: tell(400, 'The CRL cannot be read.'),
  ocsp_request_malformed: tell(400, 'The OCSP request cannot be read.'),
  ocsp_response_malformed: tell(400, 'The OCSP response cannot be read.'),
  extension_duplicate: tell(400, 'An extension stands there twice.'),
  extension_malformed: tell(400, 'An extension cannot be read.'),
  pem_malformed: tell(400, 'Send one PEM block and nothing else.'),
  pem_label_unexpected: tell(400, 'Send PEM with the right label.'),
  pem_too_large: tell(413, 'Send less PEM.'),
  dn_control_character: tell(400, 'Names hold no control characters.'),
  dn_malformed: tell(400, 'The name cannot be read.'),
  dn_attribute_not_single: tell(400, 'Give each attribute of the name once.'),
  der_bit_string_invalid: tell(400, NOT_DER),
  der_boolean_invalid: tell(400, NOT_DER),
  der_indefinite_length: tell(400, NOT_DER),
  der_integer_not_minimal: tell(400, NOT_DER),
  der_integer_out_of_range: tell(400, NOT_DER),
  der_length_not_minimal: tell(400, NOT_DER),
  der_null_invalid: tell(400, NOT_DER),
  der_oid_invalid: tell(400, NOT_DER),
  der_string_invalid: tell(400, NOT_DER),
  der_tag_unexpected: tell(400, NOT_DER),
  der_tag_unsupported: tell(400, NOT_DER),
  der_time_invalid: tell(400, NOT_DER),
  der_too_deep: tell(400, NOT_DER),
  der_too_large: tell(413, NOT_DER),
  der_trailing_bytes: tell(400, NOT_DER),
  der_truncated: tell(400, NOT_DER),
  der_unencodable: tell(400, NOT_DER),

  // The service
  too_many_failures: tell(429, 'Too many credentials failed here: come again when Retry-After is over.'),
  too_busy: hush(429, 'Come again in a moment: too many requests wait for a signature.'),
  temporarily_unavailable: tell(503, 'Come again in a moment.'),
  quarantined: tell(503, 'Signet was restored, and waits until its operator has confirmed what there is.'),
  storage_unavailable: hush(503, 'Nothing can be recorded now, so nothing was done: come again in a moment.'),
  master_key_not_held: hush(503, 'This process lacks the master key that is in use now; ask its operator.'),
  commit_unknown: hush(503, 'It is not known whether this was recorded: ask again with the same Idempotency-Key.'),
  internal: hush(500, 'This is our fault; the log has it under the request id.'),
}

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code)
}
