import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  boolean,
  explicit,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  smallInteger,
  bitString,
  type Der,
} from '../../src/x509/der-writer.ts'
import { encodeExtensions, makeExtension } from '../../src/x509/extension.ts'
import { makeNonce, ocspNonce } from '../../src/x509/extensions/ocsp-nonce.ts'
import { encodeGeneralName } from '../../src/x509/general-name.ts'
import { CERT_ID_HASHES, isOfIssuer, parseCertId } from '../../src/x509/ocsp-cert-id.ts'
import { encodeOcspRequest, MAX_CERT_IDS, parseOcspRequest } from '../../src/x509/ocsp-request.ts'
import { DerReader } from '../../src/x509/der-reader.ts'
import { OID } from '../../src/x509/oid.ts'
import { signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import { commonName, keyOf, makeCertificate, serial } from './fixtures.ts'
import { certId, certIdIssuer } from './ocsp-fixtures.ts'
import { codeOf, innermostCodeOf } from './refusal.ts'

const issuer = keyOf('ec-p256')
const one = certId(issuer, 1)
const plain = encodeOcspRequest([one], undefined)
const critical = makeExtension('1.2.3.4', 'critical', nullValue())

function requestOf(...tbs: readonly Der[]): Uint8Array {
  return sequence(sequence(...tbs))
}

function withNonce(value: Uint8Array): Uint8Array {
  const nonce = makeExtension(OID.ocspNonce, 'non-critical', value)
  return requestOf(sequence(sequence(one)), explicit(2, encodeExtensions([nonce])))
}

function certIdOf(...fields: readonly Der[]): Uint8Array {
  return requestOf(sequence(sequence(sequence(...fields))))
}

const sha1 = sequence(oid(OID.sha1), nullValue())

describe('a request that we made', () => {
  it.each(CERT_ID_HASHES)('names its certificate by %s, and another issuer does not answer to it', (hashName) => {
    const [id] = parseOcspRequest(encodeOcspRequest([certId(issuer, 7, hashName)], undefined)).certIds
    if (id === undefined) throw new Error('no CertID')
    expect(id).toMatchObject({ hash: hashName, serialHex: serial(7), encoded: certId(issuer, 7, hashName) })
    expect(isOfIssuer(id, certIdIssuer(issuer))).toBe(true)
    expect(isOfIssuer(id, certIdIssuer(keyOf('ed25519')))).toBe(false)
    expect(isOfIssuer(id, { ...certIdIssuer(issuer), name: sequence() })).toBe(false)
  })

  it('carries a nonce of 32 octets, or none', () => {
    const nonce = makeNonce((bytes) => new Uint8Array(bytes).fill(7))
    expect(nonce).toHaveLength(32)
    expect(parseOcspRequest(encodeOcspRequest([one], nonce))).toMatchObject({ nonce, signed: 'unsigned' })
    expect(parseOcspRequest(plain).nonce).toBeUndefined()
  })

  it('asks about as many certificates as are taken, and no more', () => {
    const many = (count: number): Uint8Array =>
      encodeOcspRequest(
        Array.from({ length: count }, (_, last) => certId(issuer, last)),
        undefined,
      )
    expect(parseOcspRequest(many(MAX_CERT_IDS)).certIds.map((id) => id.serialHex)).toEqual(
      Array.from({ length: MAX_CERT_IDS }, (_, last) => serial(last)),
    )
    expect(codeOf(() => parseOcspRequest(many(MAX_CERT_IDS + 1)))).toBe('ocsp_request_malformed')
  })
})

describe('parseOcspRequest', () => {
  it.each<[what: string, der: Uint8Array, code: string]>([
    ['what the other rows change', plain, 'accepted'],
    ['nothing', new Uint8Array(), 'der_truncated'],
    ['an octet too few', plain.subarray(0, -1), 'der_truncated'],
    ['an octet too many', Buffer.concat([plain, Uint8Array.of(0)]), 'der_trailing_bytes'],
    ['too many octets to look at', Buffer.alloc(16 * 1024 + 1), 'der_too_large'],
    ['an indefinite length', Uint8Array.of(0x30, 0x80, ...plain.subarray(2), 0, 0), 'der_indefinite_length'],
    ['a length that is not minimal', Uint8Array.of(0x30, 0x81, ...plain.subarray(1)), 'der_length_not_minimal'],
    ['no list', requestOf(), 'der_truncated'],
    ['an empty list', requestOf(sequence()), 'ocsp_request_malformed'],
    ['an empty element', requestOf(sequence(sequence())), 'der_truncated'],
    ['version 1 written out', requestOf(explicit(0, smallInteger(0)), sequence(sequence(one))), 'der_tag_unexpected'],
    ['version 2', requestOf(explicit(0, smallInteger(1)), sequence(sequence(one))), 'der_tag_unexpected'],
    [
      'the name of who asks',
      requestOf(
        explicit(1, encodeGeneralName({ kind: 'directory', name: commonName('Asker') })),
        sequence(sequence(one)),
      ),
      'accepted',
    ],
    ['extensions without any', requestOf(sequence(sequence(one)), explicit(2, sequence())), 'extension_malformed'],
    [
      'the nonce twice',
      requestOf(
        sequence(sequence(one)),
        explicit(2, sequence(...[1, 2].map(() => sequence(oid(OID.ocspNonce), octetString(octetString(one)))))),
      ),
      'extension_duplicate',
    ],
    ['a nonce of one octet', withNonce(octetString(new Uint8Array(1))), 'accepted'],
    ['a nonce of 128', withNonce(octetString(new Uint8Array(128))), 'accepted'],
    ['a nonce of none', withNonce(octetString(new Uint8Array())), 'extension_malformed'],
    ['a nonce of 129', withNonce(octetString(new Uint8Array(129))), 'extension_malformed'],
    ['a nonce without its wrapping', withNonce(new Uint8Array(16)), 'der_tag_unexpected'],
    [
      'a hash without parameters',
      certIdOf(sequence(oid(OID.sha1)), octetString(one), octetString(one), integer(1n)),
      'accepted',
    ],
    [
      'a hash that nobody knows',
      certIdOf(sequence(oid('1.2.3'), boolean(true)), octetString(one), octetString(one), integer(1n)),
      'accepted',
    ],
    [
      'a hash with other parameters',
      certIdOf(sequence(oid(OID.sha1), oid('1.2.3')), octetString(one), octetString(one), integer(1n)),
      'der_tag_unexpected',
    ],
    [
      'a serial that is no number',
      certIdOf(sha1, octetString(one), octetString(one), octetString(one)),
      'der_tag_unexpected',
    ],
    [
      'a serial that is not minimal',
      certIdOf(sha1, octetString(one), octetString(one), Uint8Array.of(2, 2, 0, 1)),
      'der_integer_not_minimal',
    ],
    [
      'a CertID with more',
      certIdOf(sha1, octetString(one), octetString(one), integer(1n), nullValue()),
      'der_trailing_bytes',
    ],
    ['a request with more', requestOf(sequence(sequence(one, nullValue()))), 'der_trailing_bytes'],
    ['a TBSRequest with more', requestOf(sequence(sequence(one)), nullValue()), 'der_trailing_bytes'],
    [
      'a signature that is none',
      sequence(sequence(sequence(sequence(one))), explicit(0, nullValue())),
      'der_tag_unexpected',
    ],
  ])('%s', (_, der, innermost) => {
    expect(innermostCodeOf(() => parseOcspRequest(der))).toBe(innermost)
    expect(codeOf(() => parseOcspRequest(der))).toBe(innermost === 'accepted' ? 'accepted' : 'ocsp_request_malformed')
  })

  it('reads a signed request, and says so', () => {
    const tbs = sequence(sequence(sequence(one)))
    const signature = sequence(
      signatureAlgorithmIdentifier(issuer.algorithm),
      bitString(issuer.sign(tbs)),
      explicit(0, sequence(makeCertificate(issuer, issuer))),
    )
    expect(parseOcspRequest(sequence(tbs, explicit(0, signature))).signed).toBe('signed')
  })

  it('names the critical extensions that it does not understand, wherever they stand', () => {
    const within = requestOf(sequence(sequence(one, explicit(0, encodeExtensions([critical])))))
    const nonce = { ...ocspNonce(new Uint8Array(16)), critical: true }
    const whole = requestOf(sequence(sequence(one)), explicit(2, encodeExtensions([nonce, critical])))
    expect(parseOcspRequest(within).unknownCriticalExtensions).toEqual(['1.2.3.4'])
    expect(parseOcspRequest(whole).unknownCriticalExtensions).toEqual(['1.2.3.4'])
    const harmless = requestOf(
      sequence(sequence(one)),
      explicit(2, encodeExtensions([makeExtension('1.2.3.4', 'non-critical', nullValue())])),
    )
    expect(parseOcspRequest(harmless).unknownCriticalExtensions).toEqual([])
  })

  it('answers each mutated, cut or lengthened request with a value or a typed error', () => {
    const der = encodeOcspRequest([one, certId(issuer, 2, 'sha256')], new Uint8Array(32))
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(der.length), (at, octet, cut) => {
        const mutated = Uint8Array.from(der)
        mutated[at] = octet
        expect(codeOf(() => parseOcspRequest(mutated))).toMatch(/^(accepted|ocsp_request_malformed)$/)
        expect(codeOf(() => parseOcspRequest(mutated.subarray(0, cut)))).toMatch(/^(accepted|ocsp_request_malformed)$/)
      }),
      { numRuns: 2000 },
    )
  })
})

it('a CertID gives back what it was made of, whatever the serial', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 20 }),
      fc.constantFrom(...CERT_ID_HASHES),
      (bytes, hashName) => {
        const serialBytes = Uint8Array.of(1, ...bytes)
        const encoded = DerReader.whole(
          parseOcspRequest(encodeOcspRequest([certId(issuer, 1, hashName)], undefined)).certIds[0]?.encoded ?? one,
          parseCertId,
        )
        expect(encoded.hash).toBe(hashName)
        const der = sequence(sha1, octetString(one), octetString(one), integer(serialBytes))
        expect(DerReader.whole(der, parseCertId).serialHex).toBe(Buffer.from(serialBytes).toString('hex'))
      },
    ),
  )
})
