// The end of a project: its members and accounts, their certificates, tokens and jobs, and its deployments, in one transaction and in as
// many statements for ten thousand members as for one. Its name stays taken.
import { actorOf } from '../domain/caller.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { Project } from '../directory/entities.ts'
import { DirectoryRefused } from '../directory/errors.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, endKeys, once } from './directory-act.ts'
import { keptAsJson } from './idempotency.ts'
import { recordDeletedDeployments } from './remove-service.ts'
import { requireAdministrator } from './second-look.ts'
import { tellOfEnded } from './tell-of-ended.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const KEPT_PROJECT = keptAsJson<Project>('createdAt')

/** By an administrator. */
export async function deleteProject(
  context: ActContext,
  asked: Asked & { readonly name: ProjectName },
): Promise<Project> {
  const { name } = asked
  return context.acts.run(async (tx) => {
    await requireAdministrator(tx, asked.caller, context.clock.now())
    return once(context, tx, asked, KEPT_PROJECT, async () => {
      const project = await tx.project(name, 'update')
      if (project?.status !== 'active') throw new DirectoryRefused('project_unknown', { project: name })
      const deleted: Project = { ...project, status: 'deleted' }
      await tx.updateProject(deleted)
      await tx.change({ kind: 'project', name, status: 'deleted' })
      await endEverything(context, tx, asked, name)
      return deleted
    })
  })
}

async function endEverything(context: ActContext, tx: UnitOfWork, asked: Asked, project: ProjectName): Promise<void> {
  const at = context.clock.now()
  const ended = await tx.endEverythingOf(project, 'cessationOfOperation', at)
  const by = { at, actor: actorOf(asked.caller), origin: asked.origin }
  await tellOfEnded(tx, ended, by)
  await endKeys(context, tx, asked, { kind: 'of-project', project })
  await recordDeletedDeployments(context, tx, asked, ended.deployments)
  const counts = {
    members: ended.members,
    accounts: ended.accounts,
    jobs: ended.jobs.length,
    certificates: ended.certificates.length,
    tokens: ended.tokens.length,
    keptKeys: ended.keptKeys,
  }
  await audit(context, tx, asked, 'project.delete', `project:${project}`, counts)
}
