// Which key generation issues: the newest one with life enough, to the second (rule 37, CP §5.6).
import { describe, expect, test } from 'vitest'
import { makeIssuer } from '../../src/ca/issuer.ts'
import { addSeconds, type Clock } from '../../src/domain/clock.ts'
import { type BookedIssuer, IssuerBook } from '../../src/enrollment/issuer-book.ts'
import { makeHierarchy, NOW, POLICY, PUBLIC_HTTP_URL, type TestIssuer } from '../ca/test-hierarchy.ts'

const YEAR = 365 * 86_400
const old = await makeHierarchy()
const young = await makeHierarchy('ec-p256', addSeconds(NOW, YEAR))

function generation(number: number, { issuer, signer }: TestIssuer): BookedIssuer {
  const { certificate, authority } = issuer
  const given = { authority: authority.name, generation: number, certificate: certificate.der }
  return { issuer: makeIssuer(given, POLICY, PUBLIC_HTTP_URL), certificateSigner: signer }
}

function bookAt(at: Date, ...issuers: readonly BookedIssuer[]): IssuerBook {
  const clock: Clock = { now: () => at, monotonicMilliseconds: () => 0 }
  const book = new IssuerBook(POLICY, clock)
  for (const issuer of issuers) book.add(issuer)
  return book
}

const first = generation(1, old.users)
const second = generation(2, young.users)
/** The longest leaf under `users` lives 30 days; twice that must be left, both ends of the validity included. */
const LIFE = 2 * 30 * 86_400
const lastMoment = addSeconds(first.issuer.validity.notAfter, 1 - LIFE)

const idAt = (at: Date, ...issuers: readonly BookedIssuer[]): string => {
  try {
    return bookAt(at, ...issuers).issuingKeyFor('project-user').issuer.id
  } catch (error) {
    return (error as { readonly code: string }).code
  }
}

describe('rule 37: issuingKeyFor', () => {
  test.each<[what: string, at: Date, issuers: readonly BookedIssuer[], id: string]>([
    ['one generation with life', NOW, [first], 'users-1'],
    ['in the last second that it issues', lastMoment, [first], 'users-1'],
    ['a second after, with no next one', addSeconds(lastMoment, 1), [first], 'issuer_unavailable'],
    ['a second after, with the next one', addSeconds(lastMoment, 1), [first, second], 'users-2'],
    ['the newest goes first while both have life', lastMoment, [first, second], 'users-2'],
    ['in whatever order they were booked', lastMoment, [second, first], 'users-2'],
    ['a newest without a key here is passed over', lastMoment, [first, { issuer: second.issuer }], 'users-1'],
    ['none at all', NOW, [], 'issuer_unavailable'],
    ['an authority that does not issue it', NOW, [generation(1, old.services)], 'issuer_unavailable'],
  ])('%s', (_, at, issuers, id) => {
    expect(idAt(at, ...issuers)).toBe(id)
  })

  describe('for what is of the service itself', () => {
    const services = generation(1, old.services)
    const end = services.issuer.validity.notAfter
    const ownIdAt = (
      at: Date,
      profile: 'signet-server' | 'snapshot-signer' | 'service',
      ...retired: readonly BookedIssuer[]
    ) => {
      const book = bookAt(at, services)
      for (const { issuer } of retired) book.retire(issuer.id)
      try {
        return book.issuingKeyFor(profile).issuer.id
      } catch (error) {
        return (error as { readonly code: string }).code
      }
    }

    test.each([
      ['the server, up to the last second of the CA', end, 'signet-server', 'services-1'],
      ['the signer of snapshots too', end, 'snapshot-signer', 'services-1'],
      ['the server, a second later', addSeconds(end, 1), 'signet-server', 'issuer_unavailable'],
      ['a service of others', end, 'service', 'issuer_unavailable'],
    ] as const)('%s', (_, at, profile, id) => {
      expect(ownIdAt(at, profile)).toBe(id)
    })

    test('not by one that was revoked', () => {
      expect(ownIdAt(NOW, 'signet-server', services)).toBe('issuer_unavailable')
    })
  })

  test('says which profile, and how to mend it', () => {
    expect(() => bookAt(NOW).issuingKeyFor('job')).toThrow(
      expect.objectContaining({
        facts: { profile: 'job', fix: 'make the next generation: signet ceremony issuing-ca' },
      }),
    )
  })

  test('every generation is a CA whose key and name nobody gets', () => {
    const book = bookAt(NOW, first, second)
    expect(book.has(first.issuer.id)).toBe(true)
    expect([...book.caKeyFingerprints]).toEqual([first, second].map(({ issuer }) => issuer.publicKey.fingerprint))
    expect(book.caSubjects).toHaveLength(2)
  })
})
