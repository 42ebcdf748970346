// Deployments over HTTP: put by the owners of their project, seen by its members and, as far as they may call, by people whose
// groups open them.
import { z } from '@hono/zod-openapi'
import { reachesByGroups, reachesProject } from '../../access/reached.ts'
import type { Deployment } from '../../directory/deployment-store.ts'
import { DeploymentRefused } from '../../directory/deployment-store.ts'
import type { Caller } from '../../domain/caller.ts'
import { parseDeploymentName } from '../../domain/deployment-name.ts'
import type { Platform } from '../../enrollment/deployment-policy.ts'
import {
  deleteDeployment,
  mayPutDeployment,
  putDeployment,
  putExternalGroups,
} from '../../enrollment/put-deployment.ts'
import { administers, administratorOnly } from '../administrator-only.ts'
import {
  callableBody,
  deploymentBody,
  slowDigest,
  wantedDeployment,
  wantedPassphrases,
  withoutHashes,
} from '../deployment-body.ts'
import {
  CallableDeploymentAnswer,
  DeploymentAnswer,
  DeploymentBody,
  ExternalGroupsBody,
} from '../deployment-schemas.ts'
import { deploymentCard, DeploymentCardAnswer } from '../deployment-card.ts'
import { cursorOf, pageRequestOf } from '../page.ts'
import type { ApiParts } from '../parts.ts'
import { type Api, askedOf, bodyRoute, callerIn, newApi, plainRoute, IN_PATH, NONE } from '../route.ts'
import { PageQuery } from '../schema-parts.ts'

const OF_DEPLOYMENT = z.strictObject({ d: IN_PATH })
const SeenDeployment = z.union([DeploymentAnswer, CallableDeploymentAnswer])

export function deploymentRoutes(parts: ApiParts): Api {
  const api = newApi()
  writes(api, parts)
  reads(api, parts)
  return api
}

function writes(api: Api, parts: ApiParts): void {
  const { context, kdfGate: gate } = parts
  const { names } = context.policy
  api.openapi(
    bodyRoute({
      method: 'put',
      path: '/v1/deployments/{d}',
      params: OF_DEPLOYMENT,
      summary: 'Adds or replaces a deployment. By an owner of its project; its service must list the project.',
      body: DeploymentBody,
      status: 200,
      answer: DeploymentAnswer,
    }),
    async (c) => {
      const body = c.req.valid('json')
      const { d } = c.req.valid('param')
      const asked = await askedOf(parts, c)
      const platform = platformOf(parts)
      if (body.passphrases.length === 0) {
        const wanted = wantedDeployment(d, body, [], names)
        return c.json(deploymentBody(await putDeployment(context, platform, { ...asked, wanted })), 200)
      }
      const unhashed = wantedDeployment(d, body, withoutHashes(body.passphrases), names)
      await mayPutDeployment(context, platform, { ...asked, wanted: unhashed })
      const hashed = await wantedPassphrases(body.passphrases, { gate, random: context.random })
      const idempotent = await slowDigest(asked.idempotent)
      const wanted = wantedDeployment(d, body, hashed, names)
      return c.json(deploymentBody(await putDeployment(context, platform, { ...asked, idempotent, wanted })), 200)
    },
  )
  api.openapi(
    bodyRoute({
      method: 'put',
      path: '/v1/deployments/{d}/external-groups',
      params: OF_DEPLOYMENT,
      summary: 'Whose groups open it, from the next request on. By an owner of its project.',
      body: ExternalGroupsBody,
      status: 200,
      answer: DeploymentAnswer,
    }),
    async (c) => {
      const name = parseDeploymentName(c.req.valid('param').d, names)
      const { externalGroups } = c.req.valid('json')
      const put = await putExternalGroups(context, { ...(await askedOf(parts, c)), name, externalGroups })
      return c.json(deploymentBody(put), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'delete',
      path: '/v1/deployments/{d}',
      params: OF_DEPLOYMENT,
      summary: 'Deletes a deployment: its hosts are free again. By an owner of its project.',
      query: NONE,
      status: 200,
      answer: DeploymentAnswer,
    }),
    async (c) => {
      const name = parseDeploymentName(c.req.valid('param').d, names)
      return c.json(deploymentBody(await deleteDeployment(context, { ...(await askedOf(parts, c)), name })), 200)
    },
  )
}

