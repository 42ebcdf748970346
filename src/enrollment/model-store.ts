// Model groups, models and who holds which role of OpenSearch, as the acts read and write them.
import type { GroupAccessMode } from '../domain/access-policy.ts'
import type { Page, RowLock, SelectedPage } from '../domain/transactions.ts'
import type { UserName } from '../domain/user-name.ts'

export interface ModelGroup {
  readonly id: string
  readonly name: string
  readonly description: string
  /** Absent: made while model access control was off, and public for ever. */
  readonly owner?: string
  readonly access: GroupAccessMode
  /** Exact bytes. */
  readonly roles: readonly string[]
  /** Of the newest model that was ever registered in it. */
  readonly latestVersion: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** How a model that runs elsewhere is asked. What it needs to be let in there is not in here: it is sealed. */
export interface Connector {
  readonly name: string
  readonly description: string
  readonly protocol: 'http'
  readonly parameters: Readonly<Record<string, string>>
  readonly action: {
    readonly method: 'POST' | 'GET'
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly requestBody?: string
  }
  /** Names of the credentials that it has. */
  readonly credentials: readonly string[]
}

export interface ModelDetails {
  readonly description: string
  readonly functionName: string
  readonly connector?: Connector
  /** Predictions that are let through in a minute, all callers together. */
  readonly callsPerMinute?: number
}

/** One version of a model. */
export interface Model {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly group?: string
  /** The principal that registered it. */
  readonly creator: string
  readonly hidden: boolean
  readonly enabled: boolean
  readonly state: 'registered' | 'deployed'
  readonly details: ModelDetails
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** What an administrator said of a user to OpenSearch's API. */
export interface InternalUser {
  readonly user: UserName
  readonly roles: readonly string[]
  /** In test installations alone. */
  readonly passwordHash?: string
}

export interface RoleMapping {
  readonly role: string
  readonly users: readonly string[]
  readonly backendRoles: readonly string[]
}

export type AccessSwitch = 'enabled' | 'disabled'

export interface ModelStore {
  modelGroup(id: string, lock: RowLock): Promise<ModelGroup | undefined>
  modelGroupNamed(name: string): Promise<ModelGroup | undefined>
  /** Throws `NameTaken('model_group_exists')`. */
  insertModelGroup(group: ModelGroup): Promise<void>
  /** Throws `NameTaken('model_group_exists')`. */
  updateModelGroup(group: ModelGroup): Promise<void>
  deleteModelGroup(id: string): Promise<void>
  /** By id. */
  listModelGroups(page: SelectedPage<ModelGroup>): Promise<Page<ModelGroup>>

  model(id: string, lock: RowLock): Promise<Model | undefined>
  countModelsOf(group: string): Promise<number>
  /** Throws `NameTaken('model_exists')`. */
  insertModel(model: Model, sealedCredential: Uint8Array | undefined): Promise<void>
  updateModel(model: Model): Promise<void>
  sealedCredential(model: string): Promise<Uint8Array | undefined>
  putSealedCredential(model: string, sealed: Uint8Array | undefined): Promise<void>
  deleteModel(id: string): Promise<void>
  /** By id. */
  listModels(page: SelectedPage<Model>): Promise<Page<Model>>

  internalUser(user: UserName): Promise<InternalUser | undefined>
  putInternalUser(user: InternalUser): Promise<void>
  deleteInternalUser(user: UserName): Promise<number>
  listInternalUsers(): Promise<readonly InternalUser[]>

  roleMapping(role: string): Promise<RoleMapping | undefined>
  putRoleMapping(mapping: RoleMapping): Promise<void>
  deleteRoleMapping(role: string): Promise<number>
  listRoleMappings(): Promise<readonly RoleMapping[]>

  accessSwitch(lock: RowLock): Promise<AccessSwitch>
  setAccessSwitch(value: AccessSwitch): Promise<void>
}
