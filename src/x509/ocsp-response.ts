// OCSPResponse and BasicOCSPResponse (RFC 6960 §4.2.1): put together from what was signed, and parsed. Whether the responder
// may answer for the issuer, and whether the answer is fresh, is the verifier's to decide.
import type { Facts } from '../domain/coded-error.ts'
import type { KeyAlgorithmName } from '../domain/key-algorithm.ts'
import {
  parseSignatureAlgorithm,
  signatureAlgorithmIdentifier,
  type SignatureAlgorithm,
} from './algorithm-identifier.ts'
import { contextConstructed, DerReader, TAG } from './der-reader.ts'
import { enumerated, oid, sequence, unwritten, written, type Der } from './der-writer.ts'
import { parseStructure } from './malformed.ts'
import { parseResponseData, type OcspResponseData } from './ocsp-response-data.ts'
import { OcspRejected } from './ocsp-rejected.ts'
import { OID } from './oid.ts'

/** OCSPResponseStatus, by number; 4 is not used. */
const STATUS_NUMBERS = {
  successful: 0,
  malformedRequest: 1,
  internalError: 2,
  tryLater: 3,
  sigRequired: 5,
  unauthorized: 6,
} as const

export type OcspErrorStatus = Exclude<keyof typeof STATUS_NUMBERS, 'successful'>

const ERROR_STATUSES: ReadonlyMap<number, OcspErrorStatus> = new Map([
  [1, 'malformedRequest'],
  [2, 'internalError'],
  [3, 'tryLater'],
  [5, 'sigRequired'],
  [6, 'unauthorized'],
])

export interface BasicOcspResponse extends OcspResponseData {
  readonly kind: 'basic'
  /** What the signature covers. */
  readonly tbs: { readonly encoded: Uint8Array }
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signature: Uint8Array
  /** Certificates that came along, whole and unparsed. */
  readonly certificates: readonly Uint8Array[]
}

export type OcspResponse = BasicOcspResponse | { readonly kind: 'error'; readonly status: OcspErrorStatus }

/** Largest response by default, in bytes: an ML-DSA-87 responder's with its certificate is under 16 KiB. */
export const MAX_OCSP_RESPONSE_BYTES = 64 * 1024

/** How many certificates may come along. */
const MAX_CERTIFICATES = 16

/** An answer without content, which nobody signs (§2.3). */
export function encodeOcspError(status: OcspErrorStatus): Der {
  return sequence(enumerated(STATUS_NUMBERS[status]))
}

/** `responseData`: encoded by `encodeResponseData`; `certificates`: the responder's, whole. */
export function assembleOcspResponse(
  responseData: Der,
  signatureAlgorithm: KeyAlgorithmName,
  signature: Uint8Array,
  certificates: readonly Uint8Array[],
): Der {
  const basic = unwritten(
    TAG.sequence,
    responseData,
    signatureAlgorithmIdentifier(signatureAlgorithm),
    unwritten(TAG.bitString, NO_UNUSED_BITS, signature),
    ...(certificates.length === 0 ? [] : [unwritten(contextConstructed(0), unwritten(TAG.sequence, ...certificates))]),
  )
  const bytes = unwritten(TAG.sequence, OCSP_BASIC, unwritten(TAG.octetString, basic))
  return written(unwritten(TAG.sequence, SUCCESSFUL, unwritten(contextConstructed(0), bytes)))
}

const SUCCESSFUL = enumerated(STATUS_NUMBERS.successful)
const OCSP_BASIC = oid(OID.ocspBasic)
const NO_UNUSED_BITS = Uint8Array.of(0)

/** Throws `OcspRejected` (`ocsp_response_malformed`), with the refusal of a deeper layer as its cause. */
export function parseOcspResponse(der: Uint8Array, maxBytes: number = MAX_OCSP_RESPONSE_BYTES): OcspResponse {
  return parseStructure(
    () => parseFields(der, maxBytes),
    (cause) => malformed({ ...cause.facts, reason: cause.code }, { cause }),
  )
}

function parseFields(der: Uint8Array, maxBytes: number): OcspResponse {
  const outer = DerReader.over(der, maxBytes)
  const fields = outer.readSequence()
  outer.end()
  const number = fields.readEnumerated()
  const status = ERROR_STATUSES.get(number)
  if (status !== undefined) {
    // §4.2.1: an error has no responseBytes.
    fields.end()
    return { kind: 'error', status }
  }
  if (number !== STATUS_NUMBERS.successful) throw malformed({ status: number })
  const basic = fields.readExplicit(0, parseResponseBytes)
  fields.end()
  return DerReader.whole(basic, parseBasicResponse)
}

function parseResponseBytes(reader: DerReader): Uint8Array {
  const fields = reader.readSequence()
  const type = fields.readOid()
  if (type !== OID.ocspBasic) throw malformed({ responseType: type })
  const response = fields.readOctetString()
  fields.end()
  return response
}

function parseBasicResponse(reader: DerReader): BasicOcspResponse {
  const fields = reader.readSequence()
  const encoded = fields.readEncoded(TAG.sequence)
  const signatureAlgorithm = parseSignatureAlgorithm(fields)
  const signature = fields.readBitString()
  const certificates = fields.readOptionalExplicit(0, parseCertificates) ?? []
  fields.end()
  return {
    kind: 'basic',
    tbs: { encoded },
    ...parseResponseData(encoded),
    signatureAlgorithm,
    signature,
    certificates,
  }
}

function parseCertificates(reader: DerReader): readonly Uint8Array[] {
  const certificates = reader.readEach(TAG.sequence, (each) => each.readEncoded(TAG.sequence))
  if (certificates.length > MAX_CERTIFICATES) throw malformed({ certificates: certificates.length })
  return certificates
}

function malformed(facts: Facts, options?: ErrorOptions): OcspRejected {
  return new OcspRejected('ocsp_response_malformed', facts, options)
}
