// The CRLs that a consumer holds: what may replace what, and what the feed adds.
import { describe, expect, it, test } from 'vitest'
import { addSeconds } from '../../../src/domain/clock.ts'
import { CrlCache, MAX_SERIES } from '../../../src/verifier/revocation/crl-cache.ts'
import { type FeedEvent, FeedEvents } from '../../../src/verifier/revocation/feed-events.ts'
import { RFC5280_REVOCATION, STRICT_REVOCATION } from '../../../src/verifier/revocation/revocation-policy.ts'
import { type Crl, parseCrl } from '../../../src/x509/crl.ts'
import {
  type Ca,
  type CrlParts,
  distributionPoints,
  encodeCrl,
  LATER,
  makeCa,
  makeLeaf,
  NOW,
  scopeOf,
  serial,
  unknownExtension,
} from './evidence.ts'

const root = makeCa('Root')
const users = makeCa('Users', { parent: root })
const others = makeCa('Others', { parent: root })
const impostor = makeCa('Users', { parent: makeCa('Root') })
const TOMORROW = addSeconds(NOW, 86_400)
const HERE = 'http://a/1.crl'

function cacheOf(...authorities: readonly Ca[]): CrlCache {
  const all = authorities.length === 0 ? [root, users] : authorities
  return new CrlCache(
    all.map(({ certificate }) => certificate),
    STRICT_REVOCATION,
  )
}

function put(cache: CrlCache, parts: CrlParts, at = LATER, ca = users): string {
  const outcome = cache.putDer(encodeCrl(ca, parts), at)
  return outcome.kind === 'refused' ? outcome.code : outcome.kind
}

function verdictOf(cache: CrlCache, number: number, at = LATER, ca = users): string {
  const status = cache.check(makeLeaf(ca, number), ca.certificate, at)
  return status.kind === 'unknown' ? status.code : status.kind
}

describe('CrlCache.putDer', () => {
  const held: CrlParts = { number: 7, revoked: [[5]] }

  test.each<[what: string, offer: (cache: CrlCache) => string, outcome: string]>([
    ['the same again', (cache) => put(cache, held), 'unchanged'],
    ['a higher number', (cache) => put(cache, { number: 8 }), 'taken'],
    ['a lower number', (cache) => put(cache, { number: 6 }), 'crl-number-lower'],
    [
      'a lower number when the held one has ended',
      (cache) =>
        put(
          cache,
          { number: 6, thisUpdate: TOMORROW, nextUpdate: addSeconds(TOMORROW, 86_400) },
          addSeconds(TOMORROW, 60),
        ),
      'crl-number-lower',
    ],
    ['another of one number', (cache) => put(cache, { number: 7 }), 'crl-number-reused'],
    [
      'a higher number and an older date',
      (cache) => put(cache, { number: 8, thisUpdate: addSeconds(NOW, -1) }),
      'crl-older',
    ],
    ['a higher number and the same date', (cache) => put(cache, { number: 8, thisUpdate: NOW }), 'taken'],
    ['a higher number of another CA', (cache) => put(cache, { number: 8 }, LATER, others), 'crl-issuer-other'],
    [
      'a higher number of the name and another key',
      (cache) => put(cache, { number: 8 }, LATER, impostor),
      'crl-signature-invalid',
    ],
    ['a bad signature', (cache) => put(cache, { number: 8, signer: others.key }), 'crl-signature-invalid'],
    ['from the future', (cache) => put(cache, { number: 8, thisUpdate: addSeconds(LATER, 1) }), 'crl-not-yet-valid'],
    ['expired', (cache) => put(cache, { number: 8, nextUpdate: addSeconds(LATER, -1) }), 'crl-stale'],
    ['no number', (cache) => put(cache, { extensions: [unknownExtension('non-critical')] }), 'crl-number-missing'],
    [
      'an unknown critical extension',
      (cache) => put(cache, { extensions: [unknownExtension('critical')] }),
      'crl-extension-unknown',
    ],
    [
      'indirect',
      (cache) => put(cache, { number: 8, scope: scopeOf({ indirect: 'indirect' }) }),
      'crl-indirect-refused',
    ],
    [
      'of attribute certificates',
      (cache) => put(cache, { number: 8, scope: scopeOf({ only: 'attribute' }) }),
      'crl-scope-other',
    ],
    ['no CRL', (cache) => cache.putDer(Uint8Array.of(0x30, 0), LATER).kind, 'refused'],
    [
      'a lower number of another scope',
      (cache) => put(cache, { number: 3, scope: scopeOf({ uris: [HERE] }) }),
      'taken',
    ],
    ['a delta of any number', (cache) => put(cache, { number: 8, base: 7 }), 'taken'],
  ])('%s', (what, offer, outcome) => {
    const cache = cacheOf()
    put(cache, held)
    const [before] = cache.crls()
    expect(before?.crl.number).toBe(7n)
    expect(offer(cache)).toBe(outcome)
    // What is refused changes nothing, nor does what is of another scope.
    const after = [...cache.crls()].find(({ series, crl }) => series === before?.series && crl.deltaBase === undefined)
    expect(after?.crl.number).toBe(what.startsWith('a higher number') && outcome === 'taken' ? 8n : 7n)
  })

  it('bounds what it parses', () => {
    const der = encodeCrl(users)
    expect(cacheOf().putDer(der, LATER, der.length - 1)).toEqual({ kind: 'refused', code: 'crl-malformed' })
    expect(cacheOf().putDer(der, LATER, der.length).kind).toBe('taken')
  })

  it('bounds how many scopes it holds, and makes room of those that ended', () => {
    // Thousands of CRLs of different scopes are made of one, so that none needs to be signed.
    const one = parseCrl(encodeCrl(users, { scope: scopeOf({ uris: [HERE] }), nextUpdate: addSeconds(LATER, 60) }))
    const cache = new CrlCache([users.certificate], { ...STRICT_REVOCATION, verify: () => true })
    const scoped = (i: number, nextUpdate = one.nextUpdate): Crl => {
      const scope = scopeOf({ uris: [`http://a/${i}`] })
      return { ...one, nextUpdate, extensions: new Map([...one.extensions, [scope.oid, scope]]) }
    }
    for (let i = 0; i < MAX_SERIES; i++) expect(cache.put(scoped(i), LATER).kind).toBe('taken')
    expect(cache.put(scoped(MAX_SERIES), LATER)).toEqual({ kind: 'refused', code: 'crl-too-many' })
    expect(cache.put(scoped(MAX_SERIES, TOMORROW), addSeconds(LATER, 61)).kind).toBe('taken')
    expect([...cache.crls()]).toHaveLength(1)
  })
})

