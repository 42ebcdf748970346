// Certificate serial numbers (RFC 5280 §4.1.2.2, CP §7.1): 17 octets, the first 0x01, then 128 random bits. A leading
// 0x01 keeps the DER integer positive and its text free of lost zeros.
import type { Random } from './clock.ts'
import { CodedError } from './coded-error.ts'

/** 34 lower-case hexadecimal digits. */
export type SerialNumber = string & { readonly __brand: 'SerialNumber' }

export const SERIAL_BYTES = 17

export class SerialRejected extends CodedError<'serial_rejected'> {
  constructor(input: string) {
    super('serial_rejected', { input: input.slice(0, 60), expected: '34 hexadecimal digits, the first two 01' })
  }
}

export function makeSerialNumber(random: Random): SerialNumber {
  return `01${Buffer.from(random(SERIAL_BYTES - 1)).toString('hex')}` as SerialNumber
}

/** Accepts upper case and the colons that OpenSSL prints. Throws `SerialRejected`. */
export function parseSerialNumber(input: string): SerialNumber {
  const digits = input.replaceAll(':', '').toLowerCase()
  if (!/^01[0-9a-f]{32}$/.test(digits)) throw new SerialRejected(input)
  return digits as SerialNumber
}

/** The content octets of the DER INTEGER. */
export function serialBytes(serial: SerialNumber): Uint8Array {
  return Buffer.from(serial, 'hex')
}
