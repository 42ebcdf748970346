// Service accounts of a project join and leave: added and removed by its owners. What one holds ends with it, in the same
// transaction; its name stays taken, in every letter case.
import { randomUUID } from 'node:crypto'
import { actorOf } from '../domain/caller.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { projectUserName } from '../domain/project-user-name.ts'
import type { ServiceAccountName } from '../domain/user-name.ts'
import type { ServiceAccount } from '../directory/entities.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, end, endJobs, once } from './directory-act.ts'
import { keptAsJson } from './idempotency.ts'
import { activeAccount, isOwner, notPermitted } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const KEPT_ACCOUNT = keptAsJson<ServiceAccount>('createdAt')

type AskedOfAccount = Asked & { readonly project: ProjectName; readonly account: ServiceAccountName }

/** By an owner. Throws `NameRejected` when its common name would be too long, `NameTaken`. */
export async function addAccount(context: ActContext, asked: AskedOfAccount): Promise<ServiceAccount> {
  const { caller, project, account: name } = asked
  projectUserName(project, name, context.policy.names)
  return actAsOwner(context, asked, async (tx) => {
    const [createdBy, createdAt] = [actorOf(caller), context.clock.now()]
    const account: ServiceAccount = { id: randomUUID(), project, name, status: 'active', createdBy, createdAt }
    await tx.insertAccount(account)
    await tx.change({ kind: 'account', project, account: name, status: 'active' })
    await audit(context, tx, asked, 'account.add', `account:${project}__${name}`, {})
    return account
  })
}

/** By an owner. Its certificates, tokens and jobs end with it. */
export async function removeAccount(context: ActContext, asked: AskedOfAccount): Promise<ServiceAccount> {
  const { project, account: name } = asked
  return actAsOwner(context, asked, async (tx) => {
    const removed: ServiceAccount = { ...(await activeAccount(tx, project, name, 'update')), status: 'deleted' }
    await tx.updateAccount(removed)
    await tx.change({ kind: 'account', project, account: name, status: 'deleted' })
    await end(context, tx, asked, `account:${project}__${name}`, 'cessationOfOperation')
    await endJobs(context, tx, asked, await tx.activeJobsOf(project, name), 'cessationOfOperation')
    await audit(context, tx, asked, 'account.remove', `account:${project}__${name}`, {})
    return removed
  })
}

/** An owner is active, and so is the project: both are held until the end. */
async function actAsOwner(
  context: ActContext,
  asked: AskedOfAccount,
  act: (tx: UnitOfWork) => Promise<ServiceAccount>,
): Promise<ServiceAccount> {
  const { caller, project } = asked
  return context.acts.run(async (tx) => {
    if (!(await isOwner(tx, caller, project, context.clock.now()))) throw notPermitted(caller)
    return once(context, tx, asked, KEPT_ACCOUNT, () => act(tx))
  })
}
