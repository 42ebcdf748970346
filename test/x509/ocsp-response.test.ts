import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import { parseRevocationReason, REVOCATION_REASONS } from '../../src/domain/revocation-reason.ts'
import { signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import {
  bitString,
  enumerated,
  explicit,
  generalizedTime,
  implicitConstructed,
  implicitPrimitive,
  nullValue,
  octetString,
  oid,
  sequence,
  smallInteger,
  time,
  type Der,
} from '../../src/x509/der-writer.ts'
import { encodeName, formatName } from '../../src/x509/distinguished-name.ts'
import { ocspNonce } from '../../src/x509/extensions/ocsp-nonce.ts'
import {
  encodeOcspError,
  parseOcspResponse,
  type BasicOcspResponse,
  type OcspErrorStatus,
} from '../../src/x509/ocsp-response.ts'
import { OID } from '../../src/x509/oid.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'
import { commonName, EVERY_ALGORITHM, generateKey, keyOf, makeCertificate, NOW } from './fixtures.ts'
import { certId, isSignedBy, makeResponse, single } from './ocsp-fixtures.ts'
import { codeOf, innermostCodeOf } from './refusal.ts'

const issuer = keyOf('ec-p256')
const id = certId(issuer, 1)
const good = implicitPrimitive(0, new Uint8Array())
const at = generalizedTime(NOW)
const byKey = explicit(2, octetString(new Uint8Array(20)))

function basic(der: Uint8Array): BasicOcspResponse {
  const response = parseOcspResponse(der)
  if (response.kind === 'error') throw new Error(response.status)
  return response
}

function responseOf(data: Der, type: string = OID.ocspBasic): Uint8Array {
  const signed = sequence(data, signatureAlgorithmIdentifier('ec-p256'), bitString(issuer.sign(data)))
  return sequence(enumerated(0), explicit(0, sequence(oid(type), octetString(signed))))
}

function withSingle(...fields: readonly Der[]): Uint8Array {
  return responseOf(sequence(byKey, at, sequence(sequence(...fields))))
}

describe('a response that we made', () => {
  it.each(EVERY_ALGORITHM)('says what it was told, signed with %s', (name) => {
    const key = keyOf(name)
    const certificate = makeCertificate(issuer, key)
    const response = basic(makeResponse(key, [single(id)], {}, [certificate]))
    expect(isSignedBy(response, parsePublicKey(key.spki))).toBe(true)
    expect(isSignedBy(response, parsePublicKey(generateKey('ec-p256').spki))).toBe(false)
    expect(response.responses).toMatchObject([
      { status: { kind: 'good' }, thisUpdate: NOW, nextUpdate: addSeconds(NOW, 3600), certId: { encoded: id } },
    ])
    expect(response).toMatchObject({ producedAt: NOW, responder: { kind: 'key' }, certificates: [certificate] })
  })

  it('gives each reason and date back, and leaves `unspecified` out', () => {
    const reasons = Object.keys(REVOCATION_REASONS).map(parseRevocationReason)
    const responses = reasons.map((reason, last) =>
      single(certId(issuer, last), { status: { kind: 'revoked', at: addSeconds(NOW, -last), reason } }),
    )
    expect(basic(makeResponse(issuer, responses)).responses.map(({ status }) => status)).toEqual(
      reasons.map((reason, last) => ({
        kind: 'revoked',
        at: addSeconds(NOW, -last),
        reason: reason === 'unspecified' ? undefined : reason,
      })),
    )
  })

  it('says unknown, and repeats the nonce', () => {
    const nonce = new Uint8Array(32).fill(5)
    const response = basic(
      makeResponse(issuer, [single(id, { status: { kind: 'unknown' } })], { extensions: [ocspNonce(nonce)] }),
    )
    expect(response).toMatchObject({ nonce, responses: [{ status: { kind: 'unknown' } }] })
  })

  it.each<OcspErrorStatus>(['malformedRequest', 'internalError', 'tryLater', 'sigRequired', 'unauthorized'])(
    '%s comes back as it is',
    (status) => {
      expect(parseOcspResponse(encodeOcspError(status))).toEqual({ kind: 'error', status })
    },
  )
})

describe('parseOcspResponse', () => {
  const whole = makeResponse(issuer, [single(id)])
  it.each<[what: string, der: Uint8Array, code: string]>([
    ['what the other rows change', withSingle(id, good, at), 'accepted'],
    ['nothing', new Uint8Array(), 'der_truncated'],
    ['an octet too few', whole.subarray(0, -1), 'der_truncated'],
    ['an octet too many', Buffer.concat([whole, Uint8Array.of(0)]), 'der_trailing_bytes'],
    ['a status that is not used', sequence(enumerated(4)), 'ocsp_response_malformed'],
    ['a status beyond all', sequence(enumerated(7)), 'ocsp_response_malformed'],
    ['an error with bytes', sequence(enumerated(1), explicit(0, nullValue())), 'der_trailing_bytes'],
    ['success without bytes', sequence(enumerated(0)), 'der_truncated'],
    [
      'another type',
      responseOf(sequence(byKey, at, sequence(sequence(id, good, at))), '1.2.3'),
      'ocsp_response_malformed',
    ],
    ['no single response', responseOf(sequence(byKey, at, sequence())), 'ocsp_response_malformed'],
    ['no responder', responseOf(sequence(at, sequence(sequence(id, good, at)))), 'der_tag_unexpected'],
    [
      'version 1 written out',
      responseOf(sequence(explicit(0, smallInteger(0)), byKey, at, sequence(sequence(id, good, at)))),
      'accepted',
    ],
    [
      'version 2',
      responseOf(sequence(explicit(0, smallInteger(1)), byKey, at, sequence(sequence(id, good, at)))),
      'ocsp_response_malformed',
    ],
    ['a UTCTime', withSingle(id, good, time(NOW)), 'der_tag_unexpected'],
    ['a status of its own', withSingle(id, implicitPrimitive(3, new Uint8Array()), at), 'ocsp_response_malformed'],
    ['good with contents', withSingle(id, implicitPrimitive(0, Uint8Array.of(0)), at), 'ocsp_response_malformed'],
    ['revoked without a date', withSingle(id, implicitConstructed(1), at), 'der_truncated'],
    [
      'revoked for no known reason',
      withSingle(id, implicitConstructed(1, at, explicit(0, enumerated(7))), at),
      'ocsp_response_malformed',
    ],
    [
      'revoked with a number for a reason',
      withSingle(id, implicitConstructed(1, at, explicit(0, smallInteger(1))), at),
      'der_tag_unexpected',
    ],
    ['a single response with more', withSingle(id, good, at, nullValue()), 'der_trailing_bytes'],
  ])('%s', (_, der, innermost) => {
    expect(innermostCodeOf(() => parseOcspResponse(der))).toBe(innermost)
    expect(codeOf(() => parseOcspResponse(der))).toBe(innermost === 'accepted' ? 'accepted' : 'ocsp_response_malformed')
  })

  it('reads a responder by its name', () => {
    const name = explicit(1, encodeName(commonName('Responder')))
    const { responder } = basic(responseOf(sequence(name, at, sequence(sequence(id, good, at)))))
    expect(responder.kind === 'name' && formatName(responder.name)).toBe('CN=Responder')
  })

  it('is bounded by the size it is given', () => {
    expect(codeOf(() => parseOcspResponse(whole, whole.length))).toBe('accepted')
    expect(innermostCodeOf(() => parseOcspResponse(whole, whole.length - 1))).toBe('der_too_large')
  })

  it('answers each mutated octet with a value or a typed error, and verifies none', () => {
    const key = parsePublicKey(issuer.spki)
    const covered = Buffer.from(whole).indexOf(basic(whole).tbs.encoded)
    const length = basic(whole).tbs.encoded.length
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (place, difference) => {
        const mutated = Uint8Array.from(whole)
        mutated[place] = (mutated[place] ?? 0) ^ difference
        const verified = (): boolean => {
          const response = parseOcspResponse(mutated)
          return response.kind === 'basic' && isSignedBy(response, key)
        }
        const signed = place >= covered && place < covered + length
        expect(codeOf(() => signed && expect(verified()).toBe(false))).toMatch(/^(accepted|ocsp_response_malformed)$/)
        expect(codeOf(verified)).toMatch(/^(accepted|ocsp_response_malformed)$/)
      }),
      { numRuns: 2000 },
    )
  })
})
