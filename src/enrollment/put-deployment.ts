// What owners say about their project's deployments: all of it, the external groups alone, or that one is no more. Each is in
// force before its request is answered.
import type { DeploymentName } from '../domain/deployment-name.ts'
import { NameTaken } from '../domain/name-taken.ts'
import { prefixesOverlap } from '../domain/url-path.ts'
import { type Deployment, DeploymentRefused, hostsOf, type HostShare } from '../directory/deployment-store.ts'
import type { ActContext } from './act-context.ts'
import { type Platform, policyOf, requireSoundPolicy, type WantedPolicy } from './deployment-policy.ts'
import { activeDeployment, requireDeploymentOwner, requireDeploymentRights } from './deployment-rights.ts'
import { type Asked, audit, once } from './directory-act.ts'
import type { KeptResult } from './idempotency.ts'
import type { UnitOfWork } from './unit-of-work.ts'

export type WantedDeployment = Omit<Deployment, 'policy' | 'status'> & { readonly policy: WantedPolicy }

/** Nothing that is kept for a replay needs the hashes of passphrases. */
const KEPT_DEPLOYMENT: KeptResult<Deployment> = {
  encode: (deployment) => {
    const passphrases = deployment.policy.passphrases.map(({ id }) => ({ id, hash: '' }))
    return JSON.stringify({ ...deployment, policy: { ...deployment.policy, passphrases } })
  },
  decode: (text) => JSON.parse(text) as Deployment,
}

/** Whether the caller may put that: asked before passphrases are hashed. Throws as `putDeployment` does. */
export async function mayPutDeployment(
  context: ActContext,
  platform: Platform,
  { caller, wanted }: Asked & { readonly wanted: WantedDeployment },
): Promise<void> {
  await context.acts.run((tx) => requireDeploymentRights(tx, caller, wanted, context, context.clock.now()))
  requireSoundPolicy(wanted.policy, platform)
}

/** Throws `EnrollmentRefused`, `DirectoryRefused`, `DeploymentRefused`, `NameRejected`, `NameTaken`. */
export async function putDeployment(
  context: ActContext,
  platform: Platform,
  asked: Asked & { readonly wanted: WantedDeployment },
): Promise<Deployment> {
  const { wanted, caller } = asked
  return context.acts.run(async (tx) => {
    await requireDeploymentRights(tx, caller, wanted, context, context.clock.now())
    requireSoundPolicy(wanted.policy, platform)
    return once(context, tx, asked, KEPT_DEPLOYMENT, async () => {
      const before = await tx.deployment(wanted.name, 'update')
      refuseOtherProject(before, wanted)
      const deployment: Deployment = { ...wanted, policy: policyOf(before, wanted.policy), status: 'active' }
      refuseTaken(await tx.holdHosts(hostsOf(deployment)), deployment)
      await record(tx, deployment)
      await audit(context, tx, asked, 'deployment.put', `deployment:${wanted.name}`, factsOf(deployment))
      return deployment
    })
  })
}

/** Who may call by their groups, from the next request on (row HX19). Throws as above. */
export async function putExternalGroups(
  context: ActContext,
  asked: Asked & { readonly name: DeploymentName; readonly externalGroups: readonly string[] },
): Promise<Deployment> {
  const { name, caller, externalGroups } = asked
  return context.acts.run(async (tx) => {
    await requireDeploymentOwner(tx, caller, name, context.clock.now())
    return once(context, tx, asked, KEPT_DEPLOYMENT, async () => {
      const before = await activeDeployment(tx, name)
      const deployment: Deployment = { ...before, policy: { ...before.policy, externalGroups } }
      await record(tx, deployment)
      await audit(context, tx, asked, 'deployment.groups', `deployment:${name}`, { externalGroups })
      return deployment
    })
  })
}

/** Its hosts are free again. Throws as above. */
export async function deleteDeployment(
  context: ActContext,
  asked: Asked & { readonly name: DeploymentName },
): Promise<Deployment> {
  const { name, caller } = asked
  return context.acts.run(async (tx) => {
    await requireDeploymentOwner(tx, caller, name, context.clock.now())
    return once(context, tx, asked, KEPT_DEPLOYMENT, async () => {
      const before = await activeDeployment(tx, name)
      const deployment: Deployment = { ...before, status: 'deleted' }
      await record(tx, deployment)
      const { project, service } = deployment
      await audit(context, tx, asked, 'deployment.delete', `deployment:${name}`, { project, service })
      return deployment
    })
  })
}

async function record(tx: UnitOfWork, deployment: Deployment): Promise<void> {
  await tx.putDeployment(deployment)
  await tx.change({ kind: 'deployment', ...deployment })
}

/** A name stays with its project, because tokens and server certificates were made for it. */
function refuseOtherProject(before: Deployment | undefined, { name, project }: WantedDeployment): void {
  if (before === undefined || before.project === project) return
  throw new DeploymentRefused('deployment_of_another_project', { deployment: name })
}

/** Deployments of one service share a host by path: whoever answers for the host answers for all of them. */
function refuseTaken(shares: readonly HostShare[], { name, service, policy }: Deployment): void {
  for (const share of shares) {
    if (share.deployment === name) continue
    const isShareable = share.service === service && share.path !== '' && policy.paths.length > 0
    if (!isShareable) throw new NameTaken('host_taken', { host: share.host })
    const path = policy.paths.find((own) => prefixesOverlap(own, share.path))
    if (path !== undefined) throw new DeploymentRefused('path_taken', { host: share.host, path, other: share.path })
  }
}

function factsOf(deployment: Deployment) {
  const { project, service, serviceCallers, policy } = deployment
  return {
    project,
    service,
    serviceCallers,
    hosts: hostsOf(deployment),
    paths: policy.paths,
    unprotectedPaths: policy.unprotectedPaths,
    authModes: policy.authModes,
    externalGroups: policy.externalGroups,
    actingUser: policy.actingUser,
    passphrases: policy.passphrases.map(({ id }) => id),
    credentialPlaces: policy.credentialPlaces.map(({ in: where, name, carries }) => `${where}:${name}=${carries}`),
    delegates: policy.delegates,
    deniedPrincipals: policy.deniedPrincipals,
    modelSelector: policy.modelSelector,
    ...(policy.model === undefined ? {} : { model: policy.model }),
    ...(policy.callsPerMinute === undefined ? {} : { callsPerMinute: policy.callsPerMinute }),
  }
}
