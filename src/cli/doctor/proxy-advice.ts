// What each trap is, and what to configure against it, for each kind of proxy. Names are those of the programs' own references and
// of the configurations in docs/deploy.
import type { ProxyTrap } from './proxy-case.ts'
import type { ProxyKind } from './proxy-kind.ts'

interface TrapAdvice {
  readonly title: string
  readonly anyProxy: string
  readonly kinds: Readonly<Partial<Record<ProxyKind, string>>>
}

const REMOVE =
  'before the decision, take from every request all headers in which somebody could read who calls, in every spelling; after it, ' +
  'set those that Signet answered with'

export const TRAPS: Readonly<Record<ProxyTrap, TrapAdvice>> = {
  1: {
    title: 'what a client says of itself is believed',
    anyProxy: REMOVE,
    kinds: {
      nginx:
        'auth_request for the whole server; in the location of the model proxy_set_header NAME "" for every identity header that ' +
        'the answer does not fill, and underscores_in_headers off',
      caddy:
        'request_header -NAME for every identity header before forward_auth, -*_* among them; copy_headers sets the rest',
      haproxy: 'http-request del-header before lua.signet, and the deny line behind it',
      envoy: 'ext_authz without failure_mode_allow; headers_with_underscores_action: REJECT_REQUEST; no disabled route',
      traefik: 'a headers middleware that empties them before forwardAuth, and all of them in its authResponseHeaders',
    },
  },
  2: {
    title: 'the text of a certificate is taken for the certificate',
    anyProxy:
      'a certificate header is the proxy’s to write: remove the client’s copy first, and set it from the TLS connection alone; ' +
      'register the proxy for that one header',
    kinds: {
      nginx:
        'proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert and X-SSL-Client-Verify $ssl_client_verify in the question, ' +
        'without a default from $http_…; ssl_verify_client optional or on',
      caddy: 'request_header -X-Client-Cert* first; client_auth mode verify_if_given or require_and_verify',
      haproxy:
        'http-request del-header x-ssl- -m beg first; set-header from ssl_c_der if { ssl_c_used }; verify optional or required',
      envoy: 'forward_client_cert_details: SANITIZE_SET, or by gRPC include_peer_certificate: true',
      traefik:
        'clientAuthType: RequireAndVerifyClientCert; passTLSClientCert before forwardAuth; no forwardedHeaders.insecure or trustedIPs',
    },
  },
  3: {
    title: 'a header that stands there twice, or in two spellings',
    anyProxy:
      'refuse requests with two of them; drop names with underscores and dots; hand on what Signet answered, and only that',
    kinds: {
      nginx: 'underscores_in_headers off; ignore_invalid_headers on',
      caddy: 'request_header -*_* and request_header -*.* before forward_auth',
      haproxy: 'http-request del-header [^A-Za-z0-9-] -m reg; deny unless { req.fhdr_cnt(host) eq 1 }',
      envoy: 'headers_with_underscores_action: REJECT_REQUEST; append_action: OVERWRITE_IF_EXISTS_OR_ADD',
      traefik: 'underscoreHeadersStrategy: reject (3.6.20, 3.7.6 or later)',
    },
  },
  4: {
    title: 'more than is read',
    anyProxy: 'bound headers and targets at the proxy to what Signet reads: 256 headers, 64 KiB',
    kinds: {},
  },
  5: {
    title: 'one certificate for two readers',
    anyProxy: 'send the leaf alone, in the one coding of docs/proxies.md',
    kinds: {},
  },
  6: {
    title: 'a path that only looks unprotected',
    anyProxy:
      'leave it to Signet which paths are unprotected: no location, route or matcher of the proxy’s own goes around the question. ' +
      'Hand the path on as it came',
    kinds: {
      nginx:
        'auth_request for the whole server and no auth_request off; where there must be one, location = /healthz and never a prefix; ' +
        'proxy_pass without a path',
      caddy: 'no handle or reverse_proxy before forward_auth; path /healthz* matches more than /healthz',
      haproxy: 'no use_backend or http-request allow before lua.signet; path_beg matches more than path',
      envoy:
        'path_with_escaped_slashes_action: REJECT_REQUEST; normalize_path and merge_slashes true; no disabled route by prefix',
      traefik: 'no router without forwardAuth; PathPrefix matches more than Path',
    },
  },
  7: {
    title: 'host, path and header name different models',
    anyProxy: 'ask Signet for every host that leads to the model server, with the host, path and headers as they came',
    kinds: {
      nginx:
        'X-Original-Host $http_host and X-Original-URI $request_uri in the question; a default_server that answers nobody',
      caddy: 'a site for each host; none without forward_auth',
      haproxy: 'deny unless the host is one of yours',
    },
  },
  8: {
    title: 'a call that has to name its model names none',
    anyProxy: 'hand the header that names the model to Signet; let the deployment require it (modelSelector)',
    kinds: {
      envoy: 'name the header in allowed_headers',
      traefik: 'leave authRequestHeaders empty, or name the header in it',
    },
  },
  10: {
    title: 'the answer to one caller is given to another',
    anyProxy: 'cache neither the decision nor what the model answers',
    kinds: { nginx: 'no proxy_cache around /_signet', caddy: 'no cache handler before forward_auth' },
  },
  15: {
    title: 'a resumed TLS session is not looked at',
    anyProxy: 'ask Signet for each request, also on a resumed session; resume none where you can',
    kinds: {
      nginx: 'ssl_session_tickets off; ssl_session_cache none',
      haproxy: 'ssl_c_used, not ssl_fc_has_crt; no-tls-tickets; tune.ssl.cachesize 0',
      envoy: 'disable_stateless_session_resumption and disable_stateful_session_resumption',
    },
  },
}

/** What no request from outside can tell. */
export const NOT_FROM_OUTSIDE: readonly string[] = [
  'trap 9, what the proxy does while Signet is away: look through its configuration (--config)',
  'trap 11, streams that outlive the decision: bound them by the proxy’s timeouts, or let the sidecar cut them',
]

export function adviceFor(trap: ProxyTrap, kind: ProxyKind | undefined): string {
  const { anyProxy, kinds } = TRAPS[trap]
  const ofKind = kind === undefined ? undefined : kinds[kind]
  return ofKind ?? anyProxy
}