describe('CrlCache.check', () => {
  it('says nothing good before there is a CRL, nor after it ended', () => {
    const cache = cacheOf()
    expect(verdictOf(cache, 5)).toBe('crl-missing')
    put(cache, { revoked: [[6]] })
    expect([verdictOf(cache, 5), verdictOf(cache, 6)]).toEqual(['good', 'revoked'])
    expect(verdictOf(cache, 5, TOMORROW)).toBe('good')
    expect(verdictOf(cache, 5, addSeconds(TOMORROW, 1))).toBe('crl-stale')
  })

  it('keeps what it has when a worse one comes', () => {
    const cache = cacheOf()
    put(cache, { number: 7, revoked: [[5]] })
    for (const parts of [{ number: 6 }, { number: 8, signer: others.key }, { number: 8, nextUpdate: NOW }]) {
      expect(put(cache, parts)).toMatch(/^crl-/)
      expect(verdictOf(cache, 5)).toBe('revoked')
    }
  })

  it('tells two CAs of one name apart by their keys', () => {
    const second = makeCa('Users', { parent: root, number: 2 })
    const cache = cacheOf(users, second)
    put(cache, {}, LATER, users)
    expect(verdictOf(cache, 5, LATER, users)).toBe('good')
    expect(verdictOf(cache, 5, LATER, second)).toBe('crl-missing')
    put(cache, { revoked: [[5]] }, LATER, second)
    expect(verdictOf(cache, 5, LATER, second)).toBe('revoked')
    expect(verdictOf(cache, 5, LATER, users)).toBe('good')
    const lenient = new CrlCache([users.certificate, second.certificate], RFC5280_REVOCATION)
    put(lenient, { revoked: [[5]] }, LATER, second)
    expect(verdictOf(lenient, 5, LATER, users)).toBe('revoked')
  })

  it('takes a partition and its delta together, and no other', () => {
    const cache = cacheOf()
    const leaf = makeLeaf(users, 5, [distributionPoints({ uris: [HERE] })])
    const verdict = (): string => cache.check(leaf, users.certificate, LATER).kind
    const scope = scopeOf({ uris: [HERE] })
    put(cache, { number: 10, scope: scopeOf({ uris: ['http://a/2.crl'] }) })
    expect(verdict()).toBe('unknown')
    put(cache, { number: 10, scope })
    expect(verdict()).toBe('good')
    put(cache, { number: 11, base: 10, revoked: [[5]], scope: scopeOf({ uris: ['http://a/2.crl'] }) })
    expect(verdict()).toBe('good')
    put(cache, { number: 11, base: 10, revoked: [[5, 'certificateHold']], scope })
    expect(verdict()).toBe('revoked')
    put(cache, { number: 12, base: 10, revoked: [[5, 'removeFromCRL']], scope })
    expect(verdict()).toBe('good')
  })

  it('looks at no more than what is the issuer’s own, however many others it holds', () => {
    const cache = cacheOf(users, others)
    for (let i = 0; i < 50; i++) put(cache, { scope: scopeOf({ uris: [`http://b/${i}`] }) }, LATER, others)
    put(cache, {})
    expect(verdictOf(cache, 5)).toBe('good')
  })
})

