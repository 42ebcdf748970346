// The transaction that the acts work on: everything they may read and write, in one durable unit.
import type { PartitionStore } from '../ca/crl-partitions.ts'
import type { Inventory } from '../ca/inventory.ts'
import type { IssuerStore } from '../ca/issuer-store.ts'
import type { DeploymentStore } from '../directory/deployment-store.ts'
import type { DirectoryStore } from '../directory/directory-store.ts'
import type { ProxyStore } from '../directory/proxy-store.ts'
import type { SidecarStore } from '../directory/sidecar-store.ts'
import type { SignInStore } from '../directory/sign-in-store.ts'
import type { Recording, Transactions } from '../domain/transactions.ts'
import type { CrlStore } from '../revocation/crl-store.ts'
import type { TokenStore } from '../tokens/token-store.ts'
import type { CustodyStore } from './custody-store.ts'
import type { ApiKeyStore } from './api-key-store.ts'
import type { EndingStore } from './ending-store.ts'
import type { EnrolmentStore } from './enrolment-store.ts'
import type { InstallationStore } from './installation-store.ts'
import type { LeaseStore } from './lease-store.ts'
import type { ModelStore } from './model-store.ts'
import type { ObtainedStore } from './obtained-store.ts'
import type { SyncStore } from './sync-store.ts'

export interface UnitOfWork
  extends
    Recording,
    DirectoryStore,
    DeploymentStore,
    ProxyStore,
    SidecarStore,
    Inventory,
    IssuerStore,
    PartitionStore,
    CrlStore,
    TokenStore,
    SignInStore,
    EnrolmentStore,
    ApiKeyStore,
    EndingStore,
    ObtainedStore,
    LeaseStore,
    CustodyStore,
    SyncStore,
    ModelStore,
    InstallationStore {}

export type Acts = Transactions<UnitOfWork>
