// Step 1b of the decision: the target of a call, decoded once, in the one form that every server behind us reads alike, or
// refused. RFC 3986 §2.1, §3.3, §6.2.2; RFC 9112 §3.2.1 (origin-form).
//
// Refused is all that a second decoder, a servlet container, a Windows file name or a proxy that merges and resolves before it
// matches would read otherwise. Only `//` is repaired. Which deployment a path belongs to is not known here.
import { RecentlyUsed } from '../domain/recently-used.ts'

export type PathFault =
  | 'overlong'
  | 'not-origin-form'
  | 'fragment'
  | 'raw-character'
  | 'percent-malformed'
  | 'nul'
  | 'control-character'
  | 'encoded-slash'
  | 'encoded-percent'
  | 'backslash'
  | 'semicolon'
  | 'dot-segment'
  | 'utf8'
  | 'look-alike'

export interface CanonicalTarget {
  readonly kind: 'canonical'
  /** Percent-encoded where it must be, in upper case, without `//`: reading it again gives the same. */
  readonly path: string
  /** The parts of the path, decoded. One empty part at the end stands for a slash there; `/` has none. */
  readonly segments: readonly string[]
  /** What stands behind the `?`, as it was sent; undefined without one. */
  readonly query: string | undefined
  /** The target as it was sent: what unprotected paths are compared with. */
  readonly raw: string
}

export interface RefusedTarget {
  readonly kind: 'refused'
  readonly fault: PathFault
}

/** Path and query, in characters. Servers cut or refuse at 8 KiB. */
export const MAX_TARGET_CHARACTERS = 8 * 1024

/** What nearly every call asks for: unreserved characters without a dot (RFC 3986 §2.3), in which nothing can be hidden. */
const PLAIN = /^(?:\/[A-Za-z0-9_~-]+)+$/

/** Paths that models are called by are few. About 400 bytes each. */
const KNOWN_PLAIN = new RecentlyUsed<string, CanonicalTarget>(1024)
const MAX_KEPT_CHARACTERS = 128

export function readCanonicalPath(target: string): CanonicalTarget | RefusedTarget {
  return KNOWN_PLAIN.get(target) ?? plainTarget(target) ?? readAnyTarget(target)
}

function plainTarget(target: string): CanonicalTarget | undefined {
  if (target.length > MAX_KEPT_CHARACTERS || !PLAIN.test(target)) return undefined
  const segments = target.slice(1).split('/')
  const plain: CanonicalTarget = { kind: 'canonical', path: target, segments, query: undefined, raw: target }
  KNOWN_PLAIN.put(target, plain)
  return plain
}

function readAnyTarget(target: string): CanonicalTarget | RefusedTarget {
  const fault = targetFault(target)
  if (fault !== undefined) return refused(fault)
  const at = target.indexOf('?')
  const path = at < 0 ? target : target.slice(0, at)
  const query = at < 0 ? undefined : target.slice(at + 1)
  const encoded = encodedFault(path)
  if (encoded !== undefined) return refused(encoded)
  const decoded = decodeOnce(path)
  return decoded === undefined ? refused('utf8') : canonical(target, decoded, query)
}

/**
 * From a path that a proxy has decoded already (nginx's `$uri`): the same refusals, and a `%` in it is one, for nothing that
 * was encoded twice is let through.
 */
export function readDecodedPath(path: string): CanonicalTarget | RefusedTarget {
  if (path.length > MAX_TARGET_CHARACTERS) return refused('overlong')
  if (!path.startsWith('/')) return refused('not-origin-form')
  if (path.includes('%')) return refused('encoded-percent')
  return canonical(path, path, undefined)
}

function targetFault(target: string): PathFault | undefined {
  if (target.length > MAX_TARGET_CHARACTERS) return 'overlong'
  if (!target.startsWith('/')) return 'not-origin-form'
  if (target.includes('#')) return 'fragment'
  return /^[!-~]*$/.test(target) ? undefined : 'raw-character'
}

/** Escapes that some server decodes at another time than the rest. */
const ENCODED: readonly (readonly [RegExp, PathFault])[] = [
  [/%(?![0-9A-Fa-f]{2})/, 'percent-malformed'],
  [/%00/, 'nul'],
  [/%2[Ff]/, 'encoded-slash'],
  // Stricter than "differs when decoded twice": a percent sign stands in no path of ours.
  [/%25/, 'encoded-percent'],
]

function encodedFault(path: string): PathFault | undefined {
  return ENCODED.find(([pattern]) => pattern.test(path))?.[1]
}

/** Undefined for what is not UTF-8: overlong forms and surrogates are not. */
function decodeOnce(path: string): string | undefined {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

function canonical(raw: string, decoded: string, query: string | undefined): CanonicalTarget | RefusedTarget {
  const fault = decodedFault(decoded)
  if (fault !== undefined) return refused(fault)
  const merged = decoded.replace(/\/{2,}/g, '/')
  const segments = merged === '/' ? [] : merged.slice(1).split('/')
  const dots = segments.find((segment) => segment === '.' || segment === '..')
  if (dots !== undefined) return refused('dot-segment')
  if (segments.some(looksLikeSyntax)) return refused('look-alike')
  return { kind: 'canonical', path: `/${segments.map(encodeSegment).join('/')}`, segments, query, raw }
}

function decodedFault(decoded: string): PathFault | undefined {
  if (decoded.includes('\\')) return 'backslash'
  if (decoded.includes(';')) return 'semicolon'
  if (/\p{Cc}/u.test(decoded)) return 'control-character'
  // Invisible, or turning the line around: nobody who reads a log sees what was called.
  return /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(decoded) ? 'control-character' : undefined
}

/** Best-fit mappings make a slash of `／` and two dots of `‥`. */
function looksLikeSyntax(segment: string): boolean {
  const compatible = segment.normalize('NFKC')
  return compatible !== segment && /[/\\;%?#]|^\.{1,2}$/.test(compatible)
}

/** RFC 3986 §3.3 pchar stays as it is, but for `;`, which never comes here. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/%(?:24|26|2B|2C|3A|3D|40)/g, decodeURIComponent)
}

function refused(fault: PathFault): RefusedTarget {
  return { kind: 'refused', fault }
}
