import { describe, expect, it } from 'vitest'
import { allowsNames } from '../../src/verifier/name-constraints.ts'
import type { GeneralName } from '../../src/x509/general-name.ts'
import { parseIpAddress } from '../../src/x509/ip-address.ts'

const dns = (value: string): GeneralName => ({ kind: 'dns', value })
const ip = (...texts: string[]): GeneralName => ({
  kind: 'ip',
  octets: Uint8Array.from(texts.flatMap((t) => [...parseIpAddress(t)])),
})
const uri: GeneralName = { kind: 'uri', value: 'spiffe://signet.test/x' }

describe('DNS names in a zone', () => {
  it.each([
    ['internal', 'internal', true],
    ['a.internal', 'internal', true],
    ['a.b.internal', 'internal', true],
    ['A.INTERNAL', 'internal', true],
    ['a.internal', 'INTERNAL', true],
    ['a.internal', '.internal', true],
    ['ainternal', 'internal', false],
    ['internal.example', 'internal', false],
    ['intern', 'internal', false],
    ['example', '', true],
  ])('%s in %j: %s', (name, zone, expected) => {
    expect(allowsNames({ permitted: [dns(zone)], excluded: [] }, [dns(name)])).toBe(expected)
    expect(allowsNames({ permitted: [], excluded: [dns(zone)] }, [dns(name)])).toBe(!expected)
  })
})

describe('addresses in a network', () => {
  it.each([
    ['10.1.2.3', '10.0.0.0', '255.0.0.0', true],
    ['11.1.2.3', '10.0.0.0', '255.0.0.0', false],
    ['10.0.0.1', '0.0.0.0', '0.0.0.0', true],
    ['::1', '0.0.0.0', '0.0.0.0', false],
    ['10.0.0.1', '::', '::', false],
    ['fd00::1', 'fd00::', 'ff00::', true],
    ['fe00::1', 'fd00::', 'ff00::', false],
  ])('%s in %s/%s: %s', (address, network, mask, expected) => {
    expect(allowsNames({ permitted: [ip(network, mask)], excluded: [] }, [ip(address)])).toBe(expected)
    expect(allowsNames({ permitted: [], excluded: [ip(network, mask)] }, [ip(address)])).toBe(!expected)
  })
})

describe('several', () => {
  const both = { permitted: [dns('a.test'), dns('b.test')], excluded: [dns('x.a.test')] }
  it.each([
    ['no name at all', [], true],
    ['a name of a form without constraints', [uri], true],
    ['one of several zones', [dns('y.b.test')], true],
    ['every name must lie in one', [dns('y.b.test'), dns('c.test')], false],
    ['excluded wins over permitted', [dns('x.a.test')], false],
  ] as const)('%s', (_, names, expected) => {
    expect(allowsNames(both, names)).toBe(expected)
  })
})
