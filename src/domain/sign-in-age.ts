// How old a sign-in may be for access by groups (`requireExternalUserLoginAfterHours`): what the provider said then is all that
// is known of the groups.
import { addSeconds } from './clock.ts'

/**
 * From when on a user who has not signed in since is denied. `hours` is -1 (never: undefined), 0 (from the sign-in itself on:
 * nobody is recent enough) or more.
 */
export function signInAgainBy(signedInAt: Date, hours: number): Date | undefined {
  return hours === -1 ? undefined : addSeconds(signedInAt, hours * 3600)
}
