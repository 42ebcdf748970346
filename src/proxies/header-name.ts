// Which headers of a call decide something, by their name alone: those must stand there once and in their own spelling.
import { CERTIFICATE_HEADERS, isCertificateHeader } from './certificate-headers.ts'
import { ACT_AS_HEADER, DELEGATE_FOR_HEADER, foldedName, isIdentityHeader } from './identity-headers.ts'

const READ_ALWAYS: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'connection',
  'content-type',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'x-signet-normalized-uri',
  ACT_AS_HEADER,
  DELEGATE_FOR_HEADER,
  ...CERTIFICATE_HEADERS,
])
const READ_FAMILIES = ['x-forwarded-', 'x-original-'] as const

/** What there is to know of a name by itself. */
export interface HeaderName {
  readonly kind: 'malformed' | 'misspelt' | 'strict' | 'loose'
  readonly folded: string
  readonly lower: string
  readonly isCertificate: boolean
  readonly isIdentity: boolean
}

export function headerName(name: string, alsoRead: ReadonlySet<string>): HeaderName {
  const known = knownName(name)
  // What is read in this installation is no property of the name.
  if (known.kind !== 'loose' || !alsoRead.has(known.folded)) return known
  return { ...known, kind: known.folded === known.lower ? 'strict' : 'misspelt' }
}

/** Calls repeat their names, and clients choose them: kept, up to a bound. */
const KNOWN_NAMES = new Map<string, HeaderName>()
const MAX_KNOWN_NAMES = 1024
const MAX_KEPT_CHARACTERS = 64

function knownName(name: string): HeaderName {
  const known = KNOWN_NAMES.get(name)
  if (known !== undefined) return known
  const judged = judgeName(name)
  if (name.length <= MAX_KEPT_CHARACTERS && KNOWN_NAMES.size < MAX_KNOWN_NAMES) KNOWN_NAMES.set(name, judged)
  return judged
}

function judgeName(name: string): HeaderName {
  const [lower, folded] = [name.toLowerCase(), foldedName(name)]
  const [isCertificate, isIdentity] = [isCertificateHeader(name), isIdentityHeader(name)]
  const of = (kind: HeaderName['kind']): HeaderName => ({ kind, folded, lower, isCertificate, isIdentity })
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return of('malformed')
  if (!isReadAnyway(folded)) return of('loose')
  return of(folded === lower ? 'strict' : 'misspelt')
}

/** `folded`: as `foldedName` gives it. */
export function isReadStrictly(folded: string, alsoRead: ReadonlySet<string>): boolean {
  return alsoRead.has(folded) || isReadAnyway(folded)
}

function isReadAnyway(folded: string): boolean {
  return (
    READ_ALWAYS.has(folded) ||
    READ_FAMILIES.some((family) => folded.startsWith(family)) ||
    isIdentityHeader(folded) ||
    isCertificateHeader(folded)
  )
}
