// Proxies: services that tell of calls that they saw. What they may vouch for is fixed here, by an administrator, and never by
// what they send.
import type { CertificateDialect } from '../domain/access-policy.ts'
import { CodedError } from '../domain/coded-error.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { ProxyName } from '../domain/proxy-name.ts'
import type { RowLock } from '../domain/transactions.ts'

export interface Proxy {
  readonly name: ProxyName
  /** Whose certificate it shows us. A service is one proxy at most. */
  readonly service: ServiceName
  /** The one form in which it tells of certificates. */
  readonly certificateDialect: CertificateDialect
  /** Proxies between it and the client that add an element each. */
  readonly hops: number
  readonly deployments: readonly DeploymentName[] | 'all'
}

export type ProxyErrorCode = 'proxy_unknown'

export class ProxyRefused extends CodedError<ProxyErrorCode> {}

export interface ProxyStore {
  proxy(name: ProxyName, lock: RowLock): Promise<Proxy | undefined>
  proxyOfService(service: ServiceName): Promise<Proxy | undefined>
  /** Inserts or replaces. Throws `NameTaken('proxy_service_taken')` when the service is another proxy. */
  putProxy(proxy: Proxy): Promise<void>
  deleteProxy(name: ProxyName): Promise<void>
  /** All of them, by name: there are as many as a platform has gateways. */
  listProxies(): Promise<readonly Proxy[]>
}
