// API keys, as a transaction keeps them: of a secret the hash alone.
import type { ApiKeyReach } from '../domain/api-key.ts'
import type { ApiScope } from '../domain/api-scope.ts'
import type { DeploymentName } from '../domain/deployment-name.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { Requester } from '../domain/requester.ts'
import type { RowLock } from '../domain/transactions.ts'
import type { UserName } from '../domain/user-name.ts'

export interface ApiKeyRecord {
  /** In clear: what the key is found by. */
  readonly prefix: string
  readonly user: UserName
  /** Unique among the keys of the user that have not ended. */
  readonly name: string
  readonly salt: string
  /** As `apiKeyHash` makes it. */
  readonly hash: string
  readonly scopes: readonly ApiScope[]
  readonly reach: ApiKeyReach
  /** Deployments that it may call. */
  readonly deployments: readonly DeploymentName[] | 'all'
  /** As audit events write an actor. */
  readonly createdBy: string
  /** Serial of the certificate, or `session:ID`, that its maker proved themselves with. */
  readonly createdWith: string
  readonly createdAt: Date
  readonly expiresAt: Date
}

/** Which keys an act ends. */
export type EndedKeys =
  | { readonly kind: 'of-user'; readonly user: UserName }
  | { readonly kind: 'one'; readonly prefix: string }
  /** After a restore that nobody can prove the state of keys for. */
  | { readonly kind: 'all' }
  /** With a scope for administrators. */
  | { readonly kind: 'privileged'; readonly user: UserName }
  /** That reach the project alone, of one member or of all. */
  | { readonly kind: 'of-member'; readonly project: ProjectName; readonly user: UserName }
  | { readonly kind: 'of-project'; readonly project: ProjectName }
  /** That they made, or somebody with a certificate that they obtained. */
  | { readonly kind: 'obtained-by'; readonly requester: Requester }
  /** `proof`: as `createdWith` has it. */
  | { readonly kind: 'made-with'; readonly proof: string }
  /** With a certificate that this CA has signed. */
  | { readonly kind: 'made-under'; readonly issuer: IssuerId }
  /** In any session of theirs. */
  | { readonly kind: 'made-in-sessions'; readonly user: UserName }

export interface ApiKeyStore {
  /** Throws `NameTaken` (`api_key_exists`). */
  insertApiKey(record: ApiKeyRecord): Promise<void>
  /** Writes scopes and deployments. The row was locked for `update` before. */
  updateApiKey(record: ApiKeyRecord): Promise<void>
  /** One that has not ended by an act; it may have expired. */
  apiKey(prefix: string, lock: RowLock): Promise<ApiKeyRecord | undefined>
  /** Those that have not ended by an act, by name. Those that have expired are among them. */
  apiKeysOf(user: UserName): Promise<readonly ApiKeyRecord[]>
  /** Ends keys, and gives those that had not ended before. */
  endApiKeys(which: EndedKeys, at: Date): Promise<readonly ApiKeyRecord[]>
}
