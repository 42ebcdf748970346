// The backup file: gzip over lines of JSON, the same from both databases. The first line says what it is, then come the tables, each
// with its columns and its rows, and the last line has the SHA-256 of all before it, so that what is cut off or changed is known.
//
// The digest is against accidents. Whoever can change the file can make a new one: keep backups where revocations can be trusted to.
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StringDecoder } from 'node:string_decoder'
import { constants, createGunzip, createGzip } from 'node:zlib'
import { syncPath } from '../sync-path.ts'
import { BackupRefused, systemCodeOf } from './errors.ts'

const FORMAT = 'signet-backup'
const BACKUP_VERSION = 1

export interface BackupHeader {
  readonly format: typeof FORMAT
  readonly version: number
  /** Of the database: the number of its last migration. */
  readonly schema: number
  /** RFC 3339 */
  readonly madeAt: string
  readonly installation: string
  readonly epoch: string
  /** Number of the last change that is in it. */
  readonly seq: number
  /** Id of the master key under which its keys are sealed. The key itself is never in a backup. */
  readonly sealingKey: string
  readonly from: 'sqlite' | 'postgres'
}

export type BackupValue = string | number | null | Uint8Array

export type BackupPart =
  | { readonly kind: 'header'; readonly header: BackupHeader }
  | { readonly kind: 'table'; readonly table: string; readonly columns: readonly string[] }
  | { readonly kind: 'row'; readonly values: readonly BackupValue[] }

export interface BackupEnd {
  /** Rows of each table. */
  readonly rows: Readonly<Record<string, number>>
  readonly sha256: string
}

export function newHeader(facts: Omit<BackupHeader, 'format' | 'version'>): BackupHeader {
  return { format: FORMAT, version: BACKUP_VERSION, ...facts }
}

/**
 * Written beside its place, synced, and moved into it: nothing stands under `file` that is not whole. Throws `BackupRefused`
 * (`backup_unwritable`).
 */
export async function writeBackup(file: string, parts: AsyncIterable<BackupPart>): Promise<BackupEnd> {
  const beside = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const end = await writeLines(beside, parts)
    await rename(beside, file)
    await syncPath(dirname(file))
    return end
  } catch (cause) {
    await rm(beside, { force: true })
    const reason = systemCodeOf(cause)
    if (!/^E[A-Z0-9]+$/.test(reason)) throw cause
    throw new BackupRefused('backup_unwritable', { file, reason }, { cause })
  }
}

async function writeLines(file: string, parts: AsyncIterable<BackupPart>): Promise<BackupEnd> {
  const end: { told?: BackupEnd } = {}
  const lines = encodedLines(parts, (told) => (end.told = told))
  const gzip = createGzip({ level: constants.Z_BEST_SPEED })
  await pipeline(Readable.from(inChunks(lines)), gzip, createWriteStream(file, { flags: 'wx', mode: 0o600 }))
  const handle = await open(file, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
  if (end.told === undefined) throw new Error('a backup ended without its last line')
  return end.told
}

async function* encodedLines(
  parts: AsyncIterable<BackupPart>,
  onEnd: (end: BackupEnd) => void,
): AsyncGenerator<string> {
  const hash = createHash('sha256')
  const rows: Record<string, number> = {}
  let table = ''
  for await (const part of parts) {
    if (part.kind === 'table') rows[(table = part.table)] = 0
    if (part.kind === 'row') rows[table] = (rows[table] ?? 0) + 1
    const line = encodePart(part)
    hash.update(line)
    yield line
  }
  const end = { rows, sha256: hash.digest('hex') }
  yield `${JSON.stringify({ end })}\n`
  onEnd(end)
}

const CHUNK_CHARACTERS = 64 * 1024

/** A chunk for each row would cost more than the rows. */
async function* inChunks(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = ''
  for await (const line of lines) {
    chunk += line
    if (chunk.length < CHUNK_CHARACTERS) continue
    yield chunk
    chunk = ''
  }
  yield chunk
}

function encodePart(part: BackupPart): string {
  switch (part.kind) {
    case 'header':
      return `${JSON.stringify(part.header)}\n`
    case 'table':
      return `${JSON.stringify({ table: part.table, columns: part.columns })}\n`
    case 'row':
      return `${JSON.stringify(part.values.map(encodeValue))}\n`
    default:
      return part satisfies never
  }
}

function encodeValue(value: BackupValue): unknown {
  return value instanceof Uint8Array ? { b: Buffer.from(value).toString('base64') } : value
}

/** Reads it to its end, which says whether it is whole. Throws `BackupRefused`. */
export async function* readBackup(file: string): AsyncGenerator<BackupPart, BackupEnd> {
  try {
    return yield* readLines(file)
  } catch (cause) {
    if (cause instanceof BackupRefused) throw cause
    const reason = systemCodeOf(cause)
    // What the decompressor says of a file that is cut off (Z_BUF_ERROR) or none (Z_DATA_ERROR), and the JSON reader.
    const isDamaged = reason.startsWith('Z_') || cause instanceof SyntaxError
    throw new BackupRefused(isDamaged ? 'backup_damaged' : 'backup_unreadable', { file, reason }, { cause })
  }
}

async function* readLines(file: string): AsyncGenerator<BackupPart, BackupEnd> {
  const source = createReadStream(file)
  const unzipped = createGunzip()
  source.on('error', (error) => unzipped.destroy(error))
  try {
    return yield* checkedParts(linesOf(source.pipe(unzipped)), file)
  } finally {
    source.destroy()
    unzipped.destroy()
  }
}

async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let begun: string[] = []
  for await (const chunk of bytes) {
    const [first = '', ...others] = decoder.write(chunk).split('\n')
    begun.push(first)
    for (const other of others) {
      yield begun.join('')
      begun = [other]
    }
  }
  const rest = begun.join('')
  if (rest !== '') yield rest
}

