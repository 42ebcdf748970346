// How many projects a user may own: what the installation says, or what an administrator says of this user. A project counts
// for each of its active owners, whoever made them one. Lowering a quota takes nothing away; it gives no more.
import type { UserName } from '../domain/user-name.ts'
import type { User } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, once } from './directory-act.ts'
import { keptAsJson } from './idempotency.ts'
import { requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface Quota {
  readonly user: UserName
  /** Projects that they may own. */
  readonly projects: number
  readonly owned: number
}

const KEPT_QUOTA = keptAsJson<Quota>()

/** By an administrator. */
export async function setQuota(
  context: ActContext,
  asked: Asked & { readonly name: UserName; readonly projects: number },
): Promise<Quota> {
  const { name, projects } = asked
  return context.acts.run(async (tx) => {
    await requireAdministrator(tx, asked.caller, context.clock.now())
    return once(context, tx, asked, KEPT_QUOTA, async () => {
      const user = await presentUser(tx, name, 'update')
      await tx.setProjectQuota(name, projects)
      await audit(context, tx, asked, 'user.quota', `user:${name}`, { projects })
      return quotaOf(context, tx, user)
    })
  })
}

/** By an administrator. */
export async function readQuota(context: ActContext, { caller, name }: Pick<Asked, 'caller'> & { name: UserName }) {
  return context.acts.run(async (tx) => {
    await requireAdministrator(tx, caller, context.clock.now())
    return quotaOf(context, tx, await presentUser(tx, name, 'share'))
  })
}

/**
 * The user may own one project more. The user was locked for `update` before: of two projects at once, the second counts the
 * first. Throws `DirectoryRefused('quota_exceeded')`.
 */
export async function requireQuota(context: ActContext, tx: UnitOfWork, user: User): Promise<void> {
  const { projects, owned } = await quotaOf(context, tx, user)
  // How many they own is not for the owner of another project to know.
  if (owned >= projects) throw new DirectoryRefused('quota_exceeded', { user: user.name, projects })
}

async function quotaOf(context: ActContext, tx: UnitOfWork, { name }: User): Promise<Quota> {
  const projects = (await tx.projectQuota(name)) ?? context.projectsPerUser
  return { user: name, projects, owned: await tx.countProjectsOwnedBy(name) }
}

async function presentUser(tx: UnitOfWork, name: UserName, lock: 'share' | 'update'): Promise<User> {
  const user = await tx.user(name, lock)
  if (user === undefined || user.status === 'deleted') throw new DirectoryRefused('user_unknown', { user: name })
  return user
}
