// An Envoy as far as ext_authz goes: a gRPC client on Envoy's own protocol files, which asks as Envoy does and reads the answer with
// Envoy's names.
import { type ChannelCredentials, Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { loadEnvoy, serviceOf } from '../grpc/envoy-protos.ts'
import { AUTHORIZATION_NAME } from '../../src/grpc/protocol.ts'
import type { ClientIdentity } from './https-client.ts'

const { Check } = serviceOf(loadEnvoy(), AUTHORIZATION_NAME)
if (Check === undefined) throw new Error('Envoy has no Check')
const { path, requestSerialize, responseDeserialize } = Check

export interface EnvoyHeader {
  readonly header: { readonly key: string; readonly value: string }
  readonly append_action: string
}

/** As Envoy's files name it. */
export interface EnvoyAnswer {
  readonly status: { readonly code: number; readonly message: string }
  readonly ok_response?: { readonly headers: readonly EnvoyHeader[]; readonly headers_to_remove: readonly string[] }
  readonly denied_response?: {
    readonly status: { readonly code: string }
    readonly headers: readonly EnvoyHeader[]
    readonly body: string
  }
  readonly dynamic_metadata?: {
    readonly fields: Readonly<Record<string, { readonly stringValue?: string; readonly numberValue?: number }>>
  }
}

export interface EnvoyCall {
  readonly method?: string
  readonly path?: string
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Unmerged, as with `encode_raw_headers`; then `headers` is not sent. */
  readonly rawHeaders?: readonly (readonly [name: string, value: string])[]
  /** PEM of the client's certificate. */
  readonly certificate?: string
  readonly principal?: string
  readonly body?: string
  readonly rawBody?: Uint8Array
  /** Of the route's own configuration. */
  readonly extensions?: Readonly<Record<string, string>>
  readonly address?: string
}

/** The status in words, as `denied_response.status.code` has it, and as a number. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ['BadRequest', 400],
  ['Unauthorized', 401],
  ['Forbidden', 403],
  ['NotFound', 404],
  ['TooManyRequests', 429],
  ['ServiceUnavailable', 503],
])

export class EnvoyClient {
  readonly #client: Client

  constructor(target: string, by: { readonly ca: string; readonly identity?: ClientIdentity } | 'plain') {
    this.#client = new Client(target, by === 'plain' ? credentials.createInsecure() : secure(by), {
      'grpc.enable_retries': 0,
      'grpc.use_local_subchannel_pool': 1,
    })
  }

  check(call: EnvoyCall, seconds = 20): Promise<EnvoyAnswer> {
    return this.ask(checkRequest(call), seconds)
  }

  /** Any `CheckRequest`. Rejects with the error of the call. */
  ask(request: object, seconds = 20): Promise<EnvoyAnswer> {
    const deadline = Date.now() + seconds * 1000
    return new Promise((answered, failed) => {
      this.#client.makeUnaryRequest<object, EnvoyAnswer>(
        path,
        requestSerialize,
        (bytes) => responseDeserialize(bytes) as EnvoyAnswer,
        request,
        new Metadata(),
        { deadline },
        (error: ServiceError | null, answer) => {
          if (error !== null) failed(error)
          else if (answer !== undefined) answered(answer)
        },
      )
    })
  }

  close(): void {
    this.#client.close()
  }
}

function secure({ ca, identity }: { readonly ca: string; readonly identity?: ClientIdentity }): ChannelCredentials {
  const roots = Buffer.from(ca)
  return identity === undefined
    ? credentials.createSsl(roots)
    : credentials.createSsl(roots, Buffer.from(identity.key), Buffer.from(identity.certificate))
}

/** As Envoy fills it: pseudo-headers among the headers, `query` and `fragment` empty, the leaf alone in `source.certificate`. */
export function checkRequest(call: EnvoyCall): object {
  const { method = 'POST', path: target = '/v1/chat/completions', host = 'resnet.internal' } = call
  const all = { ':authority': host, ':method': method, ':path': target, ':scheme': 'https', ...call.headers }
  const raw = call.rawHeaders?.map(([key, value]) => ({ key, raw_value: Buffer.from(value, 'latin1') }))
  return {
    attributes: {
      source: {
        address: { socket_address: { address: call.address ?? '192.0.2.7', port_value: 40_000 } },
        principal: call.principal ?? '',
        certificate: call.certificate === undefined ? '' : escapedLeaf(call.certificate),
      },
      request: {
        http: {
          id: '4711',
          method,
          path: target,
          host,
          scheme: 'https',
          protocol: 'HTTP/2',
          size: -1,
          ...(raw === undefined ? { headers: all } : { header_map: { headers: raw } }),
          ...(call.body === undefined ? {} : { body: call.body }),
          ...(call.rawBody === undefined ? {} : { raw_body: call.rawBody }),
        },
      },
      context_extensions: call.extensions ?? {},
    },
  }
}

/** Percent-encoded PEM of the first certificate. */
export function escapedLeaf(pem: string): string {
  const [leaf = ''] = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n?/.exec(pem) ?? []
  return encodeURIComponent(leaf)
}

/** What tells one answer from another: gRPC's code in words, the status, the reason, and who it is. */
export function told(answer: EnvoyAnswer) {
  const { ok_response: ok, denied_response: denied } = answer
  const words = status[answer.status.code]
  if (ok !== undefined)
    return { grpc: words, status: 200, reason: 'ALLOWED', subject: headerOf(ok.headers, 'signet-subject') }
  return {
    grpc: words,
    status: STATUS.get(denied?.status.code ?? ''),
    reason: headerOf(denied?.headers ?? [], 'x-authz-reason'),
  }
}

export function headerOf(headers: readonly EnvoyHeader[], name: string): string | undefined {
  return headers.find(({ header }) => header.key === name)?.header.value
}

/**
 * What the model server would get: the client's headers, with ours set and then the others removed, in the order in which Envoy's
 * filter does it.
 */
export function forwarded(
  sent: Readonly<Record<string, string>>,
  { ok_response: ok }: EnvoyAnswer,
): Record<string, string> {
  if (ok === undefined) throw new Error('a refused call is not forwarded')
  const headers = new Map(Object.entries(sent))
  for (const { header, append_action } of ok.headers) {
    const before = headers.get(header.key)
    const isAppended = append_action === 'APPEND_IF_EXISTS_OR_ADD' && before !== undefined
    headers.set(header.key, isAppended ? `${before},${header.value}` : header.value)
  }
  for (const name of ok.headers_to_remove) headers.delete(name)
  return Object.fromEntries(headers)
}
