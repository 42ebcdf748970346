// A directory whose groups are held in step with projects, as the acts see it. What speaks to it is an edge (src/signin/).
import type { ProjectRole } from '../domain/change.ts'
import type { ProjectName } from '../domain/project-name.ts'

/** Members of `group` are members of `project`. */
export interface SyncedGroup {
  /** As the directory names it. */
  readonly group: string
  readonly project: ProjectName
  readonly role: ProjectRole
}

export interface DirectoryReading {
  /** Subjects of the members of each group whom the directory lets in. */
  readonly members: ReadonlyMap<string, ReadonlySet<string>>
  /** Of the subjects that were asked for: those that are gone or closed. */
  readonly gone: ReadonlySet<string>
}

/** Why there is no reading, for operators. */
export interface Unread {
  readonly kind: 'unread'
  readonly why: string
}

export interface DirectorySource {
  /** The provider whose links say who is which user. */
  readonly provider: string
  readonly groups: readonly SyncedGroup[]
  /** Seconds from one run to the next. */
  readonly everySeconds: number
  /** What happens to linked users whom the directory no longer lets in. */
  readonly vanished: 'block' | 'leave'
  /** All of it, or nothing: an answer that is cut short is no reading (rule 25). */
  read(subjects: readonly string[]): Promise<DirectoryReading | Unread>
}
