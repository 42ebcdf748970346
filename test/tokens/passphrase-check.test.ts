// Rules 27 and 28 and row H11 for passphrases: what holds, what is limited, and how much work strangers can order. The clock stands
// still until a test moves it.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PassphraseEntry } from '../../src/domain/access-policy.ts'
import { BcryptThread } from '../../src/tokens/bcrypt-thread.ts'
import { HeldPassphrases } from '../../src/tokens/held-passphrases.ts'
import { type Gated, KdfGate } from '../../src/tokens/kdf-gate.ts'
import { hashPassphrase } from '../../src/tokens/new-passphrase.ts'
import { PassphraseCheck } from '../../src/tokens/passphrase-check.ts'
import { importPassphrase } from '../../src/tokens/passphrase-hash.ts'
import { PassphraseLimit } from '../../src/tokens/passphrase-limit.ts'
import { HeldClock } from '../support/held-clock.ts'

const OLD = 'the passphrase of old'
const NEW = 'the passphrase of new'
/** `abc` (jBCrypt). */
const BCRYPT = importPassphrase('$2a$10$WvvTPHKwdBJ3uk0Z37EMR.hLA2W6N9AEBhEgrAOljy2Ae5MtaSIUi')
/** Counts as a bad try, and is not worked out: holds a control character. */
const UNREADABLE = 'no\0'
const HERE = '192.0.2.1'

const bcrypt = new BcryptThread()
let old: PassphraseEntry
let renewed: PassphraseEntry

beforeAll(async () => {
  const by = { gate: new KdfGate(), random: randomBytes }
  old = { id: 'old', hash: await hashPassphrase(OLD, by) }
  renewed = { id: 'new', hash: await hashPassphrase(NEW, by) }
})
afterAll(() => bcrypt.close())

let clock: HeldClock
let gate: KdfGate
let check: PassphraseCheck
beforeEach(() => {
  clock = new HeldClock()
  gate = new KdfGate()
  check = new PassphraseCheck({ clock, random: randomBytes, gate, bcrypt })
})

interface From {
  readonly entries?: readonly PassphraseEntry[]
  readonly address?: string
  readonly deployment?: string
}

/** The id of the entry that held, or the reason. */
async function outcome(passphrase: string, from: From = {}): Promise<string> {
  const { entries = [old], address = HERE, deployment = 'churn' } = from
  const found = await check.check({ deployment, address, passphrase, entries })
  return found.kind === 'held' ? found.entry.id : found.reason
}

async function failTimes(times: number, from: (n: number) => From = () => ({})): Promise<void> {
  for (let n = 0; n < times; n += 1) expect(await outcome(UNREADABLE, from(n))).toBe('PASSPHRASE_INVALID')
}

/** Takes places of the gate until they are given back. */
function occupy(places: number): () => Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const taken = Array.from({ length: places }, () => gate.run(() => promise))
  return () => {
    resolve(undefined)
    return Promise.all(taken)
  }
}

const countsOf = (outcomes: readonly string[]): Record<string, number> =>
  Object.fromEntries([...new Set(outcomes)].map((one) => [one, outcomes.filter((other) => other === one).length]))

describe('a passphrase', () => {
  test('holds against any active entry, and against none that went', async () => {
    const entries = [old, renewed, { id: 'imported', hash: BCRYPT }]
    expect(await outcome(OLD, { entries })).toBe('old')
    expect(await outcome(NEW, { entries })).toBe('new')
    expect(await outcome('abc', { entries })).toBe('imported')
    expect(await outcome(OLD, { entries: [renewed] })).toBe('PASSPHRASE_INVALID')
    expect(await outcome(OLD, { entries: [{ id: 'old', hash: renewed.hash }] })).toBe('PASSPHRASE_INVALID')
    expect(await outcome(OLD, { entries: [] })).toBe('PASSPHRASE_INVALID')
    expect(await outcome(OLD, { entries })).toBe('old')
  })

  test.each([
    ['', 'nothing'],
    ['the passphrase of olD', 'another letter case'],
    [' the passphrase of old', 'a blank before it'],
    ['the passphrase of old\n', 'a line break after it'],
    ['the passphrase of old\0', 'a NUL after it'],
    ['the passphrase of old'.padEnd(1025, '!'), '1025 characters'],
    ['the passphrase of \ud800', 'half a pair'],
  ])('%j does not: %s', async (passphrase) => {
    expect(await outcome(passphrase)).toBe('PASSPHRASE_INVALID')
  })

  test('of over 72 octets never matches a bcrypt hash', async () => {
    const entries = [{ id: 'imported', hash: BCRYPT }]
    expect(await outcome('abc'.padEnd(73, '!'), { entries })).toBe('PASSPHRASE_INVALID')
  })

  test('in NFD holds where it was hashed in NFC', async () => {
    const { hashPassword } = await import('../../src/signin/password-hash.ts')
    const entries = [{ id: 'umlaut', hash: importPassphrase(await hashPassword('Äpfel und Öl')) }]
    expect(await outcome('Äpfel und Öl'.normalize('NFD'), { entries })).toBe('umlaut')
  })
})

