import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readForwardedCertificate, type Voucher } from '../../src/proxies/forwarded-certificate.ts'
import { MAX_LEAF_BYTES } from '../../src/proxies/forwarded-leaf.ts'
import type { RawHeader } from '../../src/proxies/told-headers.ts'
import { parseXfcc } from '../../src/proxies/xfcc.ts'
import { encodePem } from '../../src/x509/pem.ts'
import { told } from './told.ts'

/** Bytes that stand for certificates: what is in them is for others to judge. Their base64 holds `+`, `/` and `=`. */
const LEAF = Uint8Array.of(0x30, 0x06, 0x01, 0xfb, 0xef, 0xbe, 0xff, 0xff)
const ISSUER = Uint8Array.of(0x30, 0x01, 0x09)
const [leaf64, issuer64] = [base64(LEAF), base64(ISSUER)]
const [leafPem, issuerPem] = [encodePem('CERTIFICATE', LEAF), encodePem('CERTIFICATE', ISSUER)]
const LEAF_ESCAPED = encodeURIComponent(leafPem)

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64')
}

function outcomeOf(voucher: Voucher, ...headers: RawHeader[]): string {
  const read = readForwardedCertificate(told(headers), voucher)
  if (read.kind === 'ambiguous') return `${read.header}: ${read.fault}`
  if (read.kind === 'leaf') return base64(read.der) === leaf64 ? 'leaf' : base64(read.der)
  return read.kind === 'refused' ? read.fault : read.kind
}

const cert: RawHeader = ['X-SSL-Client-Cert', LEAF_ESCAPED]
const verified: RawHeader = ['X-SSL-Client-Verify', 'SUCCESS']

describe('nginx', () => {
  it.each<[string, RawHeader[], string]>([
    ['certificate and SUCCESS', [cert, verified], 'leaf'],
    ['nothing', [], 'absent'],
    ['NONE alone', [['X-SSL-Client-Verify', 'NONE']], 'absent'],
    [
      'NONE and an empty certificate',
      [
        ['X-SSL-Client-Cert', ''],
        ['X-SSL-Client-Verify', 'NONE'],
      ],
      'absent',
    ],
    ['a companion that is not read', [cert, verified, ['X-SSL-Client-S-DN', 'CN=mallory']], 'leaf'],
    ['a certificate alone', [cert], 'not-verified'],
    ['a certificate and NONE', [cert, ['X-SSL-Client-Verify', 'NONE']], 'not-verified'],
    ['a certificate and FAILED', [cert, ['X-SSL-Client-Verify', 'FAILED:certificate has expired']], 'not-verified'],
    ['a certificate and success', [cert, ['X-SSL-Client-Verify', 'success']], 'not-verified'],
    ['a certificate and what HAProxy says', [cert, ['X-SSL-Client-Verify', '0']], 'not-verified'],
    ['a certificate and two joined', [cert, ['X-SSL-Client-Verify', 'SUCCESS,FAILED:x']], 'not-verified'],
    ['SUCCESS alone', [verified], 'certificate-missing'],
    ['FAILED alone', [['X-SSL-Client-Verify', 'FAILED:x']], 'not-verified'],
  ])('%s', (_what, headers, outcome) => {
    expect(outcomeOf({ dialect: 'nginx' }, ...headers)).toBe(outcome)
  })

  it.each([
    ['two certificates', encodeURIComponent(leafPem + issuerPem), 'several-certificates'],
    ['two certificates, the issuer first', encodeURIComponent(issuerPem + leafPem), 'several-certificates'],
    ['not encoded', leafPem.replaceAll('\n', ' '), 'percent'],
    ['a plus that is not encoded', LEAF_ESCAPED.replaceAll('%2B', '+'), 'percent'],
    ['spaces as plus', LEAF_ESCAPED.replaceAll('%20', '+'), 'percent'],
    ['a broken escape', LEAF_ESCAPED.replace('%0A', '%0'), 'percent'],
    ['escaped twice', encodeURIComponent(LEAF_ESCAPED), 'pem'],
    ['base64 DER', leaf64.replaceAll(/[+/=]/g, 'A'), 'pem'],
    ['text before', encodeURIComponent(`CN=alice\n${leafPem}`), 'pem'],
    ['text behind', encodeURIComponent(`${leafPem}x`), 'pem'],
    ['another label', encodeURIComponent(encodePem('PUBLIC KEY', LEAF)), 'pem'],
    ['a key beside it', encodeURIComponent(leafPem + encodePem('PUBLIC KEY', LEAF)), 'pem'],
    ['broken base64', LEAF_ESCAPED.replace('MA', 'M'), 'pem'],
    ['a NUL', `${LEAF_ESCAPED}%00`, 'pem'],
    ['bytes that are no UTF-8', `${LEAF_ESCAPED}%ff`, 'pem'],
    ['lower-case escapes', LEAF_ESCAPED.replaceAll('%0A', '%0a'), 'leaf'],
    ['a long text', 'A'.repeat(64 * 1024 - 100), 'pem'],
  ])('%s', (_what, value, outcome) => {
    expect(outcomeOf({ dialect: 'nginx' }, ['X-SSL-Client-Cert', value], verified)).toBe(outcome)
  })
})

