// Every file of docs/deploy is clean, and each knob, turned in the file that has it, is found.
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findFailOpen } from '../../../src/cli/doctor/fail-open.ts'
import { LINE_RULES, SETTING_RULES } from '../../../src/cli/doctor/fail-open-rules.ts'
import { DEPLOY_FOLDER, readDeployFile } from '../../interop/deploy-file.ts'

const CONFIGURATIONS = readdirSync(DEPLOY_FOLDER).filter((name) => !/\.(md|lua)$/.test(name))

describe('docs/deploy', () => {
  test('has a file for every proxy', () => {
    const expected = ['Caddyfile', 'envoy-http.yaml', 'envoy.yaml', 'haproxy.cfg', 'istio.yaml', 'kserve.yaml']
    expect(CONFIGURATIONS.toSorted()).toEqual([...expected, 'nginx.conf', 'traefik.yaml'])
  })

  test.each(CONFIGURATIONS)('%s leaves nothing open', (name) => {
    expect(findFailOpen(name, readDeployFile(name))).toEqual([])
  })
})

const EXT_AUTHZ = 'failure_mode_allow: false'
const PROVIDER = 'failOpen: false'

/** File, what stands there, what is put in its place, and the setting that is found. */
const TURNED: readonly (readonly [file: string, from: string, to: string, setting: string])[] = [
  ['envoy.yaml', EXT_AUTHZ, 'failure_mode_allow: true', 'failure_mode_allow'],
  ['envoy-http.yaml', EXT_AUTHZ, 'failure_mode_allow: true', 'failure_mode_allow'],
  ['envoy.yaml', EXT_AUTHZ, "failure_mode_allow: 'false'", 'failure_mode_allow'],
  ['envoy.yaml', 'code: ServiceUnavailable', 'code: OK', 'status_on_error'],
  ['envoy.yaml', 'code: ServiceUnavailable', 'code: 200', 'status_on_error'],
  ['envoy.yaml', EXT_AUTHZ, `${EXT_AUTHZ}\nfilter_enabled: {}`, 'filter_enabled'],
  ['envoy.yaml', EXT_AUTHZ, `${EXT_AUTHZ}\nfilter_enabled_metadata: {}`, 'filter_enabled_metadata'],
  ['envoy.yaml', 'allow_partial_message: false', 'allow_partial_message: true', 'allow_partial_message'],
  ['envoy.yaml', 'clear_route_cache: false', 'clear_route_cache: true', 'clear_route_cache'],
  [
    'envoy.yaml',
    'cluster: model',
    'cluster: model\ntyped_per_filter_config: { a: { disabled: true } }',
    'typed_per_filter_config',
  ],
  ['envoy.yaml', 'details: SANITIZE', 'details: APPEND_FORWARD', 'forward_client_cert_details'],
  ['envoy-http.yaml', 'details: SANITIZE_SET', 'details: ALWAYS_FORWARD_ONLY', 'forward_client_cert_details'],
  ['envoy.yaml', 'normalize_path: true', 'normalize_path: false', 'normalize_path'],
  ['envoy.yaml', 'normalize_path: true', '', 'normalize_path'],
  ['envoy.yaml', 'merge_slashes: true', 'merge_slashes: false', 'merge_slashes'],
  ['envoy.yaml', 'merge_slashes: true', '', 'merge_slashes'],
  [
    'envoy.yaml',
    'slashes_action: REJECT_REQUEST',
    'slashes_action: KEEP_UNCHANGED',
    'path_with_escaped_slashes_action',
  ],
  ['envoy.yaml', 'path_with_escaped_slashes_action: REJECT_REQUEST', '', 'path_with_escaped_slashes_action'],
  ['envoy.yaml', 'underscores_action: REJECT_REQUEST', 'underscores_action: ALLOW', 'headers_with_underscores_action'],
  [
    'envoy.yaml',
    'headers_with_underscores_action: REJECT_REQUEST',
    '',
    'common_http_protocol_options.headers_with_underscores_action',
  ],
  ['envoy.yaml', 'include_peer_certificate: true', '', 'include_peer_certificate'],
  [
    'envoy.yaml',
    'tls_minimum_protocol_version: TLSv1_2',
    'trust_chain_verification: ACCEPT_UNTRUSTED',
    'trust_chain_verification',
  ],
  ['istio.yaml', PROVIDER, 'failOpen: true', 'failOpen'],
  ['istio.yaml', PROVIDER, '', 'failOpen'],
  ['istio.yaml', "statusOnError: '503'", "statusOnError: '200'", 'statusOnError'],
  ['istio.yaml', 'normalization: DECODE_AND_MERGE_SLASHES', 'normalization: BASE', 'normalization'],
  ['istio.yaml', 'pathNormalization:\n      normalization: DECODE_AND_MERGE_SLASHES', '', 'pathNormalization'],
  ['istio.yaml', 'Details: SANITIZE', 'Details: FORWARD_ONLY', 'forwardClientCertDetails'],
  ['istio.yaml', '- {}', "- to: [{ operation: { notPaths: ['/health'] } }]", 'rules'],
  ['traefik.yaml', 'insecureSkipVerify: false', 'insecureSkipVerify: true', 'insecureSkipVerify'],
  ['traefik.yaml', 'trustForwardHeader: false', 'trustForwardHeader: true', 'trustForwardHeader'],
  ['traefik.yaml', 'insecure: false', 'insecure: true', 'forwardedHeaders'],
  ['traefik.yaml', 'insecure: false', 'trustedIPs: [10.0.0.0/8]', 'forwardedHeaders'],
  ['traefik.yaml', 'Strategy: reject', 'Strategy: keep', 'underscoreHeadersStrategy'],
  ['traefik.yaml', 'underscoreHeadersStrategy: reject', '{}', 'http.underscoreHeadersStrategy'],
  ['traefik.yaml', 'RequireAndVerifyClientCert', 'VerifyClientCertIfGiven', 'clientAuthType'],
  ['traefik.yaml', 'clientAuthType: RequireAndVerifyClientCert', '', 'clientAuth.clientAuthType'],
  ['nginx.conf', 'proxy_pass http://model;', 'auth_request off;', 'auth_request off;'],
  ['nginx.conf', 'proxy_pass http://model;', 'satisfy any;', 'satisfy any;'],
  ['nginx.conf', 'underscores_in_headers off;', 'underscores_in_headers on;', 'underscores_in_headers on;'],
  ['nginx.conf', 'ignore_invalid_headers on;', 'ignore_invalid_headers off;', 'ignore_invalid_headers off;'],
  ['nginx.conf', 'proxy_ssl_verify on;', 'proxy_ssl_verify off;', 'proxy_ssl_verify off;'],
  [
    'nginx.conf',
    'ssl_verify_client optional;',
    'ssl_verify_client optional_no_ca;',
    'ssl_verify_client optional_no_ca;',
  ],
  ['nginx.conf', 'proxy_read_timeout 2s;', 'proxy_cache decisions;', 'proxy_cache decisions;'],
  [
    'nginx.conf',
    'Normalized-URI $signet_uri;',
    'Normalized-URI $uri;',
    'proxy_set_header X-Signet-Normalized-URI $uri;',
  ],
  [
    'nginx.conf',
    '$ssl_client_escaped_cert',
    '$ssl_client_cert',
    'proxy_set_header X-SSL-Client-Cert $ssl_client_cert;',
  ],
  ['nginx.conf', 'error_page 500 = @undecided', 'error_page 500 =200 /', 'error_page 500 =200 /;'],
  [
    'nginx.conf',
    'proxy_set_header X-Original-Host $host;',
    'proxy_set_header X-Original-Host $http_host;',
    'X-Original-Host $http_host;',
  ],
  ['nginx.conf', 'auth_request /_signet;', '', '^\\s*auth_request\\s+\\/'],
  ['nginx.conf', 'proxy_ssl_verify on;', '', '^\\s*proxy_ssl_verify\\s+on\\s*;'],
  ['Caddyfile', 'dial_timeout 1s', 'tls_insecure_skip_verify', 'tls_insecure_skip_verify'],
  ['Caddyfile', 'protocols h1 h2', 'trusted_proxies static private_ranges', 'trusted_proxies static private_ranges'],
  ['Caddyfile', 'mode verify_if_given', 'mode request', 'mode request'],
  [
    'Caddyfile',
    'X-Client-Cert {http.request.tls.client.certificate_der_base64}',
    'A {certificate_pem}',
    'request_header @certified A {certificate_pem}',
  ],
  ['Caddyfile', 'forward_auth https', 'reverse_proxy https', '^\\s*forward_auth\\s'],
  ['haproxy.cfg', 'verify optional', 'verify optional crt-ignore-err all', 'crt-ignore-err'],
  ['haproxy.cfg', 'verify required', 'verify none', 'verify none'],
  ['haproxy.cfg', '{ ssl_c_used }', '{ ssl_fc_has_crt }', 'ssl_fc_has_crt'],
  ['haproxy.cfg', 'http-request lua.signet', 'http-request allow', 'http-request allow'],
  [
    'haproxy.cfg',
    'http-request deny deny_status 503 unless { var(txn.signet_allowed) -m bool }',
    '',
    '^\\s*http-request\\s+deny\\b.*\\bunless\\b.*\\btxn\\.signet_allowed\\b',
  ],
]

