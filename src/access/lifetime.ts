// How long an answer may stand if nothing but time changes, and as of when its groups were so.
import { certificateOf, type Inquiry, principalIn } from './inquiry.ts'

/** The earliest end of what the answer rests on: certificate, what is known of revocations, token, API key, the window after a sign-in. */
export function validUntil(inquiry: Inquiry): Date | undefined {
  const { snapshot, question } = inquiry
  const certificate = certificateOf(inquiry)
  let end = certificate?.validity.notAfter
  if (certificate !== undefined) end = earlier(end, revocationsEnd(snapshot.revocationsGoodUntil(certificate.issuer)))
  for (const other of question.credentials.others) {
    if (other.kind === 'token' && other.verdict === 'verified') end = earlier(end, other.expiresAt)
    if (other.kind === 'api-key') end = earlier(end, snapshot.apiKey(other.prefix)?.expiresAt)
  }
  return earlier(end, signInAgainBy(inquiry))
}

/** What is known for ever ends nothing. */
function revocationsEnd(goodUntilMilliseconds: number): Date | undefined {
  return Number.isFinite(goodUntilMilliseconds) ? new Date(goodUntilMilliseconds) : undefined
}

function earlier(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a < b ? a : b
}

function signInAgainBy(inquiry: Inquiry): Date | undefined {
  const principal = principalIn(inquiry)
  const hours = inquiry.snapshot.rules.externalLoginAfterHours
  if (principal.kind !== 'external' || principal.signedInAt === undefined || hours <= 0) return undefined
  return new Date(principal.signedInAt.getTime() + hours * 3_600_000)
}

/** Groups are those of the last sign-in (row HX18): who reads the answer sees how old they are. */
export function groupsAsOf(inquiry: Inquiry): Date | undefined {
  const principal = principalIn(inquiry)
  return principal.kind === 'external' ? principal.signedInAt : undefined
}