describe('HAProxy', () => {
  const zero: RawHeader = ['X-SSL-Client-Verify', '0']
  it.each<[string, RawHeader[], string]>([
    ['certificate and 0', [['X-SSL-Client-Cert', leaf64], zero], 'leaf'],
    ['certificate in quotes and 0', [['X-SSL-Client-Cert', `"${leaf64}"`], zero], 'leaf'],
    ['nothing', [], 'absent'],
    ['0 alone', [zero], 'absent'],
    ['an empty certificate in quotes', [['X-SSL-Client-Cert', '""'], zero], 'absent'],
    ['one quote', [['X-SSL-Client-Cert', `"${leaf64}`], zero], 'base64'],
    ['certificate alone', [['X-SSL-Client-Cert', leaf64]], 'not-verified'],
    [
      'certificate and 10',
      [
        ['X-SSL-Client-Cert', leaf64],
        ['X-SSL-Client-Verify', '10'],
      ],
      'not-verified',
    ],
    [
      'certificate and 00',
      [
        ['X-SSL-Client-Cert', leaf64],
        ['X-SSL-Client-Verify', '00'],
      ],
      'not-verified',
    ],
    ['certificate and SUCCESS', [['X-SSL-Client-Cert', leaf64], verified], 'not-verified'],
    ['10 alone', [['X-SSL-Client-Verify', '10']], 'not-verified'],
    ['PEM', [['X-SSL-Client-Cert', LEAF_ESCAPED], zero], 'base64'],
    ['two', [['X-SSL-Client-Cert', `${leaf64},${issuer64}`], zero], 'base64'],
    ['base64url', [['X-SSL-Client-Cert', leaf64.replaceAll('+', '-').replaceAll('/', '_')], zero], 'base64'],
    ['without padding', [['X-SSL-Client-Cert', leaf64.replaceAll('=', '')], zero], 'base64'],
    ['a space in it', [['X-SSL-Client-Cert', leaf64.replace('A', 'A ')], zero], 'base64'],
  ])('%s', (_what, headers, outcome) => {
    expect(outcomeOf({ dialect: 'haproxy' }, ...headers)).toBe(outcome)
  })
})

describe('Caddy', () => {
  it.each([
    ['DER', leaf64, 'leaf'],
    ['empty', '', 'absent'],
    ['two joined', `${leaf64}, ${leaf64}`, 'base64'],
    ['two run together', issuer64 + leaf64, issuer64 + leaf64],
    ['PEM', LEAF_ESCAPED, 'base64'],
    ['a byte sequence', `:${leaf64}:`, 'base64'],
    ['in quotes', `"${leaf64}"`, 'base64'],
    ['stray bits', leaf64.replace('8=', '9='), 'base64'],
    ['the largest', base64(new Uint8Array(MAX_LEAF_BYTES)), base64(new Uint8Array(MAX_LEAF_BYTES))],
    ['one byte more', base64(new Uint8Array(MAX_LEAF_BYTES + 1)), 'too-large'],
  ])('%s', (_what, value, outcome) => {
    expect(outcomeOf({ dialect: 'caddy' }, ['X-Client-Cert', value])).toBe(outcome)
  })
})

describe('Traefik', () => {
  const name = 'X-Forwarded-Tls-Client-Cert'
  it.each<[string, RawHeader[], string]>([
    ['leaf', [[name, leaf64]], 'leaf'],
    ['leaf and issuer', [[name, `${leaf64},${issuer64}`]], 'leaf'],
    ['issuer first: it is what is judged', [[name, `${issuer64},${leaf64}`]], issuer64],
    ['nothing', [], 'absent'],
    ['empty', [[name, '']], 'absent'],
    ['text about a certificate, which is not read', [[`${name}-Info`, 'Subject="CN=mallory"']], 'absent'],
    ['as 2.8 escapes it', [[name, encodeURIComponent(leaf64)]], 'url-escaped'],
    ['an empty one in between', [[name, `${leaf64},,${issuer64}`]], 'base64'],
    ['a comma at the end', [[name, `${leaf64},`]], 'base64'],
    ['a comma at the start', [[name, `,${leaf64}`]], 'base64'],
    ['a space behind the comma', [[name, `${leaf64}, ${issuer64}`]], 'base64'],
    ['a broken issuer', [[name, `${leaf64},AB`]], 'base64'],
    ['PEM armour', [[name, '-----BEGIN CERTIFICATE-----']], 'base64'],
    ['too many', [[name, Array.from({ length: 9 }, () => leaf64).join(',')]], 'too-large'],
  ])('%s', (_what, headers, outcome) => {
    expect(outcomeOf({ dialect: 'traefik' }, ...headers)).toBe(outcome)
  })
})

