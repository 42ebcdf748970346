// Traps 3 and 4: what stands there twice, in two spellings, joined to one, or is larger than what is read.
import { MAX_BODY_BYTES } from '../../../proxies/body-model.ts'
import { MAX_TARGET_CHARACTERS } from '../../../proxies/canonical-path.ts'
import { MAX_LEAF_BYTES } from '../../../proxies/forwarded-leaf.ts'
import { MAX_HEADER_BYTES, MAX_HEADERS, type RawHeader } from '../../../proxies/told-headers.ts'
import {
  add,
  addFirst,
  base64,
  type Call,
  escapedPem,
  type HostileRequest,
  type HostileWorld,
  MARK,
  row,
  type Sender,
  set,
} from './hostile-request.ts'

const LIE = `vision__${MARK}`

interface Repeated {
  readonly name: string
  /** What an honest client puts there, and a lie. */
  readonly honest: (world: HostileWorld) => string
  readonly lie: (world: HostileWorld) => string
}

const BY_CLIENTS: readonly Repeated[] = [
  { name: 'Host', honest: ({ host }) => host, lie: ({ otherHost }) => otherHost },
  { name: 'Signet-Act-As', honest: ({ actingUser }) => actingUser, lie: () => LIE },
  { name: 'Authorization', honest: ({ apiKey }) => `ApiKey ${apiKey}`, lie: () => `ApiKey ${MARK}.${MARK}` },
  { name: 'X-Api-Key', honest: ({ apiKey }) => apiKey, lie: () => `${MARK}.${MARK}` },
  { name: 'Content-Type', honest: () => 'application/json', lie: () => 'text/plain' },
  { name: 'X-Gateway-Model-Name', honest: ({ model }) => model, lie: ({ otherModel }) => otherModel },
]

const twice = BY_CLIENTS.flatMap(({ name, honest, lie }) => {
  const twin = (call: Call, world: HostileWorld): Call => set(call, [name, honest(world)])
  return [
    row(
      3,
      'client',
      `${name} twice, the lie behind`,
      'headers: duplicate',
      (call, world) => add(twin(call, world), [name, lie(world)]),
      twin,
    ),
    row(
      3,
      'client',
      `${name} twice, the lie in front`,
      'headers: duplicate',
      (call, world) => addFirst(twin(call, world), [name, lie(world)]),
      twin,
    ),
    row(
      3,
      'client',
      `${name} twice, alike`,
      'headers: duplicate',
      (call, world) => add(twin(call, world), [name, honest(world)]),
      twin,
    ),
    row(
      3,
      'client',
      `${name} and ${name.toUpperCase()}`,
      'headers: duplicate',
      (call, world) => add(twin(call, world), [name.toUpperCase(), lie(world)]),
      twin,
    ),
  ]
})

const WITH_DASHES = [
  'Signet-Act-As',
  'Signet-Subject',
  'Signet-Identity',
  'X-Signet-Delegate-For',
  'X-Forwarded-User',
  'X-Forwarded-Host',
  'X-Original-URI',
  'X-SSL-Client-Cert',
  'X-SSL-Client-Verify',
  'X-Forwarded-Client-Cert',
  'Client-Cert',
  'X-Client-Cert',
  'X-Api-Key',
  'Remote-User',
  'X-Auth-Request-User',
  'Content-Type',
] as const

const spelling = WITH_DASHES.flatMap((name) => [
  row(3, 'client', `${name} with underscores`, 'headers: spelling', (call) =>
    add(call, [name.replaceAll('-', '_'), LIE]),
  ),
  row(3, 'client', `${name} with an underscore and a dot, in front`, 'headers: spelling', (call) =>
    addFirst(call, [name.replace('-', '.').replaceAll('-', '_'), LIE]),
  ),
])

const JOINED: readonly (readonly [string, (world: HostileWorld) => string])[] = [
  ['Signet-Act-As', ({ actingUser }) => `${actingUser},${LIE}`],
  ['Signet-Act-As', ({ actingUser }) => `${LIE}, ${actingUser}`],
  ['Host', ({ host, otherHost }) => `${host},${otherHost}`],
  ['Authorization', ({ apiKey }) => `ApiKey ${apiKey},ApiKey ${apiKey}`],
  ['Authorization', ({ apiKey }) => `Bearer ${MARK}, ApiKey ${apiKey}`],
  ['X-Forwarded-Host', ({ host, otherHost }) => `${otherHost}, ${host}`],
  ['X-Original-Method', () => 'GET,POST'],
]

const joined = JOINED.map(([name, value], at) =>
  row(3, 'envoy-grpc', `${name} joined of two (${String(at + 1)})`, 'headers: merged', (call, world) =>
    set(call, [name, value(world)]),
  ),
)

const CERTIFICATE_HEADERS: readonly (readonly [Exclude<Sender, 'client'>, string])[] = [
  ['xfcc', 'X-Forwarded-Client-Cert'],
  ['client-cert', 'Client-Cert'],
  ['nginx', 'X-SSL-Client-Cert'],
  ['nginx', 'X-SSL-Client-Verify'],
  ['traefik', 'X-Forwarded-Tls-Client-Cert'],
  ['caddy', 'X-Client-Cert'],
  ['haproxy', 'X-SSL-Client-Cert'],
  ['haproxy', 'X-SSL-Client-Verify'],
]

const certificateTwice = CERTIFICATE_HEADERS.flatMap(([from, name]) => [
  row(
    3,
    from,
    `${name} of the client in front of that of ${from}`,
    'headers: duplicate',
    (call, { otherCertificate }) => addFirst(call, [name, base64(otherCertificate)]),
  ),
  row(3, from, `${name} of the client with underscores beside that of ${from}`, 'headers: spelling', (call, world) =>
    add(call, [name.toLowerCase().replaceAll('-', '_'), base64(world.otherCertificate)]),
  ),
])

