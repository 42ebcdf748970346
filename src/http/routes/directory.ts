// Users, projects, members, services and deployments over HTTP.
import { z } from '@hono/zod-openapi'
import { putDeployment } from '../../access/put-deployment.ts'
import type { Deployment } from '../../access/deployment-store.ts'
import type { Member, Project, Service, User } from '../../directory/entities.ts'
import { DirectoryRefused } from '../../directory/errors.ts'
import { actorOf, type Caller } from '../../domain/caller.ts'
import { parseDeploymentName } from '../../domain/deployment-name.ts'
import { parseDnsName, parseServiceName } from '../../domain/dns-name.ts'
import { parseProjectName } from '../../domain/project-name.ts'
import { parseSystemUser } from '../../domain/system-user.ts'
import { parseUserName } from '../../domain/user-name.ts'
import {
  addMember,
  addProject,
  addUser,
  blockUser,
  putService,
  removeMember,
  unblockUser,
} from '../../enrollment/directory-acts.ts'
import { requireDeploymentRights } from '../../enrollment/deployment-rights.ts'
import { keptAsJson, onceFor } from '../../enrollment/idempotency.ts'
import { notPermitted, requireAdministrator } from '../../enrollment/second-look.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, newApi, plainRoute, IN_PATH, NONE } from '../route.ts'
import { DeploymentBody, MemberBody, PageQuery, ProjectBody, ServiceBody, UserBody } from '../schemas.ts'

const UserAnswer = z
  .strictObject({ name: z.string(), status: z.string(), platformRole: z.string(), createdAt: z.string() })
  .openapi('User')
const ProjectAnswer = z.strictObject({ name: z.string(), status: z.string(), createdAt: z.string() }).openapi('Project')
const MemberAnswer = z
  .strictObject({
    project: z.string(),
    user: z.string(),
    commonName: z.string(),
    role: z.string(),
    status: z.string(),
    createdAt: z.string(),
  })
  .openapi('Member')
const ServiceAnswer = z
  .strictObject({
    name: z.string(),
    dnsNames: z.array(z.string()),
    systemUser: z.string(),
    roles: z.array(z.string()),
    projects: z.array(z.string()),
    status: z.string(),
    createdAt: z.string(),
  })
  .openapi('Service')
const DeploymentAnswer = z
  .strictObject({
    name: z.string(),
    project: z.string(),
    host: z.string(),
    service: z.string(),
    serviceCallers: z.array(z.string()),
    status: z.string(),
  })
  .openapi('Deployment')

const KEPT_DEPLOYMENT = keptAsJson<Deployment>()

export function directoryRoutes(parts: ApiParts): Api {
  const api = newApi()
  addUsers(api, parts)
  addProjects(api, parts)
  addMembers(api, parts)
  addServices(api, parts)
  addDeployments(api, parts)
  return api
}

function addUsers(api: Api, parts: ApiParts): void {
  const { context } = parts
  const { names } = context.policy
  api.openapi(
    bodyRoute({
      method: 'put',
      path: '/v1/users/{u}',
      params: z.strictObject({ u: IN_PATH }),
      summary: 'Adds a user. By an administrator. A name that was ever used is taken.',
      body: UserBody,
      status: 201,
      answer: UserAnswer,
    }),
    async (c) => {
      const { platformRole } = c.req.valid('json')
      const name = parseUserName(c.req.valid('param').u, names)
      const user = await addUser(context, { ...(await askedOf(parts, c)), name, platformRole })
      return c.json(userBody(user), 201)
    },
  )
  for (const [verb, act] of [
    ['block', blockUser],
    ['unblock', unblockUser],
  ] as const) {
    api.openapi(
      plainRoute({
        method: 'post',
        path: `/v1/users/{u}/${verb}`,
        params: z.strictObject({ u: IN_PATH }),
        summary:
          verb === 'block'
            ? 'Blocks a user and revokes all they hold. By an administrator.'
            : 'Lets a user in again. What was revoked stays revoked. By an administrator.',
        query: NONE,
        status: 200,
        answer: UserAnswer,
      }),
      async (c) => {
        const name = parseUserName(c.req.valid('param').u, names)
        const user = await act(context, { ...(await askedOf(parts, c)), name })
        return c.json(userBody(user), 200)
      },
    )
  }
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/users',
      params: NONE,
      summary: 'Users, by name. For administrators.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ users: z.array(UserAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      await administrator(parts, await callerIn(parts, c))
      const page = await parts.reader.read((view) => view.listUsers(pageRequestOf(c.req.valid('query'))))
      return c.json({ users: page.items.map(userBody), ...cursorOf(page) }, 200)
    },
  )
}

function addProjects(api: Api, parts: ApiParts): void {
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
      method: 'get',
      path: '/v1/projects',
      params: NONE,
      summary: 'Projects, by name. For administrators.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ projects: z.array(ProjectAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      await administrator(parts, await callerIn(parts, c))
      const page = await parts.reader.read((view) => view.listProjects(pageRequestOf(c.req.valid('query'))))
      return c.json({ projects: page.items.map(projectBody), ...cursorOf(page) }, 200)
    },
  )
}

