import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import { MAX_CERTIFICATE_BYTES, parseCertificate, verifySignature } from '../../src/x509/certificate.ts'
import {
  bitString,
  explicit,
  implicitPrimitive,
  integer,
  octetString,
  oid,
  primitive,
  sequence,
  smallInteger,
  time,
  type Der,
} from '../../src/x509/der-writer.ts'
import { encodeName, formatName } from '../../src/x509/distinguished-name.ts'
import { encodeExtensions, makeExtension } from '../../src/x509/extension.ts'
import { crlUris } from '../../src/x509/extensions/crl-distribution-points.ts'
import { OID } from '../../src/x509/oid.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'
import {
  CLASSICAL_ALGORITHMS,
  EVERY_ALGORITHM,
  NOW,
  commonName,
  generateKey,
  keyOf,
  makeAuthority,
  makeCertificate,
  serial,
} from './fixtures.ts'
import { codeOf, innermostCodeOf } from './refusal.ts'

const issuer = keyOf('ec-p256')
const algorithm = signatureAlgorithmIdentifier('ec-p256')
const name = encodeName(commonName('Test Issuer 1'))
const validity = sequence(time(NOW), time(NOW))
const V3 = explicit(0, smallInteger(2))
const extensions = encodeExtensions([makeExtension('1.2.3', 'non-critical', sequence())])

/** A certificate of these TBS fields, signed, with what a test wants to be different. */
function certificateOf(fields: readonly Der[], outer: Der = algorithm): Der {
  const tbs = sequence(...fields)
  return sequence(tbs, outer, bitString(issuer.sign(tbs)))
}

function fieldsWith(
  change: Partial<Record<'version' | 'serial' | 'algorithm' | 'issuer' | 'validity' | 'rest', Der[]>>,
): Der[] {
  return [
    ...(change.version ?? [V3]),
    ...(change.serial ?? [integer(5n)]),
    ...(change.algorithm ?? [algorithm]),
    ...(change.issuer ?? [name]),
    ...(change.validity ?? [validity]),
    name,
    issuer.spki,
    ...(change.rest ?? [explicit(3, extensions)]),
  ]
}

describe('a certificate that we made', () => {
  it.each(EVERY_ALGORITHM)('says what it was told, signed with %s', (algorithmName) => {
    const key = keyOf(algorithmName)
    const der = makeCertificate(key, issuer)
    const certificate = parseCertificate(der)
    expect(certificate.signatureAlgorithm.encoded).toEqual(signatureAlgorithmIdentifier(algorithmName))
    expect(verifySignature(certificate, parsePublicKey(key.spki))).toBe(true)
    expect(verifySignature(certificate, parsePublicKey(generateKey('ec-p256').spki))).toBe(false)
    expect(certificate.fingerprint).toBe(createHash('sha256').update(der).digest('hex'))
  })

  it('gives every field back', () => {
    const { tbs } = parseCertificate(makeCertificate(issuer, keyOf('ed25519')))
    expect(tbs.version).toBe(3)
    expect(tbs.serialHex).toBe(serial(1))
    expect(formatName(tbs.issuer)).toBe('CN=Test Issuer 1')
    expect(formatName(tbs.subject)).toBe('CN=FRAUD__alice')
    expect(tbs.issuerEncoded).toEqual(name)
    expect(tbs.validity.notBefore).toEqual(NOW)
    expect(tbs.publicKey.algorithm).toBe('ed25519')
    expect(tbs.basicConstraints).toEqual({ authority: false })
    expect(tbs.keyUsage).toEqual(new Set(['digitalSignature']))
    expect(tbs.extendedKeyUsage).toEqual([OID.clientAuth, OID.serverAuth])
    expect(tbs.subjectAlternativeName?.map(({ kind }) => kind)).toEqual(['uri', 'dns', 'ip', 'ip'])
    expect(tbs.subjectKeyIdentifier).toEqual(tbs.publicKey.keyIdentifier)
    expect(tbs.authorityKeyIdentifier?.keyIdentifier).toEqual(parsePublicKey(issuer.spki).keyIdentifier)
    expect(crlUris(tbs.crlDistributionPoints ?? [])).toEqual(['http://pki.internal/crl/users-1.crl'])
    expect(tbs.authorityInformationAccess?.ocsp).toEqual(['http://pki.internal/ocsp'])
    expect(tbs.certificatePolicies).toEqual(['2.25.88805599207476776364421019267525894493.1.3'])
    expect(tbs.nameConstraints).toBeUndefined()
  })

  it('carries the constraints of an authority', () => {
    const { tbs } = parseCertificate(makeAuthority(issuer))
    expect(tbs.basicConstraints).toEqual({ authority: true, pathLength: 0 })
    expect(tbs.nameConstraints?.permitted).toEqual([{ kind: 'dns', value: 'internal' }])
    expect(tbs.validity.notAfter).toEqual(new Date('2050-01-01T00:00:00Z'))
  })

  it('is the same bytes for the same fields', () => {
    const once = parseCertificate(makeCertificate(issuer, issuer)).tbs.encoded
    expect(parseCertificate(makeCertificate(issuer, issuer)).tbs.encoded).toEqual(once)
  })

  it.each(CLASSICAL_ALGORITHMS)('is not verified after one changed octet, signed with %s', (algorithmName) => {
    const key = keyOf(algorithmName)
    const der = makeCertificate(key, issuer)
    const at = Buffer.from(der).indexOf('FRAUD__alice')
    der[at] = 0x46 ^ 1
    expect(verifySignature(parseCertificate(der), parsePublicKey(key.spki))).toBe(false)
  })
})

