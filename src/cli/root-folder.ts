// The folder of an offline root: its encrypted key (`root-key.pem`), its certificate (`root.pem`), and a ledger of what was
// asked of the key. The intent of each CA certificate is in the ledger before the key signs it, so that nothing the root
// ever signed is unknown. The folder is meant to leave the machine; the service runs without it.
import { hash } from 'node:crypto'
import { appendFileSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { IssuedCertificate } from '../ca/issue.ts'
import { syncFolder } from '../ca/keystore/new-file.ts'
import { CodedError } from '../domain/coded-error.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import { encodePem, parsePem } from '../x509/pem.ts'
import { PUBLIC, writeAtomically } from './atomic-file.ts'

export type RootFolderErrorCode = 'root_folder_in_use' | 'root_folder_unfit'

export class RootFolderRefused extends CodedError<RootFolderErrorCode> {}

/** One line of the ledger. */
export type LedgerEntry =
  | {
      readonly kind: 'begun'
      readonly at: string
      readonly installation: string
      readonly organization: string
      readonly algorithm: KeyAlgorithmName
    }
  | { readonly kind: 'intent'; readonly at: string; readonly what: string }
  | {
      readonly kind: 'signed'
      readonly at: string
      readonly what: string
      readonly serial: string
      readonly sha256: string
    }
  | { readonly kind: 'complete'; readonly at: string }

/** How the ledger writes the certificate of a CA. */
export function certificateOf(authority: string, generation: number): string {
  return `${authority}-${String(generation)} certificate`
}

const LEDGER = 'ledger.jsonl'
const CERTIFICATE = 'root.pem'

export class RootFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Empty when nothing was begun here. Throws `RootFolderRefused` for a ledger that cannot be read. */
  ledger(): readonly LedgerEntry[] {
    const path = join(this.path, LEDGER)
    if (!existsSync(path)) return []
    try {
      const lines = readFileSync(path, 'utf8').split('\n')
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as LedgerEntry)
    } catch (cause) {
      throw new RootFolderRefused('root_folder_unfit', { path, why: 'the ledger cannot be read' }, { cause })
    }
  }

  /** Appended and synced before it returns. */
  note(entry: LedgerEntry): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 })
    const path = join(this.path, LEDGER)
    appendFileSync(path, `${JSON.stringify(entry)}\n`, { mode: 0o600 })
    const file = openSync(path, 'r+')
    fsyncSync(file)
    closeSync(file)
    syncFolder(this.path)
  }

  certificate(): Uint8Array | undefined {
    const path = join(this.path, CERTIFICATE)
    return existsSync(path) ? parsePem(readFileSync(path, 'utf8'), 'CERTIFICATE') : undefined
  }

  keepCertificate(der: Uint8Array): void {
    writeAtomically(join(this.path, CERTIFICATE), Buffer.from(encodePem('CERTIFICATE', der)), PUBLIC)
  }

  /** The highest that it has certified; 0: none. Also those that a database forgot which was restored since. */
  generationsSigned(authority: string): number {
    const signed = new Set(this.ledger().flatMap((entry) => (entry.kind === 'signed' ? [entry.what] : [])))
    let highest = 0
    for (const what of signed) {
      const generation = Number(/-(?<generation>[1-9][0-9]*) certificate$/.exec(what)?.groups?.['generation'] ?? 0)
      if (what === certificateOf(authority, generation)) highest = Math.max(highest, generation)
    }
    return highest
  }

  noteSigned(what: string, issued: IssuedCertificate): void {
    const { serial, der, issuedAt } = issued
    this.note({ kind: 'signed', at: issuedAt.toISOString(), what, serial, sha256: hash('sha256', der, 'hex') })
  }
}
