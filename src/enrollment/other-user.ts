// What an administrator does to another user, and to nobody else: change their role, delete their account.
import type { UserName } from '../domain/user-name.ts'
import type { User } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, once } from './directory-act.ts'
import { EnrollmentRefused } from './errors.ts'
import { keptAsJson } from './idempotency.ts'
import { requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const KEPT_USER = keptAsJson<User>('createdAt')

export type AskedOfUser = Asked & { readonly name: UserName }

/** Runs `act` on a user who is there and is not the caller, locked for `update`, once per Idempotency-Key. */
export async function actOnOther(
  context: ActContext,
  asked: AskedOfUser,
  act: (tx: UnitOfWork, user: User) => Promise<User>,
): Promise<User> {
  const { caller, name } = asked
  return context.acts.run(async (tx) => {
    const user = await tx.user(name, 'update')
    await requireAdministrator(tx, caller, context.clock.now())
    if ((caller.kind === 'admin' || caller.kind === 'session') && caller.user === name) {
      throw new EnrollmentRefused('not_permitted', { why: 'an administrator does not do this to themselves' })
    }
    return once(context, tx, asked, KEPT_USER, async () => {
      if (user === undefined || user.status === 'deleted') throw new DirectoryRefused('user_unknown', { user: name })
      return act(tx, user)
    })
  })
}

/** Throws `DirectoryRefused('last_administrator')`. */
export async function refuseLastAdministrator(tx: UnitOfWork, user: User): Promise<void> {
  const isActive = user.platformRole === 'admin' && user.status === 'active'
  if (isActive && (await tx.countActiveAdministrators()) === 1) {
    throw new DirectoryRefused('last_administrator', { user: user.name })
  }
}
