// Trap 5: certificates in a coding that two readers decode to two certificates, and certificates that are not the caller's leaf.
import {
  base64,
  type Call,
  escapedPem,
  type HostileRequest,
  type HostileWorld,
  MARK,
  pem,
  row,
  type Sender,
  set,
  telling,
} from './hostile-request.ts'

type Proxy = Exclude<Sender, 'client'>

/** The header value that a proxy of this dialect would make of a coded text. */
function told(from: Proxy, call: Call, coded: string): Call {
  switch (from) {
    case 'xfcc':
      return set(call, ['X-Forwarded-Client-Cert', `Cert="${coded}"`])
    case 'client-cert':
      return set(call, ['Client-Cert', `:${coded}:`])
    case 'nginx':
    case 'haproxy':
      return set(call, ['X-SSL-Client-Cert', coded])
    case 'traefik':
      return set(call, ['X-Forwarded-Tls-Client-Cert', coded])
    case 'caddy':
      return set(call, ['X-Client-Cert', coded])
    case 'envoy-grpc':
      return { ...call, sourceCertificate: coded }
    default:
      return from satisfies never
  }
}

const IN_PEM = ['nginx', 'xfcc', 'envoy-grpc'] as const
const IN_BASE64 = ['client-cert', 'caddy', 'haproxy', 'traefik'] as const

type Coding = readonly [name: string, fault: string, coded: (world: HostileWorld) => string]

const PEM_CODINGS: readonly Coding[] = [
  ['a bundle, leaf first', 'several-certificates', ({ certificate, issuer }) => escapedPem(certificate, issuer)],
  ['a bundle, issuer first', 'several-certificates', ({ certificate, issuer }) => escapedPem(issuer, certificate)],
  [
    'a bundle with somebody else',
    'several-certificates',
    ({ certificate, otherCertificate }) => escapedPem(otherCertificate, certificate),
  ],
  ['another label', 'pem', ({ certificate }) => encodeURIComponent(pem(certificate, 'TRUSTED CERTIFICATE'))],
  ['text in front', 'pem', ({ certificate }) => encodeURIComponent(`subject=CN=vision__${MARK}\n${pem(certificate)}`)],
  [
    'a header in the block',
    'pem',
    ({ certificate }) => encodeURIComponent(pem(certificate).replace('-\n', `-\nX: ${MARK}\n\n`)),
  ],
  ['escaped twice', 'pem', ({ certificate }) => encodeURIComponent(escapedPem(certificate))],
  ['a plus that is not escaped', 'percent', ({ certificate }) => `${escapedPem(certificate)}+`],
  ['a broken escape', 'percent', ({ certificate }) => `${escapedPem(certificate)}%0`],
]

const BASE64_CODINGS: readonly Coding[] = [
  ['in the URL alphabet', 'base64', ({ certificate }) => `${base64(certificate).slice(0, -4)}-_-_`],
  ['with text behind the padding', 'base64', ({ certificate }) => `${base64(certificate)}====`],
  ['with a space', 'base64', ({ certificate }) => base64(certificate).replace(/^..../, '$& ')],
  ['with a character that Node skips', 'base64', ({ certificate }) => base64(certificate).replace(/^..../, '$&!')],
]

const codings = [
  ...IN_PEM.flatMap((from) => PEM_CODINGS.map((coding) => [from, coding] as const)),
  ...IN_BASE64.flatMap((from) => BASE64_CODINGS.map((coding) => [from, coding] as const)),
].map(([from, [name, fault, coded]]) =>
  row(5, from, `${name}, by ${from}`, `certificate: ${fault}`, (call, world) => told(from, call, coded(world))),
)

type Alteration = readonly [name: string, fault: string, altered: (der: Uint8Array) => Uint8Array]

const ALTERATIONS: readonly Alteration[] = [
  ['a byte behind it', 'encoding', (der) => Uint8Array.of(...der, 0)],
  ['a byte in front of it', 'encoding', (der) => Uint8Array.of(0, ...der)],
  ['its last byte missing', 'encoding', (der) => der.subarray(0, -1)],
  ['itself behind it', 'encoding', (der) => Uint8Array.of(...der, ...der)],
  ['its length in a longer form', 'encoding', (der) => Uint8Array.of(0x30, 0x83, 0, ...der.subarray(2))],
  ['a length without end', 'encoding', (der) => Uint8Array.of(0x30, 0x80, ...der.subarray(4), 0, 0)],
  ['a bit of its signature turned', 'signature', (der) => der.with(-1, (der.at(-1) ?? 0) ^ 1)],
]

