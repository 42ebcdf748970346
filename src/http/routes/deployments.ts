// Deployments over HTTP: put by the owners of their project, seen by its members.
import { reachesProject } from '../../access/reached.ts'
import { z } from '@hono/zod-openapi'
import { DEFAULT_DEPLOYMENT_POLICY } from '../../domain/access-policy.ts'
import { type Deployment, DeploymentRefused } from '../../access/deployment-store.ts'
import { putDeployment } from '../../access/put-deployment.ts'
import { actorOf, type Caller } from '../../domain/caller.ts'
import { parseDeploymentName } from '../../domain/deployment-name.ts'
import { parseDnsName, parseServiceName } from '../../domain/dns-name.ts'
import { parseProjectName, type ProjectName } from '../../domain/project-name.ts'
import { requireDeploymentRights } from '../../enrollment/deployment-rights.ts'
import { keptAsJson, onceFor } from '../../enrollment/idempotency.ts'
import { administers, administratorOnly } from '../administrator-only.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, newApi, plainRoute, IN_PATH, NONE } from '../route.ts'
import { PageQuery } from '../schema-parts.ts'
import { DeploymentBody } from '../schemas.ts'

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

export function deploymentRoutes(parts: ApiParts): Api {
  const api = newApi()
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
        policy: DEFAULT_DEPLOYMENT_POLICY,
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
      summary: 'Deployments, by name: all for an administrator, those of their projects for members.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ deployments: z.array(DeploymentAnswer), cursor: z.string().optional() }),
    }),
    async (c) => {
      const caller = await callerIn(parts, c)
      const projects = await visibleProjects(parts, caller)
      const page = await parts.reader.read((view) =>
        view.listDeployments(projects, pageRequestOf(c.req.valid('query'))),
      )
      // A page may be short, or empty: the cursor goes on.
      const shown =
        caller.kind === 'api-key'
          ? page.items.filter((deployment) => reachesProject(parts.snapshot, caller, deployment.project))
          : page.items
      return c.json({ deployments: shown.map(deploymentBody), ...cursorOf(page) }, 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/deployments/{d}',
      params: z.strictObject({ d: IN_PATH }),
      summary: 'One deployment, for the members of its project and for administrators.',
      query: NONE,
      status: 200,
      answer: DeploymentAnswer,
    }),
    async (c) => {
      const caller = await callerIn(parts, c)
      const name = parseDeploymentName(c.req.valid('param').d, names)
      const projects = await visibleProjects(parts, caller)
      const found = await parts.reader.read((view) => view.deployment(name, 'none'))
      if (found === undefined || !isAmong(parts, caller, projects, found.project)) {
        throw new DeploymentRefused('deployment_unknown', { deployment: name })
      }
      return c.json(deploymentBody(found), 200)
    },
  )
  return api
}

function isAmong(
  parts: ApiParts,
  caller: Caller,
  projects: readonly ProjectName[] | 'all',
  project: ProjectName,
): boolean {
  if (caller.kind === 'api-key') return reachesProject(parts.snapshot, caller, project)
  return projects === 'all' || projects.includes(project)
}

async function visibleProjects(parts: ApiParts, caller: Caller): Promise<readonly ProjectName[] | 'all'> {
  if (caller.kind === 'member') return [caller.project]
  if (caller.kind === 'api-key') return 'all'
  if (caller.kind !== 'session') await administratorOnly(parts, caller)
  else if (!(await administers(parts, caller))) {
    return parts.snapshot.membershipsOf(caller.user).map(({ project }) => project)
  }
  return 'all'
}

function deploymentBody({ name, project, host, service, serviceCallers, status }: Deployment) {
  return { name, project, host, service, serviceCallers: [...serviceCallers], status }
}
