// PEM that is made while it is read is that of Node, wherever the parts of the CRL begin and end, and the same each time.
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { PemCrl } from '../../src/revocation/pem-crl.ts'
import { parsePemBundle } from '../../src/x509/pem.ts'

const BEGIN = '-----BEGIN X509 CRL-----\n'
const END = '-----END X509 CRL-----\n'

/** In shared memory, as pieces of a CRL are. */
function sharedCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

/** In parts of these lengths, and the rest. */
function cut(der: Buffer, lengths: readonly number[]): Uint8Array[] {
  let at = 0
  return [...lengths, der.length].map((length) => {
    const part = sharedCopy(der.subarray(at, at + length))
    at = Math.min(at + length, der.length)
    return part
  })
}

function expected(der: Buffer): string {
  return `${BEGIN}${der.toString('base64').replaceAll(/.{1,64}/g, '$&\n')}${END}`
}

describe('PEM', () => {
  test.each([
    ['in one part', []],
    ['in whole lines', [48, 96]],
    ['a part shorter than a line', [5, 3, 200]],
    ['an empty part', [0, 47, 0, 1]],
    ['lines that begin in one part and end in another', [49, 50, 51, 143]],
  ])('%s', (_, lengths) => {
    for (const length of [1, 2, 3, 47, 48, 49, 95, 96, 97, 1000, 50_001]) {
      const der = randomBytes(length)
      const pem = new PemCrl(cut(der, lengths), der.length)
      const text = Buffer.concat([...pem]).toString()
      expect(text).toBe(expected(der))
      expect(pem.length).toBe(text.length)
      expect(Buffer.concat([...pem]).toString()).toBe(text)
      expect(parsePemBundle(text, 'X509 CRL')).toEqual([new Uint8Array(der)])
    }
  })
})

test('no part of it is made before it is taken', () => {
  let taken = 0
  const part = sharedCopy(randomBytes(480))
  const counted: Uint8Array[] = new Proxy([part, part, part], {
    get: (target, name) => {
      if (typeof name === 'string' && /^\d+$/.test(name)) taken += 1
      return Reflect.get(target, name) as unknown
    },
  })
  const coming = new PemCrl(counted, 1440)[Symbol.iterator]()
  coming.next()
  expect(taken).toBe(0)
  coming.next()
  expect(taken).toBe(1)
})
