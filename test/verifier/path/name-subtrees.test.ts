// RFC 5280 §4.2.1.10 by the forms of names: both sides of each boundary, and everything that cannot be compared refused.
import { describe, expect, it } from 'vitest'
import { comparableName } from '../../../src/verifier/path/comparable-name.ts'
import { indexConstraints } from '../../../src/verifier/path/name-subtrees.ts'
import type { DistinguishedName } from '../../../src/x509/distinguished-name.ts'
import type { GeneralName } from '../../../src/x509/general-name.ts'
import { parseIpAddress } from '../../../src/x509/ip-address.ts'
import { OID } from '../../../src/x509/oid.ts'

const dns = (value: string): GeneralName => ({ kind: 'dns', value })
const email = (value: string): GeneralName => ({ kind: 'email', value })
const uri = (value: string): GeneralName => ({ kind: 'uri', value })
const ip = (text: string): GeneralName => ({ kind: 'ip', octets: parseIpAddress(text) })
const net = (address: string, mask: string): GeneralName => ({
  kind: 'ip',
  octets: Uint8Array.from([...parseIpAddress(address), ...parseIpAddress(mask)]),
})
const organization = (...values: readonly string[]): GeneralName => ({
  kind: 'directory',
  name: values.map((value, i) => [{ type: i === 0 ? OID.organizationName : OID.organizationalUnitName, value }]),
})
const other = (tag: number): GeneralName => ({ kind: 'other', tag, encoded: Uint8Array.of(tag, 0) })

const nothingSpent = (): void => undefined

function allows(
  constraints: { permitted?: readonly GeneralName[]; excluded?: readonly GeneralName[] },
  name: GeneralName,
) {
  const { permitted = [], excluded = [] } = constraints
  return indexConstraints({ permitted, excluded })?.allows(comparableName(name), nothingSpent)
}

/** A base, what lies in it, and what does not. */
const BASES: readonly (readonly [
  base: GeneralName,
  inside: readonly GeneralName[],
  outside: readonly GeneralName[],
])[] = [
  [
    dns('example.com'),
    [dns('example.com'), dns('EXAMPLE.com'), dns('a.example.com'), dns('a.b.Example.Com'), dns('*.example.com')],
    [dns('badexample.com'), dns('example.com.evil'), dns('com'), dns('example.co')],
  ],
  [dns(''), [dns('a'), dns('a.b.c'), dns('*.a')], []],
  [
    email('Root@example.com'),
    [email('Root@EXAMPLE.com')],
    [email('Root@a.example.com'), email('other@example.com'), email('Root@example.org')],
  ],
  [
    email('example.com'),
    [email('a@example.com'), email('B@Example.com')],
    [email('a@b.example.com'), email('a@badexample.com')],
  ],
  [
    email('.example.com'),
    [email('a@b.example.com'), email('a@b.c.example.com')],
    [email('a@example.com'), email('a@bexample.com')],
  ],
  [
    uri('host.example.com'),
    [uri('https://host.example.com/'), uri('spiffe://HOST.example.com/a'), uri('https://u:p@host.example.com:8443?q')],
    [uri('https://a.host.example.com/'), uri('https://host.example.com.evil/'), uri('https://host.example.com@evil/')],
  ],
  [
    uri('.example.com'),
    [uri('https://a.example.com'), uri('x://a.b.example.com#f')],
    [uri('https://example.com'), uri('https://evil/.example.com'), uri('https://evil?.example.com')],
  ],
  [
    net('10.0.0.0', '255.0.0.0'),
    [ip('10.0.0.0'), ip('10.255.255.255')],
    [ip('9.255.255.255'), ip('11.0.0.0'), ip('::1')],
  ],
  [net('10.1.2.3', '255.255.255.255'), [ip('10.1.2.3')], [ip('10.1.2.2'), ip('10.1.2.4')]],
  [net('0.0.0.0', '0.0.0.0'), [ip('1.2.3.4')], [ip('::')]],
  [net('2001:db8::', 'ffff:fff8::'), [ip('2001:dbf::1')], [ip('2001:dc0::'), ip('10.0.0.1')]],
  [
    organization('Example'),
    [organization('Example'), organization(' EXAMPLE '), organization('Example', 'Unit')],
    [organization('Example Corp'), organization('Other', 'Example'), { kind: 'directory', name: [] }],
  ],
  [organization('Example', 'Two  words'), [organization('Example', 'two words', 'More')], [organization('Example')]],
  [{ kind: 'directory', name: [] }, [organization('Any'), { kind: 'directory', name: [] }], []],
]

const INSIDE = BASES.flatMap(([base, inside]) => inside.map((name) => ({ base, name })))
const OUTSIDE = BASES.flatMap(([base, , outside]) => outside.map((name) => ({ base, name })))

describe('a permitted subtree', () => {
  it.each(INSIDE)('$base holds $name', ({ base, name }) => expect(allows({ permitted: [base] }, name)).toBe(true))
  it.each(OUTSIDE)('$base refuses $name', ({ base, name }) => expect(allows({ permitted: [base] }, name)).toBe(false))

  it('leaves other forms alone', () => {
    expect(allows({ permitted: [dns('example.com')] }, ip('10.0.0.1'))).toBe(true)
  })
})

