// Which model the body of a call names: the member `model` of the JSON object that OpenAI's API and those like it take. Read so that
// no model server reads another one: twice, in another letter case, in another character set or compressed is a refusal.
// RFC 8259 §4 (names should be unique; readers differ).
//
// A body that names none is told apart by why, and that is never a permission: what a call must name is for the decision.

/**
 * - `too-large`: over the bound; `encoded`: a Content-Encoding or a charset we do not read; `not-json`: said to be JSON
 * - `repeated`: the member twice; `spelling`: also, or only, in another letter case, which some readers take for the same
 * - `not-text`: no string; `malformed`: empty, too long, or with control characters
 */
export type BodyModelFault = 'too-large' | 'encoded' | 'not-json' | 'repeated' | 'spelling' | 'not-text' | 'malformed'

export type BodyModel =
  | { readonly kind: 'named'; readonly model: string }
  /** `unread`: a body in a form that we do not read, which may name one all the same (multipart). */
  | { readonly kind: 'absent'; readonly why: 'no-body' | 'unread' | 'no-member' }
  | { readonly kind: 'refused'; readonly fault: BodyModelFault }

export interface CallBody {
  readonly bytes: Uint8Array
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
}

/** As much of a body as we read. Longer calls are told their model by path, host or header. */
export const MAX_BODY_BYTES = 1024 * 1024
/** Names of models are paths of two or three parts. */
const MAX_MODEL_CHARACTERS = 256

export function readBodyModel({ bytes, contentType, contentEncoding }: CallBody): BodyModel {
  if (bytes.length === 0) return { kind: 'absent', why: 'no-body' }
  if (bytes.length > MAX_BODY_BYTES) return refused('too-large')
  if ((contentEncoding ?? 'identity').toLowerCase() !== 'identity') return refused('encoded')
  if (/;\s*charset\s*=/i.test(contentType ?? '') && !/;\s*charset\s*=\s*"?utf-8"?\s*(?:;|$)/i.test(contentType ?? '')) {
    return refused('encoded')
  }
  const read = readJson(bytes)
  // Some servers parse whatever comes as JSON, so that the type is looked at only if it is none.
  if (read === undefined) return isJsonType(contentType) ? refused('not-json') : { kind: 'absent', why: 'unread' }
  if (!isObject(read.value)) return { kind: 'absent', why: 'no-member' }
  return modelIn(read.value, read.text)
}

function modelIn(value: Readonly<Record<string, unknown>>, text: string): BodyModel {
  const names = topLevelNames(text).filter((name) => name.toLowerCase() === 'model')
  if (names.length === 0) return { kind: 'absent', why: 'no-member' }
  if (names.some((name) => name !== 'model')) return refused('spelling')
  if (names.length > 1) return refused('repeated')
  const { model } = value
  if (typeof model !== 'string') return refused('not-text')
  const isOne = model !== '' && model.length <= MAX_MODEL_CHARACTERS && !/[\p{Cc}\p{Cs}]/u.test(model)
  return isOne ? { kind: 'named', model } : refused('malformed')
}

interface ReadJson {
  readonly value: unknown
  readonly text: string
}

/** Undefined for what is not JSON in UTF-8 without a byte order mark (RFC 8259 §8.1). */
function readJson(bytes: Uint8Array): ReadJson | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    return { value, text }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

/**
 * Names of the members of the outermost object, each as often as it stands there, which `JSON.parse` does not tell. `text` is
 * known to be JSON: only strings and brackets are looked at.
 */
function topLevelNames(text: string): string[] {
  const names: string[] = []
  let depth = 0
  let expectsName = false
  for (let at = 0; at < text.length; at++) {
    const sign = text.charAt(at)
    if (sign === '"') {
      const end = endOfString(text, at)
      if (depth === 1 && expectsName) names.push(String(JSON.parse(text.slice(at, end + 1))))
      at = end
    } else if (sign === '{' || sign === '[') depth++
    else if (sign === '}' || sign === ']') depth--
    if (!SPACE.has(sign)) expectsName = depth === 1 && (sign === '{' || sign === ',')
  }
  return names
}

const SPACE: ReadonlySet<string> = new Set([' ', '\t', '\r', '\n'])

/** Where the string that begins at `from` has its closing quote. */
function endOfString(text: string, from: number): number {
  let at = from + 1
  while (text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1
  return at
}

function isJsonType(contentType: string | undefined): boolean {
  return /^\s*[\w.+-]+\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType ?? '')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refused(fault: BodyModelFault): BodyModel {
  return { kind: 'refused', fault }
}
