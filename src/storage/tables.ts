// Every table on one connection: the stores that the folders below declare, as one object.
import type { DeploymentStore } from '../directory/deployment-store.ts'
import type { SidecarStore } from '../directory/sidecar-store.ts'
import type { PartitionStore } from '../ca/crl-partitions.ts'
import type { Inventory } from '../ca/inventory.ts'
import type { IssuerStore } from '../ca/issuer-store.ts'
import type { DirectoryStore } from '../directory/directory-store.ts'
import type { ProxyStore } from '../directory/proxy-store.ts'
import type { SignInStore } from '../directory/sign-in-store.ts'
import type { Recording } from '../domain/transactions.ts'
import type { CustodyStore } from '../enrollment/custody-store.ts'
import type { ApiKeyStore } from '../enrollment/api-key-store.ts'
import type { EndingStore } from '../enrollment/ending-store.ts'
import type { EnrolmentStore } from '../enrollment/enrolment-store.ts'
import type { InstallationStore } from '../enrollment/installation-store.ts'
import type { ObtainedStore } from '../enrollment/obtained-store.ts'
import type { LeaseStore as JobLeaseStore } from '../enrollment/lease-store.ts'
import type { ModelStore } from '../enrollment/model-store.ts'
import type { RestoreStore } from '../enrollment/restore-store.ts'
import type { SyncStore } from '../enrollment/sync-store.ts'
import type { SealedKeyStore } from '../enrollment/sealed-key-store.ts'
import type { CrlStore } from '../revocation/crl-store.ts'
import type { RevocationFeedStore } from '../revocation/revocation-feed-store.ts'
import type { TokenStore } from '../tokens/token-store.ts'
import { accountTable } from './account-table.ts'
import { apiKeyTable } from './api-key-table.ts'
import { type AuditLog, auditTable } from './audit-table.ts'
import { certificateTables } from './certificate-tables.ts'
import { crlTables } from './crl-tables.ts'
import { custodyTables } from './custody-tables.ts'
import { deploymentTable } from './deployment-table.ts'
import { endingTables } from './ending-tables.ts'
import { enrolmentTables, type IdempotencyUpkeep } from './enrolment-tables.ts'
import { installationTables, type LeaseStore } from './installation-tables.ts'
import { issuerTables } from './issuer-tables.ts'
import { partitionTable } from './partition-table.ts'
import { proxyTable } from './proxy-table.ts'
import { revocationFeedTables } from './revocation-feed-tables.ts'
import { quotaTable } from './quota-table.ts'
import { jobTable } from './job-table.ts'
import { leaseTables } from './lease-tables.ts'
import { modelTables } from './model-tables.ts'
import { obtainedTables } from './obtained-tables.ts'
import { restoreTable } from './restore-table.ts'
import { roleTables } from './role-tables.ts'
import { sealedTables } from './sealed-tables.ts'
import { serviceTables } from './service-tables.ts'
import type { Session } from './session.ts'
import { sidecarTable } from './sidecar-table.ts'
import { signInTables } from './sign-in-tables.ts'
import { syncTables } from './sync-tables.ts'
import { tokenTables } from './token-tables.ts'
import { type Upkeep, upkeepTables } from './upkeep.ts'
import { userTables } from './user-tables.ts'

/** Every table: the stores of all folders below, on one transaction. */
export interface Tables
  extends
    DirectoryStore,
    Inventory,
    IssuerStore,
    PartitionStore,
    CrlStore,
    RevocationFeedStore,
    TokenStore,
    SignInStore,
    EnrolmentStore,
    ApiKeyStore,
    EndingStore,
    ObtainedStore,
    JobLeaseStore,
    CustodyStore,
    SyncStore,
    ModelStore,
    SealedKeyStore,
    IdempotencyUpkeep,
    Upkeep,
    DeploymentStore,
    ProxyStore,
    SidecarStore,
    InstallationStore,
    RestoreStore,
    LeaseStore,
    AuditLog {}

/** What an act works on: a `UnitOfWork`, and more that only the entry uses. */
export interface StorageTx extends Tables, Recording {}

/** A consistent view. What is written through it is refused by the database; locks are not taken. */
export type StorageView = Tables

export function tablesOf(session: Session): Tables {
  return {
    ...userTables(session),
    ...accountTable(session),
    ...quotaTable(session),
    ...serviceTables(session),
    ...jobTable(session),
    ...leaseTables(session),
    ...deploymentTable(session),
    ...proxyTable(session),
    ...sidecarTable(session),
    ...certificateTables(session),
    ...issuerTables(session),
    ...partitionTable(session),
    ...crlTables(session),
    ...revocationFeedTables(session),
    ...tokenTables(session),
    ...signInTables(session),
    ...enrolmentTables(session),
    ...apiKeyTable(session),
    ...endingTables(session),
    ...obtainedTables(session),
    ...custodyTables(session),
    ...syncTables(session),
    ...modelTables(session),
    ...roleTables(session),
    ...sealedTables(session),
    ...installationTables(session),
    ...restoreTable(session),
    ...auditTable(session),
    ...upkeepTables(session),
  }
}
