// Generated chains, judged by us and by `openssl verify`: CA flags, path lengths, key usage, purposes, name constraints, times
// and critical extensions, each drawn at random from a fixed seed. Both must say the same of every chain.
import { describe, expect, it } from 'vitest'
import { basicConstraints } from '../../../src/x509/extensions/basic-constraints.ts'
import { extendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts'
import { keyUsage } from '../../../src/x509/extensions/key-usage.ts'
import { nameConstraints } from '../../../src/x509/extensions/name-constraints.ts'
import type { Extension } from '../../../src/x509/extension.ts'
import type { WritableGeneralName } from '../../../src/x509/general-name.ts'
import { parseIpAddress } from '../../../src/x509/ip-address.ts'
import { OID } from '../../../src/x509/oid.ts'
import { encodePem } from '../../../src/x509/pem.ts'
import { verifyChain } from '../../../src/verifier/path/verify-path.ts'
import { attempt, hasProgram, makeWorkplace } from '../../x509/oracle.ts'
import { AT, type Entity, keyNumber, makeCa, makeLeaf, SETTINGS, unknownExtension } from './chain-fixture.ts'

const CHAINS = 60

/** A small generator (mulberry32): the chains are the same each run, and each failure can be looked at again. */
function randomFrom(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}

type Random = (bound: number) => number

const EXPIRED = { notBefore: new Date('2025-01-01T00:00:00Z'), notAfter: new Date('2026-02-01T00:00:00Z') }
const FUTURE = { notBefore: new Date('2026-04-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') }
const DNS: readonly WritableGeneralName[] = ['internal', 'a.internal', 'example.com', ''].map((value) => ({
  kind: 'dns',
  value,
}))
const NETWORKS: readonly WritableGeneralName[] = [
  { kind: 'ip', octets: Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0) },
  { kind: 'ip', octets: Uint8Array.of(10, 1, 0, 0, 255, 255, 0, 0) },
]
const NAMES: readonly WritableGeneralName[] = [
  { kind: 'dns', value: 'x.a.internal' },
  { kind: 'dns', value: 'a.internal' },
  { kind: 'dns', value: 'binternal' },
  { kind: 'ip', octets: parseIpAddress('10.1.2.3') },
  { kind: 'ip', octets: parseIpAddress('10.2.2.3') },
  { kind: 'uri', value: 'spiffe://signet.test/x' },
]

const oneOf = <T>(values: readonly T[], random: Random): T[] => values.slice(random(values.length)).slice(0, 1)

function maybe<T>(oneIn: number, random: Random, make: () => T): T[] {
  return random(oneIn) === 0 ? [make()] : []
}

function authorityExtensions(random: Random): readonly Extension[] {
  return [
    ...maybe(4, random, () => basicConstraints({ authority: true, pathLength: random(3) }, 'critical')),
    ...maybe(15, random, () => keyUsage(['cRLSign'], 'critical')),
    ...maybe(8, random, () => extendedKeyUsage([random(3) === 0 ? OID.serverAuth : OID.clientAuth], 'non-critical')),
    ...maybe(5, random, () => constraintsFrom(random)),
    ...maybe(20, random, () => unknownExtension),
  ]
}

function constraintsFrom(random: Random): Extension {
  const permitted = [...oneOf(DNS, random), ...maybe(2, random, () => oneOf(NETWORKS, random)).flat()]
  return nameConstraints({
    permitted,
    excluded: maybe(3, random, () => oneOf([...DNS.slice(1), ...NETWORKS], random)).flat(),
  })
}

function timeFrom(random: Random) {
  const drawn = random(25)
  return drawn > 1 ? {} : { fields: { validity: drawn === 0 ? EXPIRED : FUTURE } }
}

function chainFrom(random: Random): readonly Entity[] {
  const chain = [makeCa({ extensions: authorityExtensions(random), ...timeFrom(random) })]
  for (let i = 0, intermediates = 1 + random(3); i < intermediates; i++) {
    const [issuer] = chain
    const notCa = random(20) === 0 ? [basicConstraints({ authority: false }, 'critical')] : []
    const extensions = notCa.length > 0 ? notCa : authorityExtensions(random)
    const parts = { name: `CA ${i}`, key: keyNumber(i + 2), extensions, ...timeFrom(random), ...(issuer && { issuer }) }
    chain.unshift(makeCa(parts))
  }
  const [issuer] = chain
  const names = [...oneOf(NAMES, random), ...maybe(2, random, () => oneOf(NAMES, random)).flat()]
  const extensions = maybe(6, random, () => extendedKeyUsage([OID.serverAuth], 'non-critical'))
  return [makeLeaf({ names, extensions, ...timeFrom(random), ...(issuer && { issuer }) }), ...chain]
}

describe.skipIf(!hasProgram('openssl', 'version'))('openssl verify', () => {
  const { file } = makeWorkplace()

  function opensslAccepts(chain: readonly Entity[]): boolean {
    const [leaf = '', ...above] = chain.map(({ der }) => encodePem('CERTIFICATE', der))
    const files = [
      '-trusted',
      file('root.pem', above.at(-1) ?? ''),
      '-untrusted',
      file('cas.pem', above.slice(0, -1).join('')),
    ]
    const at = ['-attime', String(AT.getTime() / 1000), '-purpose', 'sslclient']
    return attempt('openssl', 'verify', ...at, ...files, file('leaf.pem', leaf)).ok
  }

  it(`says the same of ${CHAINS} chains`, () => {
    const random = randomFrom(5280)
    const chains = Array.from({ length: CHAINS }, () => chainFrom(random))
    const verdicts = chains.map((chain) => {
      const [root] = chain.slice(-1)
      const verdict = verifyChain(
        chain.slice(0, -1).map(({ der }) => der),
        root ? [root.certificate] : [],
        {
          ...SETTINGS,
          conformance: 'waived',
        },
      )
      return {
        ours: verdict.kind === 'valid' ? 'valid' : verdict.code,
        accepted: verdict.kind === 'valid',
        theirs: opensslAccepts(chain),
      }
    })
    expect(verdicts.filter(({ accepted, theirs }) => accepted !== theirs)).toEqual([])
    expect(verdicts.filter(({ accepted }) => accepted).length).toBeGreaterThan(10)
    expect(new Set(verdicts.map(({ ours }) => ours)).size).toBeGreaterThan(6)
  })
})
