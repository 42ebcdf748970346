// Step 1a of the decision: the headers of one call, read so that no other reader can read them otherwise, or refused. A header
// that decides something must stand there once, in its own spelling, in plain ASCII; whatever else stands there must not be able
// to end a line. RFC 9110 §5.1, §5.3, §5.5; RFC 9112 §5.
//
// Judges form alone: who may say what in which header is for others. A value is handed out as it came.
import { headerName, type HeaderName, isReadStrictly } from './header-name.ts'
import { ACT_AS_HEADER, DELEGATE_FOR_HEADER, foldedName } from './identity-headers.ts'

export type RawHeader = readonly [name: string, value: string]

/**
 * - `name-malformed`: not a token; `too-many`, `too-long`: over the bounds below
 * - `duplicate`: twice, where it decides something; `spelling`: such a header with an underscore (or anything else) for a dash
 * - `control-character`, `non-ascii`: in a value; `merged`: a comma where two copies were joined to one
 * - `empty`: a Host that names nothing; `hop-by-hop`: Connection asks the next proxy to drop a header that decides something
 */
export type HeaderFault =
  | 'name-malformed'
  | 'too-many'
  | 'too-long'
  | 'duplicate'
  | 'spelling'
  | 'control-character'
  | 'non-ascii'
  | 'merged'
  | 'empty'
  | 'hop-by-hop'

export interface AmbiguousHeaders {
  readonly kind: 'ambiguous'
  /** As the call spells it, cut to what a log line takes. */
  readonly header: string
  readonly fault: HeaderFault
}

export interface ToldHeaders {
  readonly kind: 'told'
  /** Of a header that is read strictly, by its name in lower case. Throws for any other: it might stand there twice. */
  get(name: string): string | undefined
  /** Certificate headers of the call, lower case. */
  readonly certificateHeaders: readonly string[]
  /** Headers of the call that must not reach the model server: identity and certificate headers, lower case. */
  readonly toRemove: readonly string[]
}

/** Node itself stops at 2,000; no client sends a tenth of this. */
export const MAX_HEADERS = 256
/** Names and values together. A certificate with its chain, URL-encoded, is under 32 KiB. */
export const MAX_HEADER_BYTES = 64 * 1024
const MAX_LOGGED_CHARACTERS = 64

/** Headers whose value has no comma of its own, so that one means two copies which a proxy on the way has joined. */
const COMMALESS: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'content-length',
  'x-forwarded-host',
  'x-forwarded-method',
  'x-original-host',
  'x-original-method',
  ACT_AS_HEADER,
  DELEGATE_FOR_HEADER,
])

/**
 * `alsoRead`: further headers that decide something in this installation, lower case with dashes: places of credentials and
 * the header that routes by model. `cookie` belongs here if a deployment takes a credential from one.
 */
export function readToldHeaders(
  headers: readonly RawHeader[],
  alsoRead: ReadonlySet<string>,
): ToldHeaders | AmbiguousHeaders {
  if (headers.length > MAX_HEADERS) return ambiguous('', 'too-many')
  const found = new Map<string, string>()
  const noted: Noted = { certificateHeaders: [], toRemove: [] }
  let bytes = 0
  for (const [text, value] of headers) {
    bytes += text.length + value.length
    if (bytes > MAX_HEADER_BYTES) return ambiguous(text, 'too-long')
    const name = headerName(text, alsoRead)
    const fault = take(found, name, value)
    if (fault !== undefined) return ambiguous(text, fault)
    note(noted, name)
  }
  const dropped = droppedByConnection(found.get('connection'), alsoRead)
  if (dropped !== undefined) return ambiguous(dropped, 'hop-by-hop')
  return told(found, alsoRead, noted)
}

/** As Node has them: name, value, name, value. */
export function headersOfRaw(rawHeaders: readonly string[]): readonly RawHeader[] {
  const pairs: RawHeader[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) pairs.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? ''])
  return pairs
}

/**
 * From Envoy's `attributes.request.http.headers`: a map in lower case, copies already joined by a comma, so that duplicates show
 * as `merged` or as a value that nothing parses. Of the pseudo-headers `:authority` is the Host, for Envoy too, and the rest go:
 * method and path have fields of their own.
 */
export function headersOfMerged(map: Iterable<RawHeader>): readonly RawHeader[] {
  const pairs: RawHeader[] = []
  for (const [name, value] of map) {
    if (name === ':authority') pairs.push(['host', value])
    else if (!PSEUDO.has(name)) pairs.push([name, value])
  }
  return pairs
}

const PSEUDO: ReadonlySet<string> = new Set([':method', ':path', ':scheme', ':protocol'])

function take(found: Map<string, string>, { kind, folded }: HeaderName, value: string): HeaderFault | undefined {
  if (kind === 'malformed') return 'name-malformed'
  if (kind === 'misspelt') return 'spelling'
  if (kind === 'loose') return looseFault(value)
  if (found.has(folded)) return 'duplicate'
  found.set(folded, value)
  return strictFault(folded, value)
}

/** Of a header nobody here reads: it must not end its line. Old clients put Latin-1 there (RFC 9110 §5.5, obs-text). */
function looseFault(value: string): HeaderFault | undefined {
  if (/^[\t -~\u0080-\u00ff]*$/.test(value)) return undefined
  return /^[^\p{Cc}]*$/u.test(value.replaceAll('\t', '')) ? 'non-ascii' : 'control-character'
}

function strictFault(folded: string, value: string): HeaderFault | undefined {
  // A tab is white space to HTTP. What reads the value refuses it where it does not belong.
  if (!/^[\t -~]*$/.test(value)) return looseFault(value) ?? 'non-ascii'
  if (COMMALESS.has(folded) && value.includes(',')) return 'merged'
  return folded === 'host' && value.trim() === '' ? 'empty' : undefined
}

/** RFC 9110 §7.6.1 lets the next proxy drop what Connection names: with it a client could take away what a proxy told. */
function droppedByConnection(connection: string | undefined, alsoRead: ReadonlySet<string>): string | undefined {
  if (connection === undefined) return undefined
  const named = connection.split(',').map((option) => foldedName(option.trim()))
  return named.find((option) => isReadStrictly(option, alsoRead) && !FRAMING.has(option))
}

/** `Connection: Transfer-Encoding` is needless and not a trick: what comes after was framed anew by whoever sends it. */
const FRAMING: ReadonlySet<string> = new Set(['connection', 'transfer-encoding'])

/** Such headers are read strictly: what is noted stands there once. */
interface Noted {
  readonly certificateHeaders: string[]
  readonly toRemove: string[]
}

function note({ certificateHeaders, toRemove }: Noted, { lower, isCertificate, isIdentity }: HeaderName): void {
  if (isCertificate) certificateHeaders.push(lower)
  if (isCertificate || isIdentity) toRemove.push(lower)
}

function told(found: ReadonlyMap<string, string>, alsoRead: ReadonlySet<string>, noted: Noted): ToldHeaders {
  return {
    kind: 'told',
    ...noted,
    get(name) {
      const value = found.get(name)
      if (value === undefined && !isReadStrictly(name, alsoRead)) throw new Error(`${name} is not read strictly`)
      return value
    },
  }
}

function ambiguous(header: string, fault: HeaderFault): AmbiguousHeaders {
  return { kind: 'ambiguous', header: header.slice(0, MAX_LOGGED_CHARACTERS), fault }
}
