// Settings of proxies by which requests get past the decision: the proxy asks nobody, believes whom it should not, or reads a
// request otherwise than Signet was told. Names and meanings are those of each program's own reference. What a rule finds is a
// reason to look; what none finds is no proof: a running chain has to be asked too.

/** A setting of YAML, wherever it stands in the file. */
export interface SettingRule {
  readonly setting: string
  readonly isOpen: (value: unknown) => boolean
  readonly why: string
}

export type Mapping = Readonly<Record<string, unknown>>

/** What a whole object must not be: mostly, without a setting whose default is the dangerous one. */
export interface ObjectRule {
  /** Named in the finding, beside the object's own path. */
  readonly setting: string
  readonly isOpen: (object: Mapping, path: readonly string[]) => boolean
  readonly why: string
}

/** A line of a configuration that is no YAML, comments taken away. */
export interface LineRule {
  readonly line: RegExp
  readonly why: string
}

const isNot =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    !values.includes(value)
const is =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value)
const always = (): boolean => true

export const SETTING_RULES: readonly SettingRule[] = [
  { setting: 'failure_mode_allow', isOpen: isNot(false), why: 'lets everybody in while Signet does not answer' },
  { setting: 'failOpen', isOpen: isNot(false), why: 'lets everybody in while Signet does not answer' },
  { setting: 'status_on_error', isOpen: isNoError, why: 'answers an error as if it were none' },
  { setting: 'statusOnError', isOpen: isNoError, why: 'answers an error as if it were none' },
  {
    setting: 'filter_enabled',
    isOpen: always,
    why: 'asks about a share of the requests, which a runtime value can change',
  },
  { setting: 'filter_enabled_metadata', isOpen: always, why: 'asks only about requests that are marked' },
  {
    setting: 'allow_partial_message',
    isOpen: is(true),
    why: 'asks about a part of the body; the model may stand in the rest',
  },
  { setting: 'clear_route_cache', isOpen: is(true), why: 'lets headers of the decision choose another route' },
  { setting: 'typed_per_filter_config', isOpen: turnsOff, why: 'asks nobody on this route' },
  {
    setting: 'forward_client_cert_details',
    isOpen: isNot('SANITIZE', 'SANITIZE_SET'),
    why: "passes on a certificate of the client's choice",
  },
  {
    setting: 'forwardClientCertDetails',
    isOpen: isNot('SANITIZE', 'SANITIZE_SET'),
    why: "passes on a certificate of the client's choice",
  },
  { setting: 'normalize_path', isOpen: isNot(true), why: 'leaves dot segments to be read in two ways' },
  { setting: 'merge_slashes', isOpen: isNot(true), why: 'leaves // to be read in two ways' },
  {
    setting: 'path_with_escaped_slashes_action',
    isOpen: isNot('REJECT_REQUEST', 'UNESCAPE_AND_REDIRECT'),
    why: 'leaves %2f to be read in two ways',
  },
  {
    setting: 'headers_with_underscores_action',
    isOpen: isNot('REJECT_REQUEST', 'DROP_HEADER'),
    why: 'lets signet_subject through beside signet-subject',
  },
  {
    setting: 'normalization',
    isOpen: isNot('DECODE_AND_MERGE_SLASHES'),
    why: 'leaves // and %2f to be read in two ways',
  },
  { setting: 'trust_chain_verification', isOpen: is('ACCEPT_UNTRUSTED'), why: 'takes certificates of any CA' },
  { setting: 'insecureSkipVerify', isOpen: isNot(false), why: 'takes the word of whoever says that it is Signet' },
  { setting: 'trustForwardHeader', isOpen: isNot(false), why: "believes a client's X-Forwarded-* headers" },
  { setting: 'forwardedHeaders', isOpen: believesClients, why: "believes a client's X-Forwarded-* headers" },
  {
    setting: 'underscoreHeadersStrategy',
    isOpen: is('keep'),
    why: 'lets signet_subject through beside signet-subject',
  },
  {
    setting: 'clientAuthType',
    isOpen: isNot('RequireAndVerifyClientCert', 'NoClientCert'),
    why: "leaves a certificate header of the client's choice where no certificate is shown",
  },
]

type When = ObjectRule['isOpen']

const isType =
  (name: string): When =>
  (object) =>
    typeof object['@type'] === 'string' && object['@type'].endsWith(`.${name}`)

/** `setting` is a dotted path from the object. */
const missing = (when: When, setting: string, why: string): ObjectRule => ({
  setting,
  isOpen: (object, path) => when(object, path) && at(object, setting) === undefined,
  why,
})

const isManager = isType('HttpConnectionManager')
const isProvider: When = (_object, path) => path.at(-1)?.startsWith('envoyExtAuthz') === true
const isEntryPoint: When = (_object, path) => path.at(-2) === 'entryPoints'
const isTlsOption: When = (_object, path) => path.at(-3) === 'tls' && path.at(-2) === 'options'

