// RFC 9525 §6.3: the whole leftmost label, one label, and nothing that is no host.
import { describe, expect, it } from 'vitest'
import { certifiesName, type PeerName } from '../../../src/verifier/path/peer-name.ts'
import { parseIpAddress } from '../../../src/x509/ip-address.ts'
import { makeLeaf } from './chain-fixture.ts'

const { certificate } = makeLeaf({
  name: 'cn.internal',
  names: [
    { kind: 'dns', value: 'Host.internal' },
    { kind: 'dns', value: '*.zone.internal' },
    { kind: 'dns', value: '10.0.0.9' },
    { kind: 'ip', octets: parseIpAddress('10.0.0.1') },
  ],
})

const dns = (value: string): PeerName => ({ kind: 'dns', value })
const ip = (text: string): PeerName => ({ kind: 'ip', octets: parseIpAddress(text) })

describe('certifiesName', () => {
  it.each([dns('host.internal'), dns('HOST.INTERNAL'), dns('a.zone.internal'), ip('10.0.0.1')])('%o', (wanted) => {
    expect(certifiesName(certificate, wanted)).toBe(true)
  })

  it.each([
    dns('cn.internal'),
    dns('zone.internal'),
    dns('.zone.internal'),
    dns('*.zone.internal'),
    dns('a.b.zone.internal'),
    dns('ahost.internal'),
    dns('host.internal.'),
    dns('10.0.0.1'),
    dns('10.0.0.9'),
    dns(''),
    ip('10.0.0.9'),
    ip('::ffff:10.0.0.1'),
    { kind: 'email', value: 'host.internal' } as const,
  ])('not %o', (wanted) => {
    expect(certifiesName(certificate, wanted)).toBe(false)
  })
})
