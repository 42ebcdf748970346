// What two certificates of one path have in common of their validity: outside it one of them does not hold, and the path
// neither. It can be empty, which no instant lies in.
import type { Validity } from '../domain/validity.ts'

export function commonValidity(above: Validity, below: Validity): Validity {
  return {
    notBefore: above.notBefore > below.notBefore ? above.notBefore : below.notBefore,
    notAfter: above.notAfter < below.notAfter ? above.notAfter : below.notAfter,
  }
}
