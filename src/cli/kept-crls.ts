// The CRL file of a server, replaced only by something newer.
import { type Crl, parseCrl } from '../x509/crl.ts'
import { MAX_DER_BYTES } from '../x509/der-reader.ts'
import { encodePem } from '../x509/pem.ts'
import { PUBLIC, writeAtomically } from './atomic-file.ts'
import { readBytesIfThere, splitPemOrDer } from './read-file.ts'
import { Refused, refusedBecause } from './refused.ts'

/** Throws `Refused` (`crl_number_lower`, `file_unwritable`). */
export async function keepCrls(
  file: string,
  crls: readonly Crl[],
  format: 'der' | 'pem',
): Promise<'written' | 'unchanged'> {
  const bytes = Buffer.concat(crls.map(({ der }) => (format === 'der' ? der : Buffer.from(encodePem('X509 CRL', der)))))
  const before = await readBytesIfThere(file, MAX_DER_BYTES * 2)
  if (before !== undefined) {
    if (bytes.equals(before)) return 'unchanged'
    refuseOlder(file, parseKept(file, before), crls)
  }
  writeAtomically(file, bytes, PUBLIC)
  return 'written'
}

/** An empty file, as a server's package may install, holds no CRL. Throws `Refused` for anything else that is none. */
function parseKept(file: string, bytes: Uint8Array): Crl[] {
  if (bytes.length === 0) return []
  try {
    return splitPemOrDer(bytes, 'X509 CRL').map((der) => parseCrl(der))
  } catch (cause) {
    throw refusedBecause(cause, 'crl_malformed', { file })
  }
}

function refuseOlder(file: string, before: readonly Crl[], after: readonly Crl[]): void {
  for (const crl of after) {
    const kept = before.find(({ issuerEncoded }) => Buffer.compare(issuerEncoded, crl.issuerEncoded) === 0)
    const number = crl.number ?? -1n
    if (kept?.number === undefined || kept.number <= number) continue
    throw new Refused('crl_number_lower', { file, kept: String(kept.number), offered: String(number) })
  }
}
