// The two gRPC services as the .proto files beside this one describe them, and the shapes in which their messages arrive and
// leave. What a message means is not known here.
import type { ServiceDefinition } from '@grpc/grpc-js'
import { loadSync, type Options } from '@grpc/proto-loader'

export interface StringEntry {
  readonly key?: string
  readonly value?: string
}

export interface HeaderValue extends StringEntry {
  readonly raw_value?: Uint8Array
}

export interface HttpRequest {
  readonly method?: string
  readonly headers: readonly StringEntry[]
  readonly path?: string
  readonly host?: string
  readonly body?: string
  readonly raw_body?: Uint8Array
  readonly header_map?: { readonly headers: readonly HeaderValue[] }
}

/** As it is decoded: a field that is not on the wire is absent, a list is there always. */
export interface CheckRequest {
  readonly attributes?: {
    readonly source?: {
      readonly address?: { readonly socket_address?: { readonly address?: string } }
      readonly certificate?: string
    }
    readonly request?: { readonly http?: HttpRequest }
    readonly context_extensions: readonly StringEntry[]
  }
}

export interface HeaderValueOption {
  readonly header: { readonly key: string; readonly value: string }
  readonly append_action: 'OVERWRITE_IF_EXISTS_OR_ADD'
}

export interface OkHttpResponse {
  readonly headers: readonly HeaderValueOption[]
  readonly headers_to_remove: readonly string[]
}

export interface DeniedHttpResponse {
  readonly status: { readonly code: number }
  readonly headers: readonly HeaderValueOption[]
  readonly body: string
}

export interface MetadataEntry {
  readonly key: string
  readonly value: { readonly string_value: string } | { readonly number_value: number }
}

export interface CheckResponse {
  /** `code` is gRPC's: 0 allows, all others refuse. */
  readonly status: { readonly code: number; readonly message: string }
  readonly ok_response?: OkHttpResponse
  readonly denied_response?: DeniedHttpResponse
  readonly dynamic_metadata: { readonly fields: readonly MetadataEntry[] }
}

export interface HealthCheckRequest {
  readonly service?: string
}

export interface HealthCheckResponse {
  readonly status: 'SERVING' | 'NOT_SERVING'
}

export const AUTHORIZATION_NAME = 'envoy.service.auth.v3.Authorization'

/** As field names stand in the files; what is absent stays absent. */
const OPTIONS: Options = { keepCase: true, arrays: true, enums: String }

export const AUTHORIZATION = alsoEncoded(serviceIn('ext-authz.proto', AUTHORIZATION_NAME))
export const HEALTH = serviceIn('health.proto', 'grpc.health.v1.Health')

function serviceIn(file: string, name: string): ServiceDefinition {
  const found = loadSync(new URL(file, import.meta.url).pathname, OPTIONS)[name]
  if (found === undefined || 'format' in found) throw new Error(`${file} has no service ${name}`)
  return found
}

/** A handler may also respond with bytes: an answer that it has encoded itself. */
function alsoEncoded(service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const { responseSerialize } = method
    const serialize = (response: unknown): Buffer =>
      Buffer.isBuffer(response) ? response : responseSerialize(response)
    return [name, { ...method, responseSerialize: serialize }] as const
  })
  return Object.fromEntries(methods)
}
