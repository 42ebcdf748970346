// UTCTime through 2049 and GeneralizedTime after, seconds always: other forms are read differently, or not at all.
import { DerReader, TAG } from '../../x509/der-reader.ts'
import { sequence, time } from '../../x509/der-writer.ts'
import type { Validity } from '../../domain/validity.ts'
import type { Lint } from '../lint.ts'

export const validityTimeForm: Lint = {
  name: 'validity_time_form',
  cites: 'CP §6.3.2; RFC 5280 §4.1.2.5.1',
  passes: ({ tbs }) => Buffer.compare(validityBytes(tbs.encoded), encodeValidity(tbs.validity)) === 0,
}

function encodeValidity({ notBefore, notAfter }: Validity): Uint8Array {
  return sequence(time(notBefore), time(notAfter))
}

function validityBytes(encoded: Uint8Array): Uint8Array {
  const fields = DerReader.over(encoded).readSequence()
  // Version, serial number, signature, issuer.
  if (fields.peekTag() !== TAG.integer) fields.readEncoded()
  for (let field = 0; field < 3; field++) fields.readEncoded()
  return fields.readEncoded()
}
