// Other readers of CRLs say the same of generated ones: PKI.js of each, and of those that were damaged and are still read;
// OpenSSL of some.
import fc from 'fast-check'
import { fromBER } from 'asn1js'
import { CertificateRevocationList } from 'pkijs'
import { describe, expect, it } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { CrlRejected } from '../../src/x509/crl-rejected.ts'
import { enumerated, integer, sequence, time } from '../../src/x509/der-writer.ts'
import { encodeExtensions, makeExtension } from '../../src/x509/extension.ts'
import { OID } from '../../src/x509/oid.ts'
import { CRL_REASONS } from '../../src/x509/revoked-entry.ts'
import { keyOf, makeCrl, NOW } from './fixtures.ts'
import { hasProgram, makeWorkplace, run } from './oracle.ts'

const key = keyOf('ec-p256')

/** Serial, seconds since NOW, number of the reason, whether it says something else too. */
type Entry = readonly [serial: bigint, seconds: number, reason: number | null, more: 'more' | 'plain']

const entry = fc.tuple<[bigint, number, number | null, 'more' | 'plain']>(
  fc.bigInt({ min: 0n, max: 2n ** 159n - 1n }),
  // Up to the years that need GeneralizedTime.
  fc.integer({ min: -(10 ** 9), max: 2 * 10 ** 9 }),
  fc.option(fc.nat(10).filter((number) => CRL_REASONS[number] !== undefined)),
  fc.constantFrom<'more' | 'plain'>('more', 'plain', 'plain', 'plain'),
)

const entries = fc.uniqueArray(entry, { maxLength: 40, selector: ([serial]) => serial })

function encode([serial, seconds, reason, more]: Entry): Uint8Array {
  const date = addSeconds(NOW, seconds)
  const extensions = [
    ...(reason === null ? [] : [makeExtension(OID.reasonCode, 'non-critical', enumerated(reason))]),
    ...(more === 'plain' ? [] : [makeExtension('1.2.3', 'non-critical', sequence())]),
  ]
  return sequence(integer(serial), time(date), ...(extensions.length === 0 ? [] : [encodeExtensions(extensions)]))
}

type Row = readonly [serialHex: string, date: string, reason: string]

function rowsOf(der: Uint8Array): readonly Row[] {
  return [...parseCrl(der).entries].map(([serialHex, { date, reason }]) => [serialHex, date.toISOString(), reason])
}

function rowsByPkijs(der: Uint8Array): readonly Row[] {
  const { result } = fromBER(Uint8Array.from(der).buffer)
  const crl = new CertificateRevocationList({ schema: result })
  return (crl.revokedCertificates ?? []).map(({ userCertificate, revocationDate, crlEntryExtensions }) => {
    const code = crlEntryExtensions?.extensions.find(({ extnID }) => extnID === OID.reasonCode)?.extnValue
    const octets = code === undefined ? [] : [...new Uint8Array(code.valueBlock.valueHexView)]
    const reason = CRL_REASONS[octets.at(-1) ?? 0] ?? 'none'
    return [
      Buffer.from(userCertificate.valueBlock.valueHexView).toString('hex'),
      revocationDate.value.toISOString(),
      reason,
    ]
  })
}

describe('PKI.js', () => {
  it('reads the entries that we read', () => {
    fc.assert(
      fc.property(entries, (given) => {
        const der = makeCrl(key, { entries: given.map(encode) })
        const rows = rowsOf(der)
        expect(rows).toHaveLength(given.length)
        expect(rows).toEqual(rowsByPkijs(der))
        const crl = parseCrl(der)
        for (const [serialHex, date] of rows) expect(crl.entries.get(serialHex)?.date.toISOString()).toBe(date)
      }),
      { numRuns: 100 },
    )
  })

  it('reads the same of what is damaged, wherever we still read it', () => {
    const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255)), {
      minLength: 1,
      maxLength: 2,
    })
    let read = 0
    fc.assert(
      fc.property(entries, damage, (given, changes) => {
        const der = Uint8Array.from(makeCrl(key, { entries: given.map(encode) }))
        for (const [place, octet] of changes) der[Math.floor(place * der.length)] = octet
        try {
          const rows = rowsOf(der)
          read++
          expect(rows).toEqual(rowsByPkijs(der))
        } catch (error) {
          if (!(error instanceof CrlRejected)) throw error
        }
      }),
      { numRuns: 500 },
    )
    expect(read).toBeGreaterThan(0)
  })
})

describe.skipIf(!hasProgram('openssl', 'version'))('OpenSSL', () => {
  const { file } = makeWorkplace()

  it('reads the entries that we read', () => {
    for (const [number, given] of fc.sample(entries, 10).entries()) {
      const der = makeCrl(key, { entries: given.map(encode) })
      const text = run('openssl', 'crl', '-inform', 'DER', '-noout', '-text', '-in', file(`${number}.crl`, der))
      const serials = [...text.matchAll(/Serial Number: ([0-9A-F]+)/g)].map(([, serial = '']) => BigInt(`0x${serial}`))
      const dates = [...text.matchAll(/Revocation Date: (.*)/g)].map(([, date = '']) => new Date(date).toISOString())
      const rows = rowsOf(der)
      expect(serials).toEqual(rows.map(([serialHex]) => BigInt(`0x${serialHex}`)))
      expect(dates).toEqual(rows.map(([, date]) => date))
    }
  })
})
