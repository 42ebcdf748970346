// Step 2: which deployment a call is for. Everything that names one (host, path, deployment name, routing header, the body's
// model) must mean the same.
//
// Only an unknown host is answered at once: it is what the caller connected to, and there is no deployment to ask
// credentials for. An unknown name, path or model and a conflict would tell a stranger which exist, so those refusals are
// held back until the caller is known (step 9 has passed); until then there is no deployment, and every other refusal
// comes first. What is required and missing is unknown: no selector is skipped.
import type { CallPath, Route } from './decision.ts'
import type { DeploymentView, Snapshot } from './snapshot.ts'

export type ResolvedRoute =
  | { readonly kind: 'found'; readonly deployment: DeploymentView }
  | { readonly kind: 'refused'; readonly reason: 'ROUTE_UNKNOWN' }
  | {
      readonly kind: 'held'
      readonly reason: 'ROUTE_UNKNOWN' | 'ROUTE_CONFLICT'
      /** The one that host and path mean, whose kinds of credential and audience count until the refusal is given. */
      readonly ofHost: DeploymentView | undefined
    }

/** Whose credentials are looked at: also while the refusal is held back, if the host has told. */
export function asked(route: ResolvedRoute): DeploymentView | undefined {
  if (route.kind === 'found') return route.deployment
  return route.kind === 'held' ? route.ofHost : undefined
}

export function resolveRoute(snapshot: Snapshot, route: Route, path: CallPath): ResolvedRoute {
  const { deployment: name, host } = route
  const byName = name === undefined ? undefined : snapshot.deployment(name)
  if (host === undefined) {
    return byName === undefined ? held('ROUTE_UNKNOWN') : chosen(snapshot, byName, route, path, undefined)
  }
  const ofHost = deploymentsOf(snapshot, host)
  if (ofHost.length === 0) return { kind: 'refused', reason: 'ROUTE_UNKNOWN' }
  const onPath = mostSpecific(ofHost, path)
  const only = sole(onPath) ?? sole(ofHost)
  if (name === undefined) return amongThoseOnPath(snapshot, onPath, route, path, only)
  if (byName === undefined) return held('ROUTE_UNKNOWN', only)
  // A path that is another's is a conflict; one that is nobody's is unknown.
  const contradicts = !ofHost.includes(byName) || (onPath.length > 0 && !onPath.includes(byName))
  return contradicts ? held('ROUTE_CONFLICT', only) : chosen(snapshot, byName, route, path, only)
}

function held(reason: 'ROUTE_UNKNOWN' | 'ROUTE_CONFLICT', ofHost?: DeploymentView): ResolvedRoute {
  return { kind: 'held', reason, ofHost }
}

/** Several deployments share a host by path; where paths do not tell them apart, the model that the call names does. */
function amongThoseOnPath(
  snapshot: Snapshot,
  onPath: readonly DeploymentView[],
  route: Route,
  path: CallPath,
  only: DeploymentView | undefined,
): ResolvedRoute {
  const byPath = sole(onPath)
  if (byPath !== undefined) return chosen(snapshot, byPath, route, path, only)
  const byModel = onPath.filter((deployment) => route.models.some((model) => isModelOf(snapshot, deployment, model)))
  const [named] = byModel
  if (named === undefined) return held('ROUTE_UNKNOWN', only)
  return byModel.length === 1 ? chosen(snapshot, named, route, path, undefined) : held('ROUTE_CONFLICT')
}

function sole(deployments: readonly DeploymentView[]): DeploymentView | undefined {
  return deployments.length === 1 ? deployments[0] : undefined
}

