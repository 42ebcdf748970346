// Chains that are made to be dear: each is what the tests count the work of, and the benchmark the time.
import { randomBytes } from 'node:crypto'
import { IssuerPool } from '../../../src/verifier/path/issuer-pool.ts'
import type { PathCertificate } from '../../../src/verifier/path/path-certificate.ts'
import { integer, nullValue, oid, sequence, bitString } from '../../../src/x509/der-writer.ts'
import type { DistinguishedName } from '../../../src/x509/distinguished-name.ts'
import { certificatePolicies } from '../../../src/x509/extensions/certificate-policies.ts'
import { nameConstraints } from '../../../src/x509/extensions/name-constraints.ts'
import type { WritableGeneralName } from '../../../src/x509/general-name.ts'
import { OID } from '../../../src/x509/oid.ts'
import { commonName } from '../../x509/fixtures.ts'
import { type Entity, keyNumber, makeCa, makeLeaf, policyMappings } from './chain-fixture.ts'

export interface HostileChain {
  readonly name: string
  readonly leaf: Entity
  readonly pool: IssuerPool
  readonly verdict: 'valid' | 'refused'
}

const MANY = 1000

function poolOf(
  anchors: readonly Entity[],
  intermediates: readonly { readonly certificate: PathCertificate }[],
): IssuerPool {
  const certificates = (entities: readonly { readonly certificate: PathCertificate }[]) =>
    entities.map(({ certificate }) => certificate)
  return new IssuerPool({ anchors: certificates(anchors), intermediates: certificates(intermediates) })
}

const octets = (i: number): readonly number[] => [i >> 8, i & 255]

/** A constraint and a name that lies in no earlier one, for each form that Signet can write. */
const FORMS: readonly (readonly [
  form: string,
  base: (i: number) => WritableGeneralName,
  name: (i: number) => WritableGeneralName,
])[] = [
  [
    'dns',
    (i) => ({ kind: 'dns', value: `zone-${i}.internal` }),
    (i) => ({ kind: 'dns', value: `host.zone-${i}.internal` }),
  ],
  [
    'deep dns',
    (i) => ({ kind: 'dns', value: `zone-${i}.internal` }),
    (i) => ({ kind: 'dns', value: `${'a.'.repeat(100)}zone-${i}.internal` }),
  ],
  [
    'ip',
    // Every length of mask, so that each address is looked up under all of them.
    (i) => ({ kind: 'ip', octets: network([10, ...octets(i), 0], 24 + (i % 9)) }),
    (i) => ({ kind: 'ip', octets: Uint8Array.of(10, ...octets(i), 0) }),
  ],
  [
    'uri',
    (i) => ({ kind: 'uri', value: `.zone-${i}.internal` }),
    (i) => ({ kind: 'uri', value: `x://host.zone-${i}.internal/` }),
  ],
  [
    'directory',
    (i) => ({ kind: 'directory', name: directory(i, 1) }),
    (i) => ({ kind: 'directory', name: directory(i, 6) }),
  ],
]

function network(address: readonly number[], bits: number): Uint8Array {
  const mask = (0xffffffff << (32 - bits)) >>> 0
  return Uint8Array.of(...address, mask >>> 24, (mask >>> 16) & 255, (mask >>> 8) & 255, mask & 255)
}

function directory(i: number, length: number): DistinguishedName {
  return Array.from({ length }, (_, depth) => [{ type: OID.organizationalUnitName, value: `Unit ${i} ${depth}` }])
}

/** As many names as constraints, permitted one by one, and as many others excluded. */
function manyNames([form, base, name]: (typeof FORMS)[number]): HostileChain {
  const root = makeCa()
  const permitted = Array.from({ length: MANY }, (_, i) => base(i))
  const excluded = Array.from({ length: MANY }, (_, i) => base(i + MANY))
  const issuing = makeCa({
    name: 'Issuing',
    issuer: root,
    key: keyNumber(2),
    extensions: [nameConstraints({ permitted, excluded })],
  })
  const subject = form === 'directory' ? directory(0, 6) : commonName('Leaf')
  const names = Array.from({ length: MANY }, (_, i) => name(i))
  const leaf = makeLeaf({ name: subject, issuer: issuing, names })
  return {
    name: `${MANY} names, ${MANY} constraints: ${form}`,
    leaf,
    pool: poolOf([root], [issuing]),
    verdict: 'valid',
  }
}

