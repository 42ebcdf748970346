// Sidecars: which service decides by itself, in front of which of the deployments that it serves.
import { CodedError } from '../domain/coded-error.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { SidecarName } from '../domain/sidecar-name.ts'
import type { Page, PageRequest, RowLock } from '../domain/transactions.ts'

export interface Sidecar {
  readonly name: SidecarName
  /** Whose certificate fetches the snapshots. */
  readonly service: ServiceName
  readonly deployments: readonly DeploymentName[]
  readonly status: 'active' | 'deleted'
}

/**
 * - `sidecar_unknown`: there is none, or it is none of the caller's
 * - `sidecar_of_another_service`: it would serve a deployment of another service; or the name belongs to another service
 */
export type SidecarErrorCode = 'sidecar_unknown' | 'sidecar_of_another_service'

export class SidecarRefused extends CodedError<SidecarErrorCode> {}

export interface SidecarStore {
  /** Also one that was deleted: its name stays with its service. */
  sidecar(name: SidecarName, lock: RowLock): Promise<Sidecar | undefined>
  /** Inserts or replaces. */
  putSidecar(sidecar: Sidecar): Promise<void>
  /** Those that are active. */
  sidecarsOfService(service: ServiceName): Promise<readonly Sidecar[]>
  /** Those that are active, by name. */
  listSidecars(page: PageRequest): Promise<Page<Sidecar>>
}
