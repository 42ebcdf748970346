// The headers of a call as the model server gets them, and of its answer as the client gets it. What belongs to one connection ends
// with it (RFC 9110 §7.6.1); what says who calls is ours alone; what proved it stays here, since a model server has no use for
// somebody's key but a bad one.
import type { CallAnswer } from '../../proxies/call-answer.ts'
import type { CredentialPlace } from '../../domain/access-policy.ts'
import { foldedName } from '../../proxies/identity-headers.ts'
import type { RawHeader } from '../../proxies/told-headers.ts'
import { cookiesWithout } from './without-credentials.ts'

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const

/** Told anew, or not at all: a client's copy says what it likes. `Expect` was answered here. */
const TOLD_ANEW = ['x-real-ip', 'forwarded', 'expect', 'http2-settings'] as const

/** By these, frameworks take another path, method or origin for the one that was decided about. */
const RETELLING = /^x-(?:forwarded|original|rewrite|http-method|method)-/

export interface PassedCall {
  readonly headers: readonly RawHeader[]
  readonly answer: Pick<CallAnswer, 'identity' | 'headersToRemove'>
  readonly clientAddress: string
  /** Where this deployment takes credentials, beside `Authorization`. */
  readonly places: readonly CredentialPlace[]
}

/** Pairs for `http.request`, one after the other. */
export function passedOn({ headers, answer, clientAddress, places }: PassedCall): string[] {
  const credentialHeaders = places.flatMap((place) => (place.in === 'header' ? [place.name] : []))
  const dropped = new Set<string>([
    ...[...HOP_BY_HOP, ...TOLD_ANEW, ...namedByConnection(headers), ...credentialHeaders].map(foldedName),
    ...answer.headersToRemove().map(foldedName),
    ...answer.identity.map(([name]) => foldedName(name)),
    'authorization',
  ])
  const isDropped = (folded: string): boolean => dropped.has(folded) || RETELLING.test(folded)
  const kept = cookiesWithout(places, headers).filter(([name]) => !isDropped(foldedName(name)))
  const takesTrailers = headers.some(([name, value]) => name.toLowerCase() === 'te' && /\btrailers\b/i.test(value))
  const host = headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? ''
  return [
    ...kept,
    ...answer.identity,
    ['x-forwarded-for', clientAddress] as const,
    ['x-forwarded-proto', 'https'] as const,
    ['x-forwarded-host', host] as const,
    ...(takesTrailers ? [['te', 'trailers'] as const] : []),
  ].flat()
}

/** Of an answer. `Trailer` goes along with trailers: whoever waits for them wants to know which. */
export function passedBack(rawHeaders: readonly string[], trailers: 'kept' | 'dropped'): string[] {
  const headers = pairsOf(rawHeaders)
  const isKept = (name: string): boolean => name === 'trailer' && trailers === 'kept'
  const dropped = new Set([...HOP_BY_HOP, ...namedByConnection(headers)].filter((name) => !isKept(name)))
  return headers.filter(([name]) => !dropped.has(name.toLowerCase())).flat()
}

export function pairsOf(raw: readonly string[]): RawHeader[] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index] ?? '', raw[2 * index + 1] ?? ''])
}

function namedByConnection(headers: readonly RawHeader[]): string[] {
  return headers
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((each) => each.trim().toLowerCase()))
}
