// Bytes of a certificate changed at random: nothing throws, and nothing that differs from what we signed is believed.
import { describe, expect, it } from 'vitest'
import { verifyClientCertificate } from '../../src/verifier/client-certificate.ts'
import { signatureAlgorithmIdentifier } from '../../src/x509/algorithm-identifier.ts'
import { explicit, integer, nullValue, oid, sequence } from '../../src/x509/der-writer.ts'
import { OID } from '../../src/x509/oid.ts'
import { type Algorithm, install, leafParts, makeLeaf } from './authorities.ts'

const ROUNDS = 4_000

describe('never throws, never believes', () => {
  it.each<Algorithm>(['ec-p256', 'rsa', 'ed25519', 'ml-dsa-65'])('%s', async (algorithm) => {
    const installation = await install(algorithm)
    const der = await makeLeaf(leafParts('service', installation))
    let state = 7
    const below = (bound: number) => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % bound
    for (let i = 0; i < ROUNDS; i++) {
      const changed = Uint8Array.from(der)
      const at = below(der.length)
      changed[at] = (changed[at] ?? 0) ^ (1 + below(255))
      const cut = below(10) === 0 ? changed.subarray(0, below(der.length)) : changed
      expect(verifyClientCertificate(cut, installation.trust).kind).toBe('refused')
    }
  })

  it.each([0, 20, 190, 1_000, 2 ** 31 - 1])('RSASSA-PSS with a salt of %i octets', async (saltBytes) => {
    const installation = await install('rsa')
    const der = Buffer.from(await makeLeaf(leafParts('service', installation)))
    const sha256 = sequence(oid(OID.sha256), nullValue())
    const pss = sequence(
      oid(OID.rsaPss),
      sequence(
        explicit(0, sha256),
        explicit(1, sequence(oid(OID.mgf1), sha256)),
        explicit(2, integer(minimal(saltBytes))),
      ),
    )
    const claimed = replaceAlgorithm(der, signatureAlgorithmIdentifier('rsa-2048'), pss)
    expect(verifyClientCertificate(claimed, installation.trust)).toMatchObject({ fault: 'signature' })
  })
})

function minimal(value: number): Uint8Array {
  const digits = value.toString(16)
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Uint8Array.of(0), bytes]) : bytes
}

/** Puts `to` for `from` inside and outside, and corrects the lengths around: a certificate that claims another algorithm. */
function replaceAlgorithm(der: Buffer, from: Uint8Array, to: Uint8Array): Uint8Array {
  const inner = der.indexOf(Buffer.from(from))
  const outer = der.lastIndexOf(Buffer.from(from))
  const tbs = sequence(der.subarray(8, inner), to, der.subarray(inner + from.length, outer))
  return sequence(tbs, to, der.subarray(outer + from.length))
}
