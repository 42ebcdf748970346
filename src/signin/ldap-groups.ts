// Groups of a person, all or none (rule 25), by asking which groups list the person. `memberOf` is not read: servers leave
// out of it what lies elsewhere. Nor is the matching rule of Active Directory for groups in groups used: a server that does
// not know it finds nothing and says nothing, so groups in groups are followed here.
import { LdapFailed } from './ldap-failed.ts'
import type { LdapConnection, LdapEntry } from './ldap-connection.ts'
import type { LdapPerson } from './ldap-people.ts'
import type { LdapSettings } from './ldap-settings.ts'
import { escaped, textsOf } from './ldap-text.ts'

/** Of one person. Active Directory's own limit for a logon token is 1,010. */
const MAX_GROUPS = 1000

/** Names to the letter, sorted. Throws `LdapFailed`. */
export async function groupsOf(
  connection: LdapConnection,
  settings: LdapSettings,
  person: LdapPerson,
): Promise<readonly string[]> {
  const { member, nested } = settings.groups
  const found = new Map<string, string>()
  let listed = [member === 'memberUid' ? person.login : person.dn]
  while (listed.length > 0) {
    const entries = await groupsThatList(connection, settings, listed)
    const fresh = entries.filter(({ dn }) => !found.has(dn))
    for (const entry of fresh) found.set(entry.dn, nameOf(entry, settings))
    if (found.size > MAX_GROUPS) throw new LdapFailed('incomplete', 'more groups than a person has')
    listed = nested && member !== 'memberUid' ? fresh.map(({ dn }) => dn) : []
  }
  const names = [...found.values()]
  // Two groups of one name would be one here.
  if (new Set(names).size < names.length) throw new LdapFailed('incomplete', 'two groups of one name')
  return names.sort()
}

/** So many in one filter: servers bound its length. */
const MAX_LISTED = 50

async function groupsThatList(
  connection: LdapConnection,
  { groups }: LdapSettings,
  listed: readonly string[],
): Promise<readonly LdapEntry[]> {
  const entries: LdapEntry[] = []
  for (let start = 0; start < listed.length; start += MAX_LISTED) {
    const any = listed.slice(start, start + MAX_LISTED).map((value) => `(${groups.member}=${escaped(value)})`)
    const filter = `(&${groups.filter}(|${any.join('')}))`
    const attributes = groups.name === 'dn' ? ['1.1'] : [groups.name]
    const found = await connection.search({ base: groups.base, scope: 'sub', filter, attributes })
    if (found.hasReferrals) throw new LdapFailed('incomplete', 'a referral among the groups')
    entries.push(...found.entries)
  }
  return [...new Map(entries.map((entry) => [entry.dn, entry])).values()]
}

function nameOf(entry: LdapEntry, { groups }: LdapSettings): string {
  if (groups.name === 'dn') return entry.dn
  const [name, ...more] = textsOf(entry, groups.name)
  if (name === undefined || name === '' || more.length > 0) {
    throw new LdapFailed('incomplete', 'a group without exactly one name')
  }
  return name
}