const CONTROLS: readonly (readonly [string, RawHeader])[] = [
  ['a NUL in the acting user', ['Signet-Act-As', `${LIE}\u0000`]],
  ['a line feed in the acting user', ['Signet-Act-As', `x\nHost: ${MARK}`]],
  ['a carriage return in any value', ['Accept', `x\rSignet-Subject: ${LIE}`]],
  ['a folded line', ['Accept', `x\r\n Signet-Subject: ${LIE}`]],
  ['DEL in a value', ['Accept', 'a\u007f']],
]

const controls = CONTROLS.map(([name, header]) =>
  row(3, 'envoy-grpc', name, 'headers: control-character', (call) => set(call, header)),
)

/** As many headers as it takes to come to `count`. */
function filled(call: Call, count: number): Call {
  const more = Array.from({ length: count - call.headers.length }, (_, at): RawHeader => [`x-fill-${String(at)}`, ''])
  return add(call, ...more)
}

/** As long a header as it takes to come to `bytes`. */
function padded(call: Call, bytes: number): Call {
  const used = call.headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  return add(call, ['x-fill', 'x'.repeat(bytes - used - 'x-fill'.length)])
}

function longTarget(call: Call, characters: number): Call {
  return { ...call, target: `${call.target}?${'x'.repeat(characters - call.target.length - 1)}` }
}

function largeBody(call: Call, { model }: HostileWorld, bytes: number): Call {
  const start = `{"model":"${model}","x":"`
  return { ...call, body: `${start}${'x'.repeat(bytes - start.length - 2)}"}` }
}

const large = new Uint8Array(MAX_LEAF_BYTES + 1).fill(0x30)

const sizes: readonly HostileRequest[] = [
  row(
    4,
    'client',
    'too many headers',
    'headers: too-many',
    (call) => filled(call, MAX_HEADERS + 1),
    (call) => filled(call, 90),
  ),
  row(
    4,
    'client',
    'a header that is too long',
    'headers: too-long',
    (call) => padded(call, MAX_HEADER_BYTES + 1),
    (call) => padded(call, 4096),
  ),
  row(
    4,
    'envoy-grpc',
    'one header too many by gRPC',
    'headers: too-many',
    (call) => filled(call, MAX_HEADERS + 1),
    (call) => filled(call, MAX_HEADERS),
  ),
  row(
    4,
    'envoy-grpc',
    'one byte of headers too many by gRPC',
    'headers: too-long',
    (call) => padded(call, MAX_HEADER_BYTES + 1),
    (call) => padded(call, MAX_HEADER_BYTES),
  ),
  row(
    4,
    'envoy-grpc',
    'a target that is too long',
    'path: overlong',
    (call) => longTarget(call, MAX_TARGET_CHARACTERS + 1),
    (call) => longTarget(call, MAX_TARGET_CHARACTERS),
  ),
  row(
    4,
    'client',
    'a body that is too large',
    'model: too-large',
    (call, world) => largeBody(call, world, MAX_BODY_BYTES + 1),
    (call, world) => largeBody(call, world, 8 * 1024),
  ),
  row(4, 'client', 'a model with a long name', 'model: malformed', (call) => ({
    ...call,
    body: JSON.stringify({ model: 'x'.repeat(257) }),
  })),
  row(
    4,
    'client',
    'a long API key',
    'credentials: api-key-malformed',
    (call) => add(call, ['Authorization', `ApiKey ${'x'.repeat(600)}.x`]),
    (call, { apiKey }) => add(call, ['Authorization', `ApiKey ${apiKey}`]),
  ),
  row(4, 'client', 'a long token', 'credentials: token-malformed', (call) =>
    add(call, ['Authorization', `Bearer ${'x'.repeat(17_000)}.x.x`]),
  ),
  row(4, 'client', 'a long passphrase', 'credentials: passphrase-malformed', (call) =>
    add(call, ['Authorization', `Passphrase ${'x'.repeat(1025)}`]),
  ),
  row(4, 'caddy', 'a large certificate by caddy', 'certificate: too-large', (call) =>
    set(call, ['X-Client-Cert', base64(large)]),
  ),
  row(4, 'client-cert', 'a large Client-Cert', 'certificate: too-large', (call) =>
    set(call, ['Client-Cert', `:${base64(large)}:`]),
  ),
  row(4, 'nginx', 'a large certificate by nginx', 'certificate: too-large', (call) =>
    set(call, ['X-SSL-Client-Cert', escapedPem(large)]),
  ),
  row(4, 'envoy-grpc', 'a large certificate by gRPC', 'certificate: too-large', (call) => ({
    ...call,
    sourceCertificate: escapedPem(new Uint8Array(200_000)),
  })),
  row(4, 'traefik', 'a long chain by traefik', 'certificate: too-large', (call, { certificate, issuer }) =>
    set(call, [
      'X-Forwarded-Tls-Client-Cert',
      [certificate, ...Array.from({ length: 9 }, () => issuer)].map(base64).join(','),
    ]),
  ),
  row(4, 'xfcc', 'too many elements', 'certificate: syntax', (call, { certificate }) =>
    set(call, ['X-Forwarded-Client-Cert', `${'Hash=a,'.repeat(20)}Cert="${escapedPem(certificate)}"`]),
  ),
]

export const REPEATED: readonly HostileRequest[] = [
  ...twice,
  ...spelling,
  ...joined,
  ...certificateTwice,
  ...controls,
  ...sizes,
]
