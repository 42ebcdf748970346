// Projects over HTTP: added with their first owner, and deleted, by administrators.
import { z } from '@hono/zod-openapi'
import { reachesProject } from '../../access/reached.ts'
import type { Project } from '../../directory/entities.ts'
import { parseProjectName } from '../../domain/project-name.ts'
import { parseUserName } from '../../domain/user-name.ts'
import { addProject } from '../../enrollment/directory-acts.ts'
import { deleteProject } from '../../enrollment/delete-project.ts'
import { administers, administratorOnly } from '../administrator-only.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, newApi, plainRoute, IN_PATH, NONE } from '../route.ts'
import { PageQuery } from '../schema-parts.ts'
import { ProjectBody } from '../schemas.ts'

const ProjectAnswer = z.strictObject({ name: z.string(), status: z.string(), createdAt: z.string() }).openapi('Project')

export function projectRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  const { names } = context.policy
  api.openapi(
    bodyRoute({
      method: 'post',
      path: '/v1/projects',
      params: NONE,
      summary: 'Adds a project with its first owner. By an administrator, who is not that owner.',
      body: ProjectBody,
      status: 201,
      answer: ProjectAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const project = await addProject(context, {
        ...(await askedOf(parts, c)),
        name: parseProjectName(body.name, names),
        owner: parseUserName(body.owner, names),
      })
      return c.json(projectBody(project), 201)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path: '/v1/projects/{p}',
      params: z.strictObject({ p: IN_PATH }),
      summary:
        'Deletes a project and revokes all that its members hold in it. Its name stays taken. By an administrator.',
      query: NONE,
      status: 200,
      answer: ProjectAnswer,
    }),
    async (c) => {
      const name = parseProjectName(c.req.valid('param').p, names)
      const project = await deleteProject(context, { ...(await askedOf(parts, c)), name })
      return c.json(projectBody(project), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/projects',
      params: NONE,
      summary: 'Projects, by name: all for an administrator; for a person who signed in and for an API key, their own.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ projects: z.array(ProjectAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      const caller = await callerIn(parts, c)
      if (caller.kind === 'session') {
        if (!(await administers(parts, caller))) return c.json({ projects: await ownProjects(parts, caller.user) }, 200)
      } else if (caller.kind !== 'api-key') await administratorOnly(parts, caller)
      const shows = ({ name }: Project) => caller.kind !== 'api-key' || reachesProject(parts.snapshot, caller, name)
      const request = { ...pageRequestOf(c.req.valid('query')), shows }
      const page = await parts.reader.read((view) => view.listProjects(request))
      return c.json({ projects: page.items.map(projectBody), ...cursorOf(page) }, 200)
    },
  )
  return api
}

/** Those of which they are a member: nobody is in so many that they fill more than one page. */
function ownProjects({ reader, snapshot }: ApiParts, user: string) {
  const names = snapshot.membershipsOf(user).map(({ project }) => project)
  return reader.read(async (view) => {
    const found = []
    for (const name of names.toSorted()) found.push(await view.project(name, 'none'))
    return found.filter((project) => project !== undefined).map(projectBody)
  })
}

function projectBody({ name, status, createdAt }: Project) {
  return { name, status, createdAt: createdAt.toISOString() }
}