describe('rule 27: the work', () => {
  test('of a hundred at once is done for four', async () => {
    const wrong = Array.from({ length: 100 }, (_, n) => outcome(`wrong ${n}`, { address: `192.0.2.${n}` }))
    expect(countsOf(await Promise.all(wrong))).toEqual({ PASSPHRASE_INVALID: 4, RATE_LIMITED: 96 })
    expect(await outcome(OLD, { address: '192.0.2.200' })).toBe('old')
  })

  test('never has more than four running, and a failure gives its place back', async () => {
    let running = 0
    let most = 0
    const work = async (n: number): Promise<number> => {
      most = Math.max(most, (running += 1))
      await new Promise(setImmediate)
      running -= 1
      if (n % 2 === 0) throw new Error('broken')
      return n
    }
    for (let round = 0; round < 5; round += 1) {
      const all = await Promise.allSettled(Array.from({ length: 100 }, (_, n) => gate.run(() => work(n))))
      const kinds = all.map((one) => (one.status === 'rejected' ? 'broken' : (one.value satisfies Gated<number>).kind))
      expect(countsOf(kinds)).toEqual({ broken: 2, done: 2, busy: 96 })
    }
    expect(most).toBe(4)
  })

  test('is none for a passphrase that was seen to hold', async () => {
    expect(await outcome(OLD)).toBe('old')
    const giveBack = occupy(4)
    expect(await outcome(OLD)).toBe('old')
    expect(await outcome(NEW)).toBe('RATE_LIMITED')
    await giveBack()
    expect(await outcome(NEW, { entries: [renewed] })).toBe('new')
  })

  test('is none for what is nobody’s passphrase', async () => {
    const giveBack = occupy(4)
    expect(await outcome(UNREADABLE)).toBe('PASSPHRASE_INVALID')
    await giveBack()
  })

  test('is done for a deployment whose entries are all gone', async () => {
    const giveBack = occupy(3)
    const nobody = outcome('anything', { entries: [] })
    // Whatever has nothing to wait for would be over by then.
    for (let n = 0; n < 100; n += 1) await Promise.resolve()
    expect(await outcome(NEW, { entries: [renewed] })).toBe('RATE_LIMITED')
    expect(await nobody).toBe('PASSPHRASE_INVALID')
    await giveBack()
  })

  test('is done once for all who come at once with the same', async () => {
    const giveBack = occupy(3)
    const right = Array.from({ length: 100 }, () => outcome(OLD))
    const other = outcome(NEW)
    expect(countsOf(await Promise.all(right))).toEqual({ old: 100 })
    expect(await other).toBe('RATE_LIMITED')
    await giveBack()
  })

  test('done once for the same counts each that was wrong', async () => {
    const wrong = Array.from({ length: 10 }, () => outcome('wrong'))
    expect(countsOf(await Promise.all(wrong))).toEqual({ PASSPHRASE_INVALID: 10 })
    expect(await outcome('wrong')).toBe('RATE_LIMITED')
  })

  test('under way against old entries says nothing about new ones', async () => {
    const [before, after] = await Promise.all([outcome(NEW), outcome(NEW, { entries: [renewed] })])
    expect([before, after]).toEqual(['PASSPHRASE_INVALID', 'new'])
  })

  test('that finds no place counts for nothing, and says when to come again', async () => {
    const giveBack = occupy(4)
    const presented = { deployment: 'churn', address: HERE, passphrase: NEW, entries: [old] }
    for (let n = 0; n < 20; n += 1) {
      expect(await check.check(presented)).toEqual({ kind: 'refused', reason: 'RATE_LIMITED', retryAfterSeconds: 1 })
    }
    await giveBack()
    expect(await outcome(NEW)).toBe('PASSPHRASE_INVALID')
  })

  test('that fails is no bad try, and no answer', async () => {
    const entries = [{ id: 'broken', hash: 'nonsense' }]
    for (let n = 0; n < 20; n += 1) {
      await expect(outcome(OLD, { entries })).rejects.toMatchObject({ code: 'passphrase_hash_malformed' })
    }
    expect(await outcome(OLD)).toBe('old')
  })
})

