import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import { REVOCATION_REASONS } from '../../src/domain/revocation-reason.ts'
import { signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import { parseCrl, verifyCrlSignature } from '../../src/x509/crl.ts'
import { DerReader } from '../../src/x509/der-reader.ts'
import {
  bitString,
  enumerated,
  explicit,
  integer,
  sequence,
  smallInteger,
  time,
  type Der,
} from '../../src/x509/der-writer.ts'
import { canonicalName, encodeName, formatName } from '../../src/x509/distinguished-name.ts'
import { encodeExtensions, makeExtension, type Extension } from '../../src/x509/extension.ts'
import { crlNumber } from '../../src/x509/extensions/crl-number.ts'
import { crlUris } from '../../src/x509/extensions/crl-distribution-points.ts'
import { deltaCrlIndicator } from '../../src/x509/extensions/delta-crl-indicator.ts'
import { freshestCrl } from '../../src/x509/extensions/freshest-crl.ts'
import { issuingDistributionPoint } from '../../src/x509/extensions/issuing-distribution-point.ts'
import { encodeGeneralName } from '../../src/x509/general-name.ts'
import { OID } from '../../src/x509/oid.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'
import { CRL_REASONS } from '../../src/x509/revoked-entry.ts'
import { encodeRevokedEntry } from '../../src/x509/tbs-crl.ts'
import { EVERY_ALGORITHM, NOW, commonName, generateKey, keyOf, makeCrl, serial } from './fixtures.ts'
import { codeOf, innermostCodeOf } from './refusal.ts'

const issuer = keyOf('ec-p256')
const algorithm = signatureAlgorithmIdentifier('ec-p256')
const name = encodeName(commonName('Test Issuer 1'))
const indirect = makeExtension(OID.issuingDistributionPoint, 'critical', sequence(Uint8Array.of(0x84, 1, 0xff)))

function crlOf(fields: readonly Der[], outer: Der = algorithm): Uint8Array {
  const tbs = sequence(...fields)
  return sequence(tbs, outer, bitString(issuer.sign(tbs)))
}

function entry(number: bigint, ...extensions: readonly Extension[]): Der {
  return sequence(integer(number), time(NOW), ...(extensions.length === 0 ? [] : [encodeExtensions(extensions)]))
}

function certificateIssuer(text: string): Extension {
  const directory = encodeGeneralName({ kind: 'directory', name: commonName(text) })
  return makeExtension(OID.certificateIssuer, 'critical', sequence(directory))
}

function crlWith(entries: readonly Der[], extensions: readonly Extension[] = [crlNumber(1)]): Uint8Array {
  const list = entries.length === 0 ? [] : [sequence(...entries)]
  return crlOf([
    smallInteger(1),
    algorithm,
    name,
    time(NOW),
    time(NOW),
    ...list,
    explicit(0, encodeExtensions(extensions)),
  ])
}

describe('a CRL that we made', () => {
  it.each(EVERY_ALGORITHM)('says what it was told, signed with %s', (algorithmName) => {
    const key = keyOf(algorithmName)
    const crl = parseCrl(makeCrl(key))
    expect(verifyCrlSignature(crl, parsePublicKey(key.spki))).toBe(true)
    expect(verifyCrlSignature(crl, parsePublicKey(generateKey('ec-p256').spki))).toBe(false)
    expect(formatName(crl.issuer)).toBe('CN=Test Issuer 1')
    expect(crl).toMatchObject({ version: 2, number: 7n, thisUpdate: NOW, nextUpdate: addSeconds(NOW, 86_400) })
    expect(crl.authorityKeyIdentifier?.keyIdentifier).toEqual(parsePublicKey(key.spki).keyIdentifier)
  })

  it('leaves the list out when nothing is revoked', () => {
    const tagsOf = (entries: readonly Uint8Array[]): string[] => {
      const fields = DerReader.over(parseCrl(makeCrl(issuer, { entries })).tbs.encoded).readSequence()
      const tags: string[] = []
      for (; !fields.atEnd; fields.readEncoded()) tags.push((fields.peekTag() ?? 0).toString(16))
      return tags
    }
    expect(tagsOf([])).toEqual(['2', '30', '30', '17', '17', 'a0'])
    const one = encodeRevokedEntry({ serial: serial(1), revocationDate: NOW })
    expect(tagsOf([one])).toEqual(['2', '30', '30', '17', '17', '30', 'a0'])
  })

  it('gives each reason back, and writes no extension for none', () => {
    const reasons = CRL_REASONS.filter((reason) => reason !== undefined)
    const entries = reasons.map((reason, i) => encodeRevokedEntry({ serial: serial(i), revocationDate: NOW, reason }))
    const crl = parseCrl(makeCrl(issuer, { entries }))
    expect([...crl.entries.values()].map(({ reason }) => reason)).toEqual(reasons)
    expect(crl.entries.get(serial(3))?.date).toEqual(NOW)
    expect(encodeRevokedEntry({ serial: serial(0), revocationDate: NOW })).toEqual(entries[0])
  })

  it('numbers the reasons as the domain does', () => {
    for (const [reason, number] of Object.entries(REVOCATION_REASONS)) expect(CRL_REASONS[number]).toBe(reason)
  })

  it('carries where its deltas are', () => {
    const crl = parseCrl(makeCrl(issuer, { extensions: [crlNumber(9), freshestCrl(['http://a/delta.crl'])] }))
    expect(crlUris(crl.freshestCrl ?? [])).toEqual(['http://a/delta.crl'])
  })

  it('carries the base of a delta and the scope of a part', () => {
    const scope = issuingDistributionPoint({ uris: ['http://a/crl'], certificates: 'user' })
    const crl = parseCrl(makeCrl(issuer, { extensions: [crlNumber(9), deltaCrlIndicator(7), scope] }))
    expect(crl).toMatchObject({ number: 9n, deltaBase: 7n, issuingDistributionPoint: { onlyUserCertificates: true } })
  })

  it('takes its entries from any iterable, once', () => {
    function* entries(): Iterable<Uint8Array> {
      yield encodeRevokedEntry({ serial: serial(1), revocationDate: NOW })
      yield encodeRevokedEntry({ serial: serial(2), revocationDate: NOW })
    }
    expect([...parseCrl(makeCrl(issuer, { entries: entries() })).entries.keys()]).toEqual([serial(1), serial(2)])
  })

  it('holds 200,000 entries, and takes no more than linear time for them', () => {
    const entries = Array.from({ length: 200_000 }, (_, i) =>
      encodeRevokedEntry({ serial: serial(i), revocationDate: NOW, reason: 'superseded' }),
    )
    const started = performance.now()
    const crl = parseCrl(makeCrl(issuer, { entries }))
    // Measured at under half a second; quadratic time would take minutes.
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(crl.entries.size).toBe(entries.length)
    expect(crl.entries.get(serial(199_999))).toEqual({ date: NOW, reason: 'superseded' })
  })
})

describe('parseCrl', () => {
  it.each<[what: string, der: () => Uint8Array, code: string]>([
    ['what the other rows change', () => crlWith([entry(1n)]), 'accepted'],
    ['version 1', () => crlOf([algorithm, name, time(NOW)]), 'accepted'],
    ['version 1 written out', () => crlOf([smallInteger(0), algorithm, name, time(NOW)]), 'crl_malformed'],
    ['version 3', () => crlOf([smallInteger(2), algorithm, name, time(NOW)]), 'crl_malformed'],
    [
      'version 1 with extensions',
      () => crlOf([algorithm, name, time(NOW), explicit(0, encodeExtensions([crlNumber(1)]))]),
      'crl_malformed',
    ],
    ['no next update', () => crlOf([smallInteger(1), algorithm, name, time(NOW)]), 'accepted'],
    [
      'a third time',
      () => crlOf([smallInteger(1), algorithm, name, time(NOW), time(NOW), time(NOW)]),
      'der_trailing_bytes',
    ],
    [
      'two signature algorithms',
      () => crlOf([smallInteger(1), algorithm, name, time(NOW)], signatureAlgorithmIdentifier('ed25519')),
      'crl_malformed',
    ],
    ['one serial twice', () => crlWith([entry(1n), entry(1n)]), 'crl_malformed'],
    [
      'an unknown reason',
      () => crlWith([entry(1n, makeExtension(OID.reasonCode, 'non-critical', enumerated(7)))]),
      'crl_malformed',
    ],
    [
      'a reason beyond all',
      () => crlWith([entry(1n, makeExtension(OID.reasonCode, 'non-critical', enumerated(11)))]),
      'crl_malformed',
    ],
    [
      'a reason that is an INTEGER',
      () => crlWith([entry(1n, makeExtension(OID.reasonCode, 'non-critical', smallInteger(1)))]),
      'der_tag_unexpected',
    ],
    [
      'a broken number',
      () => crlWith([], [makeExtension(OID.crlNumber, 'non-critical', sequence())]),
      'der_tag_unexpected',
    ],
    ['bytes behind an entry', () => crlWith([sequence(integer(1n), time(NOW), time(NOW))]), 'der_tag_unexpected'],
    ['trailing bytes', () => Buffer.concat([crlWith([]), Uint8Array.of(0)]), 'der_trailing_bytes'],
    ['nothing', () => new Uint8Array(), 'der_truncated'],
  ])('%s', (_, der, innermost) => {
    expect(innermostCodeOf(() => parseCrl(der()))).toBe(innermost)
    expect(codeOf(() => parseCrl(der()))).toBe(innermost === 'accepted' ? 'accepted' : 'crl_malformed')
  })

  it('is bounded by the size it is given', () => {
    const der = crlWith([])
    expect(codeOf(() => parseCrl(der, der.length))).toBe('accepted')
    expect(innermostCodeOf(() => parseCrl(der, der.length - 1))).toBe('der_too_large')
  })

  it('names critical entry extensions that it does not know', () => {
    const crl = parseCrl(crlWith([entry(1n, makeExtension('1.2.3', 'critical', sequence()))]))
    expect([...crl.entries.unknownCritical]).toEqual(['1.2.3'])
    const harmless = parseCrl(crlWith([entry(1n, makeExtension('1.2.3', 'non-critical', sequence()))]))
    expect(harmless.entries.unknownCritical.size).toBe(0)
  })

  it('gives the entries of an indirect CRL to their issuers, each until the next', () => {
    const entries = [
      entry(1n),
      entry(1n, certificateIssuer('Other')),
      entry(2n),
      entry(3n, certificateIssuer('Test Issuer 1')),
      entry(4n),
    ]
    const crl = parseCrl(crlWith(entries, [indirect]))
    expect([...crl.entries.keys()]).toEqual(['01', '03', '04'])
    const of = (issuerName: string): boolean[] =>
      [1, 2, 3, 4].map(
        (number) => crl.entries.find(canonicalName(commonName(issuerName)), Uint8Array.of(number)) !== undefined,
      )
    expect(of('Test Issuer 1')).toEqual([true, false, true, true])
    expect(of('Other')).toEqual([true, true, false, false])
    expect(of('Nobody')).toEqual([false, false, false, false])
    expect([crl.entries.count, crl.entries.size]).toEqual([5, 3])
    expect(crl.entries.unknownCritical.size).toBe(0)
  })

  it('loses no entry of a direct CRL that names another issuer', () => {
    const crl = parseCrl(crlWith([entry(1n, certificateIssuer('Other'))]))
    expect([...crl.entries.keys()]).toEqual(['01'])
    expect([...crl.entries.unknownCritical]).toEqual([OID.certificateIssuer])
  })

  it('answers each mutated octet with a value or a typed error, and verifies none', () => {
    const entries = [1, 2, 3].map((i) =>
      encodeRevokedEntry({ serial: serial(i), revocationDate: NOW, reason: 'superseded' }),
    )
    const der = makeCrl(issuer, { entries })
    const key = parsePublicKey(issuer.spki)
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, difference) => {
        const mutated = Uint8Array.from(der)
        mutated[at] = (mutated[at] ?? 0) ^ difference
        expect(typeof codeOf(() => expect(verifyCrlSignature(parseCrl(mutated), key)).toBe(false))).toBe('string')
      }),
      { numRuns: 2000 },
    )
  })
})