describe('Client-Cert (RFC 9440)', () => {
  it.each<[string, RawHeader[], string]>([
    ['a byte sequence', [['Client-Cert', `:${leaf64}:`]], 'leaf'],
    ['with spaces around', [['Client-Cert', ` :${leaf64}: `]], 'leaf'],
    [
      'with its chain, which is not read',
      [
        ['Client-Cert', `:${leaf64}:`],
        ['Client-Cert-Chain', `:${issuer64}:`],
      ],
      'leaf',
    ],
    ['nothing', [], 'absent'],
    ['empty', [['Client-Cert', '']], 'absent'],
    ['a chain alone', [['Client-Cert-Chain', `:${leaf64}:`]], 'certificate-missing'],
    ['no colons', [['Client-Cert', leaf64]], 'syntax'],
    ['one colon', [['Client-Cert', `:${leaf64}`]], 'syntax'],
    ['a list', [['Client-Cert', `:${leaf64}:, :${issuer64}:`]], 'syntax'],
    ['parameters', [['Client-Cert', `:${leaf64}:;a=1`]], 'syntax'],
    ['a string', [['Client-Cert', `"${leaf64}"`]], 'syntax'],
    ['nothing between the colons', [['Client-Cert', '::']], 'base64'],
    ['no padding', [['Client-Cert', `:${leaf64.replaceAll('=', '')}:`]], 'base64'],
    ['a space within', [['Client-Cert', `: ${leaf64}:`]], 'base64'],
    ['what nginx writes', [['Client-Cert', LEAF_ESCAPED]], 'syntax'],
  ])('%s', (_what, headers, outcome) => {
    expect(outcomeOf({ dialect: 'client-cert' }, ...headers)).toBe(outcome)
  })
})

describe('Envoy XFCC', () => {
  const own = `By=spiffe://signet.test/service/edge/edge;Hash=ab;Cert="${LEAF_ESCAPED}"`
  const forged = `Hash=cd;Cert="${encodeURIComponent(issuerPem)}"`
  it.each<[string, string, string, number?]>([
    ['one element', own, 'leaf'],
    ['the last of two', `${forged},${own}`, 'leaf'],
    ['the last of two, after a space', `${forged}, ${own}`, 'leaf'],
    ['the second from the right behind one more proxy', `${forged},${own},By=x;Hash=ef`, 'leaf', 1],
    ['a subject that holds all signs', `Subject="CN=\\"a\\",O=b;c=d";Cert="${LEAF_ESCAPED}"`, 'leaf'],
    ['a subject that looks like an element', `Subject="x\\",Cert=\\"y";Cert="${LEAF_ESCAPED}"`, 'leaf'],
    ['a key in capitals', `CERT="${LEAF_ESCAPED}"`, 'leaf'],
    ['no quotes', `Cert=${LEAF_ESCAPED}`, 'leaf'],
    ['names one by one', `DNS=a.example.org;DNS=b.example.org;${own}`, 'leaf'],
    ['empty', '', 'absent'],
    ['a forged one last: it is what is judged', `${own},${forged}`, issuer64],
    ['no certificate in the last', `${own},By=x;Hash=ab`, 'certificate-missing'],
    ['a subject alone', 'Subject="CN=vision__alice"', 'certificate-missing'],
    ['a chain alone', `Chain="${encodeURIComponent(leafPem + issuerPem)}"`, 'certificate-missing'],
    ['an empty certificate', 'Cert=""', 'certificate-missing'],
    ['a certificate within a subject', `Subject="Cert=${LEAF_ESCAPED}"`, 'certificate-missing'],
    ['two certificates', `${own};Cert="${LEAF_ESCAPED}"`, 'several-certificates'],
    ['two certificates in one', `Cert="${encodeURIComponent(leafPem + issuerPem)}"`, 'several-certificates'],
    ['fewer elements than proxies', own, 'too-few-hops', 1],
    ['an open quote', `Subject="CN=a;Cert=${LEAF_ESCAPED}`, 'syntax'],
    ['an open quote to the left', `Subject="CN=a,${own}`, 'syntax'],
    ['text behind a quote', `Cert="${LEAF_ESCAPED}"x`, 'syntax'],
    ['a quote within a text', `Subject=CN="a";${own}`, 'syntax'],
    ['a backslash that escapes nothing', `Subject="a\\b";${own}`, 'syntax'],
    ['a key without a value', `Hash;${own}`, 'syntax'],
    ['an empty element', `,${own}`, 'syntax'],
    ['an empty element at the end', `${own},`, 'syntax'],
    ['an empty pair', `;${own}`, 'syntax'],
    ['a semicolon at the end', `${own};`, 'syntax'],
    ['too many elements', Array.from({ length: 17 }, () => 'Hash=a').join(','), 'syntax'],
    ['too many pairs', Array.from({ length: 129 }, () => 'DNS=a').join(';'), 'syntax'],
  ])('%s', (_what, value, outcome, hops = 0) => {
    expect(outcomeOf({ dialect: 'xfcc', hops }, ['X-Forwarded-Client-Cert', value])).toBe(outcome)
  })

  it('reads back what is quoted', () => {
    const text = fc.string().filter((each) => !/[\r\n]/.test(each))
    const element = fc.array(fc.tuple(fc.constantFrom('by', 'hash', 'subject'), text), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 5 }), (elements) => {
        const written = elements
          .map((pairs) => pairs.map(([key, value]) => `${key}="${value.replace(/["\\]/g, '\\$&')}"`).join(';'))
          .join(',')
        expect(parseXfcc(written)).toEqual(elements)
      }),
    )
  })

  it('refuses what has no end, in time that grows with its length alone', () => {
    for (const text of [' '.repeat(60_000), `Hash=${' '.repeat(60_000)}"`, `Hash="${'\\"'.repeat(30_000)}`]) {
      expect(parseXfcc(text)).toBeUndefined()
    }
  })
})

