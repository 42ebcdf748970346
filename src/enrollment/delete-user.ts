// The end of an account: all memberships of the user, and what they hold as an administrator. The name stays taken, so nobody
// ever comes back as somebody else. A project may be left without an owner; an administrator then names one, as after a block.
import type { User } from '../directory/entities.ts'
import type { ActContext } from './act-context.ts'
import { audit, end, endKeys, endMember } from './directory-act.ts'
import { endSessionsOf } from './sessions.ts'
import { actOnOther, type AskedOfUser, refuseLastAdministrator } from './other-user.ts'

/** By another administrator; never the last one. */
export async function deleteUser(context: ActContext, asked: AskedOfUser): Promise<User> {
  return actOnOther(context, asked, async (tx, user) => {
    await refuseLastAdministrator(tx, user)
    const { name, platformRole } = user
    const deleted: User = { ...user, status: 'deleted' }
    await tx.updateUser(deleted)
    await tx.change({ kind: 'user', name, status: 'deleted', platformRole })
    // None is added meanwhile: that takes the user, whom we hold. One that ends with its project is removed twice, which is once.
    for (const member of await tx.membershipsOf(name)) {
      const { project, role } = member
      await tx.updateMember({ ...member, status: 'removed' })
      await tx.change({ kind: 'member', project, user: name, role, status: 'removed' })
      await endMember(context, tx, asked, project, name, 'affiliationChanged')
    }
    await end(context, tx, asked, `admin:${name}`, 'affiliationChanged')
    await endKeys(context, tx, asked, { kind: 'of-user', user: name })
    await tx.deleteInternalUser(name)
    await endSessionsOf(tx, name, { at: context.clock.now(), provider: undefined })
    await audit(context, tx, asked, 'user.delete', `user:${name}`, {})
    return deleted
  })
}
