// What is done to members and users inside a transaction, by whoever may: an owner, an administrator, a directory sync. The act
// that calls looked who may, and holds the rows for `update`.
import { randomUUID } from 'node:crypto'
import type { ProjectRole } from '../domain/change.ts'
import type { Member, User } from '../directory/entities.ts'
import type { ActContext } from './act-context.ts'
import { actorIn, type Asked, audit, end, endKeys, endMember } from './directory-act.ts'
import { endSessionsOf } from './sessions.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export async function insertMember(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked,
  { project, user, role }: Pick<Member, 'project' | 'user' | 'role'>,
): Promise<Member> {
  const [createdAt, addedBy] = [context.clock.now(), actorIn(asked)]
  const member: Member = { id: randomUUID(), project, user, role, status: 'active', createdAt, addedBy }
  await tx.insertMember(member)
  await tx.change({ kind: 'member', project, user, role, status: 'active' })
  await audit(context, tx, asked, 'member.add', `member:${project}__${user}`, { role })
  return member
}

/** With all that the membership holds. */
export async function takeOut(context: ActContext, tx: UnitOfWork, asked: Asked, member: Member): Promise<Member> {
  const { project, user, role } = member
  const removed: Member = { ...member, status: 'removed' }
  await tx.updateMember(removed)
  await tx.change({ kind: 'member', project, user, role, status: 'removed' })
  await endMember(context, tx, asked, project, user, 'affiliationChanged')
  await audit(context, tx, asked, 'member.remove', `member:${project}__${user}`, {})
  return removed
}

/** Rights follow the role from now on: nothing that was issued says which. */
export async function changeRole(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked,
  member: Member,
  role: ProjectRole,
): Promise<void> {
  const { project, user } = member
  await tx.updateMember({ ...member, role })
  await tx.change({ kind: 'member', project, user, role, status: 'active' })
  await audit(context, tx, asked, 'member.role', `member:${project}__${user}`, { role, before: member.role })
}

/** A block: every certificate, token, job and session of the user ends. */
export async function shutOut(context: ActContext, tx: UnitOfWork, asked: Asked, user: User): Promise<User> {
  const blocked = await setStatus(context, tx, asked, user, 'blocked')
  for (const member of await tx.membershipsOf(user.name)) {
    await endMember(context, tx, asked, member.project, user.name, 'privilegeWithdrawn')
  }
  await end(context, tx, asked, `admin:${user.name}`, 'privilegeWithdrawn')
  await endKeys(context, tx, asked, { kind: 'of-user', user: user.name })
  await endSessionsOf(tx, user.name, { at: context.clock.now(), provider: undefined })
  return blocked
}

export async function setStatus(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked,
  user: User,
  status: 'active' | 'blocked',
): Promise<User> {
  const changed: User = { ...user, status }
  await tx.updateUser(changed)
  await tx.change({ kind: 'user', name: user.name, status, platformRole: user.platformRole })
  await audit(context, tx, asked, status === 'blocked' ? 'user.block' : 'user.unblock', `user:${user.name}`, {})
  return changed
}
