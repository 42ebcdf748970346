// Who is an administrator of the platform. Promoting gives no certificate: the operator makes it at the machine
// (`signet cert issue --profile admin --offline`). Nobody changes a role of their own: it takes two.
import type { User } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, end, endJobs, endKeys } from './directory-act.ts'
import { actOnOther, type AskedOfUser, refuseLastAdministrator } from './other-user.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** By another administrator. The user's jobs end: none runs as an administrator (`job_of_administrator`). */
export async function promoteUser(context: ActContext, asked: AskedOfUser): Promise<User> {
  return actOnOther(context, asked, async (tx, user) => {
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
  return actOnOther(context, asked, async (tx, user) => {
    if (user.platformRole !== 'admin') return user
    await refuseLastAdministrator(tx, user)
    const demoted = await setRole(context, tx, asked, { ...user, platformRole: 'user' })
    await end(context, tx, asked, `admin:${user.name}`, 'privilegeWithdrawn')
    await endKeys(context, tx, asked, { kind: 'privileged', user: user.name })
    return demoted
  })
}

async function setRole(context: ActContext, tx: UnitOfWork, asked: Asked, user: User): Promise<User> {
  const { name, status, platformRole } = user
  await tx.updateUser(user)
  await tx.change({ kind: 'user', name, status, platformRole })
  await audit(context, tx, asked, platformRole === 'admin' ? 'user.promote' : 'user.demote', `user:${name}`, {})
  return user
}
