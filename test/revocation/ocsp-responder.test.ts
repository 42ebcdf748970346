// The responder alone, with real keys and an inventory in a map: what it says when in doubt, what happens between a question
// and its signature, and what it keeps.
import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import { issuerId } from '../../src/domain/issuer-id.ts'
import type { RevocationReason } from '../../src/domain/revocation-reason.ts'
import { parseSerialNumber, type SerialNumber } from '../../src/domain/serial-number.ts'
import type { OcspSigner } from '../../src/revocation/make-ocsp-response.ts'
import { type OcspAnswer, OcspAnswers } from '../../src/revocation/ocsp-answers.ts'
import { OcspIssuers } from '../../src/revocation/ocsp-issuers.ts'
import { OcspResponder, type OcspResponderParts } from '../../src/revocation/ocsp-responder.ts'
import type { OcspRecord, OcspStanding } from '../../src/revocation/ocsp-status.ts'
import { encodeOcspRequest } from '../../src/x509/ocsp-request.ts'
import { parseOcspResponse } from '../../src/x509/ocsp-response.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'
import { StillClock } from '../enrollment/still-clock.ts'
import { generateKey, keyOf, makeCertificate, serial } from '../x509/fixtures.ts'
import { certId, certIdIssuer } from '../x509/ocsp-fixtures.ts'

const USERS = issuerId('users', 1)
const ROOT = issuerId('root', 1)
const AUTHORITY = serial(1000)
const key = keyOf('ec-p256')
const responderKey = generateKey('ec-p256')
const POLICY = { nextUpdateSeconds: 7200, reuseSeconds: 1800, backdateSeconds: 300, cacheMaxAgeSeconds: 60 }

/** A responder for one issuer; everything about it can be changed while it runs. */
class World {
  readonly clock = new StillClock()
  readonly records = new Map<SerialNumber, OcspRecord>()
  readonly remembered = new Map<SerialNumber, 'revoked' | 'held'>()
  readonly answers: OcspAnswers
  readonly responder: OcspResponder
  readonly failures: unknown[] = []
  standing: OcspStanding = 'current'
  signatures = 0
  reads = 0
  /** Awaited before each signature. */
  beforeSigning: () => Promise<void> = () => Promise.resolve()
  #seq = 0