const BOTH = ['nginx', 'caddy'] as const

const alterations = BOTH.flatMap((from) =>
  ALTERATIONS.map(([name, fault, altered]) =>
    row(5, from, `a certificate with ${name}, by ${from}`, `certificate: ${fault}`, (call, { certificate }) =>
      telling(from, call, altered(certificate)),
    ),
  ),
)

const ALL = [...IN_PEM, ...IN_BASE64] as const

const issuers = ALL.map((from) =>
  row(5, from, `the issuer's certificate by ${from}`, 'certificate: authority', (call, { issuer }) =>
    telling(from, call, issuer),
  ),
)

const ELEMENTS: readonly Coding[] = [
  ['a chain alone', 'certificate-missing', ({ certificate, issuer }) => `Chain="${escapedPem(certificate, issuer)}"`],
  ['a subject alone', 'certificate-missing', ({ actingUser }) => `Subject="CN=${actingUser}"`],
  ['a URI alone', 'certificate-missing', () => 'URI=spiffe://signet.test/project/vision/user/alice'],
  [
    'a certificate within a subject',
    'certificate-missing',
    ({ certificate }) => `Subject="Cert=${escapedPem(certificate)}"`,
  ],
  [
    'two certificates',
    'several-certificates',
    ({ certificate, otherCertificate }) => `Cert="${escapedPem(certificate)}";Cert="${escapedPem(otherCertificate)}"`,
  ],
  [
    "the client's element last",
    'certificate-missing',
    ({ certificate }) => `Cert="${escapedPem(certificate)}",Subject="CN=${MARK}"`,
  ],
  ['an open quote', 'syntax', ({ certificate }) => `Subject="CN=${MARK}\\",Cert=${escapedPem(certificate)}`],
  [
    'a quote that ends early',
    'syntax',
    ({ certificate }) => `Subject="CN="${MARK}"";Cert="${escapedPem(certificate)}"`,
  ],
  ['an empty element', 'syntax', ({ certificate }) => `Cert="${escapedPem(certificate)}",`],
]

const elements = ELEMENTS.map(([name, fault, value]) =>
  row(5, 'xfcc', `${name} in XFCC`, `certificate: ${fault}`, (call, world) =>
    set(call, ['X-Forwarded-Client-Cert', value(world)]),
  ),
)

const FIELDS: readonly Coding[] = [
  ['two in a list', 'syntax', ({ certificate, issuer }) => `:${base64(certificate)}:, :${base64(issuer)}:`],
  ['a parameter', 'syntax', ({ certificate }) => `:${base64(certificate)}:;a=1`],
  ['what nginx writes', 'syntax', ({ certificate }) => escapedPem(certificate)],
  ['a string', 'syntax', ({ certificate }) => `"${base64(certificate)}"`],
]

const fields = FIELDS.map(([name, fault, value]) =>
  row(5, 'client-cert', `${name} in Client-Cert`, `certificate: ${fault}`, (call, world) =>
    set(call, ['Client-Cert', value(world)]),
  ),
)

const traefik: readonly HostileRequest[] = [
  row(5, 'traefik', 'escaped, as Traefik 2.8 did', 'certificate: url-escaped', (call, { certificate }) =>
    set(call, ['X-Forwarded-Tls-Client-Cert', encodeURIComponent(`${base64(certificate)}+`)]),
  ),
  row(
    5,
    'traefik',
    'issuer first, by traefik',
    'certificate: authority',
    (call, { certificate, issuer }) =>
      set(call, ['X-Forwarded-Tls-Client-Cert', `${base64(issuer)},${base64(certificate)}`]),
    (call, { certificate, issuer }) =>
      set(call, ['X-Forwarded-Tls-Client-Cert', `${base64(certificate)},${base64(issuer)}`]),
  ),
]

export const CERTIFICATE_CODINGS: readonly HostileRequest[] = [
  ...codings,
  ...alterations,
  ...issuers,
  ...elements,
  ...fields,
  ...traefik,
]
