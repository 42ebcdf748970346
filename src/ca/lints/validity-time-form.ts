// UTCTime through 2049 and GeneralizedTime after, seconds always: other forms are read differently, or not at all.
import { sequence, time } from '../../x509/der-writer.ts'
import type { Validity } from '../../domain/validity.ts'
import type { Lint } from '../lint.ts'

export const validityTimeForm: Lint = {
  name: 'validity_time_form',
  cites: 'CP §6.3.2; RFC 5280 §4.1.2.5.1',
  passes: ({ tbs }) => Buffer.compare(tbs.validityEncoded, encodeValidity(tbs.validity)) === 0,
}

function encodeValidity({ notBefore, notAfter }: Validity): Uint8Array {
  return sequence(time(notBefore), time(notAfter))
}
