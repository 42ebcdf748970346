// What the directory needs of a transaction. Inserting a name that is or was taken (without regard to case) throws
// `NameTaken('name_taken')`; reading what is not there gives undefined.
import type { DnsName, ServiceName } from '../domain/dns-name.ts'
import type { ProjectName } from '../domain/project-name.ts'
import type { Page, PageRequest, RowLock, SelectedPage } from '../domain/transactions.ts'
import type { ServiceAccountName, UserName } from '../domain/user-name.ts'
import type { Job, Member, Membership, Project, Service, ServiceAccount, User } from './entities.ts'

/** Whose jobs a list shows. */
export type JobsOf =
  | { readonly kind: 'launcher'; readonly launcher: ServiceName }
  | { readonly kind: 'project'; readonly project: ProjectName }
  | { readonly kind: 'holder'; readonly project: ProjectName; readonly user: Job['user'] }

export interface DirectoryStore {
  insertUser(user: User): Promise<void>
  insertProject(project: Project): Promise<void>
  /** Throws `NameTaken('member_exists')`. A removed member may be added again: that is the same row, active again. */
  insertMember(member: Member): Promise<void>
  /** Throws `NameTaken('name_taken')` when the project has or had one of the name. */
  insertAccount(account: ServiceAccount): Promise<void>
  /** Throws `NameTaken('name_taken')` when the name or one of the DNS names belongs to another service. */
  insertService(service: Service): Promise<void>
  insertJob(job: Job): Promise<void>

  user(name: UserName, lock: RowLock): Promise<User | undefined>
  project(name: ProjectName, lock: RowLock): Promise<Project | undefined>
  /** Locks all three rows, in the order user, project, member. */
  membership(project: ProjectName, user: UserName, lock: RowLock): Promise<Membership | undefined>
  /** The row of the account alone: its project is the caller's to look at. */
  account(project: ProjectName, name: ServiceAccountName, lock: RowLock): Promise<ServiceAccount | undefined>
  service(name: ServiceName, lock: RowLock): Promise<Service | undefined>
  job(id: string, lock: RowLock): Promise<Job | undefined>

  /** Writes status and role. The rows were locked for `update` before. */
  updateUser(user: User): Promise<void>
  updateProject(project: Project): Promise<void>
  updateMember(member: Member): Promise<void>
  updateAccount(account: ServiceAccount): Promise<void>
  /** Writes system user, DNS names, roles, projects and status. Throws `NameTaken('name_taken')` as `insertService` does. */
  updateService(service: Service): Promise<void>
  updateJob(job: Job): Promise<void>

  /** Whose the DNS name is, or was: it stays theirs. */
  serviceOfDnsName(name: DnsName): Promise<ServiceName | undefined>
  countActiveAdministrators(): Promise<number>
  countActiveOwners(project: ProjectName): Promise<number>
  /** Projects of which `user` is an active member, by name. */
  membershipsOf(user: UserName): Promise<readonly Member[]>
  /** Jobs that nobody finished and that ended at `at` or before, first ended first, locked for `update`. */
  endedJobs(at: Date, limit: number): Promise<readonly Job[]>
  /** Jobs that nobody finished, those that have ended among them until `endedJobs` brings them to an end. */
  activeJobsOf(project: ProjectName, user: Job['user']): Promise<readonly Job[]>
  activeJobsLaunchedBy(launcher: ServiceName): Promise<readonly Job[]>

  /** Undefined where nobody has set one. */
  projectQuota(user: UserName): Promise<number | undefined>
  setProjectQuota(user: UserName, projects: number): Promise<void>
  /** Projects of which `user` is an active owner. The user was locked for `update` before, where it decides. */
  countProjectsOwnedBy(user: UserName): Promise<number>

  listProjects(page: SelectedPage<Project>): Promise<Page<Project>>
  listMembers(project: ProjectName, page: PageRequest): Promise<Page<Member>>
  listAccounts(project: ProjectName, page: PageRequest): Promise<Page<ServiceAccount>>
  listUsers(page: PageRequest): Promise<Page<User>>
  listServices(page: PageRequest): Promise<Page<Service>>
  /** Newest first. A job that has ended at `at` is finished, whether or not its row says so. */
  listJobs(of: JobsOf, status: Job['status'] | 'any', at: Date, page: PageRequest): Promise<Page<Job>>
}