/** Whether the path and every model that is named are this deployment's. */
function chosen(
  snapshot: Snapshot,
  deployment: DeploymentView,
  { models }: Route,
  path: CallPath,
  ofHost: DeploymentView | undefined,
): ResolvedRoute {
  if (!servesPath(deployment, path)) return held('ROUTE_UNKNOWN', ofHost)
  if (models.length === 0 && deployment.policy.modelSelector === 'required') return held('ROUTE_UNKNOWN', ofHost)
  const strange = models.find((model) => !isModelOf(snapshot, deployment, model))
  if (strange === undefined) return { kind: 'found', deployment }
  const isAnothers = snapshot.deployment(strange) !== undefined || snapshot.isModel(strange)
  return held(isAnothers ? 'ROUTE_CONFLICT' : 'ROUTE_UNKNOWN', ofHost)
}

function servesPath(deployment: DeploymentView, path: CallPath): boolean {
  if (path.kind === 'untold') return true
  return path.kind === 'canonical' && reach(deployment, path) !== NOT_SERVED
}

/**
 * Those of a host to whom the path belongs: the longest prefix wins, as in a proxy, so that no call is judged by the rules of
 * a deployment that will not get it. All of the host where the path is not told.
 */
function mostSpecific(ofHost: readonly DeploymentView[], path: CallPath): readonly DeploymentView[] {
  if (path.kind !== 'canonical') return path.kind === 'untold' ? ofHost : []
  const only = sole(ofHost)
  if (only !== undefined) return reach(only, path) === NOT_SERVED ? [] : ofHost
  let longest = NOT_SERVED
  for (const deployment of ofHost) longest = Math.max(longest, reach(deployment, path))
  if (longest === NOT_SERVED) return []
  return ofHost.filter((deployment) => reach(deployment, path) === longest)
}

const NOT_SERVED = -2
type CanonicalPath = Extract<CallPath, { readonly kind: 'canonical' }>

/** Less than any prefix: what another deployment serves is not made public by this one's list. */
const UNPROTECTED_ALONE = -1
const EVERY_PATH = 0

/** How much of the path the deployment names, by whole segments: `/v1/a` is not a prefix of `/v1/ab`. */
function reach({ policy, unprotectedPaths }: DeploymentView, { path, raw }: CanonicalPath): number {
  if (policy.paths.length === 0) return EVERY_PATH
  let longest = unprotectedPaths.has(raw) ? UNPROTECTED_ALONE : NOT_SERVED
  for (const prefix of policy.paths) {
    const isWithin = path === prefix || path.startsWith(`${prefix}/`) || prefix === '/'
    if (isWithin && prefix.length > longest) longest = prefix.length
  }
  return longest
}

/** A deployment's model is called by the deployment's name, by its id, or by its own name. */
function isModelOf(snapshot: Snapshot, { name, policy }: DeploymentView, model: string): boolean {
  if (model === name || model === policy.model) return true
  return policy.model !== undefined && snapshot.model(policy.model)?.name === model
}

/** Every deployment that a part of the route means; of a route in conflict all. */
export function mentionedDeployments(snapshot: Snapshot, { deployment, host }: Route): readonly DeploymentView[] {
  const byName = deployment === undefined ? undefined : snapshot.deployment(deployment)
  const ofHost = host === undefined ? [] : deploymentsOf(snapshot, host)
  return byName === undefined || ofHost.includes(byName) ? ofHost : [byName, ...ofHost]
}

function deploymentsOf(snapshot: Snapshot, host: string): readonly DeploymentView[] {
  const name = routeHost(host)
  return name === undefined ? [] : snapshot.deploymentsOfHost(name)
}

/** In lower case, without port and trailing dot. */
const AS_KEPT = /^[a-z0-9.-]*[a-z0-9-]$/

/**
 * A Host or authority (RFC 9110 §7.2) as deployments keep it: lower case, without port and trailing dot. Undefined for
 * what no host name is made of. Only ASCII letters are folded: `toLowerCase` makes a `k` of the Kelvin sign.
 */
export function routeHost(host: string): string | undefined {
  if (AS_KEPT.test(host)) return host
  const name = host.replace(/:[0-9]*$/, '').replace(/\.$/, '')
  return /^[A-Za-z0-9.-]+$/.test(name) ? name.toLowerCase() : undefined
}
