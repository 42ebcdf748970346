// Refusal of an OCSP message as a whole. Facts hold the code and place of what was wrong inside.
import { CodedError } from '../domain/coded-error.ts'

export type OcspErrorCode = 'ocsp_request_malformed' | 'ocsp_response_malformed'

export class OcspRejected extends CodedError<OcspErrorCode> {}
