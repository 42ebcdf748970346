// DeltaCRLIndicator (RFC 5280 §5.2.4), always critical: the number of the complete CRL that the delta adds to.
import { makeExtension, type Extension } from '../extension.ts'
import { OID } from '../oid.ts'
import { encodeCrlNumber, parseCrlNumber } from './crl-number.ts'

export function deltaCrlIndicator(baseNumber: number | bigint): Extension {
  return makeExtension(OID.deltaCrlIndicator, 'critical', encodeCrlNumber(baseNumber))
}

export function parseDeltaCrlIndicator(value: Uint8Array): bigint {
  return parseCrlNumber(value)
}
