// What only administrators may read: they are looked up in the database, as acts do it, not in this process's snapshot. An API key
// was recognised from the snapshot, and its user's role is as new as that.
import { reachesPlatform } from '../access/reached.ts'
import type { Caller } from '../domain/caller.ts'
import { EnrollmentRefused } from '../enrollment/errors.ts'
import { requireAdministrator } from '../enrollment/second-look.ts'
import type { ApiParts } from './parts.ts'

/** Throws `EnrollmentRefused`. */
export async function administratorOnly({ context, snapshot }: ApiParts, caller: Caller): Promise<void> {
  if (caller.kind !== 'api-key') {
    await context.acts.run((tx) => requireAdministrator(tx, caller, context.clock.now()))
  } else if (!reachesPlatform(snapshot, caller)) {
    throw new EnrollmentRefused('role_missing')
  }
}

/** Whether that caller administers: for lists that others get in part. Throws `EnrollmentRefused` when it is nobody any more. */
export async function administers(parts: ApiParts, caller: Caller): Promise<boolean> {
  try {
    await administratorOnly(parts, caller)
    return true
  } catch (error) {
    if (error instanceof EnrollmentRefused && error.code === 'not_permitted') return false
    throw error
  }
}
