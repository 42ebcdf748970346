// KeyUsage (RFC 5280 §4.2.1.3).
import { DerReader, TAG } from '../der-reader.ts'
import { namedBitsContents, primitive } from '../der-writer.ts'
import { ExtensionRejected, makeExtension, type Criticality, type Extension } from '../extension.ts'
import { OID } from '../oid.ts'

/** In the order of their bits, from bit 0. */
export const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const

export type KeyUsage = (typeof KEY_USAGES)[number]

const HIGHEST_BIT = 15

export function keyUsage(usages: Iterable<KeyUsage>, criticality: Criticality): Extension {
  let bits = 0
  for (const usage of usages) bits |= 1 << (HIGHEST_BIT - KEY_USAGES.indexOf(usage))
  if (bits === 0) throw noUsage()
  return makeExtension(OID.keyUsage, criticality, primitive(TAG.bitString, namedBitsContents(bits)))
}

/** Throws `ExtensionRejected` when no bit is set: §4.2.1.3 wants at least one. */
export function parseKeyUsage(value: Uint8Array): ReadonlySet<KeyUsage> {
  const bits = DerReader.whole(value, (reader) => reader.readNamedBits())
  const usages = KEY_USAGES.filter((_, bit) => (bits & (1 << (HIGHEST_BIT - bit))) !== 0)
  if (usages.length === 0) throw noUsage()
  return new Set(usages)
}

function noUsage(): ExtensionRejected {
  return new ExtensionRejected('extension_malformed', { oid: OID.keyUsage, why: 'no usage' })
}
