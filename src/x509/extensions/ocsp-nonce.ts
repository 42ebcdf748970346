// id-pkix-ocsp-nonce (RFC 9654 §2.1), in a request and in its answer, never critical: 1 to 128 octets are read, 32 are made.
import type { Random } from '../../domain/clock.ts'
import { DerReader } from '../der-reader.ts'
import { octetString } from '../der-writer.ts'
import { ExtensionRejected, makeExtension, type Extension } from '../extension.ts'
import { OID } from '../oid.ts'

/** RFC 9654 §2.1: Nonce ::= OCTET STRING (SIZE (1..128)). */
const MAX_NONCE_BYTES = 128

/** What a client sends SHOULD have this length. */
export const NONCE_BYTES = 32

export function ocspNonce(nonce: Uint8Array): Extension {
  return makeExtension(OID.ocspNonce, 'non-critical', octetString(refuseUnfit(nonce)))
}

export function makeNonce(random: Random): Uint8Array {
  return random(NONCE_BYTES)
}

/** Throws `ExtensionRejected`, `DerRejected`. */
export function parseOcspNonce(value: Uint8Array): Uint8Array {
  return refuseUnfit(DerReader.whole(value, (reader) => reader.readOctetString()))
}

function refuseUnfit(nonce: Uint8Array): Uint8Array {
  if (nonce.length >= 1 && nonce.length <= MAX_NONCE_BYTES) return nonce
  throw new ExtensionRejected('extension_malformed', { oid: OID.ocspNonce, octets: nonce.length })
}