function reads(api: Api, parts: ApiParts): void {
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/deployments',
      params: NONE,
      summary:
        'Deployments, by name: all for an administrator, for others those of their projects and those that their groups open.',
      query: PageQuery,
      status: 200,
      answer: z.strictObject({ deployments: z.array(SeenDeployment), cursor: z.string().optional() }),
    }),
    async (c) => {
      const caller = await callerIn(parts, c)
      const eyes = await eyesOf(parts, caller)
      const projects = caller.kind === 'member' ? [caller.project] : 'all'
      const shows = (deployment: Deployment) => sightOf(parts, eyes, deployment) !== undefined
      const request = { ...pageRequestOf(c.req.valid('query')), shows }
      const page = await parts.reader.read((view) => view.listDeployments(projects, request))
      const shown = page.items.flatMap((deployment) => seenBy(parts, eyes, deployment) ?? [])
      return c.json({ deployments: shown, ...cursorOf(page) }, 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/deployments/{d}',
      params: OF_DEPLOYMENT,
      summary: 'One deployment, for the members of its project, administrators and whoever their groups let call it.',
      query: NONE,
      status: 200,
      answer: SeenDeployment,
    }),
    async (c) => {
      const eyes = await eyesOf(parts, await callerIn(parts, c))
      const { deployment, sight } = await seen(parts, eyes, c.req.valid('param').d)
      return c.json(sight === 'whole' ? deploymentBody(deployment) : callableBody(deployment), 200)
    },
  )
  api.openapi(
    plainRoute({
      method: 'get',
      path: '/v1/deployments/{d}/card',
      params: OF_DEPLOYMENT,
      summary: 'How a deployment is called: host, URI, and snippets that run as they are. For whoever sees it.',
      query: NONE,
      status: 200,
      answer: DeploymentCardAnswer,
    }),
    async (c) => {
      const caller = await callerIn(parts, c)
      const { deployment } = await seen(parts, await eyesOf(parts, caller), c.req.valid('param').d)
      const actingUser = actingUserFor(parts, caller, deployment)
      return c.json(deploymentCard({ deployment, gatewayPort: parts.gatewayPort, actingUser }), 200)
    },
  )
}

/** The deployment, where the caller sees it. Throws `DeploymentRefused`. */
async function seen(parts: ApiParts, eyes: Eyes, d: string) {
  const name = parseDeploymentName(d, parts.context.policy.names)
  const deployment = await parts.reader.read((view) => view.deployment(name, 'none'))
  const sight = deployment === undefined ? undefined : sightOf(parts, eyes, deployment)
  if (deployment === undefined || sight === undefined)
    throw new DeploymentRefused('deployment_unknown', { deployment: name })
  return { deployment, sight }
}

/** Who looks: at everything, at what is of one project, or as a person. */
export type Eyes =
  | { readonly kind: 'all' }
  | { readonly kind: 'member'; readonly caller: Extract<Caller, { readonly kind: 'member' }> }
  | { readonly kind: 'session'; readonly caller: Extract<Caller, { readonly kind: 'session' }> }
  | { readonly kind: 'api-key'; readonly caller: Extract<Caller, { readonly kind: 'api-key' }> }

async function eyesOf(parts: ApiParts, caller: Caller): Promise<Eyes> {
  if (caller.kind === 'member') return { kind: 'member', caller }
  if (caller.kind === 'api-key') return { kind: 'api-key', caller }
  if (caller.kind === 'session' && !(await administers(parts, caller))) return { kind: 'session', caller }
  await administratorOnly(parts, caller)
  return { kind: 'all' }
}

/** How much of a deployment they see; undefined: it is not there for them (row HX6). */
function sightOf(parts: ApiParts, eyes: Eyes, deployment: Deployment): 'whole' | 'callable' | undefined {
  const { snapshot } = parts
  const { project, policy, status } = deployment
  switch (eyes.kind) {
    case 'all':
      return 'whole'
    case 'member':
      return eyes.caller.project === project ? 'whole' : undefined
    case 'session':
      if (snapshot.member(project, eyes.caller.user) !== undefined && snapshot.project(project) !== undefined)
        return 'whole'
      break
    case 'api-key':
      if (!isForDeployment(parts, eyes.caller.prefix, deployment)) return undefined
      if (reachesProject(snapshot, eyes.caller, project)) return 'whole'
      // A key that was made for one project opens nothing of another.
      if (eyes.caller.reach.kind !== 'user') return undefined
      break
    default:
      return eyes satisfies never
  }
  const isCallable = reachesByGroups(snapshot, eyes.caller.user, { project, ...policy }, parts.context.clock.now())
  return isCallable && status === 'active' ? 'callable' : undefined
}

function isForDeployment({ snapshot }: ApiParts, prefix: string, { name }: Deployment): boolean {
  const deployments = snapshot.apiKey(prefix)?.deployments ?? 'all'
  return deployments === 'all' || deployments.has(name)
}

function seenBy(parts: ApiParts, eyes: Eyes, deployment: Deployment) {
  const sight = sightOf(parts, eyes, deployment)
  if (sight === undefined) return undefined
  return sight === 'whole' ? deploymentBody(deployment) : callableBody(deployment)
}

/** Whom the caller would act as: themselves. An administrator calls nothing, and sees the shape of a name. */
function actingUserFor({ snapshot }: ApiParts, caller: Caller, { project }: Deployment): string {
  if (caller.kind === 'member') return `${caller.project}__${caller.user}`
  if (caller.kind !== 'session' && caller.kind !== 'api-key') return `${project}__USER`
  if (snapshot.member(project, caller.user) !== undefined) return `${project}__${caller.user}`
  const last = snapshot.signIn(caller.user)
  return last === undefined ? `${project}__USER` : `${last.provider}|${last.subject}`
}

function platformOf({ snapshot, tokens }: ApiParts): Platform {
  return { activatedAuthModes: snapshot.rules.activatedAuthModes, trustedIssuers: tokens.trustedIssuers.size }
}
