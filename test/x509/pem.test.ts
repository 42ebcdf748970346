import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodePem, parsePem, parsePemBundle } from '../../src/x509/pem.ts'
import { codeOf } from './refusal.ts'

const block = encodePem('CERTIFICATE', Uint8Array.of(1, 2, 3))

describe('PEM', () => {
  it('writes lines of 64 characters', () => {
    expect(encodePem('X509 CRL', new Uint8Array(49))).toBe(
      `-----BEGIN X509 CRL-----\n${'A'.repeat(64)}\nAA==\n-----END X509 CRL-----\n`,
    )
  })

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
        expect(parsePem(encodePem('CERTIFICATE', bytes), 'CERTIFICATE')).toEqual(bytes)
      }),
    )
  })

  it.each([
    ['a block', block, 'accepted'],
    ['a block with CRLF', block.replaceAll('\n', '\r\n'), 'accepted'],
    ['white space around', ` \n\t${block}\r\n\n`, 'accepted'],
    ['no final line feed', block.trimEnd(), 'accepted'],
    ['nothing', '', 'pem_malformed'],
    ['text before', `subject=CN\n${block}`, 'pem_malformed'],
    ['text behind', `${block}junk`, 'pem_malformed'],
    ['two blocks', block + block, 'pem_malformed'],
    ['another label', encodePem('X509 CRL', Uint8Array.of(1)), 'pem_label_unexpected'],
    ['an end of another label', block.replace('END CERTIFICATE', 'END X509 CRL'), 'pem_malformed'],
    ['no end', block.slice(0, 35), 'pem_malformed'],
    ['a header', block.replace('AQID', 'Proc-Type: 4,ENCRYPTED\n\nAQID'), 'pem_malformed'],
    ['no contents', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n', 'pem_malformed'],
    ['characters that are not base64', block.replace('AQID', 'AQ!D'), 'pem_malformed'],
    ['the URL alphabet', block.replace('AQID', 'A-_D'), 'pem_malformed'],
    ['missing padding', block.replace('AQID', 'AQI'), 'pem_malformed'],
    ['stray bits before the padding', block.replace('AQID', 'AR=='), 'pem_malformed'],
    ['padding in the middle', block.replace('AQID', 'AQ==AQID'), 'pem_malformed'],
  ])('reads %s', (_, text, code) => {
    expect(codeOf(() => parsePem(text, 'CERTIFICATE'))).toBe(code)
  })

  it('reads a bundle in its order', () => {
    const bundle = [1, 2, 3].map((n) => encodePem('CERTIFICATE', Uint8Array.of(n))).join('\n')
    expect(parsePemBundle(bundle, 'CERTIFICATE')).toEqual([Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)])
  })

  it('refuses a bundle with a block of another label', () => {
    const key = encodePem('PUBLIC KEY', Uint8Array.of(1))
    expect(codeOf(() => parsePemBundle(block + key, 'CERTIFICATE'))).toBe('pem_label_unexpected')
  })

  it('reads a long text without white space in linear time', () => {
    expect(codeOf(() => parsePem(`-----BEGIN CERTIFICATE-----${'A'.repeat(4_000_000)}`, 'CERTIFICATE'))).toBe(
      'pem_malformed',
    )
  })
})
