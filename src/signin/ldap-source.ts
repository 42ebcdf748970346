// A directory as the source of a sync: members of the groups that were asked for, and which of the linked people it still lets
// in. One connection, all or nothing.
import type { DirectoryReading, Unread } from '../enrollment/directory-source.ts'
import { LdapFailed } from './ldap-failed.ts'
import { membersOf } from './ldap-members.ts'
import { personById } from './ldap-people.ts'
import type { LdapConnection } from './ldap-connection.ts'
import { isImmutableId } from './ldap-text.ts'
import type { LdapSettings } from './ldap-settings.ts'
import { withService } from './ldap-sign-in.ts'

/** Never throws for what the directory does: that is why there is no reading. */
export async function readDirectory(
  settings: LdapSettings,
  groups: readonly string[],
  subjects: readonly string[],
): Promise<DirectoryReading | Unread> {
  try {
    return await withService(settings, async (connection) => ({
      members: await membersByGroup(connection, settings, groups),
      gone: await goneOf(connection, settings, subjects),
    }))
  } catch (error) {
    if (error instanceof LdapFailed) return { kind: 'unread', why: error.message }
    throw error
  }
}

async function membersByGroup(
  connection: LdapConnection,
  settings: LdapSettings,
  groups: readonly string[],
): Promise<DirectoryReading['members']> {
  const members = new Map<string, ReadonlySet<string>>()
  for (const group of new Set(groups)) {
    const people = [...(await membersOf(connection, settings, group)).values()]
    members.set(group, new Set(people.filter(({ status }) => status === 'active').map(({ id }) => id)))
  }
  return members
}

async function goneOf(
  connection: LdapConnection,
  settings: LdapSettings,
  subjects: readonly string[],
): Promise<ReadonlySet<string>> {
  const gone = new Set<string>()
  for (const subject of subjects.filter(isImmutableId)) {
    const person = await personById(connection, settings, subject)
    if (person?.status !== 'active') gone.add(subject)
  }
  return gone
}
