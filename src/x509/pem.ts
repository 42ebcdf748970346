// PEM in the strict form of RFC 7468 §3: 64 characters a line when writing; when reading, whole blocks of one label with
// nothing but white space around them, no headers, canonical base64.
import { CodedError } from '../domain/coded-error.ts'
import { base64Of } from './base64.ts'

export type PemErrorCode = 'pem_malformed' | 'pem_label_unexpected' | 'pem_too_large'

export class PemRejected extends CodedError<PemErrorCode> {}

/** Largest text that is read by default, in characters. Files with CRLs are larger: who reads one says how large it may be. */
export const MAX_PEM_CHARACTERS = 32 * 1024 * 1024

const LINE_CHARACTERS = 64

const BEGIN = '-----BEGIN '
const END = '-----END '
const DASHES = '-----'

/** One block, with a line feed at its end. */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = base64Of(der)
  let text = `${BEGIN}${label}${DASHES}\n`
  for (let at = 0; at < base64.length; at += LINE_CHARACTERS) text += `${base64.slice(at, at + LINE_CHARACTERS)}\n`
  return `${text}${END}${label}${DASHES}\n`
}

/** The bytes of the only block in `text`. Throws `PemRejected`. */
export function parsePem(text: string, label: string, maxCharacters?: number): Uint8Array {
  const blocks = parsePemBundle(text, label, maxCharacters)
  const [only] = blocks
  if (only === undefined || blocks.length > 1) throw new PemRejected('pem_malformed', { blocks: blocks.length })
  return only
}

/** The bytes of every block in `text`, in order; at least one, all of `label`. Throws `PemRejected`. */
export function parsePemBundle(text: string, label: string, maxCharacters: number = MAX_PEM_CHARACTERS): Uint8Array[] {
  if (text.length > maxCharacters) throw new PemRejected('pem_too_large', { characters: text.length })
  const blocks: Uint8Array[] = []
  let at = skipSpace(text, 0)
  while (at < text.length) {
    const block = readBlock(text, at, label)
    blocks.push(block.der)
    at = skipSpace(text, block.next)
  }
  if (blocks.length === 0) throw new PemRejected('pem_malformed', { blocks: 0 })
  return blocks
}

function readBlock(text: string, at: number, label: string): { readonly der: Uint8Array; readonly next: number } {
  const begin = `${BEGIN}${label}${DASHES}`
  if (!text.startsWith(begin, at)) throw unexpectedStart(text, at, label)
  const from = at + begin.length
  const to = text.indexOf(DASHES, from)
  const end = `${END}${label}${DASHES}`
  if (to < 0 || !text.startsWith(end, to)) throw new PemRejected('pem_malformed', { offset: at, why: 'no end line' })
  return { der: decodeBody(text.slice(from, to), at), next: to + end.length }
}

function unexpectedStart(text: string, at: number, label: string): PemRejected {
  const found = /^-----BEGIN ([A-Z0-9 ]{1,60})-----/.exec(text.slice(at, at + 100))?.[1]
  if (found === undefined) return new PemRejected('pem_malformed', { offset: at, why: 'text outside a block' })
  return new PemRejected('pem_label_unexpected', { offset: at, found, expected: label })
}

function decodeBody(body: string, offset: number): Uint8Array {
  const base64 = body.replace(/[\r\n\t ]+/g, '')
  const buffer = Buffer.from(base64, 'base64')
  // Node skips what is not base64; only the canonical text comes back the same.
  if (buffer.length === 0 || buffer.toString('base64') !== base64) {
    throw new PemRejected('pem_malformed', { offset, why: 'not canonical base64' })
  }
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++
  return at
}
