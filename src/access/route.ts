// Step 2: which deployment a question is about. Host and name, when both are given, must mean the same one.
//
// Only an unknown host is answered at once: it is what the caller connected to, and there is no deployment to ask
// credentials for. An unknown deployment name and a conflict would tell a stranger which names exist, so those refusals
// are held back until the caller is known (step 9 has passed); until then there is no deployment, and every other refusal
// comes first. When host and name are given and the host is unknown, that answers; when the name is, that is held.
import type { Route } from './decision.ts'
import type { DeploymentView, Snapshot } from './snapshot.ts'

export type ResolvedRoute =
  | { readonly kind: 'found'; readonly deployment: DeploymentView }
  | { readonly kind: 'refused'; readonly reason: 'ROUTE_UNKNOWN' }
  | { readonly kind: 'held'; readonly reason: 'ROUTE_UNKNOWN' | 'ROUTE_CONFLICT' }

export function resolveRoute(snapshot: Snapshot, route: Route): ResolvedRoute {
  if (route.kind === 'deployment') {
    return found(snapshot.deployment(route.deployment)) ?? { kind: 'held', reason: 'ROUTE_UNKNOWN' }
  }
  const byHost = found(deploymentOfHost(snapshot, route.host))
  if (byHost === undefined) return { kind: 'refused', reason: 'ROUTE_UNKNOWN' }
  return route.kind === 'host' ? byHost : agree(byHost, snapshot.deployment(route.deployment))
}

function agree(byHost: FoundRoute, byName: DeploymentView | undefined): ResolvedRoute {
  if (byName === undefined) return { kind: 'held', reason: 'ROUTE_UNKNOWN' }
  return byName.name === byHost.deployment.name ? byHost : { kind: 'held', reason: 'ROUTE_CONFLICT' }
}

/** Every deployment that a part of the route means; of a route in conflict both. */
export function mentionedDeployments(snapshot: Snapshot, route: Route): DeploymentView[] {
  const byName = route.kind === 'host' ? undefined : snapshot.deployment(route.deployment)
  const byHost = route.kind === 'deployment' ? undefined : deploymentOfHost(snapshot, route.host)
  return [byName, byHost].filter((deployment) => deployment !== undefined)
}

type FoundRoute = Extract<ResolvedRoute, { kind: 'found' }>

function found(deployment: DeploymentView | undefined): FoundRoute | undefined {
  return deployment === undefined ? undefined : { kind: 'found', deployment }
}

function deploymentOfHost(snapshot: Snapshot, host: string): DeploymentView | undefined {
  const name = routeHost(host)
  return name === undefined ? undefined : snapshot.deploymentsOfHost(name)[0]
}

/**
 * A Host or authority (RFC 9110 §7.2) as deployments keep it: lower case, without port and trailing dot. Undefined for
 * what no host name is made of. Only ASCII letters are folded: `toLowerCase` makes a `k` of the Kelvin sign.
 */
export function routeHost(host: string): string | undefined {
  const name = host.replace(/:[0-9]*$/, '').replace(/\.$/, '')
  return /^[A-Za-z0-9.-]+$/.test(name) ? name.toLowerCase() : undefined
}
