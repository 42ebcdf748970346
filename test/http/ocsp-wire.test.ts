// What each kind of OCSP answer becomes in HTTP: its headers, its bytes and what is counted of it.
import { describe, expect, test } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import { issuerId } from '../../src/domain/issuer-id.ts'
import { headersOf, type OcspCaching, ocspReply } from '../../src/http/ocsp-wire.ts'
import { shelved } from '../../src/revocation/crl-shelf.ts'
import type { KeptAnswer, OcspAnswer } from '../../src/revocation/ocsp-answers.ts'
import type { OcspErrorStatus } from '../../src/x509/ocsp-response.ts'
import { NOW, serial } from '../x509/fixtures.ts'

const BODY = Uint8Array.of(0x30, 0x80, 0xff, 0x00)
const TOLD: OcspCaching = { caches: 'told', maxAgeSeconds: 60, now: NOW }
const KEPT_OUT: OcspCaching = { ...TOLD, caches: 'kept out' }

function kept(expires: Date): OcspAnswer {
  const entry: KeptAnswer['entry'] = {
    facts: undefined,
    answers: new Map(),
    making: new Map(),
    latestThisUpdate: undefined,
    wasUsed: false,
  }
  const about = { issuer: issuerId('users', 1), serial: serial(1), entry, kind: 'good' as const }
  const answer = { ...about, body: BODY, shelved: shelved(BODY, NOW, expires), reuseUntil: expires }
  return { kind: 'kept', answer, from: 'memory' }
}

function told(answer: OcspAnswer, caching: OcspCaching): Record<string, unknown> {
  const reply = ocspReply(answer, caching)
  return { ...headersOf(reply), outcome: reply.outcome, body: [...Buffer.from(reply.body, 'latin1')] }
}

describe('a kept answer', () => {
  test('by GET may be kept by caches for a minute, each second anew, and not past its end', () => {
    const answer = kept(addSeconds(NOW, 90))
    const at = (seconds: number) => told(answer, { ...TOLD, now: addSeconds(NOW, seconds) })
    expect(at(0)).toMatchObject({
      'cache-control': 'public, max-age=60, must-revalidate',
      'last-modified': NOW.toUTCString(),
      expires: addSeconds(NOW, 60).toUTCString(),
      outcome: 'memory',
      body: [...BODY],
    })
    expect(at(0)).toEqual(at(0.9))
    expect([1, 29, 30, 31, 80].map((seconds) => at(seconds)['expires'])).toEqual(
      [61, 89, 90, 90, 90].map((seconds) => addSeconds(NOW, seconds).toUTCString()),
    )
  })

  test('by POST is kept by none, also when it was told by GET before', () => {
    const answer = kept(addSeconds(NOW, 90))
    told(answer, TOLD)
    expect(told(answer, KEPT_OUT)).toEqual({ 'cache-control': 'no-store', outcome: 'memory', body: [...BODY] })
  })
})

test.each([TOLD, KEPT_OUT])('what is for one request alone is kept by none: $caches', (caching) => {
  const said = told({ kind: 'fresh', body: BODY }, caching)
  expect(said).toEqual({ 'cache-control': 'no-store', outcome: 'fresh', body: [...BODY] })
})

test.each<[status: OcspErrorStatus, number: number, more: Record<string, string>]>([
  ['malformedRequest', 1, {}],
  ['internalError', 2, {}],
  ['tryLater', 3, { 'retry-after': '1' }],
  ['sigRequired', 5, {}],
  ['unauthorized', 6, {}],
])('an error is kept by none: %s', (status, number, more) => {
  const said = told({ kind: 'error', status }, TOLD)
  const body = [0x30, 3, 0x0a, 1, number]
  expect(said).toEqual({ 'cache-control': 'no-store', ...more, outcome: status, body })
})