describe('Envoy by gRPC', () => {
  it.each([
    ['a certificate', LEAF_ESCAPED, 'leaf'],
    ['none', '', 'absent'],
    ['two', encodeURIComponent(leafPem + issuerPem), 'several-certificates'],
    ['PEM that is not escaped', leafPem, 'percent'],
    ['base64', leaf64, 'percent'],
  ])('%s', (_what, certificate, outcome) => {
    expect(outcomeOf({ dialect: 'envoy-grpc', certificate })).toBe(outcome)
  })
})

const EVERY: readonly (readonly [Voucher['dialect'], RawHeader])[] = [
  ['xfcc', ['X-Forwarded-Client-Cert', `Cert="${LEAF_ESCAPED}"`]],
  ['client-cert', ['Client-Cert', `:${leaf64}:`]],
  ['nginx', ['X-SSL-Client-Cert', LEAF_ESCAPED]],
  ['traefik', ['X-Forwarded-Tls-Client-Cert', leaf64]],
  ['caddy', ['X-Client-Cert', leaf64]],
]

describe('a certificate header of another form', () => {
  const vouchers: readonly Voucher[] = [
    { dialect: 'none' },
    { dialect: 'xfcc', hops: 0 },
    { dialect: 'client-cert' },
    { dialect: 'nginx' },
    { dialect: 'traefik' },
    { dialect: 'caddy' },
    { dialect: 'envoy-grpc', certificate: LEAF_ESCAPED },
  ]
  const foreign: readonly RawHeader[] = [
    ...EVERY.map(([, header]) => header),
    ['Client-Cert-Chain', `:${leaf64}:`],
    ['X-Forwarded-Tls-Client-Cert-Info', 'Subject="CN=a"'],
    ['X-SSL-Client-Verify', 'SUCCESS'],
    ['X-SSL-Client-CN', 'vision__alice'],
    ['X-Client-Certificate', leaf64],
    ['X-Amzn-Mtls-Clientcert', LEAF_ESCAPED],
  ]
  const OWN: Readonly<Record<Voucher['dialect'], RegExp>> = {
    none: /^$/,
    'envoy-grpc': /^$/,
    xfcc: /^x-forwarded-client-cert$/,
    'client-cert': /^client-cert(?:-chain)?$/,
    nginx: /^x-ssl-client-/,
    haproxy: /^x-ssl-client-/,
    traefik: /^x-forwarded-tls-client-cert(?:-info)?$/,
    caddy: /^x-client-cert$/,
  }
  const cases = vouchers.flatMap((voucher) =>
    foreign
      .filter(([name]) => !OWN[voucher.dialect].test(name.toLowerCase()))
      .map(([name, value]): [string, string, Voucher, string] => [voucher.dialect, name, voucher, value]),
  )
  it.each(cases)('refuses beside %s: %s', (_dialect, name, voucher, value) => {
    expect(outcomeOf(voucher, [name, value])).toBe(`${name.toLowerCase()}: not-vouched`)
    const own = EVERY.find(([dialect]) => dialect === voucher.dialect)
    if (own !== undefined) expect(outcomeOf(voucher, own[1], [name, value])).toBe(`${name.toLowerCase()}: not-vouched`)
  })
})
