// Refusal of a CRL as a whole. Facts hold the code and place of what was wrong inside.
import { CodedError } from '../domain/coded-error.ts'

export type CrlErrorCode = 'crl_malformed'

export class CrlRejected extends CodedError<CrlErrorCode> {}