function addMembers(api: Api, parts: ApiParts): void {
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
      if (caller.kind !== 'member' || caller.project !== project) throw notPermitted(caller)
      const page = await parts.reader.read((view) => view.listMembers(project, pageRequestOf(c.req.valid('query'))))
      return c.json({ members: page.items.map(memberBody), ...cursorOf(page) }, 200)
    },
  )
}

function addServices(api: Api, parts: ApiParts): void {
  const { context } = parts
  const { names } = context.policy
  api.openapi(
    bodyRoute({
      method: 'put',
      path: '/v1/services/{name}',
      params: z.strictObject({ name: IN_PATH }),
      summary: 'Adds a service, or replaces its settings. By an administrator.',
      body: ServiceBody,
      status: 200,
      answer: ServiceAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const service = await putService(context, {
        ...(await askedOf(parts, c)),
        name: parseServiceName(c.req.valid('param').name, names),
        dnsNames: body.dnsNames.map((name) => parseDnsName(name, names)),
        systemUser: parseSystemUser(body.systemUser, names),
        roles: body.roles,
        projects: body.projects.map((project) => parseProjectName(project, names)),
        ifExists: body.ifExists,
      })
      return c.json(serviceBody(service), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/services/{name}',
      params: z.strictObject({ name: IN_PATH }),
      summary: 'One service. For administrators and the service itself.',
      query: NONE,
      status: 200,
      answer: ServiceAnswer,
    }),
    async (c) => {
      const name = parseServiceName(c.req.valid('param').name, names)
      const caller = await callerIn(parts, c)
      if (actorOf(caller) !== `service:${name}`) await administrator(parts, caller)
      const service = await parts.reader.read((view) => view.service(name, 'none'))
      if (service === undefined) throw new DirectoryRefused('service_unknown', { service: name })
      return c.json(serviceBody(service), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/services',
      params: NONE,
      summary: 'Services, by name. For administrators.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ services: z.array(ServiceAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      await administrator(parts, await callerIn(parts, c))
      const page = await parts.reader.read((view) => view.listServices(pageRequestOf(c.req.valid('query'))))
      return c.json({ services: page.items.map(serviceBody), ...cursorOf(page) }, 200)
    },
  )
}

function addDeployments(api: Api, parts: ApiParts): void {
  const { context, deployments } = parts
  const { names } = context.policy
  api.openapi(
    bodyRoute({
      method: 'put',
      path: '/v1/deployments/{d}',
      params: z.strictObject({ d: IN_PATH }),
      summary: 'Adds or replaces a deployment. By an owner of its project; its service must list the project.',
      body: DeploymentBody,
      status: 200,
      answer: DeploymentAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const { caller, idempotent, origin } = await askedOf(parts, c)
      const now = context.clock.now()
      const wanted: Deployment = {
        name: parseDeploymentName(c.req.valid('param').d, names),
        project: parseProjectName(body.project, names),
        host: parseDnsName(body.host, names),
        service: parseServiceName(body.service, names),
        serviceCallers: body.serviceCallers.map((name) => parseServiceName(name, names)),
        status: 'active',
      }
      const deployment = await deployments.run(async (tx) => {
        await requireDeploymentRights(tx, caller, wanted, context, now)
        const actor = actorOf(caller)
        const by = { at: now, actor, requestId: origin.requestId }
        return onceFor(context, tx, actor, idempotent, KEPT_DEPLOYMENT, () => putDeployment(tx, wanted, by))
      })
      return c.json(deploymentBody(deployment), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/deployments',
      params: NONE,
      summary: 'Deployments, by name: all for an administrator, those of the project for its members.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ deployments: z.array(DeploymentAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      const caller = await callerIn(parts, c)
      if (caller.kind !== 'member') await administrator(parts, caller)
      const project = caller.kind === 'member' ? caller.project : undefined
      const page = await parts.reader.read((view) => view.listDeployments(project, pageRequestOf(c.req.valid('query'))))
      return c.json({ deployments: page.items.map(deploymentBody), ...cursorOf(page) }, 200)
    },
  )
}

async function administrator(parts: ApiParts, caller: Caller): Promise<void> {
  await parts.context.acts.run((tx) => requireAdministrator(tx, caller, parts.context.clock.now()))
}

function userBody({ name, status, platformRole, createdAt }: User) {
  return { name, status, platformRole, createdAt: createdAt.toISOString() }
}

function projectBody({ name, status, createdAt }: Project) {
  return { name, status, createdAt: createdAt.toISOString() }
}

function memberBody({ project, user, role, status, createdAt }: Member) {
  return { project, user, commonName: `${project}__${user}`, role, status, createdAt: createdAt.toISOString() }
}

function serviceBody({ name, dnsNames, systemUser, roles, projects, status, createdAt }: Service) {
  return {
    name,
    dnsNames: [...dnsNames],
    systemUser,
    roles: [...roles],
    projects: [...projects],
    status,
    createdAt: createdAt.toISOString(),
  }
}

function deploymentBody({ name, project, host, service, serviceCallers, status }: Deployment) {
  return { name, project, host, service, serviceCallers: [...serviceCallers], status }
}
