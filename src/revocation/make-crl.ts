// Makes and signs one full CRL (RFC 5280 §5). Dates and number are the caller's: `crl-schedule.ts` decides them.
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import type { Signer } from '../domain/signer.ts'
import { authorityKeyIdentifier } from '../x509/extensions/authority-key-identifier.ts'
import { crlNumber } from '../x509/extensions/crl-number.ts'
import { assembleCrl } from '../x509/crl.ts'
import { encodeTbsCrl } from '../x509/tbs-crl.ts'

export interface CrlContents {
  /** The issuer's subject as its certificate encodes it, byte for byte. */
  readonly issuerName: Uint8Array
  readonly issuerKeyIdentifier: Uint8Array
  readonly number: number
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  /** Encoded by `encodeRevokedEntry`. */
  readonly entries: Iterable<Uint8Array>
}

/** The CRL in DER. */
export async function makeCrl(contents: CrlContents, signer: Signer<'crl'>): Promise<Uint8Array> {
  const signatureAlgorithm: KeyAlgorithmName = signer.algorithm
  const tbs = encodeTbsCrl({
    signatureAlgorithm,
    issuer: contents.issuerName,
    thisUpdate: contents.thisUpdate,
    nextUpdate: contents.nextUpdate,
    entries: contents.entries,
    extensions: [authorityKeyIdentifier(contents.issuerKeyIdentifier), crlNumber(contents.number)],
  })
  return assembleCrl(tbs, signatureAlgorithm, await signer.sign(tbs))
}
