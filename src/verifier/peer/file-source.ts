// Certificates of CAs and CRLs from files and folders, as `signet crl watch` or a CRL directory of Signet keep them. They are read again
// when they change. What cannot be read now leaves what was read before, and keeps nothing else back; a CRL whose time has not come is
// tried again when it has.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_CRL_BYTES } from '../../x509/crl.ts'
import { type Evidence, EvidenceUnreadable, readEvidence } from './evidence-file.ts'
import type { Repeating } from './repeating.ts'
import { repeat } from './repeating.ts'
import type { EvidenceSink } from './evidence-sink.ts'

/** Files in a folder that are read, by their ending. */
const ENDINGS = ['.pem', '.crt', '.cer', '.crl', '.der']

/** Partitions of all issuers, with a delta each, and room. */
const MAX_FILES = 10_000

/** PEM of the largest CRL. */
const MAX_FILE_BYTES = MAX_CRL_BYTES * 1.5

export interface FileSourceParts {
  readonly paths: readonly string[]
  readonly pollSeconds: number
  readonly sink: Pick<EvidenceSink, 'takeAuthorities' | 'takeCrl' | 'failed' | 'settled'>
  readonly now: () => Date
}

/** Throws `EvidenceUnreadable` unless every path could be read the first time, and of a folder something. */
export async function followFiles(parts: FileSourceParts): Promise<Repeating> {
  const source = new FileSource(parts)
  await source.open()
  return repeat(parts.pollSeconds * 1000, () => source.look())
}

interface FoundCrl {
  readonly file: string
  readonly der: Uint8Array
}

/** When it would be taken is known of some that were refused. */
interface RefusedCrl extends FoundCrl {
  readonly begins: Date | undefined
}

/** What a file held, by what the file system says of it. */
interface ReadFile {
  readonly stamp: string
  readonly evidence: Evidence
}

const NOTHING: Evidence = { certificates: [], crls: [] }

class FileSource {
  readonly #parts: FileSourceParts
  readonly #read = new Map<string, ReadFile>()
  /** The files of each path, as it was found last. */
  readonly #files = new Map<string, readonly string[]>()
  #taken = ''
  #refusedCrls: readonly RefusedCrl[] = []
  #refusedAuthorities: readonly Error[] = []

  constructor(parts: FileSourceParts) {
    this.#parts = parts
  }

  async open(): Promise<void> {
    const faults = await this.#readAll()
    const isAtHand = this.#parts.paths.every((path) => {
      const files = this.#files.get(path)
      return files?.length === 0 || files?.some((file) => this.#read.has(file)) === true
    })
    const [fault] = faults
    if (fault !== undefined && !isAtHand) throw fault
    this.#takeChanged(faults)
  }

  async look(): Promise<void> {
    try {
      this.#takeChanged(await this.#readAll())
    } catch (error) {
      this.#parts.sink.failed(error)
    }
  }

  /** What could not be read. */
  async #readAll(): Promise<readonly Error[]> {
    const faults: Error[] = []
    const orFault = async (act: () => Promise<void>): Promise<void> => {
      try {
        await act()
      } catch (error) {
        if (!(error instanceof EvidenceUnreadable)) throw error
        faults.push(error)
      }
    }
    for (const path of this.#parts.paths) {
      await orFault(async () => void this.#files.set(path, await filesAt(path)))
    }
    const files = this.#allFiles()
    for (const file of this.#read.keys()) if (!files.has(file)) this.#read.delete(file)
    for (const file of files) await orFault(() => this.#readOne(file))
    return faults
  }

  #allFiles(): ReadonlySet<string> {
    return new Set([...this.#files.values()].flat())
  }

  async #readOne(file: string): Promise<void> {
    try {
      const found = await stat(file)
      // A pipe would be waited for without end.
      if (!found.isFile()) throw new EvidenceUnreadable(file, 'no file')
      if (found.size > MAX_FILE_BYTES) throw new EvidenceUnreadable(file, 'too large')
      const stamp = [found.mtimeMs, found.size, found.ino].join()
      if (this.#read.get(file)?.stamp === stamp) return
      this.#read.set(file, { stamp, evidence: readEvidence(await readFile(file), file) })
    } catch (cause) {
      throw cause instanceof EvidenceUnreadable ? cause : new EvidenceUnreadable(file, codeOf(cause), { cause })
    }
  }

  #takeChanged(faults: readonly Error[]): void {
    const { sink } = this.#parts
    const files = [...this.#allFiles()]
    const stamps = files.map((file) => `${file} ${this.#read.get(file)?.stamp ?? ''}`).join('\n')
    if (stamps !== this.#taken) this.#takeAll(files)
    else this.#takeBegun()
    this.#taken = stamps
    for (const fault of faults) sink.failed(fault)
    if (faults.length + this.#refusedCrls.length + this.#refusedAuthorities.length === 0) sink.settled()
  }

  #takeAll(files: readonly string[]): void {
    const { sink } = this.#parts
    const found = files.map((file) => ({ file, ...(this.#read.get(file)?.evidence ?? NOTHING) }))
    const given = found.flatMap(({ certificates }) => certificates.map((der) => ({ der, id: undefined })))
    this.#refusedAuthorities = sink.takeAuthorities(given).map(({ fault }) => fault)
    for (const fault of this.#refusedAuthorities) sink.failed(fault)
    this.#refusedCrls = this.#takeCrls(found.flatMap(({ file, crls }) => crls.map((der) => ({ file, der }))))
  }

  #takeBegun(): void {
    const now = this.#parts.now()
    const hasBegun = ({ begins }: RefusedCrl): boolean => begins !== undefined && begins <= now
    if (!this.#refusedCrls.some(hasBegun)) return
    const waiting = this.#refusedCrls.filter((each) => !hasBegun(each))
    this.#refusedCrls = [...waiting, ...this.#takeCrls(this.#refusedCrls.filter(hasBegun))]
  }

  #takeCrls(crls: readonly FoundCrl[]): readonly RefusedCrl[] {
    const { sink } = this.#parts
    const refused: RefusedCrl[] = []
    for (const { file, der } of crls) {
      const taken = sink.takeCrl(der)
      // Of CAs that are not believed here nothing is taken, and nothing missed.
      if (taken.kind !== 'refused' || taken.fault === 'crl-issuer-other') continue
      refused.push({ file, der, begins: taken.begins })
      sink.failed(new EvidenceUnreadable(file, taken.fault))
    }
    return refused
  }
}

async function filesAt(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = (await readdir(path)).filter((name) => ENDINGS.some((ending) => name.endsWith(ending)))
    if (names.length > MAX_FILES) throw new EvidenceUnreadable(path, 'too many files')
    return names.map((name) => join(path, name))
  } catch (cause) {
    throw cause instanceof EvidenceUnreadable ? cause : new EvidenceUnreadable(path, codeOf(cause), { cause })
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable'
}
