// What the command line itself refuses or fails at, as one table: the code, what happened, and what to do about it.
import { CodedError, type Facts } from '../domain/coded-error.ts'

interface RefusalRow {
  readonly title: string
  readonly advice: string
}

const row = (title: string, advice: string): RefusalRow => ({ title, advice })

const GET_TRUST = 'fetch it with: signet trust get --url URL --sha256 FINGERPRINT --out ca.pem'

const ROWS = {
  // Trust and connection
  trust_missing: row(
    'no trust bundle is named, and there is no default trust',
    `name it with --ca or SIGNET_CA; ${GET_TRUST}`,
  ),
  trust_unreadable: row('the trust bundle holds no roots that can be read', GET_TRUST),
  client_certificate_unusable: row(
    'client certificate and key do not work together',
    'name a PEM certificate with --client-cert and its unencrypted PEM key with --client-key',
  ),
  connection_refused: row(
    'nothing listens there',
    'start the service (signet serve), or name another with --url or SIGNET_URL',
  ),
  connection_lost: row('the connection was lost, twice', 'look whether the service runs, then ask again'),
  connection_failed: row('no connection could be made', 'check address and network, and that the port speaks HTTPS'),
  host_unknown: row('no host of this name is known', 'check --url or SIGNET_URL'),
  events_refused: row('the service does not let the feed be followed now', 'it is looked at now and then instead'),
  timed_out: row('the service did not answer in time', 'ask again, or allow more time with --timeout'),
  server_untrusted: row(
    'the certificate of the server does not lead to a root of the trust bundle',
    'check the address, and that the bundle is of this installation (signet trust get)',
  ),
  server_name_mismatch: row(
    'the server is somebody else by its certificate',
    'name it as its certificate does, in --url or SIGNET_URL',
  ),
  answer_unreadable: row('the answer is not one of Signet', 'check that --url names a Signet service'),
  answer_too_large: row('the answer is larger than anything Signet sends', 'check that --url names a Signet service'),
  renewal_due_at_once: row(
    'the new certificate is due for renewal already',
    'ask for a longer life with --lifetime, and check the clock of this host',
  ),
  answer_unfit: row('the certificate in the answer is not the one that was asked for', 'tell the operator of the CA'),

  // The first trust
  fingerprint_mismatch: row(
    'no root of the service has this fingerprint; nothing was written',
    'compare the fingerprint with the operator, over another channel; somebody may be in between',
  ),
  root_unfit: row('this is no root certificate: a CA that signed itself', 'ask the operator for the root'),
  server_not_below_root: row(
    'the fingerprint is right, but this server is not below that root; nothing was written',
    'check the address; somebody may be in between',
  ),

  // Files
  file_unreadable: row('a file cannot be read', 'check its path and its permissions'),
  file_unwritable: row('a file cannot be written', 'check the folder, its permissions and its space'),
  file_exists: row('a file is already there, and is not overwritten', 'choose another path, or move the file away'),
  input_too_large: row('the input is too large', 'check that it is the right file'),
  kserve_unreadable: row(
    'the file does not describe services of KServe that are ready',
    'write it with: kubectl get inferenceservices -o yaml',
  ),

  // Keys and certificates
  key_unreadable: row('this is no private key that can be used', 'name an unencrypted private key in PEM'),
  serial_or_file_unknown: row(
    'this is neither a file nor a serial number of Signet',
    'a serial number has 34 hexadecimal digits and begins with 01',
  ),
  certificate_not_good: row('the certificate is not good', 'see the checks that do not hold'),
  issuer_unverified: row(
    'the certificate of the issuer does not lead to a root of the trust bundle',
    'check --ca, and that the service is the right one',
  ),

  // Sessions
  session_missing: row('nobody is signed in at this service here', 'sign in: signet login --provider NAME'),
  sign_in_not_finished: row('nobody came back from the browser in time', 'start again, or allow more with --wait'),

  // Watching
  enrolment_needed: row(
    'there is no certificate to go on with, and no enrolment token that was not tried',
    'make a token (signet service enrol NAME) and name its file with --enrolment-token-file',
  ),
  hook_failed: row('the command of --exec failed; the files are in place, and it is run again', 'look what it said'),

  // Installation
  installation_unsound: row('something is missing in the installation', 'do what stands beside each finding'),

  // Proxies
  caller_not_allowed: row(
    'the honest call is not allowed, so that no refusal would prove anything',
    'name a caller who may call this deployment (--client-cert, --client-key, --as), and with --path or --echo what it may GET',
  ),
  echo_unreadable: row(
    'what --echo names does not answer with the headers that it got',
    'name an endpoint that answers as JSON {"headers": …}',
  ),
  proxy_lets_through: row(
    'the proxy lets hostile requests through',
    'configure what is said beside each trap, and ask again',
  ),
  configuration_open: row('a setting of the proxy is open', 'see the settings, and why each matters'),
  configuration_kind_unknown: row('this is no kind of configuration that is known', 'say which it is with --kind'),
  configuration_unreadable: row('the configuration cannot be read', 'check that it is the right file, and well-formed'),

  // CRLs
  crl_malformed: row('what stands in the file is no CRL; it is as it was', 'move the file away'),
  crl_issuer_other: row('the CRL is of another issuer; the file is as it was', 'tell the operator of the CA'),
  crl_issuer_may_not: row('the issuer may not sign CRLs; the file is as it was', 'tell the operator of the CA'),
  crl_signature_invalid: row(
    'the signature of the CRL does not hold; the file is as it was',
    'tell the operator of the CA',
  ),
  crl_scope_partial: row(
    'the CRL does not speak for all certificates of its issuer, nor for the one that is judged',
    'ask for the full CRL',
  ),
  crl_extension_unknown: row('the CRL holds a critical extension that is not known', 'upgrade signet'),
  crl_not_yet_valid: row('the CRL is from the future; the file is as it was', 'check the clocks'),
  crl_missing: row(
    'the root or an issuing CA has no CRL here, and its certificate is not revoked',
    'name the last complete CRL of the root and of each issuing CA that was published, or replace the CA: signet ceremony',
  ),
  crl_older_than_backup: row(
    'the CRL is older than the backup: it tells nothing of the time since',
    'find the last one that was published: on servers, in caches, at whoever mirrors it',
  ),
  restore_not_waiting: row('no restore waits for a confirmation', 'nothing is to be done'),
  crl_stale: row('the CRL has ended; the file is as it was', 'look whether the service still publishes CRLs'),
  crl_bundle_partial: row(
    'the CRL of a CA would be missing that the file has; the file is as it was',
    'of one CA: give it a file of its own, or take --bundle; else look whether the service publishes all CRLs: GET /pki/crl',
  ),
  crl_number_lower: row(
    'the CRL is older than the one in the file; the file is as it was',
    'if the CA was set back on purpose, move the file away',
  ),

  // Tokens
  token_malformed: row('this is no JWT', 'give the token alone, as signet token issue prints it'),
  token_algorithm_refused: row('the token is signed with an algorithm that is not accepted', 'do not accept it'),
  token_key_unknown: row('the token names a key that the service does not publish', 'do not accept it'),
  token_signature_invalid: row('the signature of the token does not hold', 'do not accept it'),
  token_expired: row('the token has ended', 'get a new one: signet token issue'),
  token_claim_refused: row('a claim of the token is not as it must be', 'see the claim; do not accept it'),
} as const satisfies Record<string, RefusalRow>