describe('parseCertificate', () => {
  it.each<[what: string, der: () => Uint8Array, code: string]>([
    ['what the other rows change', () => certificateOf(fieldsWith({})), 'accepted'],
    ['version 1', () => certificateOf(fieldsWith({ version: [], rest: [] })), 'accepted'],
    [
      'version 1 written out',
      () => certificateOf(fieldsWith({ version: [explicit(0, smallInteger(0))], rest: [] })),
      'certificate_malformed',
    ],
    ['version 1 with extensions', () => certificateOf(fieldsWith({ version: [] })), 'certificate_malformed'],
    [
      'version 2 with extensions',
      () => certificateOf(fieldsWith({ version: [explicit(0, smallInteger(1))] })),
      'certificate_malformed',
    ],
    [
      'version 4',
      () => certificateOf(fieldsWith({ version: [explicit(0, smallInteger(3))] })),
      'certificate_malformed',
    ],
    ['no extensions', () => certificateOf(fieldsWith({ rest: [] })), 'accepted'],
    [
      'an empty list of extensions',
      () => certificateOf(fieldsWith({ rest: [explicit(3, sequence())] })),
      'extension_malformed',
    ],
    [
      'extensions twice',
      () => certificateOf(fieldsWith({ rest: [explicit(3, extensions), explicit(3, extensions)] })),
      'der_trailing_bytes',
    ],
    [
      'a duplicate extension',
      () => certificateOf(fieldsWith({ rest: [explicit(3, twice('1.2.3'))] })),
      'extension_duplicate',
    ],
    [
      'unique identifiers',
      () => certificateOf(fieldsWith({ rest: [implicitPrimitive(1, Uint8Array.of(0, 1)), explicit(3, extensions)] })),
      'accepted',
    ],
    [
      'unique identifiers in version 1',
      () => certificateOf(fieldsWith({ version: [], rest: [implicitPrimitive(1, Uint8Array.of(0, 1))] })),
      'der_trailing_bytes',
    ],
    [
      'a serial of 20 octets',
      () => certificateOf(fieldsWith({ serial: [primitive(2, new Uint8Array(20).fill(1))] })),
      'accepted',
    ],
    [
      'a serial of 21 octets',
      () => certificateOf(fieldsWith({ serial: [primitive(2, new Uint8Array(21).fill(1))] })),
      'certificate_malformed',
    ],
    [
      'a padded serial',
      () => certificateOf(fieldsWith({ serial: [primitive(2, Uint8Array.of(0, 1))] })),
      'der_integer_not_minimal',
    ],
    [
      'two signature algorithms',
      () => certificateOf(fieldsWith({}), signatureAlgorithmIdentifier('ec-p384')),
      'certificate_malformed',
    ],
    [
      'a broken issuer',
      () => certificateOf(fieldsWith({ issuer: [sequence(octetString(name))] })),
      'der_tag_unexpected',
    ],
    ['half a validity', () => certificateOf(fieldsWith({ validity: [sequence(time(NOW))] })), 'der_tag_unexpected'],
    [
      'a third time',
      () => certificateOf(fieldsWith({ validity: [sequence(time(NOW), time(NOW), time(NOW))] })),
      'der_trailing_bytes',
    ],
    ['trailing bytes', () => Buffer.concat([certificateOf(fieldsWith({})), Uint8Array.of(0)]), 'der_trailing_bytes'],
    ['more than the limit', () => new Uint8Array(MAX_CERTIFICATE_BYTES + 1), 'der_too_large'],
    ['nothing', () => new Uint8Array(), 'der_truncated'],
  ])('%s', (_, der, innermost) => {
    expect(innermostCodeOf(() => parseCertificate(der()))).toBe(innermost)
    expect(codeOf(() => parseCertificate(der()))).toBe(innermost === 'accepted' ? 'accepted' : 'certificate_malformed')
  })

  it('answers each mutated octet with a value or a typed error', () => {
    const der = makeCertificate(issuer, keyOf('rsa-2048'))
    const key = parsePublicKey(issuer.spki)
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, difference) => {
        const mutated = Uint8Array.from(der)
        mutated[at] = (mutated[at] ?? 0) ^ difference
        expect(typeof codeOf(() => readAll(mutated, key))).toBe('string')
      }),
      { numRuns: 2000 },
    )
  })
})

function readAll(der: Uint8Array, key: ReturnType<typeof parsePublicKey>): void {
  const certificate = parseCertificate(der)
  expect(verifySignature(certificate, key)).toBe(false)
  const { tbs } = certificate
  const getters = [() => tbs.publicKey, () => tbs.basicConstraints, () => tbs.keyUsage, () => tbs.extendedKeyUsage]
  const more = [() => tbs.subjectAlternativeName, () => tbs.authorityKeyIdentifier, () => tbs.crlDistributionPoints]
  for (const getter of [...getters, ...more, () => tbs.certificatePolicies, () => tbs.authorityInformationAccess])
    getter()
}

function twice(id: string): Der {
  const extension = sequence(oid(id), octetString(sequence()))
  return sequence(extension, extension)
}
