import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contextConstructed, DerReader } from '../../src/x509/der-reader.ts'
import { boolean, constructed, enumerated, integer, primitive, sequence, time } from '../../src/x509/der-writer.ts'
import { canonicalName, encodeName } from '../../src/x509/distinguished-name.ts'
import { encodeExtensions, makeExtension, type Extension } from '../../src/x509/extension.ts'
import { encodeGeneralName } from '../../src/x509/general-name.ts'
import { OID } from '../../src/x509/oid.ts'
import { endOfPlainEntry } from '../../src/x509/plain-entry.ts'
import { RevokedEntries } from '../../src/x509/revoked-entries.ts'
import { CRL_REASONS, parseRevokedEntry } from '../../src/x509/revoked-entry.ts'
import { commonName, NOW } from './fixtures.ts'
import { codeOf, innermostCodeOf, refusalOf } from './refusal.ts'

const OWN = commonName('Test Issuer 1')

function entry(number: bigint, extensions: readonly Extension[] = [], date = NOW): Uint8Array {
  return sequence(integer(number), time(date), ...(extensions.length === 0 ? [] : [encodeExtensions(extensions)]))
}

function reason(number: number): Extension {
  return makeExtension(OID.reasonCode, 'non-critical', enumerated(number))
}

function ownedBy(...names: readonly string[]): Extension {
  const directories = names.map((text) => encodeGeneralName({ kind: 'directory', name: commonName(text) }))
  return makeExtension(OID.certificateIssuer, 'critical', sequence(...directories))
}

function read(entries: readonly Uint8Array[], kind: 'direct' | 'indirect' = 'direct'): RevokedEntries {
  return new RevokedEntries(Buffer.concat(entries), OWN, { version: 2, kind })
}

describe('RevokedEntries', () => {
  it('finds each entry among many, of whatever shape', () => {
    const many = Array.from({ length: 3000 }, (_, i) => {
      const rare = makeExtension(OID.invalidityDate, 'non-critical', time(new Date('2051-01-01T00:00:00Z')))
      return entry(
        BigInt(i + 1) * 2n ** (8n * BigInt(i % 12)) + 1n,
        i % 3 === 0 ? [] : i % 3 === 1 ? [reason(4)] : [reason(6), rare],
      )
    })
    const read3000 = read(many)
    expect([read3000.count, read3000.size]).toEqual([3000, 3000])
    let at = 0
    for (const [serialHex, found] of read3000) {
      expect(found).toEqual({ date: NOW, reason: ['unspecified', 'superseded', 'certificateHold'][at % 3] })
      expect(read3000.get(serialHex)).toEqual(found)
      at++
    }
    expect(at).toBe(3000)
    expect(read3000.has('7fffff')).toBe(false)
  })

  it('reads a serial so long that its entry needs long lengths', () => {
    const long = 1n << 1999n
    const entries = read([entry(1n), entry(long), entry(long + 1n, [reason(1)]), entry(2n)])
    expect(entries.get(`80${'00'.repeat(249)}`)).toBeUndefined()
    expect(entries.get(`0080${'00'.repeat(249)}`)?.reason).toBe('unspecified')
    expect(entries.get(`0080${'00'.repeat(248)}01`)?.reason).toBe('keyCompromise')
    expect(entries.has('02')).toBe(true)
  })

  it.each<[what: string, entries: readonly Uint8Array[], kind: 'direct' | 'indirect', code: string]>([
    ['nothing wrong', [entry(1n), entry(2n)], 'direct', 'accepted'],
    ['one serial twice', [entry(1n), entry(2n), entry(1n, [reason(8)])], 'direct', 'crl_malformed'],
    ['one serial of two issuers', [entry(1n), entry(1n, [ownedBy('Other')])], 'indirect', 'accepted'],
    [
      'one serial of another issuer twice',
      [entry(1n, [ownedBy('Other')]), entry(2n), entry(1n)],
      'indirect',
      'crl_malformed',
    ],
    [
      'one serial twice, the issuer written in another letter case',
      [entry(1n, [ownedBy('Other')]), entry(1n, [ownedBy('OTHER')])],
      'indirect',
      'crl_malformed',
    ],
    ['an entry of two issuers', [entry(1n, [ownedBy('Other', 'More')])], 'indirect', 'crl_malformed'],
    [
      'an issuer that is no DN',
      [entry(1n, [makeExtension(OID.certificateIssuer, 'critical', sequence(primitive(0x82, Buffer.from('a'))))])],
      'indirect',
      'crl_malformed',
    ],
    ['no serial', [sequence(time(NOW))], 'direct', 'der_tag_unexpected'],
    ['an empty serial', [sequence(primitive(2, Uint8Array.of()), time(NOW))], 'direct', 'der_integer_not_minimal'],
    ['a padded serial', [sequence(primitive(2, Uint8Array.of(0, 1)), time(NOW))], 'direct', 'der_integer_not_minimal'],
    ['no date', [sequence(integer(1n))], 'direct', 'der_tag_unexpected'],
    [
      'the 30th of February',
      [sequence(integer(1n), primitive(0x17, Buffer.from('260230000000Z')))],
      'direct',
      'der_time_invalid',
    ],
    [
      'the 28th hour',
      [sequence(integer(1n), primitive(0x17, Buffer.from('260228280000Z')))],
      'direct',
      'der_time_invalid',
    ],
    [
      'a letter in the date',
      [sequence(integer(1n), primitive(0x17, Buffer.from('2602280000x0Z')))],
      'direct',
      'der_time_invalid',
    ],
    ['the reason 7', [entry(1n, [reason(7)])], 'direct', 'crl_malformed'],
    ['the reason 11', [entry(1n, [reason(11)])], 'direct', 'crl_malformed'],
    [
      'two reasons',
      [
        sequence(
          integer(1n),
          time(NOW),
          constructed(0x30, [
            DerReader.over(encodeExtensions([reason(1)])).readContents(0x30),
            DerReader.over(encodeExtensions([reason(8)])).readContents(0x30),
          ]),
        ),
      ],
      'direct',
      'extension_duplicate',
    ],
    [
      'something in place of extensions',
      [sequence(integer(1n), time(NOW), boolean(true))],
      'direct',
      'der_tag_unexpected',
    ],
    ['an entry that ends too early', [entry(1n).subarray(0, -1)], 'direct', 'der_truncated'],
    [
      'an entry of another tag',
      [constructed(contextConstructed(0), [integer(1n), time(NOW)])],
      'direct',
      'der_tag_unexpected',
    ],
  ])('answers %s with %s', (_, entries, kind, code) => {
    expect(innermostCodeOf(() => read(entries, kind))).toBe(code)
  })

  it('takes entry extensions in version 2 alone', () => {
    const versioned = (version: 1 | 2, ...extensions: readonly Extension[]) =>
      codeOf(() => new RevokedEntries(entry(1n, extensions), OWN, { version, kind: 'direct' }))
    expect(versioned(2, reason(1))).toBe('accepted')
    expect(versioned(1)).toBe('accepted')
    expect(versioned(1, reason(1))).toBe('crl_malformed')
  })

  it('bounds how many issuers one CRL lists the certificates of', () => {
    const alternating = (issuers: number): readonly Uint8Array[] =>
      Array.from({ length: issuers }, (_, i) => entry(BigInt(i), [ownedBy(`Issuer ${i}`)]))
    expect(codeOf(() => read(alternating(10_000), 'indirect'))).toBe('accepted')
    expect(refusalOf(() => read(alternating(10_001), 'indirect'))?.facts).toEqual({ maxIssuers: 10_000 })
  })

  it('reads an issuer that comes again once', () => {
    const names = Array.from({ length: 20_000 }, (_, i) => entry(BigInt(i), [ownedBy(i % 2 === 0 ? 'A' : 'B')]))
    const entries = read(names, 'indirect')
    expect([entries.count, entries.size]).toEqual([20_000, 0])
    expect(entries.find(canonicalName(commonName('B')), Uint8Array.of(3))).toBeDefined()
    expect(entries.find(canonicalName(commonName('A')), Uint8Array.of(3))).toBeUndefined()
  })
})

