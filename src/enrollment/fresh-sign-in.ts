// What outlives a session is bought right after the sign-in alone: a certificate, a key in custody, an API key, an enrolment token,
// another way in (CP §4.15). A session token that was carried off later buys none of them.
import type { Caller } from '../domain/caller.ts'
import { addSeconds } from '../domain/clock.ts'
import type { ActContext } from './act-context.ts'
import { SignInRefused } from './sign-in-errors.ts'

/** Callers of another kind show something else. Throws `SignInRefused` (`sign_in_not_fresh`). */
export function refuseStaleSignIn({ clock, policy }: Pick<ActContext, 'clock' | 'policy'>, caller: Caller): void {
  if (caller.kind !== 'session') return
  const { freshSeconds } = policy.credentials.signIn
  if (clock.now() >= addSeconds(caller.signedInAt, freshSeconds)) {
    throw new SignInRefused('sign_in_not_fresh', { freshSeconds })
  }
}