describe('row H11 and rule 28: bad tries', () => {
  test('the tenth is the last that is looked at, and the right one is limited too', async () => {
    expect(await outcome(OLD)).toBe('old')
    await failTimes(10)
    for (const passphrase of [OLD, NEW, UNREADABLE]) expect(await outcome(passphrase)).toBe('RATE_LIMITED')
  })

  test('are forgotten when the minute is over, and not before', async () => {
    await failTimes(10)
    clock.pass(59_999)
    const presented = { deployment: 'churn', address: HERE, passphrase: OLD, entries: [old] }
    expect(await check.check(presented)).toEqual({ kind: 'refused', reason: 'RATE_LIMITED', retryAfterSeconds: 1 })
    clock.pass(1)
    expect(await outcome(OLD)).toBe('old')
  })

  test('are counted for each deployment and each address', async () => {
    await failTimes(10)
    expect(await outcome(OLD, { deployment: 'fraud' })).toBe('old')
    expect(await outcome(OLD, { address: '192.0.2.2' })).toBe('old')
    expect(await outcome(OLD, { address: `::ffff:${HERE}` })).toBe('RATE_LIMITED')
  })

  test('of one /64 are counted together', async () => {
    await failTimes(10, (n) => ({ address: `2001:db8:1:2::${n}` }))
    expect(await outcome(OLD, { address: '2001:db8:1:2:ffff::1' })).toBe('RATE_LIMITED')
    expect(await outcome(OLD, { address: '2001:db8:1:3::1' })).toBe('old')
  })

  test('right ones between them take none back, and count for none', async () => {
    for (let n = 0; n < 20; n += 1) expect(await outcome(OLD)).toBe('old')
    await failTimes(9)
    expect(await outcome(OLD)).toBe('old')
    await failTimes(1)
    expect(await outcome(OLD)).toBe('RATE_LIMITED')
  })

  test('that are being worked out count: no more get in at once than one after the other', async () => {
    await failTimes(9)
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map((passphrase) => outcome(passphrase)))
    expect(outcomes).toEqual(['PASSPHRASE_INVALID', 'RATE_LIMITED', 'RATE_LIMITED', 'RATE_LIMITED'])
  })

  test('of a thousand addresses close the deployment to all but those it knows', async () => {
    expect(await outcome(OLD)).toBe('old')
    await failTimes(1000, (n) => ({ address: `198.51.${100 + Math.floor(n / 250)}.${n % 250}` }))
    expect(await outcome(OLD), 'known').toBe('old')
    expect(await outcome(OLD, { address: '198.51.100.1' }), 'from where one failed').toBe('RATE_LIMITED')
    expect(await outcome(NEW, { entries: [old, renewed] }), 'right, and not known yet').toBe('RATE_LIMITED')
    expect(await outcome(OLD), 'after a guess').toBe('RATE_LIMITED')
    expect(await outcome(OLD, { deployment: 'fraud' }), 'another deployment').toBe('old')
    clock.pass(60_000)
    expect(await outcome(NEW, { entries: [old, renewed] })).toBe('new')
  })

  test('one less does not', async () => {
    await failTimes(999, (n) => ({ address: `198.51.${100 + Math.floor(n / 250)}.${n % 250}` }))
    expect(await outcome(NEW, { entries: [renewed] })).toBe('new')
  })
})

test('what is forgiven is given back, and no more', () => {
  const limit = new PassphraseLimit(clock)
  const attempt = { deployment: 'churn', address: HERE }
  for (let n = 0; n < 10; n += 1) limit.count(attempt)
  expect(limit.admission(attempt)).toEqual({ kind: 'closed', retryAfterSeconds: 60 })
  limit.forgive(attempt)
  expect(limit.admission(attempt)).toEqual({ kind: 'open' })
  for (let n = 0; n < 20; n += 1) limit.forgive(attempt)
  for (let n = 0; n < 10; n += 1) limit.count(attempt)
  expect(limit.admission(attempt).kind).toBe('closed')
})

describe('what was seen to hold', () => {
  test('is bounded: what was used longest ago goes', () => {
    const held = new HeldPassphrases(randomBytes, 2)
    held.add('one', old.hash)
    held.add('two', old.hash)
    expect(held.has('one', old.hash)).toBe(true)
    held.add('three', old.hash)
    expect(held.size).toBe(2)
    expect(['one', 'two', 'three'].map((tag) => held.has(tag, old.hash))).toEqual([true, false, true])
  })

  test('is named by what another process cannot make', () => {
    const [one, other] = [new HeldPassphrases(randomBytes), new HeldPassphrases(randomBytes)]
    expect(one.tagOf(OLD)).toBe(one.tagOf(OLD))
    expect(one.tagOf(OLD)).not.toBe(one.tagOf(NEW))
    expect(one.tagOf(OLD)).not.toBe(other.tagOf(OLD))
    expect(one.tagOf(OLD)).toHaveLength(43)
  })
})
