// What an ending needs of a transaction where it takes many rows with it: each is one statement, however many rows there are.
import type { Change } from '../domain/change.ts'
import type { ServiceName } from '../domain/dns-name.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { RevocationReason } from '../domain/revocation-reason.ts'
import type { CertificateRecord } from '../ca/inventory.ts'
import type { Job } from '../directory/entities.ts'
import type { TokenRecord } from '../tokens/token-store.ts'

export type DeploymentChange = Extract<Change, { readonly kind: 'deployment' }>

/** A certificate whose row says already what became of it. */
export type ChangedCertificate = Pick<
  CertificateRecord,
  'issuer' | 'serial' | 'identity' | 'status' | 'reason' | 'revokedAt' | 'validity' | 'crlPartition'
>

/** Finished at the act, or at its own end when that was before. */
export type FinishedJob = Required<Pick<Job, 'id' | 'project' | 'user' | 'finishedAt'>>

export interface EndedProject {
  readonly members: number
  /** Keys in custody, deleted. */
  readonly keptKeys: number
  readonly accounts: number
  readonly jobs: readonly FinishedJob[]
  readonly certificates: readonly ChangedCertificate[]
  readonly tokens: readonly Pick<TokenRecord, 'jti' | 'expiresAt'>[]
  readonly deployments: readonly DeploymentChange[]
}

export interface EndingStore {
  /** Deletes the active deployments that the service serves, and gives them as they are now. Their hosts are free again. */
  deleteDeploymentsServedBy(service: ServiceName): Promise<readonly DeploymentChange[]>
  /**
   * Removes the members and accounts of a project, finishes its jobs, revokes their certificates and tokens (a hold keeps its date), voids
   * their enrolment tokens, and deletes the keys in its custody and its deployments. Gives what changed. The project was locked for `update` before.
   */
  endEverythingOf(project: ProjectName, reason: RevocationReason, at: Date): Promise<EndedProject>
  /** Revokes the tokens that were bought with certificates of a CA, and gives those. */
  endTokensBoughtUnder(issuer: IssuerId, at: Date): Promise<EndedProject['tokens']>
}