describe('a knob that is turned is found', () => {
  test.each(TURNED)('%s: %s → %s', (file, from, to, setting) => {
    const text = readDeployFile(file)
    expect(text).toContain(from)
    const found = findFailOpen(file, turned(text, from, to))
    expect(found.map((finding) => finding.setting).join('\n')).toContain(setting)
  })

  test('and every rule has one', () => {
    const settings = new Set(TURNED.map(([, , , setting]) => setting))
    expect(SETTING_RULES.map((rule) => rule.setting).filter((setting) => !settings.has(setting))).toEqual([])
    const lines = TURNED.map(([, from, to]) => `${from}\n${to}`).join('\n')
    expect(
      Object.values(LINE_RULES)
        .flat()
        .filter(({ line }) => !unanchored(line).test(lines)),
    ).toEqual([])
  })
})

/** A further line of `to` stands as far in as the first. In comments too: they are no settings. */
function turned(text: string, from: string, to: string): string {
  const line = text.slice(text.lastIndexOf('\n', text.indexOf(from)) + 1)
  const indent = ' '.repeat(line.search(/[^ ]/))
  return text.replaceAll(from, to.replaceAll('\n', `\n${indent}`))
}

/** The text of a line without what stands before it. */
function unanchored({ source }: RegExp): RegExp {
  return new RegExp(source.replace('^\\s*', '').replace('proxy_set_header\\s+\\S+\\s+', ''), 'm')
}

test.each([
  ['a file of no known kind', 'proxy.toml', '', 'configuration_kind_unknown'],
  ['YAML that is none', 'a.yaml', 'a: [', 'configuration_unreadable'],
  ['YAML that says a thing twice', 'a.yaml', 'failOpen: true\nfailOpen: false', 'configuration_unreadable'],
])('%s is refused', (_, file, text, code) => {
  expect(() => findFailOpen(file, text)).toThrow(expect.objectContaining({ code }))
})

test('a file of any name is read as it is told', () => {
  const found = findFailOpen('sites-enabled/chat', 'auth_request /_signet;\nproxy_ssl_verify off;', 'nginx')
  expect(found.map(({ setting }) => setting)).toContain('proxy_ssl_verify off;')
})
