// What a consumer pays for a CRL of a million entries: to read it, to verify it, and to look a certificate up in it, in one
// process, as `signet/verifier` and `signet crl watch` do. Seconds are of the processor, so that others on the machine do not count.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { addSeconds } from '../../src/domain/clock.ts'
import { parseSerialNumber } from '../../src/domain/serial-number.ts'
import { parseCrl, verifyCrlSignature, assembleCrl, type Crl } from '../../src/x509/crl.ts'
import { encodeName } from '../../src/x509/distinguished-name.ts'
import { crlNumber } from '../../src/x509/extensions/crl-number.ts'
import { OID } from '../../src/x509/oid.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'
import { encodeRevokedEntry, encodeTbsCrl } from '../../src/x509/tbs-crl.ts'
import { type Benchmark, type Figure, median } from './figure.ts'

const ENTRIES = 1_000_000
const ROUNDS = 5
const LOOKUPS = 100_000

export const crlReader: Benchmark = {
  name: 'crl-reader',
  measures: `a consumer's CRL of ${ENTRIES.toLocaleString('en')} entries, in one process`,
  run: (options) => {
    options.say('making the CRL')
    return Promise.resolve(measure())
  },
}

function measure(): readonly Figure[] {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const serials = Array.from({ length: ENTRIES }, () => `01${randomBytes(16).toString('hex')}`)
  const tbs = encodeTbsCrl({
    signatureAlgorithm: 'ec-p256',
    issuer: encodeName([[{ type: OID.commonName, value: 'Bench' }]]),
    thisUpdate: new Date(),
    nextUpdate: addSeconds(new Date(), 86_400),
    entries: serials.map((serial) =>
      encodeRevokedEntry({ serial: parseSerialNumber(serial), revocationDate: new Date(), reason: 'superseded' }),
    ),
    extensions: [crlNumber(1)],
  })
  const der = assembleCrl(tbs, 'ec-p256', sign('sha256', tbs, privateKey))
  const key = parsePublicKey(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })))
  const reads = Array.from({ length: ROUNDS }, () => secondsOf(() => parseCrl(der)))
  const crl = parseCrl(der)
  const verifies = Array.from({ length: ROUNDS }, () => secondsOf(() => verifyCrlSignature(crl, key)))
  return [
    { name: 'length of the CRL', value: der.length / 1024 / 1024, unit: 'MiB' },
    { name: 'read and indexed, median', value: median(reads), unit: 's', target: { kind: 'at-most', value: 1 } },
    { name: 'signature verified, median', value: median(verifies), unit: 's' },
    { name: 'look-ups of certificates that are listed', value: lookupsPerSecond(crl, serials), unit: '/s' },
    { name: 'look-ups of certificates that are not', value: lookupsPerSecond(crl, strangers()), unit: '/s' },
  ]
}

function secondsOf(act: () => unknown): number {
  const before = process.cpuUsage()
  act()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

function lookupsPerSecond(crl: Crl, serials: readonly string[]): number {
  const asked = serials.slice(0, LOOKUPS)
  const seconds = secondsOf(() => {
    for (const serial of asked) crl.entries.has(serial)
  })
  return asked.length / seconds
}

function strangers(): readonly string[] {
  return Array.from({ length: LOOKUPS }, () => `01${randomBytes(16).toString('hex')}`)
}
