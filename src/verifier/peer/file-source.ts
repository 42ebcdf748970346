// Certificates of CAs and CRLs from files and folders, as `signet crl watch` or a CRL directory of Signet keep them. They are read again
// when they change. What cannot be read now leaves what was read before.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Evidence, EvidenceUnreadable, readEvidence } from './evidence-file.ts'
import type { Repeating } from './repeating.ts'
import { repeat } from './repeating.ts'
import type { EvidenceSink } from './evidence-sink.ts'

/** Files in a folder that are read, by their ending. */
const ENDINGS = ['.pem', '.crt', '.cer', '.crl', '.der']

export interface FileSourceParts {
  readonly paths: readonly string[]
  readonly pollSeconds: number
  readonly sink: EvidenceSink
}

/** Throws `EvidenceUnreadable` unless everything could be read the first time. */
export async function followFiles(parts: FileSourceParts): Promise<Repeating> {
  const source = new FileSource(parts)
  await source.look()
  return repeat(parts.pollSeconds * 1000, async () => {
    try {
      await source.look()
    } catch (error) {
      parts.sink.failed(error)
    }
  })
}

interface Found extends Evidence {
  readonly file: string
}

class FileSource {
  readonly #parts: FileSourceParts
  /** What each file held, by what the file system says of it. */
  readonly #read = new Map<string, { readonly stamp: string; readonly evidence: Evidence }>()
  #taken = ''
  #isRefused = false

  constructor(parts: FileSourceParts) {
    this.#parts = parts
  }

  async look(): Promise<void> {
    const files = (await Promise.all(this.#parts.paths.map(filesAt))).flat()
    const found: Found[] = []
    for (const file of files) found.push({ file, ...(await this.#evidenceOf(file)) })
    const stamps = files.map((file) => `${file} ${this.#read.get(file)?.stamp ?? ''}`).join('\n')
    if (stamps !== this.#taken) this.#take(found)
    this.#taken = stamps
    if (!this.#isRefused) this.#parts.sink.settled()
  }

  #take(found: readonly Found[]): void {
    const { sink } = this.#parts
    sink.takeAuthorities(found.flatMap(({ certificates }) => certificates.map((der) => ({ der, id: undefined }))))
    this.#isRefused = false
    for (const { file, crls } of found) {
      for (const taken of crls.map((der) => sink.takeCrl(der))) {
        // Of CAs that are not believed here nothing is taken, and nothing missed.
        if (taken.kind !== 'refused' || taken.fault === 'crl-issuer-other') continue
        this.#isRefused = true
        sink.failed(new EvidenceUnreadable(file, taken.fault))
      }
    }
  }

  async #evidenceOf(file: string): Promise<Evidence> {
    try {
      const { mtimeMs, size, ino } = await stat(file)
      const stamp = [mtimeMs, size, ino].join()
      const known = this.#read.get(file)
      if (known?.stamp === stamp) return known.evidence
      const evidence = readEvidence(await readFile(file), file)
      this.#read.set(file, { stamp, evidence })
      return evidence
    } catch (cause) {
      throw cause instanceof EvidenceUnreadable ? cause : new EvidenceUnreadable(file, codeOf(cause), { cause })
    }
  }
}

async function filesAt(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = await readdir(path)
    return names.filter((name) => ENDINGS.some((ending) => name.endsWith(ending))).map((name) => join(path, name))
  } catch (cause) {
    throw new EvidenceUnreadable(path, codeOf(cause), { cause })
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable'
}
