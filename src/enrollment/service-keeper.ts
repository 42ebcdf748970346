// Who may look after a service: an administrator, the service itself, and the owners of the project that answers for it. A
// person who answers for it is whom to ask: their certificates are those of projects, and none of them speaks for a service.
import type { Caller } from '../domain/caller.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { Service } from '../directory/entities.ts'
import { callerStillGood, isOwner, requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** Throws `EnrollmentRefused`; of a service that is not there nobody but an administrator hears. */
export async function requireKeeper(
  tx: UnitOfWork,
  caller: Caller,
  name: ServiceName,
  service: Service | undefined,
  at: Date,
): Promise<void> {
  if (caller.kind === 'service' && caller.name === name) {
    await callerStillGood(tx, caller, at)
    return
  }
  const owner = service?.owner
  if (owner?.kind === 'project' && (await isOwner(tx, caller, owner.project, at))) return
  await requireAdministrator(tx, caller, at)
}
