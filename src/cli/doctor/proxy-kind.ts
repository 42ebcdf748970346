// Which program a proxy is, where its answers or the operator tell. Only advice depends on it.
import { valueOf } from './raw-call.ts'
import type { RawHeader } from '../../proxies/told-headers.ts'

export const PROXY_KINDS = ['nginx', 'caddy', 'haproxy', 'envoy', 'traefik'] as const

export type ProxyKind = (typeof PROXY_KINDS)[number]

/** HAProxy and Traefik do not say. What stands there may be the model server's own: the first word alone counts. */
const SERVERS: readonly (readonly [RegExp, ProxyKind])[] = [
  [/^(nginx|openresty)\b/i, 'nginx'],
  [/^caddy\b/i, 'caddy'],
  [/^(istio-)?envoy\b/i, 'envoy'],
]

export function kindOfAnswer(headers: readonly RawHeader[]): ProxyKind | undefined {
  const server = valueOf(headers, 'server') ?? ''
  return SERVERS.find(([pattern]) => pattern.test(server))?.[1]
}
