import { describe, expect, it } from 'vitest'
import { formatIpAddress, parseIpAddress } from '../../src/x509/ip-address.ts'
import { codeOf } from './refusal.ts'

describe('IP addresses', () => {
  it.each([
    ['127.0.0.1', '7f000001'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '00'.repeat(16)],
    ['::1', `${'00'.repeat(15)}01`],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['fe80::', `fe80${'00'.repeat(14)}`],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['1:2:3:4:5:6:192.0.2.1', '000100020003000400050006c0000201'],
  ])('%s', (text, hex) => {
    const octets = parseIpAddress(text)
    expect(Buffer.from(octets).toString('hex')).toBe(hex)
    expect(parseIpAddress(formatIpAddress(octets))).toEqual(octets)
  })

  it.each(['', '256.0.0.1', '1.2.3', '01.2.3.4', '::1::', '1:2:3', 'fe80::1%eth0', '10.0.0.0/8', 'localhost'])(
    'refuses "%s"',
    (text) => {
      expect(codeOf(() => parseIpAddress(text))).toBe('der_unencodable')
    },
  )

  it('shows address and mask of name constraints', () => {
    expect(formatIpAddress(Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0))).toBe('10.0.0.0/255.0.0.0')
    expect(codeOf(() => formatIpAddress(new Uint8Array(5)))).toBe('der_string_invalid')
  })
})
