// What an owner says of a project: whether the platform keeps its members' keys. Ending custody revokes what they certify and then
// deletes them, in one transaction, so that no live certificate is left whose key nobody can name.
import { actorOf } from '../domain/caller.ts'
import type { ProjectName } from '../domain/project-name.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, once } from './directory-act.ts'
import { keptAsJson } from './idempotency.ts'
import { activeMembership, callerStillGood, isOwner, notPermitted } from './second-look.ts'
import { tellOfEnded } from './tell-of-ended.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export interface ProjectSettings {
  readonly project: ProjectName
  readonly custody: boolean
}

const KEPT_SETTINGS = keptAsJson<ProjectSettings>()

/** By an owner. */
export async function putProjectSettings(
  context: ActContext,
  asked: Asked & ProjectSettings,
): Promise<ProjectSettings> {
  const { caller, project, custody } = asked
  return context.acts.run(async (tx) => {
    // In the order in which everybody locks: user, project, member.
    if ('user' in caller) await tx.membership(project, caller.user, 'update')
    if (!(await isOwner(tx, caller, project, context.clock.now()))) throw notPermitted(caller)
    return once(context, tx, asked, KEPT_SETTINGS, async () => {
      const found = await tx.project(project, 'update')
      if (found?.status !== 'active') throw new DirectoryRefused('project_unknown', { project })
      if ((await tx.custodyOf(project)) === custody) return { project, custody }
      const keys = custody ? await begin(context, tx, project) : await endCustody(context, tx, asked)
      await audit(context, tx, asked, 'project.settings', `project:${project}`, { custody, keysDeleted: keys })
      return { project, custody }
    })
  })
}

async function begin({ clock }: ActContext, tx: UnitOfWork, project: ProjectName): Promise<number> {
  await tx.beginCustody(project, clock.now())
  return 0
}

async function endCustody(context: ActContext, tx: UnitOfWork, asked: Asked & ProjectSettings): Promise<number> {
  const at = context.clock.now()
  const ended = await tx.endCustody(asked.project, 'cessationOfOperation', at)
  const { certificates, tokens } = ended
  await tellOfEnded(tx, { jobs: [], certificates, tokens }, { at, actor: actorOf(asked.caller), origin: asked.origin })
  return ended.keys
}

/** For members of the project. */
export async function projectSettings(
  context: ActContext,
  { caller, project }: Pick<Asked, 'caller'> & Pick<ProjectSettings, 'project'>,
): Promise<ProjectSettings> {
  const isOfProject = caller.kind === 'session' || (caller.kind === 'member' && caller.project === project)
  if (!isOfProject) throw notPermitted(caller)
  return context.acts.run(async (tx) => {
    await callerStillGood(tx, caller, context.clock.now())
    await activeMembership(tx, project, caller.user, 'share')
    return { project, custody: await tx.custodyOf(project) }
  })
}