/** An entry, mostly well formed, with a few octets changed. */
const almostAnEntry = fc
  .tuple(
    fc.bigInt({ min: 0n, max: 2n ** 135n }),
    fc.date({ min: new Date('1951-01-01'), max: new Date('2049-12-31'), noInvalidDate: true }),
    fc.option(fc.nat(12)),
    fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 2 }),
  )
  .map(([serial, date, number, changes]) => {
    const octets = Uint8Array.from(entry(serial, number === null ? [] : [reason(number)], date))
    for (const [at, octet] of changes) if (at < octets.length) octets[at] = octet
    return octets
  })

describe('endOfPlainEntry', () => {
  it('knows every day of every month but the 29th of February', () => {
    for (let day = 0; day < 366; day++) {
      const date = new Date(Date.UTC(2028, 0, 1 + day))
      const isPlain = endOfPlainEntry(entry(1n, [], date), 0, 2) > 0
      expect({ date, isPlain }).toEqual({ date, isPlain: !date.toISOString().startsWith('2028-02-29') })
    }
    for (const month of ['00', '02', '04', '06', '09', '11', '13']) {
      const digits = Buffer.from(`28${month}${month === '02' ? '30' : '31'}000000Z`)
      expect(endOfPlainEntry(sequence(integer(1n), primitive(0x17, digits)), 0, 2)).toBe(0)
    }
  })

  it('recognises what an issuer writes', () => {
    for (const [number, known] of CRL_REASONS.entries()) {
      const octets = entry(1n, [reason(number)])
      expect(endOfPlainEntry(octets, 0, 2)).toBe(known === undefined ? 0 : octets.length)
      expect(endOfPlainEntry(octets, 0, 1)).toBe(0)
    }
    expect(endOfPlainEntry(Buffer.concat([encodeName(OWN), entry(1n)]), encodeName(OWN).length, 1)).toBeGreaterThan(0)
  })

  it('recognises nothing that the full reader would refuse, and sees the same end', () => {
    fc.assert(
      fc.property(almostAnEntry, fc.constantFrom<1 | 2>(1, 2), (octets, version) => {
        const end = endOfPlainEntry(octets, 0, version)
        fc.pre(end > 0)
        const reader = DerReader.over(octets)
        const scope = { version, kind: 'direct' } as const
        expect(parseRevokedEntry(reader, scope).unknownCritical).toEqual([])
        expect(reader.offset).toBe(end)
      }),
      { numRuns: 3000 },
    )
  })
})
