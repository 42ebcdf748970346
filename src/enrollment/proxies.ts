// Proxies are registered by administrators: which service it is, in which one form it tells of certificates, how many stand
// before it, and which deployments it speaks for. What an unregistered one says is worth nothing.
import type { CertificateDialect } from '../domain/access-policy.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { ProxyName } from '../domain/proxy-name.ts'
import { DeploymentRefused } from '../directory/deployment-store.ts'
import { type Proxy, ProxyRefused } from '../directory/proxy-store.ts'
import type { ActContext } from './act-context.ts'
import { type Asked, audit, once } from './directory-act.ts'
import { keptAsJson } from './idempotency.ts'
import { activeService, requireAdministrator } from './second-look.ts'
import type { UnitOfWork } from './unit-of-work.ts'

const KEPT_PROXY = keptAsJson<Proxy>()

export interface WantedProxy {
  readonly name: ProxyName
  readonly service: ServiceName
  readonly certificateDialect: CertificateDialect
  readonly hops: number
  readonly deployments: readonly DeploymentName[] | 'all'
}

/** By an administrator. Throws `EnrollmentRefused`, `DirectoryRefused`, `DeploymentRefused`, `NameTaken`. */
export async function putProxy(context: ActContext, asked: Asked & { readonly wanted: WantedProxy }): Promise<Proxy> {
  const { wanted } = asked
  return context.acts.run(async (tx) => {
    await requireAdministrator(tx, asked.caller, context.clock.now())
    return once(context, tx, asked, KEPT_PROXY, async () => {
      await activeService(tx, wanted.service, 'share')
      await requireDeployments(tx, wanted)
      await tx.putProxy(wanted)
      await tx.change({ kind: 'proxy', ...wanted, status: 'active' })
      const { name, ...facts } = wanted
      await audit(context, tx, asked, 'proxy.put', `proxy:${name}`, facts)
      return wanted
    })
  })
}

/** By an administrator. Throws `EnrollmentRefused`, `ProxyRefused`. */
export async function deleteProxy(context: ActContext, asked: Asked & { readonly name: ProxyName }): Promise<Proxy> {
  return context.acts.run(async (tx) => {
    await requireAdministrator(tx, asked.caller, context.clock.now())
    return once(context, tx, asked, KEPT_PROXY, async () => {
      const proxy = await tx.proxy(asked.name, 'update')
      if (proxy === undefined) throw new ProxyRefused('proxy_unknown', { proxy: asked.name })
      await endProxy(context, tx, asked, proxy)
      return proxy
    })
  })
}

/** The proxy that the service is, when it is one: its certificates are worth nothing from now on. */
export async function endProxyOf(
  context: ActContext,
  tx: UnitOfWork,
  asked: Asked,
  service: ServiceName,
): Promise<void> {
  const proxy = await tx.proxyOfService(service)
  if (proxy !== undefined) await endProxy(context, tx, asked, proxy)
}

async function endProxy(context: ActContext, tx: UnitOfWork, asked: Asked, proxy: Proxy): Promise<void> {
  await tx.deleteProxy(proxy.name)
  await tx.change({ kind: 'proxy', ...proxy, status: 'deleted' })
  await audit(context, tx, asked, 'proxy.delete', `proxy:${proxy.name}`, { service: proxy.service })
}

async function requireDeployments(tx: UnitOfWork, { deployments }: WantedProxy): Promise<void> {
  if (deployments === 'all') return
  for (const deployment of deployments) {
    const found = await tx.deployment(deployment, 'share')
    if (found?.status !== 'active') throw new DeploymentRefused('deployment_unknown', { deployment })
  }
}
