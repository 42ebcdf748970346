// ResponseData (RFC 6960 §4.2.1): what an OCSP signature covers. All its times are GeneralizedTime, in every year.
import type { RevocationReason } from '../domain/revocation-reason.ts'
import { contextConstructed, contextPrimitive, DerReader, TAG } from './der-reader.ts'
import {
  enumerated,
  explicit,
  generalizedTime,
  implicitConstructed,
  implicitPrimitive,
  unwritten,
  written,
  type Der,
  type Unwritten,
} from './der-writer.ts'
import { parseName, type DistinguishedName } from './distinguished-name.ts'
import { encodeExtensions, parseExtensions, type Extension } from './extension.ts'
import { parseOcspNonce } from './extensions/ocsp-nonce.ts'
import { parseCertId, type CertId } from './ocsp-cert-id.ts'
import { OcspRejected } from './ocsp-rejected.ts'
import { OID } from './oid.ts'
import { CRL_REASONS, type CrlEntryReason } from './revoked-entry.ts'

type Extensions = ReadonlyMap<string, Extension>

export type OcspCertStatus =
  | { readonly kind: 'good' }
  /** `reason` is undefined when none is given. */
  | { readonly kind: 'revoked'; readonly at: Date; readonly reason: CrlEntryReason | undefined }
  | { readonly kind: 'unknown' }

export type ResponderId =
  | { readonly kind: 'name'; readonly name: DistinguishedName; readonly encoded: Uint8Array }
  /** SHA-1 of the contents of the BIT STRING of the responder's key, 20 octets. */
  | { readonly kind: 'key'; readonly keyHash: Uint8Array }

export interface OcspSingleResponse {
  readonly certId: CertId
  readonly status: OcspCertStatus
  readonly thisUpdate: Date
  /** Undefined: newer information is available all the time (§4.2.2.1). */
  readonly nextUpdate: Date | undefined
  readonly extensions: Extensions
}

export interface OcspResponseData {
  readonly responder: ResponderId
  readonly producedAt: Date
  /** One at least. */
  readonly responses: readonly OcspSingleResponse[]
  readonly nonce: Uint8Array | undefined
  readonly extensions: Extensions
}

const NO_EXTENSIONS: Extensions = new Map()

/** `at` and `reason` as the inventory has them. */
export type StatedCertStatus =
  | { readonly kind: 'good' }
  | { readonly kind: 'revoked'; readonly at: Date; readonly reason: RevocationReason }
  | { readonly kind: 'unknown' }

