// The rules that single settings obey, each with the words that a fault says. A value that breaks one is never repeated.
import { isIP } from 'node:net'
import { z } from 'zod'
import { DurationRejected, parseDuration } from '../domain/duration.ts'
import { NameRejected } from '../domain/name-rules.ts'
import { isLoopback, parseEndpoint, parseOptionalEndpoint } from './endpoint.ts'

export type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** `url` may hold a password: never printed (see `describeDatabase`). */
  | { readonly kind: 'postgres'; readonly url: string }

export const text = (rule: string) => z.string({ error: rule }).min(1, rule)
export const matching = (pattern: RegExp, rule: string) => z.string({ error: rule }).regex(pattern, rule)
export const path = text('a path')
export const whole = (min: number, max: number) => {
  const rule = `a whole number from ${min} to ${max}`
  return z.int({ error: rule }).min(min, rule).max(max, rule)
}
export const duration = (min: number, max: number) =>
  parsedBy(`a duration from ${min} s to ${max} s, as in 15m`, (input) => {
    const seconds = parseDuration(input)
    return seconds >= min && seconds <= max ? seconds : undefined
  })
export const endpoint = parsedBy('an IP address or localhost, a colon and a port: 127.0.0.1:8443', parseEndpoint)
export const optionalEndpoint = parsedBy('an address and a port, or off', parseOptionalEndpoint)
export const operationsEndpoint = parsedBy('a loopback address and a port, or off', (input) => {
  const parsed = parseOptionalEndpoint(input)
  return parsed?.kind === 'listen' && !isLoopback(parsed.host) ? undefined : parsed
})
export const baseUrl = (protocol: 'https:' | 'http:') =>
  parsedBy(`an ${protocol}// URL of host and port alone: no path, query or credentials`, (input) =>
    parseBaseUrl(input, protocol),
  )

/** A zod string that `parse` turns into its value; undefined or one of the domain's refusals breaks `rule`. */
export function parsedBy<Value>(rule: string, parse: (input: string) => Value | undefined) {
  return z.string({ error: rule }).transform((input, context): Value => {
    const value = parsedOrUndefined(parse, input)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: rule })
    return z.NEVER
  })
}

function parsedOrUndefined<Value>(parse: (input: string) => Value | undefined, input: string): Value | undefined {
  try {
    return parse(input)
  } catch (error) {
    if (error instanceof NameRejected || error instanceof DurationRejected) return undefined
    throw error
  }
}

function parseBaseUrl(input: string, protocol: string): string | undefined {
  const url = URL.parse(input)
  return url?.protocol === protocol && url.href === `${url.origin}/` && !url.hostname.endsWith('.')
    ? url.origin
    : undefined
}

export function parseDatabase(input: string): DatabaseLocation | undefined {
  if (input.startsWith('sqlite:')) {
    const place = input.slice('sqlite:'.length)
    return place === '' ? undefined : { kind: 'sqlite', path: place }
  }
  const url = URL.parse(input)
  if (url?.protocol !== 'postgres:' && url?.protocol !== 'postgresql:') return undefined
  // A Unix socket stands in the query: postgres:///signet?host=/run/postgresql
  const hasHost = url.hostname !== '' || url.searchParams.has('host')
  return hasHost && url.pathname.length > 1 ? { kind: 'postgres', url: input } : undefined
}

/** RFC 1034 §3.5 in lower case. The policy's own rules for DNS names are held against it when the certificate is made. */
export function parseServerName(input: string): string | undefined {
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
  return input.length <= 253 && new RegExp(`^${label}(?:\\.${label})*$`).test(input) && isIP(input) === 0
    ? input
    : undefined
}

export function parseIpAddress(input: string): string | undefined {
  return isIP(input) === 0 || input.includes('%') ? undefined : input
}
