// Files with the CRL of an issuer that has revoked most of a million: what keeps them and what judges by them reads them again.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keepCrls, keptCrls } from '../../src/cli/kept-crls.ts'
import { addSeconds } from '../../src/domain/clock.ts'
import { parseIssuerId } from '../../src/domain/issuer-id.ts'
import { parseSerialNumber } from '../../src/domain/serial-number.ts'
import { readEvidence } from '../../src/verifier/peer/evidence-file.ts'
import { type Crl, frameCrl, MAX_CRL_BYTES, parseCrl } from '../../src/x509/crl.ts'
import { encodeName } from '../../src/x509/distinguished-name.ts'
import { crlNumber } from '../../src/x509/extensions/crl-number.ts'
import { OID } from '../../src/x509/oid.ts'
import { MAX_PEM_CHARACTERS } from '../../src/x509/pem.ts'
import { encodeRevokedEntry, frameTbsCrl } from '../../src/x509/tbs-crl.ts'

const ENTRIES = 700_000
const NOW = new Date('2026-03-01T12:00:00Z')

let folder: string
let entries: Buffer

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-long-crl-'))
  entries = manyEntries()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** One entry again and again, each with a number in its serial. */
function manyEntries(): Buffer {
  const serial = parseSerialNumber(`01${'5e'.repeat(16)}`)
  const one = Buffer.from(encodeRevokedEntry({ serial, revocationDate: NOW, reason: 'unspecified' }))
  const all = Buffer.alloc(one.length * ENTRIES, one)
  for (let number = 0; number < ENTRIES; number += 1) all.writeUInt32BE(number, number * one.length + 6)
  return all
}

function crlOf(number: number): Crl {
  const tbs = frameTbsCrl(
    {
      signatureAlgorithm: 'ec-p256',
      issuer: encodeName([[{ type: OID.commonName, value: 'Test' }]]),
      thisUpdate: NOW,
      nextUpdate: addSeconds(NOW, 86_400),
      extensions: [crlNumber(number)],
    },
    entries.length,
  )
  const { before, after } = frameCrl(tbs, entries.length, 'ec-p256', new Uint8Array(64))
  return parseCrl(Buffer.concat([before, entries, after]), MAX_CRL_BYTES)
}

test('they take the place of one another, and are read by a verifier', async () => {
  const file = join(folder, 'users.pem')
  const keeping = { format: 'pem', at: NOW } as const
  const keep = (number: number) => keepCrls(file, [{ issuer: parseIssuerId('users-1'), crl: crlOf(number) }], keeping)
  expect(await keep(1)).toBe('written')
  expect(await keep(2)).toBe('written')
  await expect(keep(1)).rejects.toMatchObject({ code: 'crl_number_lower' })
  expect(await keptCrls(file)).toMatchObject([{ number: 2n }])
  const bytes = readFileSync(file)
  expect(bytes.length).toBeGreaterThan(MAX_PEM_CHARACTERS)
  const [der] = readEvidence(bytes, file).crls
  expect(parseCrl(der ?? new Uint8Array(), MAX_CRL_BYTES).entries.count).toBe(ENTRIES)
})