export interface SingleResponseFields {
  /** CertID, encoded: as the request has it. */
  readonly certId: Der
  readonly status: StatedCertStatus
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

export interface ResponseDataFields {
  /** SHA-1 of the responder's key. */
  readonly responderKeyHash: Uint8Array
  readonly producedAt: Date
  readonly responses: readonly SingleResponseFields[]
  readonly extensions: readonly Extension[]
}

export function encodeResponseData(fields: ResponseDataFields): Der {
  const { responderKeyHash, producedAt, responses, extensions } = fields
  return written(
    unwritten(
      TAG.sequence,
      unwritten(contextConstructed(2), unwritten(TAG.octetString, responderKeyHash)),
      generalizedTime(producedAt),
      unwritten(TAG.sequence, ...responses.map(singleResponse)),
      ...(extensions.length === 0 ? [] : [unwritten(contextConstructed(1), encodeExtensions(extensions))]),
    ),
  )
}

function singleResponse({ certId, status, thisUpdate, nextUpdate }: SingleResponseFields): Unwritten {
  const next = unwritten(contextConstructed(0), generalizedTime(nextUpdate))
  return unwritten(TAG.sequence, certId, encodeStatus(status), generalizedTime(thisUpdate), next)
}

/** [0] and [2] IMPLICIT NULL. */
const GOOD = implicitPrimitive(0, new Uint8Array())
const UNKNOWN = implicitPrimitive(2, new Uint8Array())

function encodeStatus(status: StatedCertStatus): Der {
  switch (status.kind) {
    case 'good':
      return GOOD
    case 'unknown':
      return UNKNOWN
    case 'revoked':
      return implicitConstructed(1, generalizedTime(status.at), ...reasonOf(status.reason))
    default:
      return status satisfies never
  }
}

/** `unspecified` is left out, as in a CRL (RFC 5280 §5.3.1). */
function reasonOf(reason: RevocationReason): readonly Der[] {
  return reason === 'unspecified' ? [] : [explicit(0, enumerated(CRL_REASONS.indexOf(reason)))]
}

/** Throws `OcspRejected`, and what deeper layers throw. */
export function parseResponseData(encoded: Uint8Array): OcspResponseData {
  const reader = DerReader.over(encoded).readSequence()
  reader.readOptionalExplicit(0, parseVersion)
  const responder = parseResponderId(reader)
  const producedAt = reader.readGeneralizedTime()
  const responses = reader.readEach(TAG.sequence, parseSingleResponse)
  const extensions = parseOptionalExtensions(reader, 1)
  reader.end()
  if (responses.length === 0) throw malformed({ why: 'no response' })
  const nonce = extensions.get(OID.ocspNonce)
  return {
    responder,
    producedAt,
    responses,
    nonce: nonce === undefined ? undefined : parseOcspNonce(nonce.value),
    extensions,
  }
}

/** v1 is the default and DER leaves it out; responders that write it are believed all the same, since it changes nothing. */
function parseVersion(reader: DerReader): void {
  const version = reader.readSmallInteger()
  if (version !== 0) throw malformed({ version })
}

function parseResponderId(reader: DerReader): ResponderId {
  if (reader.peekTag() !== contextConstructed(1)) {
    return { kind: 'key', keyHash: reader.readExplicit(2, (inner) => inner.readOctetString()) }
  }
  const encoded = reader.readExplicit(1, (inner) => inner.readEncoded(TAG.sequence))
  return { kind: 'name', name: parseName(encoded), encoded }
}

function parseSingleResponse(reader: DerReader): OcspSingleResponse {
  const fields = reader.readSequence()
  const certId = parseCertId(fields)
  const status = parseStatus(fields)
  const thisUpdate = fields.readGeneralizedTime()
  const nextUpdate = fields.readOptionalExplicit(0, (inner) => inner.readGeneralizedTime())
  const extensions = parseOptionalExtensions(fields, 1)
  fields.end()
  return { certId, status, thisUpdate, nextUpdate, extensions }
}

/** good [0] and unknown [2] are IMPLICIT NULL, revoked [1] IMPLICIT RevokedInfo. */
function parseStatus(reader: DerReader): OcspCertStatus {
  const tag = reader.peekTag() ?? 0
  if (tag === contextConstructed(1)) return parseRevoked(reader.readConstructed(tag))
  if (tag !== contextPrimitive(0) && tag !== contextPrimitive(2)) throw malformed({ statusTag: tag })
  if (reader.readContents(tag).length > 0) throw malformed({ statusTag: tag, why: 'not null' })
  return { kind: tag === contextPrimitive(0) ? 'good' : 'unknown' }
}

function parseRevoked(info: DerReader): OcspCertStatus {
  const at = info.readGeneralizedTime()
  const reason = info.readOptionalExplicit(0, parseReason)
  info.end()
  return { kind: 'revoked', at, reason }
}

function parseReason(reader: DerReader): CrlEntryReason {
  const number = reader.readEnumerated()
  const reason = CRL_REASONS[number]
  if (reason === undefined) throw malformed({ reasonCode: number })
  return reason
}

function parseOptionalExtensions(reader: DerReader, number: number): Extensions {
  if (reader.peekTag() !== contextConstructed(number)) return NO_EXTENSIONS
  return reader.readExplicit(number, parseExtensions)
}

function malformed(facts: Record<string, string | number>): OcspRejected {
  return new OcspRejected('ocsp_response_malformed', facts)
}
