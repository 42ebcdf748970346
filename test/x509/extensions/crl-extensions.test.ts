// The extensions of CRLs, each written and read back, and the refusals next to it.
import { describe, expect, it } from 'vitest'
import { boolean, implicitPrimitive, integer, sequence, type Der } from '../../../src/x509/der-writer.ts'
import { crlNumber, parseCrlNumber } from '../../../src/x509/extensions/crl-number.ts'
import { deltaCrlIndicator, parseDeltaCrlIndicator } from '../../../src/x509/extensions/delta-crl-indicator.ts'
import {
  issuingDistributionPoint,
  parseIssuingDistributionPoint,
  type CrlScope,
} from '../../../src/x509/extensions/issuing-distribution-point.ts'
import { codeOf } from '../refusal.ts'

const TRUE = Uint8Array.of(0xff)

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
