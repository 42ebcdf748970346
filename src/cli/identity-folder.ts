// A folder in which key, certificate and trust of a server always belong together: each set lies in a folder of its own, and
// `current` points to one of them. Changing the set is one rename of that link, so that no reader ever finds a new certificate
// beside an old key. cert.pem, key.pem, chain.pem and ca.pem in the folder itself lead through `current`.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Certificate, parseCertificate } from '../x509/certificate.ts'
import { parsePemBundle } from '../x509/pem.ts'
import { type FileOwner, PUBLIC, writeNewAtomically } from './atomic-file.ts'
import { readBytesIfThere, reasonOf } from './read-file.ts'
import { Refused, refusedBecause } from './refused.ts'

export const NAMES = { certificate: 'cert.pem', key: 'key.pem', chain: 'chain.pem', trust: 'ca.pem' } as const

/** PEM. */
export interface IdentityTexts {
  /** Leaf first, then its chain. */
  readonly certificate: string
  readonly key: string
  readonly chain: string
  readonly trust: string
}

export interface FileRights {
  /** Of the key; the rest is for everyone to read. */
  readonly keyMode: number
  readonly owner?: FileOwner | undefined
}

export class IdentityFolder {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  at(name: string): string {
    return join(this.folder, name)
  }

  /** Throws `Refused`. */
  make(): void {
    orUnwritable(this.folder, () => mkdirSync(this.at('.sets'), { recursive: true, mode: 0o755 }))
  }

  /** The certificate in use; undefined before the first. Throws `Refused`. */
  async current(): Promise<Certificate | undefined> {
    const file = this.at(`current/${NAMES.certificate}`)
    const bytes = await readBytesIfThere(file)
    if (bytes === undefined) return undefined
    try {
      const [der = new Uint8Array()] = parsePemBundle(Buffer.from(bytes).toString('latin1'), 'CERTIFICATE')
      return parseCertificate(der)
    } catch (cause) {
      throw refusedBecause(cause, 'client_certificate_unusable', { file })
    }
  }

  /** Puts a new set in place of the one before, which stays for whoever is reading it. Throws `Refused`. */
  install(texts: IdentityTexts, rights: FileRights): void {
    const set = join('.sets', randomBytes(8).toString('hex'))
    const before = this.#linked()
    orUnwritable(this.folder, () => {
      this.#writeSet(set, texts, rights)
      this.#pointTo(set)
      for (const name of Object.values(NAMES)) this.#link(name)
      this.#forgetAllBut([set, before])
    })
  }

  #writeSet(set: string, texts: IdentityTexts, { keyMode, owner }: FileRights): void {
    mkdirSync(this.at(set), { mode: 0o755 })
    const files = [
      [NAMES.certificate, texts.certificate, PUBLIC],
      [NAMES.chain, texts.chain, PUBLIC],
      [NAMES.trust, texts.trust, PUBLIC],
      // Under its mode from the first byte on.
      [NAMES.key, texts.key, { mode: keyMode }],
    ] as const
    for (const [name, text, { mode }] of files) writeNewAtomically(join(this.at(set), name), text, { mode, owner })
    openToAll(this.at(set))
  }

  #pointTo(set: string): void {
    const beside = this.at(`.current.${randomBytes(6).toString('hex')}`)
    symlinkSync(set, beside)
    renameSync(beside, this.at('current'))
  }

  #link(name: string): void {
    const target = join('current', name)
    const file = this.at(name)
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) symlinkSync(target, file)
  }

  #linked(): string | undefined {
    return existsSync(this.at('current')) ? readlinkSync(this.at('current')) : undefined
  }

  #forgetAllBut(kept: readonly (string | undefined)[]): void {
    for (const name of readdirSync(this.at('.sets'))) {
      const set = join('.sets', name)
      if (!kept.includes(set)) rmSync(this.at(set), { recursive: true, force: true })
    }
  }
}

/** Whatever the umask says. Of a folder and of nothing that a link leads to: the one around it may be somebody else's. */
function openToAll(folder: string): void {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
  const descriptor = openSync(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    fchmodSync(descriptor, 0o755)
  } finally {
    closeSync(descriptor)
  }
}

function orUnwritable(file: string, write: () => void): void {
  try {
    write()
  } catch (cause) {
    if (cause instanceof Refused) throw cause
    throw new Refused('file_unwritable', { file, reason: reasonOf(cause) }, { cause })
  }
}
