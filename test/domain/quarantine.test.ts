// What may be certified while an installation is in quarantine: what the process needs to say so, and nothing else.
import { expect, test } from 'vitest'
import { PROFILE_NAMES } from '../../src/domain/profile-name.ts'
import {
  encodeQuarantine,
  NO_QUARANTINE,
  parseQuarantine,
  requireMayCertify,
  requireNoQuarantine,
} from '../../src/domain/quarantine.ts'

const SINCE = new Date('2026-06-01T12:00:00Z')
const QUARANTINE = { kind: 'quarantined', since: SINCE } as const

test.each(PROFILE_NAMES)('%s', (profile) => {
  expect(() => requireMayCertify(NO_QUARANTINE, profile)).not.toThrow()
  const certify = () => requireMayCertify(QUARANTINE, profile)
  if (profile === 'signet-server' || profile === 'ocsp-responder') expect(certify).not.toThrow()
  else expect(certify).toThrow(expect.objectContaining({ code: 'quarantined' }))
})

test('what is signed for others waits', () => {
  expect(() => requireNoQuarantine(NO_QUARANTINE)).not.toThrow()
  expect(() => requireNoQuarantine(QUARANTINE)).toThrow(expect.objectContaining({ code: 'quarantined' }))
})

test.each([
  [undefined, NO_QUARANTINE],
  ['', NO_QUARANTINE],
  [String(SINCE.getTime()), QUARANTINE],
])('%j in the database', (text, expected) => {
  expect(parseQuarantine(text)).toEqual(expected)
  expect(encodeQuarantine(expected)).toBe(text ?? '')
})
