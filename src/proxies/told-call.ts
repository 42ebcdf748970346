// One model call as somebody tells of it, in plain values: a proxy over HTTP or gRPC, or the sidecar that took the call itself.
// Nothing in it is believed yet; read-call.ts reads it strictly, and answer-call.ts says who may tell what.
import type { BodyModel } from './body-model.ts'
import type { RawHeader } from './told-headers.ts'

export interface ToldCall {
  /** All headers of the call, in their order, as they came: nothing merged, nothing left out. */
  readonly headers: readonly RawHeader[]
  /** As it was sent; undefined where nobody tells. */
  readonly method: string | undefined
  /** The raw target, with its query. Undefined where nobody tells. */
  readonly target: string | undefined
  /** The path that the proxy has routed by, decoded by it (nginx's `$uri`): both have to mean the same deployment. */
  readonly normalizedPath: string | undefined
  /** The host of the call, for proxies that tell it apart from their own request's. */
  readonly host: string | undefined
  /** By the proxy's own configuration, never by the client. */
  readonly deployment: string | undefined
  /** The model that the body names; `untold` where the body does not come along. */
  readonly model: BodyModel | 'untold'
  readonly certificate: ToldCertificate
  /** Of the client, where the teller knows it; otherwise the last of `X-Forwarded-For` counts, by the proxy's hops. */
  readonly clientAddress: string | undefined
}

export type ToldCertificate =
  /** This process saw it on the connection of the call itself. */
  | { readonly kind: 'seen'; readonly der: Uint8Array | 'absent' }
  /** In the header of the dialect that the asking proxy is registered for. */
  | { readonly kind: 'in-headers' }
  /** `attributes.source.certificate` of Envoy's check, empty without a client certificate: for the dialect `envoy-grpc`. */
  | { readonly kind: 'envoy-grpc'; readonly text: string }

/** Whose word it is. */
export type Asker =
  /** The call came to this process itself: its certificate is `seen`. */
  | { readonly kind: 'self' }
  /** A proxy, by the certificate that it showed on its own connection (DER). */
  | { readonly kind: 'proxy'; readonly certificate: Uint8Array | 'absent' }
  /** A proxy that is known otherwise (a Unix socket): the service under which it is registered. */
  | { readonly kind: 'registered'; readonly service: string }
