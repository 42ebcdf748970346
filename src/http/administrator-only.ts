// What only administrators may read: they are looked up in the database, as acts do it, not in this process's snapshot.
import type { Caller } from '../domain/caller.ts'
import { requireAdministrator } from '../enrollment/second-look.ts'
import type { ApiParts } from './parts.ts'

/** Throws `EnrollmentRefused`. */
export async function administratorOnly({ context }: ApiParts, caller: Caller): Promise<void> {
  await context.acts.run((tx) => requireAdministrator(tx, caller, context.clock.now()))
}
