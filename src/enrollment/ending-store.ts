// What an ending needs of a transaction where it takes many rows with it: each is one statement, however many rows there are.
import type { Change } from '../domain/change.ts'
import type { ServiceName } from '../domain/dns-name.ts'

export type DeploymentChange = Extract<Change, { readonly kind: 'deployment' }>

export interface EndingStore {
  /** Deletes the active deployments that the service serves, and gives them as they are now. Their hosts are free again. */
  deleteDeploymentsServedBy(service: ServiceName): Promise<readonly DeploymentChange[]>
}
