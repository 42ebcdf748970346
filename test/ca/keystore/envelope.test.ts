import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { open, rewrap, seal, type SealContext } from '../../../src/ca/keystore/envelope.ts'
import { MasterKey } from '../../../src/ca/keystore/master-key.ts'
import { systemRandom } from '../../../src/domain/clock.ts'

const context: SealContext = {
  installation: 'i-1',
  purpose: 'issuer',
  table: 'issuers',
  row: 'users-1',
  identity: 'users',
  keyVersion: 1,
}
const secret = Buffer.from('what nobody may read')
const masterKey = MasterKey.fromBytes(randomBytes(32))
const sealed = seal(masterKey, secret, context, systemRandom)

const broken = expect.objectContaining({ code: 'seal_broken', facts: {} }) as unknown

describe('a sealed secret', () => {
  test('opens where it was sealed', () => {
    expect(open(masterKey, sealed, context)).toEqual(secret)
  })

  test('may be empty', () => {
    const empty = seal(masterKey, new Uint8Array(0), context, systemRandom)
    expect(open(masterKey, empty, context)).toHaveLength(0)
  })

  test('does not show what it holds', () => {
    expect(Buffer.from(sealed).includes(secret)).toBe(false)
  })

  test('is written with fresh nonces and a fresh data key each time', () => {
    const drawn: string[] = []
    const random = (size: number) => {
      const bytes = systemRandom(size)
      drawn.push(Buffer.from(bytes).toString('hex'))
      return bytes
    }
    seal(masterKey, secret, context, random)
    seal(masterKey, secret, context, random)
    expect(drawn.map((hex) => hex.length / 2)).toEqual([32, 12, 12, 32, 12, 12])
    expect(new Set(drawn).size).toBe(6)
  })

  test.each([
    ['installation', { ...context, installation: 'i-2' }],
    ['purpose', { ...context, purpose: 'jwt' }],
    ['table', { ...context, table: 'token_keys' }],
    ['row', { ...context, row: 'users-2' }],
    ['identity', { ...context, identity: 'services' }],
    ['key version', { ...context, keyVersion: 2 }],
    ['fields that run together', { ...context, table: 'issuersu', row: 'sers-1' }],
    ['a quote in a field', { ...context, row: 'users-1","users', identity: '' }],
  ] as const)('does not open under another %s', (_, other) => {
    expect(() => open(masterKey, sealed, other)).toThrow(broken)
  })

  test('does not open under another master key', () => {
    expect(() => open(MasterKey.fromBytes(randomBytes(32)), sealed, context)).toThrow(broken)
  })

  test('says nothing of the cause', () => {
    try {
      open(masterKey, sealed, { ...context, row: 'users-2' })
      expect.unreachable()
    } catch (error) {
      expect(error).not.toHaveProperty('cause')
      expect(String(error)).toBe('SealBroken: seal_broken')
    }
  })

  test('does not open when any bit has changed', () => {
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Uint8Array.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => open(masterKey, changed, context), `bit ${bit}`).toThrow(broken)
    }
  })

  test('does not open when it is cut or continued', () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => open(masterKey, sealed.subarray(0, length), context), `${length} bytes`).toThrow(broken)
    }
    expect(() => open(masterKey, Buffer.concat([sealed, Uint8Array.of(0)]), context)).toThrow(broken)
  })

  test('does not open with the data of another secret, though both were sealed for this place', () => {
    const other = seal(masterKey, Buffer.from('what nobody may know'), context, systemRandom)
    const spliced = Buffer.concat([sealed.subarray(0, 61), other.subarray(61)])
    expect(() => open(masterKey, spliced, context)).toThrow(broken)
  })
})

describe('a new master key', () => {
  const next = MasterKey.fromBytes(randomBytes(32))
  const moved = rewrap(masterKey, next, sealed, context, systemRandom)

  test('opens what was wrapped for it, and the old one no more', () => {
    expect(open(next, moved, context)).toEqual(secret)
    expect(() => open(masterKey, moved, context)).toThrow(broken)
  })

  test('leaves the ciphertext as it is', () => {
    expect(Buffer.from(moved.subarray(61))).toEqual(Buffer.from(sealed.subarray(61)))
  })

  test('wraps nothing that the old one does not open', () => {
    expect(() => rewrap(next, masterKey, sealed, context, systemRandom)).toThrow(broken)
    expect(() => rewrap(masterKey, next, sealed, { ...context, row: 'users-2' }, systemRandom)).toThrow(broken)
  })
})

test('a master key shows itself to no one', () => {
  const bytes = randomBytes(32)
  const copy = Buffer.from(bytes)
  const key = MasterKey.fromBytes(bytes)
  expect(bytes.every((byte) => byte === 0)).toBe(true)
  const shown = `${JSON.stringify(key)} ${inspect(key, { showHidden: true, depth: 9 })}`
  for (const form of ['hex', 'base64', 'latin1'] as const) expect(shown).not.toContain(copy.toString(form))
  expect(JSON.parse(JSON.stringify(key))).toEqual({ id: key.id })
})