async function* checkedParts(lines: AsyncIterable<string>, file: string): AsyncGenerator<BackupPart, BackupEnd> {
  const hash = createHash('sha256')
  const rows: Record<string, number> = {}
  let end: BackupEnd | undefined
  let [line, columns, table] = [0, 0, '']
  for await (const text of lines) {
    line += 1
    if (end !== undefined) throw new BackupRefused('backup_damaged', { file, line, why: 'it goes on behind its end' })
    const parsed: unknown = JSON.parse(text)
    if (isEnd(parsed)) {
      end = { rows, sha256: hash.digest('hex') }
      if (parsed.end.sha256 !== end.sha256)
        throw new BackupRefused('backup_damaged', { file, why: 'its sum is another' })
      continue
    }
    hash.update(`${text}\n`)
    const part = line === 1 ? { kind: 'header' as const, header: headerOf(parsed, file) } : partOf(parsed)
    if (part === undefined) throw new BackupRefused('backup_damaged', { file, line })
    if (part.kind === 'table') {
      rows[(table = part.table)] = 0
      columns = part.columns.length
    }
    if (part.kind === 'row') {
      if (part.values.length !== columns) throw new BackupRefused('backup_damaged', { file, line })
      rows[table] = (rows[table] ?? 0) + 1
    }
    yield part
  }
  if (end === undefined) throw new BackupRefused('backup_damaged', { file, line, why: 'it has no end' })
  return end
}

function isEnd(parsed: unknown): parsed is { readonly end: BackupEnd } {
  return isObject(parsed) && isObject(parsed['end'])
}

function headerOf(parsed: unknown, file: string): BackupHeader {
  if (!isObject(parsed) || parsed['format'] !== FORMAT) {
    throw new BackupRefused('backup_damaged', { file, why: 'it is no backup of Signet' })
  }
  const { version, schema, madeAt, installation, epoch, seq, sealingKey, from } = parsed
  if (version !== BACKUP_VERSION) {
    throw new BackupRefused('backup_too_new', { file, version: Number(version), known: BACKUP_VERSION })
  }
  const texts = [madeAt, installation, epoch, sealingKey]
  const numbers = [schema, seq]
  const isSound = texts.every((text) => typeof text === 'string') && numbers.every((n) => Number.isSafeInteger(n))
  if (!isSound || (from !== 'sqlite' && from !== 'postgres'))
    throw new BackupRefused('backup_damaged', { file, line: 1 })
  return parsed as unknown as BackupHeader
}

function partOf(parsed: unknown): BackupPart | undefined {
  if (Array.isArray(parsed)) {
    const values = parsed.map(decodeValue)
    return values.some((value) => value === undefined) ? undefined : { kind: 'row', values: values as BackupValue[] }
  }
  if (!isObject(parsed)) return undefined
  const { table } = parsed
  const columns: unknown = parsed['columns']
  if (typeof table !== 'string' || !Array.isArray(columns)) return undefined
  const names = columns.filter(isName)
  return isName(table) && names.length === columns.length ? { kind: 'table', table, columns: names } : undefined
}

/** They become part of statements. */
function isName(text: unknown): text is string {
  return typeof text === 'string' && /^[a-z][a-z0-9_]*$/.test(text)
}

function decodeValue(value: unknown): BackupValue | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  return isObject(value) && typeof value['b'] === 'string' ? Buffer.from(value['b'], 'base64') : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