export const OBJECT_RULES: readonly ObjectRule[] = [
  missing(isManager, 'normalize_path', 'the default leaves dot segments to be read in two ways'),
  missing(isManager, 'merge_slashes', 'the default leaves // to be read in two ways'),
  missing(isManager, 'path_with_escaped_slashes_action', 'the default leaves %2f to be read in two ways'),
  missing(
    isManager,
    'common_http_protocol_options.headers_with_underscores_action',
    'the default lets signet_subject through beside signet-subject',
  ),
  missing(
    (object, path) => isType('ExtAuthz')(object, path) && object['grpc_service'] !== undefined,
    'include_peer_certificate',
    'the default tells Signet of no certificate',
  ),
  missing((object) => object['extensionProviders'] !== undefined, 'pathNormalization', 'the default leaves // and %2f'),
  missing(isProvider, 'failOpen', 'say that nobody gets in while Signet does not answer'),
  missing(isEntryPoint, 'http.underscoreHeadersStrategy', 'the default lets signet_subject through'),
  missing(isTlsOption, 'clientAuth.clientAuthType', 'say whether a certificate is asked for'),
  {
    setting: 'rules',
    isOpen: ({ action, rules }) => action === 'CUSTOM' && JSON.stringify(rules) !== '[{}]',
    why: 'asks only about requests that a rule names',
  },
]

export const LINE_RULES: Readonly<Record<'nginx' | 'caddy' | 'haproxy', readonly LineRule[]>> = {
  nginx: [
    { line: /^\s*auth_request\s+off/, why: 'asks nobody in this location' },
    { line: /^\s*satisfy\s+any/, why: 'lets an address in that another rule allows, whatever Signet says' },
    { line: /^\s*underscores_in_headers\s+on/, why: 'lets signet_subject through beside signet-subject' },
    { line: /^\s*ignore_invalid_headers\s+off/, why: 'lets odd spellings of header names through' },
    { line: /^\s*proxy_ssl_verify\s+off/, why: 'takes the word of whoever says that it is Signet' },
    { line: /^\s*ssl_verify_client\s+optional_no_ca/, why: 'takes certificates of any CA' },
    { line: /^\s*proxy_cache\s/, why: 'answers one caller with what another was told' },
    { line: /^\s*proxy_set_header\s+\S+\s+"?\$uri"?\s*;/, why: 'a decoded line end in the path becomes a header' },
    {
      line: /^\s*proxy_set_header\s+X-Original-Host\s+"?\$http_host\b/i,
      why: 'is not the host that nginx serves, where the target is absolute',
    },
    { line: /\$ssl_client_(raw_)?cert\b/, why: 'holds line ends' },
    { line: /^\s*error_page\s+[0-9 ]*(401|403|500)[0-9 ]*=\s*2/, why: 'answers a refusal as if it were none' },
  ],
  caddy: [
    { line: /^\s*tls_insecure_skip_verify\b/, why: 'takes the word of whoever says that it is Signet' },
    { line: /^\s*trusted_proxies\b/, why: "believes a client's X-Forwarded-* headers" },
    { line: /^\s*mode\s+(request|require)\s*$/, why: 'takes certificates of any CA' },
    { line: /\bcertificate_pem\b/, why: 'holds line ends' },
  ],
  haproxy: [
    { line: /\bverify\s+none\b/, why: 'takes certificates of any CA' },
    { line: /\b(ca|crt)-ignore-err\b/, why: 'takes certificates that do not hold' },
    { line: /\bssl_fc_has_crt\b/, why: 'is false on a session that was resumed' },
    { line: /^\s*http-request\s+allow\b/, why: 'ends the rules before Signet was asked' },
  ],
}

/** Lines without which the decision is asked for and not kept. */
export const REQUIRED_LINES: Readonly<Record<'nginx' | 'caddy' | 'haproxy', readonly LineRule[]>> = {
  nginx: [
    { line: /^\s*auth_request\s+\//, why: 'nobody is asked' },
    { line: /^\s*proxy_ssl_verify\s+on\s*;/, why: 'the default takes the word of whoever says that it is Signet' },
  ],
  caddy: [{ line: /^\s*forward_auth\s/, why: 'nobody is asked' }],
  haproxy: [
    { line: /^\s*http-request\s+lua\.signet\b/, why: 'nobody is asked' },
    {
      line: /^\s*http-request\s+deny\b.*\bunless\b.*\btxn\.signet_allowed\b/,
      why: 'a script that fails lets everybody in',
    },
  ],
}

/** Envoy names the code (`ServiceUnavailable`) or numbers it, Istio has it as text. */
function isNoError(value: unknown): boolean {
  const code = typeof value === 'object' && value !== null && 'code' in value ? value.code : value
  return !/^([45]\d\d|Bad\w+|Unauthorized|Forbidden|NotFound|InternalServerError|ServiceUnavailable|GatewayTimeout)$/.test(
    String(code),
  )
}

function turnsOff(value: unknown): boolean {
  return /"disabled":true/.test(JSON.stringify(value))
}

function believesClients(value: unknown): boolean {
  return isMapping(value) && ((value['insecure'] ?? false) !== false || value['trustedIPs'] !== undefined)
}

function at(object: Mapping, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isMapping(value) ? value[key] : undefined), object)
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
