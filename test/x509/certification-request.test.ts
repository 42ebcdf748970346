import { constants, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  MAX_CSR_BYTES,
  parseCertificationRequest,
  verifyProofOfPossession,
} from '../../src/x509/certification-request.ts'
import { signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import {
  boolean,
  explicit,
  integer,
  bitString,
  nullValue,
  octetString,
  oid,
  sequence,
  set,
  smallInteger,
  utf8String,
  type Der,
} from '../../src/x509/der-writer.ts'
import { attributeValues, encodeName } from '../../src/x509/distinguished-name.ts'
import { encodeExtensions } from '../../src/x509/extension.ts'
import { keyUsage } from '../../src/x509/extensions/key-usage.ts'
import { subjectAlternativeName } from '../../src/x509/extensions/subject-alternative-name.ts'
import { OID } from '../../src/x509/oid.ts'
import { encodePem } from '../../src/x509/pem.ts'
import {
  EVERY_ALGORITHM,
  commonName,
  extensionRequest,
  generateKey,
  keyOf,
  makeCsr,
  type CsrParts,
} from './fixtures.ts'
import { codeOf, innermostCodeOf } from './refusal.ts'

const key = keyOf('ec-p256')
const rsa = keyOf('rsa-2048')
const names = subjectAlternativeName([{ kind: 'dns', value: 'a.internal' }], 'non-critical')
const usage = keyUsage(['digitalSignature'], 'critical')
const rsaModulus = {
  spki: sequence(sequence(oid(OID.rsaEncryption), nullValue()), bitString(sequence(integer(5n), integer(3n)))),
}

function check(csr: Uint8Array | string): void {
  verifyProofOfPossession(parseCertificationRequest(csr))
}

/** A request whose extensionRequest holds these bytes as its SET. */
function withValues(...values: readonly Der[]): Uint8Array {
  return makeCsr(key, { attributes: [sequence(oid(OID.extensionRequest), set(...values))] })
}

describe('parseCertificationRequest', () => {
  it.each(EVERY_ALGORITHM)('reads and verifies a request for %s', (algorithm) => {
    const request = parseCertificationRequest(
      makeCsr(keyOf(algorithm), { attributes: [extensionRequest([names, usage])] }),
    )
    expect(request.publicKey.algorithm).toBe(algorithm)
    expect(attributeValues(request.subject, OID.commonName)).toEqual(['FRAUD__alice'])
    expect(request.requestedExtensions).toEqual([names, usage])
    expect(codeOf(() => verifyProofOfPossession(request))).toBe('accepted')
  })

  it.each([
    ['DER', makeCsr(key)],
    ['DER in a Buffer', Buffer.from(makeCsr(key))],
    ['PEM', encodePem('CERTIFICATE REQUEST', makeCsr(key))],
    ['PEM of old Windows tools', encodePem('NEW CERTIFICATE REQUEST', makeCsr(key))],
    ['PEM in bytes', Buffer.from(encodePem('CERTIFICATE REQUEST', makeCsr(key)))],
  ])('takes %s', (_, input) => {
    expect(codeOf(() => check(input))).toBe('accepted')
  })

  it.each<[what: string, input: Uint8Array | string, code: string]>([
    ['nothing', new Uint8Array(), 'csr_pem_malformed'],
    ['no text', '', 'csr_pem_malformed'],
    ['a certificate in PEM', encodePem('CERTIFICATE', makeCsr(key)), 'csr_pem_malformed'],
    ['two requests', encodePem('CERTIFICATE REQUEST', makeCsr(key)).repeat(2), 'csr_pem_malformed'],
    [
      'labels that differ',
      encodePem('CERTIFICATE REQUEST', makeCsr(key)).replace('END ', 'END NEW '),
      'csr_pem_malformed',
    ],
    ['words', 'please give me a certificate', 'csr_pem_malformed'],
    ['too much', new Uint8Array(MAX_CSR_BYTES + 1).fill(0x30), 'csr_too_large'],
    ['the largest nonsense', new Uint8Array(MAX_CSR_BYTES).fill(0x30), 'csr_malformed'],
    ['too much PEM', 'A'.repeat(MAX_CSR_BYTES + 1), 'csr_too_large'],
  ])('refuses %s', (_, input, code) => {
    expect(codeOf(() => parseCertificationRequest(input))).toBe(code)
  })

  it.each<[what: string, csr: Uint8Array, code: string, innermost: string]>([
    ['trailing bytes', Buffer.concat([makeCsr(key), Uint8Array.of(0)]), 'csr_malformed', 'der_trailing_bytes'],
    ['a lost octet', makeCsr(key).subarray(0, -1), 'csr_malformed', 'der_truncated'],
    ['version 2', makeCsr(key, { version: smallInteger(1) }), 'csr_malformed', 'csr_malformed'],
    [
      'a negative version',
      makeCsr(key, { version: Uint8Array.of(2, 1, 0xff) }),
      'csr_malformed',
      'der_integer_out_of_range',
    ],
    [
      'a NUL in the subject',
      makeCsr(key, { subject: sequence(set(sequence(oid(OID.commonName), utf8String('a\0b')))) }),
      'csr_malformed',
      'dn_control_character',
    ],
    [
      'an unsupported key',
      makeCsr(key, { spki: sequence(sequence(oid('1.2.3')), bitString(Uint8Array.of(0))) }),
      'key_unsupported',
      'key_unsupported',
    ],
    [
      'two extension requests',
      makeCsr(key, { attributes: [extensionRequest([names]), extensionRequest([usage])] }),
      'csr_malformed',
      'csr_malformed',
    ],
    [
      'two values of one extension request',
      withValues(encodeExtensions([names]), encodeExtensions([usage])),
      'csr_malformed',
      'der_trailing_bytes',
    ],
    ['an extension request without value', withValues(), 'csr_malformed', 'der_truncated'],
    ['an extension request for nothing', withValues(sequence()), 'csr_malformed', 'extension_malformed'],
    [
      'one extension twice',
      withValues(Buffer.concat([sequence(...[names, names].map((e) => sequence(oid(e.oid), octetString(e.value))))])),
      'csr_malformed',
      'extension_duplicate',
    ],
    [
      'an explicit FALSE',
      withValues(sequence(sequence(oid(names.oid), boolean(false), octetString(names.value)))),
      'csr_malformed',
      'der_boolean_invalid',
    ],
    ['a subject that is a set', makeCsr(key, { subject: set() }), 'csr_malformed', 'der_tag_unexpected'],
  ])('refuses %s', (_, csr, code, innermost) => {
    expect(codeOf(() => parseCertificationRequest(csr))).toBe(code)
    expect(innermostCodeOf(() => parseCertificationRequest(csr))).toBe(innermost)
  })

  it('passes over other attributes', () => {
    const challenge = sequence(oid('1.2.840.113549.1.9.7'), set(utf8String('secret')))
    const request = parseCertificationRequest(makeCsr(key, { attributes: [challenge, extensionRequest([names])] }))
    expect(request.requestedExtensions).toEqual([names])
  })

  it('answers each mutated octet with a value or a typed error', () => {
    const csr = makeCsr(key, { attributes: [extensionRequest([names, usage])] })
    fc.assert(
      fc.property(fc.nat(csr.length - 1), fc.integer({ min: 0, max: 255 }), (at, octet) => {
        const mutated = Uint8Array.from(csr)
        mutated[at] = octet
        const code = codeOf(() => check(mutated))
        // Every octet is signed or is the signature: a change is either none or is seen.
        if (csr[at] === octet) expect(code).toBe('accepted')
        else expect(code).not.toBe('accepted')
      }),
      { numRuns: 2000 },
    )
  })
})

describe('verifyProofOfPossession', () => {
  const pss = (salt: number, hash: string = OID.sha256): Der => {
    const mask = sequence(oid(OID.mgf1), sequence(oid(hash), nullValue()))
    const parameters = [
      explicit(0, sequence(oid(hash), nullValue())),
      explicit(1, mask),
      explicit(2, smallInteger(salt)),
    ]
    return sequence(oid(OID.rsaPss), sequence(...parameters))
  }
  const signPss =
    (saltLength: number) =>
    (info: Uint8Array): Uint8Array =>
      sign('sha256', info, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })

  it.each<[what: string, csr: () => Uint8Array, code: string]>([
    [
      'the signature of another key',
      () => makeCsr(key, { sign: generateKey('ec-p256').sign }),
      'csr_signature_invalid',
    ],
    ['an empty signature', () => makeCsr(key, { sign: () => new Uint8Array() }), 'csr_signature_invalid'],
    ['ones as signature', () => makeCsr(key, { sign: () => new Uint8Array(70).fill(1) }), 'csr_signature_invalid'],
    ['r = s = 0', () => makeCsr(key, { sign: () => sequence(integer(0n), integer(0n)) }), 'csr_signature_invalid'],
    [
      'raw r and s',
      () => makeCsr(key, { sign: (info) => sign('sha256', info, { key: key.privateKey, dsaEncoding: 'ieee-p1363' }) }),
      'csr_signature_invalid',
    ],
    [
      'ECDSA with SHA-512',
      () =>
        makeCsr(key, {
          algorithm: sequence(oid(OID.ecdsaWithSha512)),
          sign: (info) => sign('sha512', info, key.privateKey),
        }),
      'accepted',
    ],
    [
      'ECDSA with SHA-1',
      () =>
        makeCsr(key, {
          algorithm: sequence(oid(OID.ecdsaWithSha1)),
          sign: (info) => sign('sha1', info, key.privateKey),
        }),
      'csr_signature_weak',
    ],
    [
      'RSA with SHA-512',
      () =>
        makeCsr(rsa, {
          algorithm: sequence(oid(OID.sha512WithRsa), nullValue()),
          sign: (info) => sign('sha512', info, rsa.privateKey),
        }),
      'accepted',
    ],
    [
      'RSA with SHA-1',
      () =>
        makeCsr(rsa, {
          algorithm: sequence(oid(OID.sha1WithRsa), nullValue()),
          sign: (info) => sign('sha1', info, rsa.privateKey),
        }),
      'csr_signature_weak',
    ],
    [
      'RSA with MD5',
      () =>
        makeCsr(rsa, {
          algorithm: sequence(oid(OID.md5WithRsa), nullValue()),
          sign: (info) => sign('md5', info, rsa.privateKey),
        }),
      'csr_signature_weak',
    ],
    ['RSA-PSS', () => makeCsr(rsa, { algorithm: pss(32), sign: signPss(32) }), 'accepted'],
    [
      'RSA-PSS with another salt length',
      () => makeCsr(rsa, { algorithm: pss(20), sign: signPss(32) }),
      'csr_signature_invalid',
    ],
    [
      'RSA-PSS with another hash',
      () => makeCsr(rsa, { algorithm: pss(32, OID.sha384), sign: signPss(32) }),
      'csr_signature_invalid',
    ],
    ['PKCS #1 called PSS', () => makeCsr(rsa, { algorithm: pss(32) }), 'csr_signature_invalid'],
    [
      'an RSA algorithm for an EC key',
      () => makeCsr(key, { algorithm: signatureAlgorithmIdentifier('rsa-2048') }),
      'csr_signature_invalid',
    ],
    [
      'ML-DSA-44 for a key of ML-DSA-65',
      () => makeCsr(keyOf('ml-dsa-65'), { algorithm: signatureAlgorithmIdentifier('ml-dsa-44') }),
      'csr_signature_invalid',
    ],
    ['an unknown algorithm', () => makeCsr(key, { algorithm: sequence(oid('1.2.3.4')) }), 'csr_signature_invalid'],
    ['an Ed25519 key of small order, for which anyone can sign', () => smallOrderCsr(), 'csr_signature_invalid'],
    ['a tiny RSA key', () => makeCsr(rsa, rsaModulus), 'key_rsa_too_small'],
  ])('%s', (_, csr, code) => {
    expect(codeOf(() => check(csr()))).toBe(code)
  })

  it.each(EVERY_ALGORITHM)('sees a changed subject under %s', (algorithm) => {
    const owner = keyOf(algorithm)
    const honest: CsrParts = { subject: encodeName(commonName('FRAUD__alice')) }
    const honestInfo = parseCertificationRequest(makeCsr(owner, honest))
    const forged = makeCsr(owner, { subject: encodeName(commonName('FRAUD__mally')), sign: () => honestInfo.signature })
    expect(codeOf(() => check(forged))).toBe('csr_signature_invalid')
  })
})

/** The key is the identity of the curve: R = identity and S = 0 satisfy RFC 8032's equation for every message. */
function smallOrderCsr(): Uint8Array {
  const identity = new Uint8Array(32)
  identity[0] = 1
  const spki = sequence(sequence(oid(OID.ed25519)), bitString(identity))
  return makeCsr(keyOf('ed25519'), { spki, sign: () => Buffer.concat([identity, new Uint8Array(32)]) })
}