describe('an excluded subtree', () => {
  it.each(INSIDE)('$base refuses $name', ({ base, name }) => expect(allows({ excluded: [base] }, name)).toBe(false))
  it.each(OUTSIDE)('$base leaves $name', ({ base, name }) => expect(allows({ excluded: [base] }, name)).toBe(true))

  it('wins over a permitted one', () => {
    const both = { permitted: [dns('example.com')], excluded: [dns('a.example.com')] }
    expect(allows(both, dns('b.example.com'))).toBe(true)
    expect(allows(both, dns('a.example.com'))).toBe(false)
  })

  it('holds for a wildcard that covers it', () => {
    expect(allows({ excluded: [dns('a.example.com')] }, dns('*.example.com'))).toBe(false)
    expect(allows({ excluded: [dns('a.b.example.com')] }, dns('*.example.com'))).toBe(true)
  })

  it('holds for a mailbox in any letter case', () => {
    expect(allows({ excluded: [email('Root@example.com')] }, email('rOOT@example.com'))).toBe(false)
  })
})

describe('names that cannot be compared are refused, permitted or excluded', () => {
  const cases: readonly (readonly [base: GeneralName, name: GeneralName])[] = [
    [dns('example.com'), dns('.example.com')],
    [dns('example.com'), dns('a.example.com.')],
    [dns('example.com'), dns('a..example.com')],
    [dns('example.com'), dns('*a.example.com')],
    [dns('example.com'), dns('a.*.example.com')],
    [dns('example.com'), dns('')],
    [email('example.com'), email('a@b@example.com')],
    [email('example.com'), email('example.com')],
    [email('example.com'), email('@example.com')],
    [email('example.com'), email('a@[10.0.0.1]')],
    [uri('example.com'), uri('urn:example.com')],
    [uri('example.com'), uri('https://10.0.0.1/')],
    [uri('example.com'), uri('https://[::1]/')],
    [uri('example.com'), uri('https:///example.com')],
    [uri('example.com'), uri('https://example.com%2e/')],
    [uri('example.com'), uri('https://evil\\@example.com/')],
    [net('10.0.0.0', '255.0.0.0'), net('10.0.0.0', '255.0.0.0')],
    [
      { kind: 'registered-id', oid: '1.2.3' },
      { kind: 'registered-id', oid: '1.2.4' },
    ],
    [other(0xa0), other(0xa0)],
    [other(0xa3), other(0xa3)],
  ]

  it.each(cases)('%o: %o', (base, name) => {
    expect(allows({ permitted: [base] }, name)).toBe(false)
    expect(allows({ excluded: [base] }, name)).toBe(false)
  })

  it('and another unknown form is not', () => {
    expect(allows({ excluded: [other(0xa0)] }, other(0xa3))).toBe(true)
  })
})

describe('constraints that are no subtrees', () => {
  const cases: readonly GeneralName[] = [
    dns('.example.com'),
    dns('*.example.com'),
    dns('example.com.'),
    dns('10.0.0.1'),
    email(''),
    email('a@'),
    email('a@b@example.com'),
    uri('https://example.com'),
    uri('example.com:443'),
    uri(''),
    net('10.0.0.0', '255.0.255.0'),
    net('10.0.0.0', '0.0.0.1'),
    net('::', '8000:8000::'),
  ]

  it.each(cases)('%o', (base) => {
    expect(indexConstraints({ permitted: [base], excluded: [] })).toBeUndefined()
    expect(indexConstraints({ permitted: [], excluded: [base] })).toBeUndefined()
  })
})

it('costs as much as names and their parts, not as names times constraints', () => {
  const hosts = Array.from({ length: 1000 }, (_, i) => dns(`host-${i}.zone-${i}.internal`))
  const zones = Array.from({ length: 1000 }, (_, i) => dns(`zone-${i}.internal`))
  const index = indexConstraints({ permitted: zones, excluded: zones.map((_, i) => dns(`other-${i}.internal`)) })
  let lookups = 0
  const onLookup = (): void => {
    lookups++
  }
  expect(hosts.every((name) => index?.allows(comparableName(name), onLookup))).toBe(true)
  expect(lookups).toBeLessThanOrEqual(1000 * 6)
})

it('compares directory names attribute by attribute, whatever their order in one RDN', () => {
  const two = (first: string, second: string): DistinguishedName => [
    [
      { type: OID.organizationName, value: first },
      { type: OID.commonName, value: second },
    ],
  ]
  const swapped: DistinguishedName = two('a', 'b').map((rdn) => rdn.toReversed())
  expect(
    allows({ permitted: [{ kind: 'directory', name: two('a', 'b') }] }, { kind: 'directory', name: swapped }),
  ).toBe(true)
  expect(
    allows({ permitted: [{ kind: 'directory', name: two('a', 'b') }] }, { kind: 'directory', name: two('b', 'a') }),
  ).toBe(false)
})
