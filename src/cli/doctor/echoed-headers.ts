// What an endpoint that echoes its request headers says the model server received, and what of it is a lie. Read leniently:
// such endpoints answer `{"headers": {…}}`, `{"headers": [[name, value], …]}` or the headers alone.
import { isCertificateHeader } from '../../proxies/certificate-headers.ts'
import { foldedName, isIdentityHeader } from '../../proxies/identity-headers.ts'
import type { RawHeader } from '../../proxies/told-headers.ts'
import { isMapping } from './fail-open-rules.ts'
import { MARK } from './hostile/hostile-request.ts'

/** Undefined for anything that holds no headers: a Host is among them. */
export function readEchoedHeaders(body: string): readonly RawHeader[] | undefined {
  try {
    const value: unknown = JSON.parse(body)
    const held = isMapping(value) && 'headers' in value ? value['headers'] : value
    const headers = Array.isArray(held) ? held.flatMap(pairOf) : isMapping(held) ? pairsOf(held) : []
    return headers.some(([name]) => name.toLowerCase() === 'host') ? headers : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function pairOf(item: unknown): RawHeader[] {
  if (!Array.isArray(item)) return []
  const [name, value] = item as readonly unknown[]
  return typeof name === 'string' && typeof value === 'string' ? [[name, value]] : []
}

function pairsOf(headers: Readonly<Record<string, unknown>>): RawHeader[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    return values.flatMap((each): RawHeader[] => (typeof each === 'string' ? [[name, each]] : []))
  })
}

/** Of what arrived: every header with the mark of a lie, and of those that tell who calls each that an honest call has not. */
export function liesIn(arrived: readonly RawHeader[], honest: readonly RawHeader[]): readonly string[] {
  const told = new Set(honest.filter(isComparable).map(lineOf))
  const lies = arrived.filter((header) => {
    const isMarked = header.join(' ').toLowerCase().includes(MARK)
    return isMarked || (isComparable(header) && !told.has(lineOf(header)))
  })
  return lies.map(([name, value]) => `${name}: ${value}`)
}

/** Whether the model server is told less of its caller than by an honest call: then a header of ours was dropped. */
export function missingFrom(arrived: readonly RawHeader[], honest: readonly RawHeader[]): readonly string[] {
  const names = new Set(arrived.map(([name]) => foldedName(name)))
  return honest.filter((header) => isComparable(header) && !names.has(foldedName(header[0]))).map(([name]) => name)
}

/** A signed identity and what ages differ from call to call. */
const AGEING: ReadonlySet<string> = new Set(['signet-identity', 'signet-policy-revision', 'signet-groups-as-of'])

function isComparable([name]: RawHeader): boolean {
  return (isIdentityHeader(name) && !AGEING.has(foldedName(name))) || isCertificateHeader(name)
}

function lineOf([name, value]: RawHeader): string {
  return `${foldedName(name)}: ${value}`
}