export type RefusalCode = keyof typeof ROWS

/** A refusal or failure that the command line found by itself. */
export class Refused extends CodedError<RefusalCode> {
  readonly title: string
  readonly advice: string
  /** What was found out all the same; `--json` prints it instead of the refusal. */
  readonly answered: object | undefined

  constructor(code: RefusalCode, facts: Facts = {}, options: ErrorOptions & { readonly answered?: object } = {}) {
    super(code, facts, options)
    this.title = ROWS[code].title
    this.advice = ROWS[code].advice
    this.answered = options.answered
  }
}

/**
 * What a deeper layer refused, as a refusal of ours, with its code as the reason. Anything but such a refusal, and what is
 * ours already, is thrown as it is.
 */
export function refusedBecause(cause: unknown, code: RefusalCode, facts: Facts = {}): Refused {
  if (!isCoded(cause) || cause instanceof Refused) throw cause
  return new Refused(code, { ...cause.facts, ...facts, reason: cause.code }, { cause })
}

export function isCoded(error: unknown): error is CodedError {
  return error instanceof CodedError
}

/** A decision against the caller: no error, but no yes either. Its code is the reason. */
export class Denied extends CodedError {
  readonly advice: string
  readonly answered: object

  constructor(reason: string, advice: string, answered: object) {
    super(reason)
    this.advice = advice
    this.answered = answered
  }
}

/** A command that was run has ended with another status than 0: it is passed on, and nothing is told. */
export class CommandEnded extends Error {
  readonly status: number

  constructor(status: number) {
    super(`the command ended with status ${String(status)}`)
    this.status = status
  }
}

/** The command was not given what it needs: exit status 2. */
export class WrongUsage extends Error {}
