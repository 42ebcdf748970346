// The journal outside the database (SECURITY.md rule 32): one JSON object a line, synced before the commit that it tells of.
//
// A line may tell of a commit that never came (the process died between the two, or the database refused), so replaying it
// must be harmless: a certificate that nobody was given, a revocation that was asked for. A line that is damaged was never
// synced, so nothing that was answered stands in it. Several processes may append to one file.
import { open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { crc32 } from 'node:zlib'
import type { JournalEntry } from '../domain/journal-entry.ts'
import { syncPath } from './sync-path.ts'

export interface Journal {
  /** Resolves when all of them are on the disk, in one write. */
  append(entries: readonly JournalEntry[], at: Date): Promise<void>
  close(): Promise<void>
}

/**
 * Creates the file when it is not there, readable by its owner alone. `installation`: whose it is, said before the first line;
 * undefined before there is one.
 */
export async function openJournal(path: string, installation?: string): Promise<Journal> {
  const file = await open(path, 'a+', 0o600)
  try {
    await syncPath(dirname(path))
    return new FileJournal(file, await endsInMidLine(file), installation)
  } catch (error) {
    await file.close()
    throw error
  }
}

class FileJournal implements Journal {
  readonly #file: FileHandle
  /** Something was written and its line not ended: the next write ends it, and readers see that it is damaged. */
  #torn: boolean
  /** What no line of this process has said yet. */
  #installation: string | undefined

  constructor(file: FileHandle, torn: boolean, installation: string | undefined) {
    this.#file = file
    this.#torn = torn
    this.#installation = installation
  }

  async append(entries: readonly JournalEntry[], at: Date): Promise<void> {
    if (entries.length === 0) return
    const whose = this.#installation === undefined ? [] : [{ kind: 'installation' as const, id: this.#installation }]
    await this.#write([...whose, ...entries], at)
    this.#installation = undefined
  }

  async #write(entries: readonly JournalEntry[], at: Date): Promise<void> {
    const lines = entries
      .map((entry, index) => encodeLine(entry, at, this.#torn && index === 0 ? 'torn' : undefined))
      .join('')
    const bytes = Buffer.from(this.#torn ? `\n${lines}` : lines)
    this.#torn = true
    for (let written = 0; written < bytes.length;) {
      written += (await this.#file.write(bytes, written)).bytesWritten
    }
    await this.#file.datasync()
    this.#torn = false
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

export type JournalLine =
  | {
      readonly kind: 'entry'
      readonly line: number
      readonly at: Date
      readonly entry: JournalEntry
      /** It was written behind one that a crash had torn: the damaged line before it is accounted for. */
      readonly follows?: 'torn'
    }
  | { readonly kind: 'damaged'; readonly line: number }

/** Reads from the beginning. The last line may be torn; it is `damaged` like any other that does not add up. */
export async function* readJournal(path: string): AsyncGenerator<JournalLine> {
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })
  let line = 0
  for await (const text of lines) {
    line += 1
    if (text !== '') yield decodeLine(text, line)
  }
}

const SUM = /^\{"sum":"(?<sum>[0-9a-f]{8})",/

function encodeLine(entry: JournalEntry, at: Date, follows: 'torn' | undefined): string {
  const body = JSON.stringify({ at: at.getTime(), follows, entry })
  return `{"sum":"${checksum(body)}",${body.slice(1)}\n`
}

function decodeLine(text: string, line: number): JournalLine {
  const match = SUM.exec(text)
  const body = match === null ? '' : `{${text.slice(match[0].length)}`
  if (match?.groups?.['sum'] !== checksum(body)) return { kind: 'damaged', line }
  const { at, entry, follows } = JSON.parse(body) as { at: number; entry: JournalEntry; follows?: 'torn' }
  return { kind: 'entry', line, at: new Date(at), entry, ...(follows === undefined ? {} : { follows }) }
}

/** Against accidents, not against forgers: who can write the file can write the sum. */
function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0')
}

async function endsInMidLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat()
  if (size === 0) return false
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer.toString() !== '\n'
}
