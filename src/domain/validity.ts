// The validity of a certificate: both ends inclusive, whole seconds (RFC 5280 §4.1.2.5).

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

export type ValidityStatus = 'not-yet-valid' | 'valid' | 'expired'

export function validityAt(validity: Validity, at: Date): ValidityStatus {
  if (at.getTime() < validity.notBefore.getTime()) return 'not-yet-valid'
  // notAfter names a whole second, all of which is still valid.
  if (at.getTime() >= validity.notAfter.getTime() + 1000) return 'expired'
  return 'valid'
}

/** Length in seconds as RFC 5280 counts it: a certificate valid for one second has equal ends. */
export function inclusiveSeconds(validity: Validity): number {
  return (validity.notAfter.getTime() - validity.notBefore.getTime()) / 1000 + 1
}