/** Each key certified by each other, under one name: as many ways as orders of the keys. Only one of them has an anchor. */
function crossSigned(keys: number, anchored: 'anchored' | 'unanchored'): HostileChain {
  const name = commonName('Cross')
  const issuers = Array.from({ length: keys }, (_, i) => ({ name, key: keyNumber(i + 10) }))
  const intermediates = issuers.flatMap((issuer) =>
    issuers.filter((each) => each !== issuer).map(({ key }) => makeCa({ name, key, issuer })),
  )
  const [first] = issuers
  const root = makeCa()
  const anchor = anchored === 'anchored' ? [makeCa({ name, key: keyNumber(9 + keys), issuer: root })] : []
  const leaf = makeLeaf(first === undefined ? {} : { issuer: first })
  const verdict = anchored === 'anchored' ? 'valid' : 'refused'
  return {
    name: `${keys} CAs cross-signed, ${anchored}`,
    leaf,
    pool: poolOf([root], [...intermediates, ...anchor]),
    verdict,
  }
}

/** A hundred CAs of one name and as many keys, in a ring: who signed can only be found by trying. */
function sameName(count: number): HostileChain {
  const name = commonName('Same')
  const issuers = Array.from({ length: count }, (_, i) => ({ name, key: keyNumber(i + 10) }))
  const intermediates = issuers.map(({ key }, i) =>
    makeCa({
      name,
      key,
      issuer: issuers[i - 1] ?? { name, key: keyNumber(9 + count) },
      without: [OID.subjectKeyIdentifier, OID.authorityKeyIdentifier],
    }),
  )
  const leaf = makeLeaf({ issuer: { name, key: keyNumber(9 + count) }, without: [OID.authorityKeyIdentifier] })
  return { name: `${count} CAs of one name`, leaf, pool: poolOf([makeCa()], intermediates), verdict: 'refused' }
}

/** Policies that are mapped to each other at every level. */
function mappedPolicies(levels: number): HostileChain {
  const count = 500
  const oids = Array.from({ length: count }, (_, i) => `2.25.9.${i}`)
  const pairs = oids.flatMap((each, i) => [[each, each] as const, [each, `2.25.9.${(i + 1) % count}`] as const])
  const extensions = [certificatePolicies(oids, 'non-critical'), policyMappings(...pairs)]
  const cas = [makeCa()]
  for (let i = 0; i < levels; i++) {
    const [issuer] = cas
    cas.unshift(makeCa({ name: `Level ${i}`, key: keyNumber(i + 2), extensions, ...(issuer && { issuer }) }))
  }
  const [issuer] = cas
  const leaf = makeLeaf({ extensions: [certificatePolicies(oids, 'non-critical')], ...(issuer && { issuer }) })
  return {
    name: `${count} policies mapped ${levels} times`,
    leaf,
    pool: poolOf(cas.slice(-1), cas.slice(0, -1)),
    verdict: 'valid',
  }
}

/** The dearest keys that are accepted. What they sign is nothing: each is tried. */
function hugeKeys(count: number): HostileChain {
  const name = commonName('Huge')
  const intermediates = Array.from({ length: count }, () => {
    const modulus = randomBytes(1024)
    modulus[0] = 0xff
    modulus[1023] = 0xff
    const key = sequence(integer(Uint8Array.of(0, ...modulus)), integer(Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff)))
    const spki = sequence(sequence(oid(OID.rsaEncryption), nullValue()), bitString(key))
    return makeCa({ name, issuer: { name, key: keyNumber(1) }, fields: { spki }, without: [OID.subjectKeyIdentifier] })
  })
  const signer = { ...keyNumber(1), algorithm: 'rsa-2048' as const, sign: () => randomBytes(1023).subarray(0, 1023) }
  const leaf = makeLeaf({
    issuer: { name, key: { ...signer, sign: () => new Uint8Array([0, ...randomBytes(1023)]) } },
    without: [OID.authorityKeyIdentifier],
    fields: { signatureAlgorithm: 'rsa-2048' },
  })
  return { name: `${count} RSA keys of 8192 bits`, leaf, pool: poolOf([makeCa()], intermediates), verdict: 'refused' }
}

/** A megabyte of names. */
function megabyte(): HostileChain {
  const root = makeCa({
    extensions: [nameConstraints({ permitted: [{ kind: 'dns', value: 'internal' }], excluded: [] })],
  })
  const names = Array.from(
    { length: 20_000 },
    (_, i) => ({ kind: 'dns', value: `a-host-with-a-long-name-${i}.in-a-zone.internal` }) as const,
  )
  return { name: '1 MB', leaf: makeLeaf({ issuer: root, names }), pool: poolOf([root], []), verdict: 'valid' }
}

export function hostileChains(): readonly HostileChain[] {
  return [
    ...FORMS.map(manyNames),
    crossSigned(10, 'unanchored'),
    crossSigned(10, 'anchored'),
    sameName(100),
    mappedPolicies(8),
    hugeKeys(100),
    megabyte(),
  ]
}
