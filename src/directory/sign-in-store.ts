// Who signs in: links to what a provider calls a person, the groups of their last sign-in, and their sessions.
import type { PersonSession } from '../domain/session.ts'
import type { Page, PageRequest, RowLock } from '../domain/transactions.ts'
import type { UserName } from '../domain/user-name.ts'

/** One person of a provider is one user. The subject is the provider's immutable id, never a name (CP §3.2.3). */
export interface UserLink {
  readonly provider: string
  readonly subject: string
  readonly user: UserName
  readonly createdAt: Date
}

export interface SignIn {
  readonly user: UserName
  readonly provider: string
  /** What the provider calls the person. */
  readonly subject: string
  readonly groups: readonly string[]
  readonly at: Date
}

export interface GroupSize {
  readonly name: string
  /** Users whose last sign-in brought it. */
  readonly users: number
}

export interface SignInStore {
  insertSession(session: PersonSession): Promise<void>
  session(id: string, lock: RowLock): Promise<PersonSession | undefined>
  /** Writes generation, its instant and the end. The row was locked for `update` before. */
  updateSession(session: PersonSession): Promise<void>
  /** Sessions of a user that nothing has ended and whose time is not over, locked for `update`. */
  liveSessionsOf(user: UserName, at: Date): Promise<readonly PersonSession[]>

  /** Throws `NameTaken('link_taken')`. */
  insertLink(link: UserLink): Promise<void>
  link(provider: string, subject: string, lock: RowLock): Promise<UserLink | undefined>
  linksOf(user: UserName): Promise<readonly UserLink[]>
  /** Removes all links of a user to a provider, and tells how many. */
  deleteLinks(user: UserName, provider: string): Promise<number>

  /** Takes the place of the sign-in before, groups and all. The user was locked for `update` before. */
  putSignIn(signIn: SignIn): Promise<void>
  signIn(user: UserName): Promise<SignIn | undefined>
  /** Groups that somebody is in, by name. */
  listGroups(page: PageRequest): Promise<Page<GroupSize>>
  /** Users who have signed in and are members of no project, by name. */
  listExternalUsers(page: PageRequest): Promise<Page<SignIn>>
}
