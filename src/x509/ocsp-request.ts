// OCSPRequest (RFC 6960 §4.1.1): made and parsed, in strict DER. A signature on a request is read and not verified: no
// answer depends on who asks.
import { contextConstructed, DerReader, TAG } from './der-reader.ts'
import { constructed, explicit, sequence, type Der } from './der-writer.ts'
import { encodeExtensions, parseExtensions, type Extension } from './extension.ts'
import { ocspNonce, parseOcspNonce } from './extensions/ocsp-nonce.ts'
import { parseGeneralName } from './general-name.ts'
import { parseStructure } from './malformed.ts'
import { parseSignatureAlgorithm } from './algorithm-identifier.ts'
import { parseCertId, type CertId } from './ocsp-cert-id.ts'
import { OcspRejected } from './ocsp-rejected.ts'
import { OID } from './oid.ts'

/** Largest request, in bytes: one signed with RSA-4096 and a chain of three is under 8 KiB. */
export const MAX_OCSP_REQUEST_BYTES = 16 * 1024

/** How many certificates one request may ask about. RFC 5019 §2.1.1 has its clients ask about one. */
export const MAX_CERT_IDS = 32

export interface OcspRequest {
  /** One at least, in their order. */
  readonly certIds: readonly CertId[]
  readonly nonce: Uint8Array | undefined
  /** Of the request as a whole. */
  readonly extensions: ReadonlyMap<string, Extension>
  /** Critical extensions, of the whole or of one CertID, that are not understood here: then there is no answer (§4.4). */
  readonly unknownCriticalExtensions: readonly string[]
  readonly signed: 'signed' | 'unsigned'
}

type Extensions = ReadonlyMap<string, Extension>

const NO_EXTENSIONS: Extensions = new Map()

/** What a responder with one kind of answer understands without doing anything about it: §4.4.3, §4.4.6, §4.4.7. */
const UNDERSTOOD: ReadonlySet<string> = new Set([OID.ocspNonce])

/** `certIds`: encoded by `encodeCertId`. */
export function encodeOcspRequest(certIds: readonly Der[], nonce: Uint8Array | undefined): Der {
  const list = constructed(
    TAG.sequence,
    certIds.map((id) => sequence(id)),
  )
  const extensions = nonce === undefined ? [] : [explicit(2, encodeExtensions([ocspNonce(nonce)]))]
  return sequence(sequence(list, ...extensions))
}

/** Throws `OcspRejected` (`ocsp_request_malformed`), with the refusal of a deeper layer as its cause. */
export function parseOcspRequest(der: Uint8Array): OcspRequest {
  return parseStructure(
    () => parseRequest(der),
    (cause) => new OcspRejected('ocsp_request_malformed', { ...cause.facts, reason: cause.code }, { cause }),
  )
}

function parseRequest(der: Uint8Array): OcspRequest {
  const outer = DerReader.over(der, MAX_OCSP_REQUEST_BYTES)
  const fields = outer.readSequence()
  outer.end()
  const tbs = fields.readSequence()
  const signed = fields.readOptionalExplicit(0, checkSignature) ?? 'unsigned'
  fields.end()
  return { ...parseTbsRequest(tbs), signed }
}

/** TBSRequest. A version written out is refused: v1 is the default, which DER leaves out, and there is no other. */
function parseTbsRequest(tbs: DerReader): Omit<OcspRequest, 'signed'> {
  tbs.readOptionalExplicit(1, parseGeneralName)
  const { certIds, unknownCritical } = parseRequestList(tbs.readSequence())
  const extensions = parseOptionalExtensions(tbs, 2)
  tbs.end()
  const nonce = extensions.get(OID.ocspNonce)
  return {
    certIds,
    nonce: nonce === undefined ? undefined : parseOcspNonce(nonce.value),
    extensions,
    unknownCriticalExtensions: [...unknownCritical, ...unknownCriticalOf(extensions, UNDERSTOOD)],
  }
}

function parseRequestList(list: DerReader): { certIds: readonly CertId[]; unknownCritical: readonly string[] } {
  const certIds: CertId[] = []
  const unknownCritical: string[] = []
  while (!list.atEnd) {
    if (certIds.length === MAX_CERT_IDS) throw malformed({ why: 'too many certificates', most: MAX_CERT_IDS })
    const request = list.readSequence()
    certIds.push(parseCertId(request))
    unknownCritical.push(...unknownCriticalOf(parseOptionalExtensions(request, 0), NO_EXTENSIONS))
    request.end()
  }
  if (certIds.length === 0) throw malformed({ why: 'no certificate' })
  return { certIds, unknownCritical }
}

function parseOptionalExtensions(reader: DerReader, number: number): Extensions {
  if (reader.peekTag() !== contextConstructed(number)) return NO_EXTENSIONS
  return reader.readExplicit(number, parseExtensions)
}

function unknownCriticalOf(extensions: Extensions, understood: { has(oid: string): boolean }): string[] {
  return [...extensions.values()].filter(({ oid, critical }) => critical && !understood.has(oid)).map(({ oid }) => oid)
}

/** Signature ::= SEQUENCE { signatureAlgorithm, signature, certs [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }. */
function checkSignature(reader: DerReader): 'signed' {
  const fields = reader.readSequence()
  parseSignatureAlgorithm(fields)
  fields.readBitString()
  fields.readOptionalExplicit(0, (certs) =>
    certs.readEach(TAG.sequence, (certificate) => certificate.readEncoded(TAG.sequence)),
  )
  fields.end()
  return 'signed'
}

function malformed(facts: Record<string, string | number>): OcspRejected {
  return new OcspRejected('ocsp_request_malformed', facts)
}
