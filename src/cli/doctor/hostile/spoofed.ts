// Traps 1 and 2: headers in which a client says who it is, and certificates of which it only knows the text.
import { EMITTED_IDENTITY_HEADERS } from '../../../proxies/identity-headers.ts'
import {
  add,
  base64,
  type Call,
  escapedPem,
  type HostileRequest,
  type HostileWorld,
  MARK,
  row,
  type Sender,
  set,
  telling,
  without,
} from './hostile-request.ts'

const TRUSTED_BY_OTHERS = [
  'X-Forwarded-User',
  'X-Forwarded-Groups',
  'X-Forwarded-Email',
  'X-Forwarded-Preferred-Username',
  'X-Auth-Request-User',
  'X-Auth-Request-Groups',
  'X-Auth-Request-Email',
  'X-Maas-User',
  'X-Maas-Group',
  'X-Remote-User',
  'Remote-User',
  'X-Authz-Subject',
  'X-Ext-Auth-User',
  'X-SSL-Client-S-DN',
] as const

/** Instead of a certificate: the header is worth nothing. */
const instead = EMITTED_IDENTITY_HEADERS.map((name) => {
  return row(1, 'client', `${name} instead of a credential`, 'credentials: missing', (call) =>
    add({ ...call, shows: 'nothing' }, [name, `vision__${MARK}`]),
  )
})

const foreign = TRUSTED_BY_OTHERS.map((name) => {
  const refused = name.startsWith('X-SSL') ? 'certificate: not-vouched' : 'credentials: missing'
  return row(1, 'client', `${name} instead of a credential`, refused, (call) =>
    add({ ...call, shows: 'nothing' }, [name, `CN=vision__${MARK}`]),
  )
})

const DROPPED = [
  'Host',
  'Authorization',
  'Signet-Act-As',
  'X-Forwarded-Host',
  'X-Forwarded-Uri',
  'X-Original-URI',
  'X-SSL-Client-Verify',
  'X-Forwarded-Client-Cert',
  'Signet-Subject',
] as const

/** The next proxy drops what Connection names (CVE-2024-45410). */
const hopByHop = DROPPED.map((name) =>
  row(
    1,
    'client',
    `Connection: ${name}`,
    'headers: hop-by-hop',
    (call) => add(call, ['Connection', `keep-alive, ${name}`]),
    (call) => add(call, ['Connection', 'keep-alive']),
  ),
)

const actAs: readonly HostileRequest[] = [
  row(1, 'client', 'acting as somebody else', 'principal: mismatch', (call) => {
    return set(call, ['Signet-Act-As', `vision__${MARK}`])
  }),
  row(1, 'client', 'acting as oneself in capitals', 'principal: mismatch', (call, { actingUser }) =>
    set(call, ['Signet-Act-As', actingUser.toUpperCase()]),
  ),
  row(1, 'client', 'acting as nobody', 'principal: unnamed', (call) => without(call, 'signet-act-as')),
  row(1, 'client', 'acting as nothing', 'principal: mismatch', (call) => set(call, ['Signet-Act-As', ''])),
  row(1, 'client', 'acting with a tab behind', 'principal: mismatch', (call, { actingUser }) =>
    set(call, ['Signet-Act-As', `${actingUser}\tx`]),
  ),
]

type HeaderOf = (world: HostileWorld) => readonly [string, string]

