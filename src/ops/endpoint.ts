// Where a listener listens: an IP address (or `localhost`) and a port, written as in a URL's authority (RFC 3986 §3.2).
import { isIP } from 'node:net'

export interface Endpoint {
  readonly kind: 'listen'
  /** An IP address (without brackets) or `localhost`. */
  readonly host: string
  /** 0 asks the system for a free one. */
  readonly port: number
}
export type OptionalEndpoint = Endpoint | { readonly kind: 'off' }

export function parseEndpoint(input: string): Endpoint | undefined {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[0-9.]+|localhost)):(?<port>0|[1-9][0-9]{0,4})$/.exec(input)
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'] ?? ''
  const port = Number(match?.groups?.['port'])
  const family = match?.groups?.['v6'] === undefined ? 4 : 6
  if ((host !== 'localhost' && isIP(host) !== family) || !(port <= 65_535)) return undefined
  return { kind: 'listen', host, port }
}

export function parseOptionalEndpoint(input: string): OptionalEndpoint | undefined {
  return input === 'off' ? { kind: 'off' } : parseEndpoint(input)
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}
