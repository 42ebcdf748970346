import { describe, expect, it } from 'vitest'
import { parseSignatureAlgorithm, signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import { explicit, nullValue, oid, sequence, smallInteger, type Der } from '../../src/x509/der-writer.ts'
import { OID } from '../../src/x509/oid.ts'
import { EVERY_ALGORITHM } from './fixtures.ts'
import { codeOf } from './refusal.ts'

function pss(hash: string, maskHash: string, ...rest: readonly Der[]): Der {
  const mask = sequence(oid(OID.mgf1), sequence(oid(maskHash), nullValue()))
  return sequence(oid(OID.rsaPss), sequence(explicit(0, sequence(oid(hash))), explicit(1, mask), ...rest))
}

describe('signature algorithm identifiers', () => {
  it.each([
    ['ec-p256', '300a06082a8648ce3d040302'],
    ['ec-p384', '300a06082a8648ce3d040303'],
    ['rsa-2048', '300d06092a864886f70d01010b0500'],
    ['rsa-4096', '300d06092a864886f70d01010c0500'],
    ['ed25519', '300506032b6570'],
    ['ml-dsa-44', '300b0609608648016503040311'],
    ['ml-dsa-65', '300b0609608648016503040312'],
    ['ml-dsa-87', '300b0609608648016503040313'],
  ] as const)('%s is written as its RFC gives it', (name, hex) => {
    expect(Buffer.from(signatureAlgorithmIdentifier(name)).toString('hex')).toBe(hex)
  })

  it.each(EVERY_ALGORITHM)('%s is recognised when read back', (name) => {
    const { scheme } = parseSignatureAlgorithm(signatureAlgorithmIdentifier(name))
    expect(name).toMatch(new RegExp(`^${scheme.kind}`))
  })

  it.each<[what: string, encoded: Der, kind: string]>([
    ['MD5 with RSA', sequence(oid(OID.md5WithRsa), nullValue()), 'weak'],
    ['SHA-1 with RSA', sequence(oid(OID.sha1WithRsa), nullValue()), 'weak'],
    ['SHA-1 with ECDSA', sequence(oid(OID.ecdsaWithSha1)), 'weak'],
    ['PSS with one hash', pss(OID.sha256, OID.sha256, explicit(2, smallInteger(32))), 'rsa-pss'],
    ['PSS with two hashes', pss(OID.sha256, OID.sha384), 'unknown'],
    ['PSS with a trailer', pss(OID.sha256, OID.sha256, explicit(3, smallInteger(2))), 'unknown'],
    ['PSS by default, which is SHA-1', sequence(oid(OID.rsaPss), sequence()), 'weak'],
    ['something else', sequence(oid('1.2.3.4'), smallInteger(1)), 'unknown'],
  ])('%s is a value of its own kind', (_, encoded, kind) => {
    expect(parseSignatureAlgorithm(encoded).scheme.kind).toBe(kind)
  })

  it.each<[what: string, encoded: Der, code: string]>([
    ['RSA with an OID for parameters', sequence(oid(OID.sha256WithRsa), oid(OID.sha256)), 'der_tag_unexpected'],
    ['ECDSA with NULL', sequence(oid(OID.ecdsaWithSha256), nullValue()), 'der_trailing_bytes'],
    ['Ed25519 with NULL', sequence(oid(OID.ed25519), nullValue()), 'der_trailing_bytes'],
    ['ML-DSA with NULL', sequence(oid(OID.mlDsa65), nullValue()), 'der_trailing_bytes'],
    ['PSS without parameters', sequence(oid(OID.rsaPss)), 'der_truncated'],
    ['no OID', sequence(nullValue()), 'der_tag_unexpected'],
  ])('%s is refused', (_, encoded, code) => {
    expect(codeOf(() => parseSignatureAlgorithm(encoded))).toBe(code)
  })
})
