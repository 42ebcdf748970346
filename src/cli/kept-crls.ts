// The CRL file of a server, replaced only by something newer that is no less: never by a lower number, and never by fewer: the CRLs of
// other CAs that are in force stay, or nothing is written. Mode and owner stay as they are.
import { realpathSync, statSync } from 'node:fs'
import { type Crl, MAX_CRL_BYTES, parseCrl } from '../x509/crl.ts'
import { encodePem } from '../x509/pem.ts'
import { type FileMode, PUBLIC, writeAtomically } from './atomic-file.ts'
import { readBytesIfThere, splitPemOrDer } from './read-file.ts'
import { Refused, refusedBecause } from './refused.ts'
import type { VerifiedCrl } from './verified-crls.ts'

/** PEM is a third larger than what it holds, and a bundle has several. */
const MAX_FILE_BYTES = MAX_CRL_BYTES * 2

export interface Keeping {
  readonly format: 'der' | 'pem'
  readonly at: Date
  readonly beforeWrite?: () => void
}

/** Throws `Refused` (`crl_number_lower`, `crl_bundle_partial`, `crl_malformed`, `file_unwritable`). */
export async function keepCrls(
  file: string,
  verified: readonly VerifiedCrl[],
  { format, at, beforeWrite }: Keeping,
): Promise<'written' | 'unchanged'> {
  const crls = verified.map(({ crl }) => crl)
  const bytes = Buffer.concat(crls.map(({ der }) => (format === 'der' ? der : Buffer.from(encodePem('X509 CRL', der)))))
  const before = await readBytesIfThere(file, MAX_FILE_BYTES)
  if (before !== undefined) {
    if (bytes.equals(before)) return 'unchanged'
    const kept = parseKept(file, before)
    refuseOlder(file, kept, crls)
    refuseFewer(file, kept, crls, at)
  }
  beforeWrite?.()
  const target = before === undefined ? file : realpathSync(file)
  writeAtomically(target, bytes, before === undefined ? PUBLIC : rightsOf(target))
  return 'written'
}

export interface KeptCrl {
  readonly issuerName: string
  readonly number: bigint | undefined
  readonly thisUpdate: Date
  readonly nextUpdate: Date | undefined
}

/** What stands in the file; nothing when it is not there. Throws `Refused`. */
export async function keptCrls(file: string): Promise<readonly KeptCrl[]> {
  const before = await readBytesIfThere(file, MAX_FILE_BYTES)
  if (before === undefined) return []
  return parseKept(file, before).map(({ issuerEncoded, number, thisUpdate, nextUpdate }) => {
    return { issuerName: Buffer.from(issuerEncoded).toString('hex'), number, thisUpdate, nextUpdate }
  })
}

/** Changes when somebody else writes it; undefined: it is not there. */
export function fileStamp(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found && [found.ino, found.size, found.mtimeNs].join()
}

/** Of a file of somebody else's the owner is set again. */
function rightsOf(file: string): FileMode {
  const { mode, uid, gid } = statSync(file)
  const isOurs = uid === process.geteuid?.() && gid === process.getegid?.()
  return { mode: mode & 0o777, owner: isOurs ? undefined : { uid, gid } }
}

/** An empty file, as a server's package may install, holds no CRL. Throws `Refused` for anything else that is none. */
function parseKept(file: string, bytes: Uint8Array): Crl[] {
  if (bytes.length === 0) return []
  try {
    return splitPemOrDer(bytes, 'X509 CRL').map((der) => parseCrl(der, MAX_CRL_BYTES))
  } catch (cause) {
    throw refusedBecause(cause, 'crl_malformed', { file })
  }
}

function refuseOlder(file: string, before: readonly Crl[], after: readonly Crl[]): void {
  for (const crl of after) {
    const kept = before.find((each) => isSameIssuer(each, crl))
    const number = crl.number ?? -1n
    if (kept?.number === undefined || kept.number <= number) continue
    throw new Refused('crl_number_lower', { file, kept: String(kept.number), offered: String(number) })
  }
}

/** A CA that is gone is one whose last CRL has ended. */
function refuseFewer(file: string, before: readonly Crl[], after: readonly Crl[], at: Date): void {
  const missing = before.filter((kept) => !after.some((crl) => isSameIssuer(kept, crl)))
  const inForce = missing.filter(({ nextUpdate }) => nextUpdate !== undefined && nextUpdate > at)
  if (inForce.length > 0) throw new Refused('crl_bundle_partial', { file, missing: inForce.length })
}

function isSameIssuer(one: Crl, other: Crl): boolean {
  return Buffer.compare(one.issuerEncoded, other.issuerEncoded) === 0
}
