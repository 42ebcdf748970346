// Who is an administrator of the platform. Promoting gives no certificate: the operator makes it at the machine
// (`signet cert issue --profile admin --offline`). Nobody changes a role of their own: it takes two.
import type { UserName } from '../domain/user-name.ts'
import type { User } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, end, endJobs, once } from './directory-act.ts'
import { EnrollmentRefused } from './errors.ts'
import { keptAsJson } from './idempotency.ts'
import { requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const KEPT_USER = keptAsJson<User>('createdAt')

type AskedOfUser = Asked & { readonly name: UserName }

/** By another administrator. The user's jobs end: none runs as an administrator (`job_of_administrator`). */
export async function promoteUser(context: ActContext, asked: AskedOfUser): Promise<User> {
  return changeOther(context, asked, async (tx, user) => {
    if (user.status === 'blocked') throw new DirectoryRefused('user_blocked', { user: user.name })
    if (user.platformRole === 'admin') return user
    const promoted = await setRole(context, tx, asked, { ...user, platformRole: 'admin' })
    for (const { project } of await tx.membershipsOf(user.name)) {
      await endJobs(context, tx, asked, await tx.activeJobsOf(project, user.name), 'privilegeWithdrawn')
    }
    return promoted
  })
}

/** By another administrator; never the last one. The administrator's certificates and tokens end, memberships stay. */
export async function demoteUser(context: ActContext, asked: AskedOfUser): Promise<User> {
  return changeOther(context, asked, async (tx, user) => {
    if (user.platformRole !== 'admin') return user
    if (user.status === 'active' && (await tx.countActiveAdministrators()) === 1) {
      throw new DirectoryRefused('last_administrator', { user: user.name })
    }
    const demoted = await setRole(context, tx, asked, { ...user, platformRole: 'user' })
    await end(context, tx, asked, `admin:${user.name}`, 'privilegeWithdrawn')
    return demoted
  })
}

/** Runs `change` on a user who is there and is not the caller, locked for `update`, once per Idempotency-Key. */
async function changeOther(
  context: ActContext,
  asked: AskedOfUser,
  change: (tx: UnitOfWork, user: User) => Promise<User>,
): Promise<User> {
  const { caller, name } = asked
  return context.acts.run(async (tx) => {
    const user = await tx.user(name, 'update')
    await requireAdministrator(tx, caller, context.clock.now())
    if (caller.kind === 'admin' && caller.user === name) {
      throw new EnrollmentRefused('not_permitted', { why: 'an administrator does not change their own role' })
    }
    if (user === undefined || user.status === 'deleted') throw new DirectoryRefused('user_unknown', { user: name })
    return once(context, tx, asked, KEPT_USER, () => change(tx, user))
  })
}

async function setRole(context: ActContext, tx: UnitOfWork, asked: Asked, user: User): Promise<User> {
  const { name, status, platformRole } = user
  await tx.updateUser(user)
  await tx.change({ kind: 'user', name, status, platformRole })
  await audit(context, tx, asked, platformRole === 'admin' ? 'user.promote' : 'user.demote', `user:${name}`, {})
  return user
}
