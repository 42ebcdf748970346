// Whether a certificate goes back to the token of a trusted issuer. Such a token is no sign-in: whatever the certificate buys for
// others ends with the token, as the certificate itself does (CP §4.12).
import { addSeconds } from '../domain/clock.ts'
import { parseSerialNumber, type SerialNumber } from '../domain/serial-number.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** `obtainedWith` of what an exchange gave. */
export const EXCHANGE_PROOF = 'exchange:'
const CERTIFICATE_PROOF = 'certificate:'

/** No token that is trusted lives longer (`maxTokenLife`), and nothing that it buys is renewed longer. */
const LONGEST_TOKEN_SECONDS = 86_400
/** Renewals of one day that are followed back; whoever renews more often is taken for exchanged. */
const MAX_RENEWALS = 100

/** When the token ends; undefined for a certificate that was bought with something else. */
export async function endOfExchange(tx: UnitOfWork, serial: SerialNumber, now: Date): Promise<Date | undefined> {
  const earliest = addSeconds(now, -LONGEST_TOKEN_SECONDS)
  let record = await tx.certificate(serial, 'none')
  const until = record?.renewUntil
  if (until === undefined || until > addSeconds(now, LONGEST_TOKEN_SECONDS)) return undefined
  for (let steps = 0; steps < MAX_RENEWALS; steps += 1) {
    const proof = record?.obtainedWith ?? ''
    if (proof.startsWith(EXCHANGE_PROOF)) return until
    if (!proof.startsWith(CERTIFICATE_PROOF) || record === undefined || record.issuedAt < earliest) return undefined
    record = await tx.certificate(parseSerialNumber(proof.slice(CERTIFICATE_PROOF.length)), 'none')
  }
  return until
}
