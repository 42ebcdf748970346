// Members of a project over HTTP: added and removed by its owners, seen by its members.
import { z } from '@hono/zod-openapi'
import { reachesProject } from '../../access/reached.ts'
import type { ApiKeyCaller } from '../../access/recognise-api-key.ts'
import type { Member } from '../../directory/entities.ts'
import type { Caller } from '../../domain/caller.ts'
import { parseProjectName, type ProjectName } from '../../domain/project-name.ts'
import { parseUserName } from '../../domain/user-name.ts'
import { addMember, removeMember } from '../../enrollment/directory-acts.ts'
import { EnrollmentRefused } from '../../enrollment/errors.ts'
import { notPermitted } from '../../enrollment/second-look.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, newApi, plainRoute, IN_PATH, NONE } from '../route.ts'
import { PageQuery } from '../schema-parts.ts'
import { MemberBody } from '../schemas.ts'

const MemberAnswer = z
  .strictObject({
    project: z.string(),
    user: z.string(),
    commonName: z.string(),
    role: z.string(),
    status: z.string(),
    createdAt: z.string(),
    addedBy: z.string().optional(),
  })
  .openapi('Member')

export function memberRoutes(parts: ApiParts): Api {
  const api = newApi()
  const { context } = parts
  const { names } = context.policy
  const path = '/v1/projects/{p}/members/{u}'
  api.openapi(
    bodyRoute({
      method: 'put',
      path,
      params: z.strictObject({ p: IN_PATH, u: IN_PATH }),
      summary: 'Adds a member. By an owner; by an administrator only a new owner where none is left.',
      body: MemberBody,
      status: 201,
      answer: MemberAnswer,
    }),
    async (c) => {
      const member = await addMember(context, {
        ...(await askedOf(parts, c)),
        project: parseProjectName(c.req.valid('param').p, names),
        user: parseUserName(c.req.valid('param').u, names),
        role: c.req.valid('json').role,
      })
      return c.json(memberBody(member), 201)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path,
      params: z.strictObject({ p: IN_PATH, u: IN_PATH }),
      summary: 'Removes a member and revokes all the member holds here. By an owner.',
      query: NONE,
      status: 200,
      answer: MemberAnswer,
    }),
    async (c) => {
      const member = await removeMember(context, {
        ...(await askedOf(parts, c)),
        project: parseProjectName(c.req.valid('param').p, names),
        user: parseUserName(c.req.valid('param').u, names),
      })
      return c.json(memberBody(member), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/projects/{p}/members',
      params: z.strictObject({ p: IN_PATH }),
      summary: 'Members of a project, by name. For its members.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ members: z.array(MemberAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      const project = parseProjectName(c.req.valid('param').p, names)
      const caller = await callerIn(parts, c)
      if (caller.kind === 'api-key') requireReach(parts, caller, project)
      else if (!isMember(parts, caller, project)) throw notPermitted(caller)
      const page = await parts.reader.read((view) => view.listMembers(project, pageRequestOf(c.req.valid('query'))))
      return c.json({ members: page.items.map(memberBody), ...cursorOf(page) }, 200)
    },
  )
  return api
}

function requireReach({ snapshot }: ApiParts, caller: ApiKeyCaller, project: ProjectName): void {
  if (!reachesProject(snapshot, caller, project)) throw new EnrollmentRefused('role_missing')
}

function isMember({ snapshot }: ApiParts, caller: Caller, project: ProjectName): boolean {
  if (caller.kind === 'session')
    return (snapshot.project(project) && snapshot.member(project, caller.user)) !== undefined
  return caller.kind === 'member' && caller.project === project
}

function memberBody({ project, user, role, status, createdAt, addedBy }: Member) {
  const commonName = `${project}__${user}`
  const added = addedBy === undefined ? {} : { addedBy }
  return { project, user, commonName, role, status, createdAt: createdAt.toISOString(), ...added }
}
