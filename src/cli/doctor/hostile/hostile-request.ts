// What a hostile request is: how it is built in a given world, its benign twin, and what refuses it. Data for whoever can send
// it: the readers of src/proxies directly, a client at nginx or Caddy, or a proxy that asks Signet over HTTP or gRPC.
//
// The twin differs in nothing but the trick and is allowed. A proxy on the way may take the trick out of a client's request
// (nginx drops names with underscores): then nothing of `MARK` may reach the model server, for every lie about a person has it.
import type { CertificateDialect } from '../../../domain/access-policy.ts'
import type { RawHeader } from '../../../proxies/told-headers.ts'

/** Stands in every name that a request lies with. No real identity of a world has it. */
export const MARK = 'mallory'

/** Numbers of the list of traps in docs/proxies.md. */
export type Trap = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

export interface HostileWorld {
  /** Of the deployment that the caller may call, of another one, and of a gateway where each call must name its model. */
  readonly host: string
  readonly otherHost: string
  readonly gatewayHost: string
  /** Where the model answers, and the one path that asks nobody. */
  readonly path: string
  readonly unprotectedPath: string
  /** What the deployment at `host` serves, and what the other one does. */
  readonly model: string
  readonly otherModel: string
  /** Name in lower case of the header that routes by model. */
  readonly modelHeader: string
  readonly actingUser: string
  /** DER: the caller's own; another member's, which is public and not theirs to use; of the same name from a foreign CA. */
  readonly certificate: Uint8Array
  readonly otherCertificate: Uint8Array
  readonly foreignCertificate: Uint8Array
  /** DER of the CA that issued both certificates of ours. */
  readonly issuer: Uint8Array
  /** The caller's; the deployment takes it too. */
  readonly apiKey: string
}

export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly target: string
  /** In order, duplicates and spelling as they are sent. The Host is among them. */
  readonly headers: readonly RawHeader[]
  readonly body: string | Uint8Array
  /** What the client shows on its own TLS connection. A proxy tells what it saw in `headers`. */
  readonly shows: 'own' | 'nothing'
  /** Only from Envoy by gRPC: `source.certificate`. */
  readonly sourceCertificate?: string
}

/** Who sends it to Signet: the client itself, or a registered proxy of this dialect. */
export type Sender = 'client' | Exclude<CertificateDialect, 'none'>

export type Refusal =
  `${'headers' | 'path' | 'route' | 'certificate' | 'credentials' | 'principal' | 'model'}: ${string}`

export interface HostileRequest {
  readonly name: string
  readonly trap: Trap
  readonly from: Sender
  readonly refused: Refusal
  readonly hostile: (world: HostileWorld) => Call
  readonly twin: (world: HostileWorld) => Call
}

type Change = (call: Call, world: HostileWorld) => Call

/** A row whose twin is the plain call of its sender, or `twin` made of it. */
export function row(
  trap: Trap,
  from: Sender,
  name: string,
  refused: Refusal,
  change: Change,
  twin: Change = (call) => call,
): HostileRequest {
  return {
    trap,
    from,
    name,
    refused,
    hostile: (world) => change(plainCall(from, world), world),
    twin: (world) => twin(plainCall(from, world), world),
  }
}

/** A call that is allowed. */
export function plainCall(from: Sender, world: HostileWorld): Call {
  const headers: RawHeader[] = [
    ['Host', world.host],
    ['Content-Type', 'application/json'],
    ['Signet-Act-As', world.actingUser],
  ]
  const call = { method: 'POST', target: world.path, headers, body: JSON.stringify({ model: world.model }) } as const
  return from === 'client' ? { ...call, shows: 'own' } : telling(from, { ...call, shows: 'nothing' }, world.certificate)
}

/** The call with `der` as a proxy of this dialect tells it. */
export function telling(from: Exclude<Sender, 'client'>, call: Call, der: Uint8Array): Call {
  switch (from) {
    case 'xfcc':
      return set(call, [
        'X-Forwarded-Client-Cert',
        `By=spiffe://signet.test/service/edge/edge;Cert="${escapedPem(der)}"`,
      ])
    case 'client-cert':
      return set(call, ['Client-Cert', `:${base64(der)}:`])
    case 'nginx':
      return set(call, ['X-SSL-Client-Cert', escapedPem(der)], ['X-SSL-Client-Verify', 'SUCCESS'])
    case 'traefik':
      return set(call, ['X-Forwarded-Tls-Client-Cert', base64(der)])
    case 'caddy':
      return set(call, ['X-Client-Cert', base64(der)])
    case 'haproxy':
      return set(call, ['X-SSL-Client-Cert', `"${base64(der)}"`], ['X-SSL-Client-Verify', '0'])
    case 'envoy-grpc':
      return { ...call, sourceCertificate: escapedPem(der) }
    default:
      return from satisfies never
  }
}

export function add(call: Call, ...headers: readonly RawHeader[]): Call {
  return { ...call, headers: [...call.headers, ...headers] }
}

/** In front of all that is there. */
export function addFirst(call: Call, ...headers: readonly RawHeader[]): Call {
  return { ...call, headers: [...headers, ...call.headers] }
}

/** Instead of those of the same name. */
export function set(call: Call, ...headers: readonly RawHeader[]): Call {
  const names = headers.map(([name]) => name.toLowerCase())
  return { ...call, headers: [...call.headers.filter(([name]) => !names.includes(name.toLowerCase())), ...headers] }
}

export function without(call: Call, ...names: readonly string[]): Call {
  return { ...call, headers: call.headers.filter(([name]) => !names.includes(name.toLowerCase())) }
}

export function bodyOf(call: Call, body: unknown): Call {
  return { ...call, body: typeof body === 'string' ? body : JSON.stringify(body) }
}

export function pem(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines = base64(der).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

export function escapedPem(...ders: readonly Uint8Array[]): string {
  return encodeURIComponent(ders.map((der) => pem(der)).join(''))
}

export function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64')
}