describe('the feed on top of the CRLs', () => {
  const event = (seq: number, what: FeedEvent['event'], number = 5): FeedEvent => ({
    seq,
    serialHex: serial(number),
    event: what,
    reason: what === 'held' ? 'certificateHold' : 'superseded',
    date: NOW,
  })

  it.each<[what: string, crl: CrlParts, events: readonly FeedEvent[], verdict: string]>([
    ['revokes what the CRL does not list', {}, [event(1, 'revoked')], 'revoked'],
    ['holds it', {}, [event(1, 'held')], 'revoked'],
    ['changes a reason', {}, [event(1, 'reason-changed')], 'revoked'],
    ['takes back its own hold', {}, [event(1, 'held'), event(2, 'released')], 'good'],
    ['does not take back what the CRL lists', { revoked: [[5, 'certificateHold']] }, [event(1, 'released')], 'revoked'],
    ['takes nothing back by an event from before', {}, [event(2, 'held'), event(1, 'released')], 'revoked'],
    ['says the same twice', {}, [event(1, 'revoked'), event(1, 'revoked')], 'revoked'],
    ['is about another', {}, [event(1, 'revoked', 6)], 'good'],
  ])('%s', (_, crl, events, verdict) => {
    const cache = cacheOf()
    put(cache, crl)
    for (const each of events) cache.applyEvent(users.certificate, each)
    expect(verdictOf(cache, 5)).toBe(verdict)
  })

  it('revokes without a CRL, and makes nothing good', () => {
    const cache = cacheOf()
    cache.applyEvent(users.certificate, event(1, 'revoked'))
    expect([verdictOf(cache, 5), verdictOf(cache, 6)]).toEqual(['revoked', 'crl-missing'])
  })

  it('belongs to its CA', () => {
    const cache = cacheOf(users, others)
    put(cache, {})
    expect(cache.applyEvent(others.certificate, event(1, 'revoked'))).toBe('applied')
    expect(cache.applyEvent(impostor.certificate, event(1, 'revoked'))).toBe('issuer-other')
    expect(verdictOf(cache, 5)).toBe('good')
  })

  it('keeps an event until a complete CRL lists it', () => {
    const cache = cacheOf()
    cache.applyEvent(users.certificate, event(1, 'held'))
    put(cache, { number: 7 })
    expect(verdictOf(cache, 5)).toBe('revoked')
    put(cache, { number: 8, revoked: [[5, 'certificateHold']], scope: scopeOf({ uris: [HERE] }) })
    expect(verdictOf(cache, 5)).toBe('revoked')
    put(cache, { number: 9, revoked: [[5, 'certificateHold']] })
    put(cache, { number: 10 })
    expect(verdictOf(cache, 5)).toBe('good')
  })

  it('begins anew at another epoch', () => {
    const cache = cacheOf()
    put(cache, {})
    cache.applyEvent(users.certificate, event(50, 'revoked'))
    cache.restartFeed(users.certificate, 3)
    expect(verdictOf(cache, 5)).toBe('good')
    expect(cache.applyEvent(users.certificate, event(3, 'revoked'))).toBe('seen')
    expect(cache.applyEvent(users.certificate, event(4, 'revoked'))).toBe('applied')
    expect(verdictOf(cache, 5)).toBe('revoked')
  })
})

describe('FeedEvents', () => {
  it('says when it has lost something for want of room', () => {
    const events = new FeedEvents(2)
    const revoke = (seq: number) =>
      events.apply({ seq, serialHex: serial(seq), event: 'revoked', reason: 'unspecified', date: NOW })
    expect([revoke(1), revoke(2), events.incomplete]).toEqual(['applied', 'applied', false])
    expect(
      events.apply({ seq: 3, serialHex: serial(2), event: 'reason-changed', reason: 'superseded', date: NOW }),
    ).toBe('applied')
    expect([revoke(4), events.incomplete, events.size]).toEqual(['full', true, 2])
    events.restart(4)
    expect([events.incomplete, events.size, events.lastSeq]).toEqual([false, 0, 4])
  })
})
