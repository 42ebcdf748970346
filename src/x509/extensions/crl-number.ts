// CRLNumber (RFC 5280 §5.2.3), never critical: not negative and at most 20 octets.
import { DerReader } from '../der-reader.ts'
import { integer, type Der } from '../der-writer.ts'
import { ExtensionRejected, makeExtension, type Extension } from '../extension.ts'
import { OID } from '../oid.ts'

const MAX_NUMBER_BYTES = 20

export function crlNumber(number: number | bigint): Extension {
  return makeExtension(OID.crlNumber, 'non-critical', encodeCrlNumber(number))
}

export function encodeCrlNumber(number: number | bigint): Der {
  if (typeof number === 'number' && !Number.isSafeInteger(number)) throw malformed()
  return integer(refuseUnfit(BigInt(number)))
}

export function parseCrlNumber(value: Uint8Array): bigint {
  return refuseUnfit(DerReader.whole(value, (reader) => reader.readInteger()))
}

function refuseUnfit(number: bigint): bigint {
  // Content octets: one bit of the first is the sign.
  if (number < 0n || number >= 1n << BigInt(8 * MAX_NUMBER_BYTES - 1)) throw malformed()
  return number
}

function malformed(): ExtensionRejected {
  return new ExtensionRejected('extension_malformed', { oid: OID.crlNumber })
}