/** Another member's certificate, which anybody may know, in every form that some proxy writes. */
const KNOWN_CERTIFICATE: readonly (readonly [string, HeaderOf])[] = [
  [
    'X-Forwarded-Client-Cert',
    ({ otherCertificate }) => ['X-Forwarded-Client-Cert', `Cert="${escapedPem(otherCertificate)}"`],
  ],
  ['Client-Cert', ({ otherCertificate }) => ['Client-Cert', `:${base64(otherCertificate)}:`]],
  ['Client-Cert-Chain', ({ otherCertificate }) => ['Client-Cert-Chain', `:${base64(otherCertificate)}:`]],
  ['X-SSL-Client-Cert', ({ otherCertificate }) => ['X-SSL-Client-Cert', escapedPem(otherCertificate)]],
  ['X-SSL-Client-Verify', () => ['X-SSL-Client-Verify', 'SUCCESS']],
  ['X-SSL-Client-CN', () => ['X-SSL-Client-CN', `vision__${MARK}`]],
  ['X-Forwarded-Tls-Client-Cert', ({ otherCertificate }) => ['X-Forwarded-Tls-Client-Cert', base64(otherCertificate)]],
  ['X-Forwarded-Tls-Client-Cert-Info', () => ['X-Forwarded-Tls-Client-Cert-Info', `Subject="CN=vision__${MARK}"`]],
  ['X-Client-Cert', ({ otherCertificate }) => ['X-Client-Cert', base64(otherCertificate)]],
  ['X-Client-Certificate', ({ otherCertificate }) => ['X-Client-Certificate', base64(otherCertificate)]],
  ['X-Amzn-Mtls-Clientcert', ({ otherCertificate }) => ['X-Amzn-Mtls-Clientcert', escapedPem(otherCertificate)]],
  ['X-ARR-ClientCert', ({ otherCertificate }) => ['X-ARR-ClientCert', base64(otherCertificate)]],
]

const known = KNOWN_CERTIFICATE.flatMap(([name, headerOf]) => [
  row(2, 'client', `${name} from a client without a certificate`, 'certificate: not-vouched', (call, world) =>
    add({ ...call, shows: 'nothing' }, headerOf(world)),
  ),
  row(2, 'client', `${name} from a client beside its own certificate`, 'certificate: not-vouched', (call, world) =>
    add(call, headerOf(world)),
  ),
])

const PROXIES = ['xfcc', 'client-cert', 'nginx', 'traefik', 'caddy', 'haproxy', 'envoy-grpc'] as const

/** The client's header, let through by a proxy that tells in another. */
const letThrough = PROXIES.flatMap((from) => {
  const name = from === 'caddy' ? 'X-Forwarded-Client-Cert' : 'X-Client-Cert'
  const header: HeaderOf = ({ otherCertificate }) =>
    from === 'caddy' ? [name, `Cert="${escapedPem(otherCertificate)}"`] : [name, base64(otherCertificate)]
  return [
    row(2, from, `${name} let through by ${from}`, 'certificate: not-vouched', (call, world) =>
      add(call, header(world)),
    ),
    row(2, from, `somebody else's certificate by ${from}, acting as oneself`, 'principal: mismatch', (call, world) =>
      telling(from, call, world.otherCertificate),
    ),
    row(2, from, `a certificate of a foreign CA by ${from}`, 'certificate: issuer', (call, world) =>
      telling(from, call, world.foreignCertificate),
    ),
  ]
})

const VERIFY: readonly (readonly [Sender & ('nginx' | 'haproxy'), string])[] = [
  ['nginx', 'NONE'],
  ['nginx', 'FAILED:certificate has expired'],
  ['nginx', 'FAILED:self-signed certificate'],
  ['nginx', 'success'],
  ['nginx', '0'],
  ['nginx', ''],
  ['haproxy', '10'],
  ['haproxy', '00'],
  ['haproxy', '-0'],
  ['haproxy', 'SUCCESS'],
  ['haproxy', ''],
]

const notVerified = VERIFY.map(([from, verify]) =>
  row(2, from, `a certificate by ${from} with "${verify}"`, 'certificate: not-verified', (call: Call) =>
    set(call, ['X-SSL-Client-Verify', verify]),
  ),
)

const unsaid = (['nginx', 'haproxy'] as const).map((from) =>
  row(2, from, `a certificate by ${from} of which nothing is said`, 'certificate: not-verified', (call) =>
    without(call, 'x-ssl-client-verify'),
  ),
)

export const SPOOFED: readonly HostileRequest[] = [
  ...instead,
  ...foreign,
  ...hopByHop,
  ...actAs,
  ...known,
  ...letThrough,
  ...notVerified,
  ...unsaid,
]