  constructor(parts: Partial<OcspResponderParts> = {}, maxEntries = 100) {
    this.answers = new OcspAnswers(maxEntries)
    const issuer = {
      ...certIdIssuer(key),
      id: USERS,
      serial: AUTHORITY,
      notAfter: addSeconds(this.clock.now(), 10 * 86_400),
      signer: () => Promise.resolve(this.#signer()),
    }
    const issuers = new OcspIssuers([issuer])
    this.responder = new OcspResponder({
      clock: this.clock,
      policy: POLICY,
      answers: this.answers,
      issuers: () => issuers,
      readRecord: (asked) => {
        this.reads += 1
        return Promise.resolve(this.records.get(asked))
      },
      remembered: (_, asked) => this.remembered.get(asked),
      standing: () => this.standing,
      maxRunning: 10,
      onFailure: (error) => this.failures.push(error),
      ...parts,
    })
    this.issue(AUTHORITY, ROOT)
  }

  issue(serialNumber: SerialNumber, issuer = USERS, lifeSeconds = 86_400): this {
    const validity = { notBefore: this.clock.now(), notAfter: addSeconds(this.clock.now(), lifeSeconds) }
    this.records.set(serialNumber, { issuer, status: 'good', validity })
    return this
  }

  /** In the inventory, and folded in. */
  revoke(serialNumber: SerialNumber, reason: RevocationReason): void {
    this.record(serialNumber, reason)
    this.fold(serialNumber, reason)
  }

  record(serialNumber: SerialNumber, reason: RevocationReason): void {
    const before = this.records.get(serialNumber)
    if (before === undefined) throw new Error('never issued')
    this.records.set(serialNumber, { ...before, status: 'revoked', revokedAt: this.clock.now(), reason })
  }

  fold(serialNumber: SerialNumber, reason: RevocationReason): void {
    this.#seq += 1
    const at = this.clock.now().getTime()
    const change = {
      kind: 'revocation',
      issuer: USERS,
      serial: serialNumber,
      status: 'revoked',
      revokedAt: at,
    } as const
    this.answers.apply([{ seq: this.#seq, change: { ...change, reason, notAfter: at + 1000 } }])
  }

  async ask(last: number, nonce?: Uint8Array): Promise<string> {
    return said(await this.responder.answer(encodeOcspRequest([certId(key, last)], nonce)))
  }

  #signer(): OcspSigner {
    return {
      signer: {
        purpose: 'ocsp',
        algorithm: 'ec-p256',
        publicKey: responderKey.spki,
        sign: async (bytes) => {
          this.signatures += 1
          await this.beforeSigning()
          return responderKey.sign(bytes)
        },
      },
      certificate: makeCertificate(key, responderKey),
      keyHash: hash('sha1', parsePublicKey(responderKey.spki).keyBytes, 'buffer'),
      endsAt: addSeconds(this.clock.now(), 86_400),
      renewAt: addSeconds(this.clock.now(), 43_200),
    }
  }
}

function said(answer: OcspAnswer): string {
  if (answer.kind === 'error') return answer.status
  const response = parseOcspResponse(answer.kind === 'kept' ? answer.answer.body : answer.body)
  if (response.kind === 'error') return response.status
  return response.responses
    .map(({ status }) => (status.kind === 'revoked' ? `revoked ${String(status.reason)}` : status.kind))
    .join()
}

const NONCE = new Uint8Array(32)
/** Without a nonce what is kept may be given again, with one nothing is. */
const WAYS: readonly (readonly [way: string, nonce: Uint8Array | undefined])[] = [
  ['kept', undefined],
  ['with a nonce', NONCE],
]

describe.each(WAYS)('in doubt nothing is good: %s', (_, nonce) => {
  test.each<[what: string, change: (world: World) => void, answer: string]>([
    ['nothing speaks against it', () => undefined, 'good'],
    ['the snapshot is stale', (world) => (world.standing = 'stale'), 'tryLater'],
    ['the installation is in quarantine', (world) => (world.standing = 'quarantined'), 'tryLater'],
    [
      'memory says that it is revoked, and the inventory does not yet',
      (w) => w.remembered.set(serial(1), 'held'),
      'tryLater',
    ],
    ['it is revoked', (world) => world.revoke(serial(1), 'superseded'), 'revoked superseded'],
    ['it has ended', (world) => world.clock.pass(86_401), 'unknown'],
    ['its CA is revoked', (world) => world.revoke(AUTHORITY, 'cessationOfOperation'), 'revoked cessationOfOperation'],
    ["its CA's key is stolen", (world) => world.revoke(AUTHORITY, 'keyCompromise'), 'revoked cACompromise'],
    ['its CA has ended', (world) => world.clock.pass(10 * 86_400 + 1), 'unauthorized'],
  ])('%s', async (_what, change, answer) => {
    const world = new World()
    world.answers.watchBroadly([AUTHORITY], () => undefined)
    world.issue(serial(1))
    expect(await world.ask(1, nonce)).toBe('good')
    change(world)
    expect(await world.ask(1, nonce)).toBe(answer)
  })

  test.each<[what: string, change: (world: World) => void, answer: string]>([
    ['never issued', () => undefined, 'unknown'],
    [
      'never issued, in quarantine: it may have been, since the backup',
      (w) => (w.standing = 'quarantined'),
      'tryLater',
    ],
    ['issued by another CA', (world) => world.issue(serial(1), ROOT), 'unknown'],
    ['revoked by another CA', (w) => w.issue(serial(1), ROOT).record(serial(1), 'superseded'), 'unknown'],
    [
      'never issued by a CA that is revoked',
      (world) => world.record(AUTHORITY, 'keyCompromise'),
      'revoked cACompromise',
    ],
    ['issued the moment after it was asked about', (world) => world.issue(serial(1)), 'good'],
  ])('%s', async (_what, change, answer) => {
    const world = new World()
    if (answer === 'good') expect(await world.ask(1, nonce)).toBe('unknown')
    change(world)
    expect(await world.ask(1, nonce)).toBe(answer)
  })

  test('in quarantine what is revoked is said', async () => {
    const world = new World()
    world.issue(serial(1))
    world.record(serial(1), 'keyCompromise')
    world.standing = 'quarantined'
    expect(await world.ask(1, nonce)).toBe('revoked keyCompromise')
  })

  test('a database that does not answer is no answer, and is asked again', async () => {
    let broken = true
    const world: World = new World({
      readRecord: (asked) => (broken ? Promise.reject(new Error('gone')) : Promise.resolve(world.records.get(asked))),
    })
    world.issue(serial(1))
    expect(await world.ask(1, nonce)).toBe('tryLater')
    expect(world.failures).toHaveLength(1)
    broken = false
    expect(await world.ask(1, nonce)).toBe('good')
  })
})

describe('what is kept', () => {
  test('is signed once, for all who ask meanwhile, and read once', async () => {
    const world = new World()
    world.issue(serial(1))
    expect(await Promise.all([1, 1, 1].map((last) => world.ask(last)))).toEqual(['good', 'good', 'good'])
    expect(await world.ask(1)).toBe('good')
    expect([world.signatures, world.reads]).toEqual([1, 2])
    await world.ask(1, NONCE)
    await world.ask(1, NONCE)
    expect([world.signatures, world.reads]).toEqual([3, 2])
  })

  test.each([
    [1799, 1],
    [1800, 2],
  ])('is given again for half an hour: after %d s there were %d signatures', async (seconds, signatures) => {
    const world = new World()
    world.issue(serial(1))
    await world.ask(1)
    world.clock.pass(seconds)
    await world.ask(1)
    expect(world.signatures).toBe(signatures)
  })

  test('is not given past the end of its certificate', async () => {
    const world = new World()
    world.issue(serial(1), USERS, 100)
    expect(await world.ask(1)).toBe('good')
    world.clock.pass(101)
    expect(await world.ask(1)).toBe('unknown')
  })

  test('goes in the step that folds a revocation in, and so does what is being signed', async () => {
    const world = new World()
    world.issue(serial(1))
    const signing = Promise.withResolvers<undefined>()
    const go = Promise.withResolvers<undefined>()
    world.beforeSigning = async () => {
      signing.resolve(undefined)
      await go.promise
    }
    const asked = world.ask(1)
    await signing.promise
    world.revoke(serial(1), 'superseded')
    const askedAfter = world.ask(1)
    go.resolve(undefined)
    expect(await askedAfter).toBe('revoked superseded')
    expect(await asked).toBe('revoked superseded')
    expect(await world.ask(1)).toBe('revoked superseded')
  })

  test('with a nonce too, what is being signed when a revocation comes is signed anew', async () => {
    const world = new World()
    world.issue(serial(1))
    const signing = Promise.withResolvers<undefined>()
    const go = Promise.withResolvers<undefined>()
    world.beforeSigning = async () => {
      signing.resolve(undefined)
      await go.promise
    }
    const asked = world.ask(1, NONCE)
    await signing.promise
    world.revoke(serial(1), 'superseded')
    go.resolve(undefined)
    expect([await asked, world.signatures]).toEqual(['revoked superseded', 2])
  })

  test('what was read before a revocation and arrives after it is read again', async () => {
    const reading = Promise.withResolvers<undefined>()
    const go = Promise.withResolvers<undefined>()
    const world: World = new World({
      readRecord: async (asked) => {
        const found = world.records.get(asked)
        reading.resolve(undefined)
        await go.promise
        return found
      },
    })
    world.issue(serial(1))
    const asked = [world.ask(1), world.ask(1, NONCE)]
    await reading.promise
    world.revoke(serial(1), 'superseded')
    go.resolve(undefined)
    expect(await Promise.all(asked)).toEqual(['revoked superseded', 'revoked superseded'])
  })

  test('strangers who ask about what they like fill nothing, and those who ask about much fill it to its bound', async () => {
    const world = new World({}, 10)
    for (let last = 1; last <= 50; last++) expect(await world.ask(last, last % 2 ? NONCE : undefined)).toBe('unknown')
    expect(world.answers.size).toBe(0)
    for (let last = 1; last <= 50; last++) {
      world.issue(serial(last))
      expect(await world.ask(last)).toBe('good')
    }
    expect(world.answers.size).toBe(10)
    expect(await world.ask(1)).toBe('good')
  })

  test.each(WAYS)(
    'a flood of other serials, each of them ours and revoked, pushes out nothing that is asked about again: %s',
    async (_, nonce) => {
      const world = new World({}, 40)
      const useful = [1, 2, 3, 4, 5]
      for (const last of useful) world.issue(serial(last))
      for (const last of [...useful, ...useful]) expect(await world.ask(last, nonce)).toBe('good')
      for (let last = 100; last < 400; last++) {
        world.issue(serial(last)).revoke(serial(last), 'superseded')
        expect(await world.ask(last, nonce)).toBe('revoked superseded')
      }
      expect(world.answers.size).toBe(40)
      const before = [world.reads, nonce === undefined ? world.signatures : 0]
      for (const last of useful) expect(await world.ask(last, nonce)).toBe('good')
      expect([world.reads, nonce === undefined ? world.signatures : 0]).toEqual(before)
    },
  )

  test.each<[what: string, parts: Partial<OcspResponderParts>, standing: OcspStanding]>([
    ['the installation is in quarantine', {}, 'quarantined'],
    ['too much is being made', { maxRunning: 0 }, 'current'],
    ['the database does not answer', { readRecord: () => Promise.reject(new Error('gone')) }, 'current'],
    ['memory and inventory disagree', { remembered: () => 'revoked' }, 'current'],
  ])('nothing is kept of what was not said: %s', async (_, parts, standing) => {
    const world = new World(parts)
    world.standing = standing
    world.issue(serial(1))
    for (const nonce of [undefined, NONCE]) expect(await world.ask(1, nonce)).toBe('tryLater')
    expect(world.answers.size).toBe(0)
  })

  test('a quarantine and its end take all of it', async () => {
    const world = new World()
    world.issue(serial(1))
    await world.ask(1)
    world.answers.apply([{ seq: 1, change: { kind: 'quarantine', status: 'off', since: 0 } }])
    world.record(serial(1), 'keyCompromise')
    expect(await world.ask(1)).toBe('revoked keyCompromise')
  })

  test('something that happens to a responder takes all of it, and is told', async () => {
    const world = new World()
    let told = 0
    world.answers.watchBroadly([serial(7)], () => (told += 1))
    world.issue(serial(1))
    await world.ask(1)
    world.fold(serial(6), 'superseded')
    expect([told, await world.ask(1), world.signatures]).toEqual([0, 'good', 1])
    world.fold(serial(7), 'keyCompromise')
    expect([told, await world.ask(1), world.signatures]).toEqual([1, 'good', 2])
  })
})

test('more at once than may be made are told to come again; what is kept is given all the same', async () => {
  const world = new World({ maxRunning: 2 })
  for (const last of [1, 2, 3, 4]) world.issue(serial(last))
  await world.ask(4)
  const go = Promise.withResolvers<undefined>()
  world.beforeSigning = () => go.promise
  const held = [world.ask(1), world.ask(2, NONCE)]
  expect(world.responder.running).toBe(2)
  expect(await world.ask(3)).toBe('tryLater')
  expect(await world.ask(3, NONCE)).toBe('tryLater')
  expect(await world.ask(4)).toBe('good')
  go.resolve(undefined)
  expect(await Promise.all(held)).toEqual(['good', 'good'])
  expect([world.responder.running, await world.ask(3)]).toEqual([0, 'good'])
})

describe('an answer that was given before', () => {
  test.each<[what: string, change: (world: World) => void, holds: boolean]>([
    ['nothing happened', () => undefined, true],
    ['something happened to another certificate', (world) => world.fold(serial(2), 'superseded'), true],
    ['the next second', (world) => world.clock.pass(1), true],
    ['it was revoked', (world) => world.revoke(serial(1), 'superseded'), false],
    ['memory says that it is revoked', (world) => world.remembered.set(serial(1), 'held'), false],
    ['the snapshot is stale', (world) => (world.standing = 'stale'), false],
    ['the installation is in quarantine', (world) => (world.standing = 'quarantined'), false],
    ['its time to be given again is over', (world) => world.clock.pass(1800), false],
    ['all of it was purged', (world) => world.answers.purgeAll(), false],
  ])('%s', async (_, change, holds) => {
    const world = new World()
    world.issue(serial(1))
    const request = world.responder.request(encodeOcspRequest([certId(key, 1)], undefined))
    if ('kind' in request) throw new Error(request.status)
    expect(world.responder.kept(request)).toBe(undefined)
    const answer = await world.responder.answerTo(request)
    if (answer.kind !== 'kept') throw new Error(answer.kind)
    change(world)
    expect(world.responder.holds(answer.answer)).toBe(holds)
    expect(world.responder.kept(request)).toBe(holds ? answer.answer : undefined)
  })

  test('what is revoked is given in quarantine too', async () => {
    const world = new World()
    world.issue(serial(1)).revoke(serial(1), 'superseded')
    const answer = await world.responder.answer(encodeOcspRequest([certId(key, 1)], undefined))
    world.standing = 'quarantined'
    expect(answer.kind === 'kept' && world.responder.holds(answer.answer)).toBe(true)
  })
})

test('an answer ends with its responder', async () => {
  const world = new World({ policy: { ...POLICY, nextUpdateSeconds: 10 * 86_400 } })
  world.issue(serial(1))
  const answer = await world.responder.answer(encodeOcspRequest([certId(key, 1)], undefined))
  expect(answer.kind === 'kept' && answer.answer.shelved.expires).toEqual(addSeconds(world.clock.now(), 86_400))
})

test('a serial as no certificate of ours has one is unknown, without a look', async () => {
  const world = new World()
  const { name, keyBytes } = certIdIssuer(key)
  const { encodeCertId } = await import('../../src/x509/ocsp-cert-id.ts')
  const id = encodeCertId('sha256', { name, keyBytes }, Uint8Array.of(5))
  expect(said(await world.responder.answer(encodeOcspRequest([id], undefined)))).toBe('unknown')
  expect(world.reads).toBe(0)
  expect(() => parseSerialNumber('05')).toThrow()
})
