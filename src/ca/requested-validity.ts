// How long a certificate lives (CP §6.3.2, §5.6): what is asked for, or nothing. A life is refused, never cut silently.
import { addSeconds, unixSeconds } from '../domain/clock.ts'
import { CodedError } from '../domain/coded-error.ts'
import type { Validity } from '../domain/validity.ts'
import type { Signatory } from './issuer.ts'
import type { Profile } from './policy/profile.ts'

export type ValidityErrorCode = 'validity_too_long' | 'validity_not_whole_seconds' | 'issuer_expires_first'

export class ValidityRefused extends CodedError<ValidityErrorCode> {}

/**
 * From `backdateSeconds` before `at`, until the last second of a life that begins at `at`: both ends of a validity are
 * inclusive, hence one second less. Throws `ValidityRefused`.
 */
export function requestedValidity(requested: number | 'default', { lifetime }: Profile, at: Date): Validity {
  const seconds = requested === 'default' ? lifetime.defaultSeconds : requested
  if (!Number.isSafeInteger(seconds) || seconds < 1) {
    throw new ValidityRefused('validity_not_whole_seconds', { requestedSeconds: seconds })
  }
  if (seconds > lifetime.maxSeconds) {
    throw new ValidityRefused('validity_too_long', { requestedSeconds: seconds, allowedSeconds: lifetime.maxSeconds })
  }
  const start = new Date(unixSeconds(at) * 1000)
  return { notBefore: addSeconds(start, -lifetime.backdateSeconds), notAfter: addSeconds(start, seconds - 1) }
}

/** Throws `ValidityRefused` (`issuer_expires_first`) when the certificate would outlive its issuer. */
export function refuseIfIssuerEndsFirst({ notAfter }: Validity, issuer: Signatory): void {
  if (notAfter.getTime() <= issuer.validity.notAfter.getTime()) return
  throw new ValidityRefused('issuer_expires_first', {
    issuer: issuer.id,
    issuerNotAfter: issuer.validity.notAfter.toISOString(),
    notAfter: notAfter.toISOString(),
  })
}
