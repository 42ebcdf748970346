// The extensions of CRLs, each written and read back, and the refusals next to it.
import * as asn1js from 'asn1js'
import fc from 'fast-check'
import * as pkijs from 'pkijs'
import { describe, expect, it } from 'vitest'
import { boolean, implicitPrimitive, integer, sequence, type Der } from '../../../src/x509/der-writer.ts'
import { crlNumber, parseCrlNumber } from '../../../src/x509/extensions/crl-number.ts'
import { crlUris } from '../../../src/x509/extensions/crl-distribution-points.ts'
import { deltaCrlIndicator, parseDeltaCrlIndicator } from '../../../src/x509/extensions/delta-crl-indicator.ts'
import { freshestCrl, parseFreshestCrl } from '../../../src/x509/extensions/freshest-crl.ts'
import {
  issuingDistributionPoint,
  parseIssuingDistributionPoint,
  type CrlScope,
} from '../../../src/x509/extensions/issuing-distribution-point.ts'
import { codeOf } from '../refusal.ts'

const TRUE = Uint8Array.of(0xff)
const uri = fc.webUrl({ validSchemes: ['http'] }).filter((text) => /^[!-~]+$/.test(text))

/** What a library that is not ours makes of the bytes. */
function readByPkijs<Read>(Class: new (given: { schema: asn1js.AsnType }) => Read, value: Uint8Array): Read {
  return new Class({ schema: asn1js.fromBER(new Uint8Array(value)).result })
}

function namesOf({ distributionPoint }: pkijs.DistributionPoint | pkijs.IssuingDistributionPoint): unknown[] {
  const names = Array.isArray(distributionPoint) ? distributionPoint : []
  return names.map((name): unknown => (name.type === 6 ? name.value : name.type))
}

describe('CRLNumber and DeltaCRLIndicator', () => {
  it.each([0, 127, 128, 1_772_366_400, Number.MAX_SAFE_INTEGER])('%i', (number) => {
    expect(parseCrlNumber(crlNumber(number).value)).toBe(BigInt(number))
    expect(parseDeltaCrlIndicator(deltaCrlIndicator(number).value)).toBe(BigInt(number))
  })

  it('marks the delta alone as critical', () => {
    expect(crlNumber(1).critical).toBe(false)
    expect(deltaCrlIndicator(1).critical).toBe(true)
  })

  it.each<[what: string, act: () => unknown, code: string]>([
    ['20 octets', () => parseCrlNumber(crlNumber((1n << 159n) - 1n).value), 'accepted'],
    ['21 octets', () => parseCrlNumber(integer(1n << 159n)), 'extension_malformed'],
    ['a negative number', () => parseCrlNumber(Uint8Array.of(2, 1, 0xff)), 'extension_malformed'],
    ['21 octets to write', () => crlNumber(1n << 159n), 'extension_malformed'],
    ['a fraction to write', () => crlNumber(1.5), 'extension_malformed'],
    ['a negative number to write', () => crlNumber(-1), 'extension_malformed'],
  ])('%s', (_, act, code) => {
    expect(codeOf(act)).toBe(code)
  })
})

describe('FreshestCRL', () => {
  it('is not critical, and reads back whatever it names', () => {
    fc.assert(
      fc.property(fc.array(uri, { minLength: 1, maxLength: 5 }), (uris) => {
        const extension = freshestCrl(uris)
        const points = parseFreshestCrl(extension.value)
        expect(extension.critical).toBe(false)
        expect(crlUris(points)).toEqual(uris)
        expect(points).toHaveLength(1)
        expect(readByPkijs(pkijs.CRLDistributionPoints, extension.value).distributionPoints.map(namesOf)).toEqual([
          uris,
        ])
      }),
      { numRuns: 50 },
    )
  })

  it.each<[what: string, act: () => unknown, code: string]>([
    ['no URI to write', () => freshestCrl([]), 'extension_malformed'],
    ['no point to read', () => parseFreshestCrl(sequence()), 'extension_malformed'],
    ['a point that says nothing', () => parseFreshestCrl(sequence(sequence())), 'extension_malformed'],
    [
      'reasons alone',
      () => parseFreshestCrl(sequence(sequence(implicitPrimitive(1, Uint8Array.of(1, 0x82))))),
      'extension_malformed',
    ],
    [
      'bytes after it',
      () => parseFreshestCrl(Buffer.concat([freshestCrl(['http://a']).value, Uint8Array.of(0)])),
      'der_trailing_bytes',
    ],
  ])('refuses %s', (_, act, code) => {
    expect(codeOf(act)).toBe(code)
  })
})

describe('IssuingDistributionPoint', () => {
  it.each<[CrlScope, user: boolean, authority: boolean]>([
    [{ uris: ['http://a/crl'], certificates: 'all' }, false, false],
    [{ uris: ['http://a/crl', 'http://b/crl'], certificates: 'user' }, true, false],
    [{ uris: [], certificates: 'authority' }, false, true],
  ])('%j', (scope, onlyUserCertificates, onlyAuthorityCertificates) => {
    const extension = issuingDistributionPoint(scope)
    expect(extension.critical).toBe(true)
    const names = scope.uris.map((value) => ({ kind: 'uri', value }))
    expect(parseIssuingDistributionPoint(extension.value)).toEqual({
      name: names.length === 0 ? undefined : { kind: 'full', names },
      onlyUserCertificates,
      onlyAuthorityCertificates,
      onlySomeReasons: undefined,
      indirect: false,
      onlyAttributeCertificates: false,
    })
  })

  it('says to others what it says to us', () => {
    const uris = fc.array(uri, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(uris, fc.constantFrom('all', 'user', 'authority'), (names, certificates) => {
        const read = readByPkijs(
          pkijs.IssuingDistributionPoint,
          issuingDistributionPoint({ uris: names, certificates }).value,
        )
        expect(namesOf(read)).toEqual(names)
        expect(read.onlyContainsUserCerts).toBe(certificates === 'user')
        expect(read.onlyContainsCACerts).toBe(certificates === 'authority')
        expect([read.indirectCRL, read.onlyContainsAttributeCerts]).toEqual([false, false])
      }),
      { numRuns: 50 },
    )
  })

  it('reads what Signet does not write', () => {
    const value = sequence(implicitPrimitive(3, Uint8Array.of(1, 0x82)), implicitPrimitive(4, TRUE))
    expect(parseIssuingDistributionPoint(value)).toMatchObject({
      onlySomeReasons: new Set(['certificateHold']),
      indirect: true,
    })
  })

  it.each<[what: string, value: Der, code: string]>([
    ['nothing', sequence(), 'extension_malformed'],
    ['an explicit FALSE', sequence(implicitPrimitive(1, Uint8Array.of(0))), 'der_boolean_invalid'],
    ['user and authority', sequence(implicitPrimitive(1, TRUE), implicitPrimitive(2, TRUE)), 'extension_malformed'],
    ['another order', sequence(implicitPrimitive(4, TRUE), implicitPrimitive(1, TRUE)), 'der_trailing_bytes'],
    ['a tag of another kind', sequence(boolean(true)), 'der_trailing_bytes'],
  ])('refuses %s', (_, value, code) => {
    expect(codeOf(() => parseIssuingDistributionPoint(value))).toBe(code)
  })

  it('does not write a scope that says nothing', () => {
    expect(codeOf(() => issuingDistributionPoint({ uris: [], certificates: 'all' }))).toBe('extension_malformed')
  })
})
