// DistributionPointName and ReasonFlags (RFC 5280 §4.2.1.13): shared by the distribution points of certificates and the
// issuing distribution point of CRLs.
import type { DerReader } from '../der-reader.ts'
import { contextConstructed } from '../der-reader.ts'
import { explicit, implicitConstructed, type Der } from '../der-writer.ts'
import { parseRelativeName, type RelativeDistinguishedName } from '../distinguished-name.ts'
import { encodeGeneralName, parseGeneralNames, type GeneralName } from '../general-name.ts'
import type { RevocationReason } from '../../domain/revocation-reason.ts'

export type DistributionPointName =
  | { readonly kind: 'full'; readonly names: readonly GeneralName[] }
  | { readonly kind: 'relative'; readonly name: RelativeDistinguishedName }

/** ReasonFlags (RFC 5280 §4.2.1.13) in the order of their bits, from bit 1. */
export const REASON_FLAGS = [
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
] as const satisfies readonly RevocationReason[]

/** Bit 0 is unused. */
const REASON_BITS: readonly (RevocationReason | undefined)[] = [undefined, ...REASON_FLAGS]

/** `[0]` of both extensions: the same CRL at each of these URIs. */
export function encodeDistributionPointName(uris: readonly string[]): Der {
  const names = uris.map((value) => encodeGeneralName({ kind: 'uri', value }))
  return explicit(0, implicitConstructed(0, ...names))
}

/** `[0]` at the cursor, undefined when it is not there. */
export function parseOptionalDistributionPointName(reader: DerReader): DistributionPointName | undefined {
  return reader.readOptionalExplicit(0, (inner) =>
    inner.peekTag() === contextConstructed(1)
      ? { kind: 'relative', name: parseRelativeName(inner, contextConstructed(1)) }
      : { kind: 'full', names: parseGeneralNames(inner, contextConstructed(0)) },
  )
}

/** ReasonFlags under an implicit tag, undefined when it is not there. */
export function parseOptionalReasons(reader: DerReader, tag: number): ReadonlySet<RevocationReason> | undefined {
  if (reader.peekTag() !== tag) return undefined
  const bits = reader.readNamedBits(tag)
  const isSet = (bit: number): boolean => (bits & (0x8000 >> bit)) !== 0
  return new Set(REASON_BITS.flatMap((reason, bit) => (reason !== undefined && isSet(bit) ? [reason] : [])))
}
