import { describe, expect, test } from 'vitest'
import { readForwardedCertificate, type Voucher } from '../../src/proxies/forwarded-certificate.ts'
import { KnownLeaves } from '../../src/proxies/known-leaves.ts'
import { type RawHeader, readToldHeaders, type ToldHeaders } from '../../src/proxies/told-headers.ts'
import { encodePem } from '../../src/x509/pem.ts'

const [ONE, OTHER] = [new Uint8Array(800).fill(1), new Uint8Array(800).fill(2)]
const escaped = (der: Uint8Array): string => encodeURIComponent(encodePem('CERTIFICATE', der))
const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64')

function told(...headers: readonly RawHeader[]): ToldHeaders {
  const read = readToldHeaders([['host', 'chat.internal'], ...headers], new Set())
  if (read.kind === 'ambiguous') throw new Error(`${read.header}: ${read.fault}`)
  return read
}

const nginx = (der: Uint8Array, verify: string): ToldHeaders =>
  told(['x-ssl-client-cert', escaped(der)], ['x-ssl-client-verify', verify])

describe('leaves that were told before', () => {
  test('come out as the same bytes, and the same object', () => {
    const leaves = new KnownLeaves()
    const first = leaves.read(nginx(ONE, 'SUCCESS'), { dialect: 'nginx' })
    expect(first).toEqual({ kind: 'leaf', der: ONE })
    const again = leaves.read(nginx(ONE, 'SUCCESS'), { dialect: 'nginx' })
    if (first.kind !== 'leaf' || again.kind !== 'leaf') throw new Error('no leaf')
    expect(again.der).toBe(first.der)
  })

  const CASES: readonly (readonly [string, ToldHeaders, Voucher])[] = [
    ['another certificate', nginx(OTHER, 'SUCCESS'), { dialect: 'nginx' }],
    ['one that was not verified', nginx(ONE, 'FAILED:expired'), { dialect: 'nginx' }],
    ['one that nobody asked for', nginx(ONE, 'NONE'), { dialect: 'nginx' }],
    ['without the word on it', told(['x-ssl-client-cert', escaped(ONE)]), { dialect: 'nginx' }],
    ['by a proxy that may vouch for none', nginx(ONE, 'SUCCESS'), { dialect: 'none' }],
    ['by a proxy of another kind', nginx(ONE, 'SUCCESS'), { dialect: 'caddy' }],
    [
      'beside one of another form',
      told(['x-ssl-client-cert', escaped(ONE)], ['x-ssl-client-verify', 'SUCCESS'], ['x-client-cert', base64(ONE)]),
      { dialect: 'nginx' },
    ],
    ['the certificate for the word on it', nginx(ONE, escaped(ONE)), { dialect: 'nginx' }],
    [
      'the two the other way round',
      told(['x-ssl-client-cert', 'SUCCESS'], ['x-ssl-client-verify', escaped(ONE)]),
      { dialect: 'nginx' },
    ],
    ['the same one, in the field of a check', told(), { dialect: 'envoy-grpc', certificate: escaped(ONE) }],
    ['none in the field of a check', told(), { dialect: 'envoy-grpc', certificate: '' }],
    ['the text of another dialect in that field', told(), { dialect: 'envoy-grpc', certificate: base64(ONE) }],
    ['the first of two elements', told(['x-forwarded-client-cert', xfcc(ONE, OTHER)]), { dialect: 'xfcc', hops: 1 }],
    ['the last of two elements', told(['x-forwarded-client-cert', xfcc(ONE, OTHER)]), { dialect: 'xfcc', hops: 0 }],
  ]
  test.each(CASES)('do not answer for %s', (_, headers, voucher) => {
    const leaves = new KnownLeaves()
    leaves.read(nginx(ONE, 'SUCCESS'), { dialect: 'nginx' })
    for (const [, before, by] of CASES) leaves.read(before, by)
    expect(leaves.read(headers, voucher)).toEqual(readForwardedCertificate(headers, voucher))
  })

  test('are of many kinds among the cases', () => {
    const kinds = CASES.map(([, headers, voucher]) => readForwardedCertificate(headers, voucher).kind)
    expect(new Set(kinds)).toEqual(new Set(['leaf', 'absent', 'refused', 'ambiguous']))
  })
})

function xfcc(...leaves: readonly Uint8Array[]): string {
  return leaves.map((der) => `By=spiffe://x;Cert="${escaped(der)}"`).join(',')
}
