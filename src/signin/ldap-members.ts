// Members of a group, all or an error: what a sync removes people by. Each member is asked for at its own place, so the server
// decides which name is whose. Active Directory shows 1,500 values of an attribute at a time ([MS-ADTS] §3.1.1.3.1.3.3).
import { LdapFailed } from './ldap-failed.ts'
import type { LdapConnection, LdapEntry } from './ldap-connection.ts'
import { type LdapPerson, personAt, memberByLogin } from './ldap-people.ts'
import type { LdapSettings } from './ldap-settings.ts'
import { textsOf } from './ldap-text.ts'

/** Groups in groups and people of one sync, so that it ends. */
const MAX_LISTED = 100_000

/** By immutable id. Throws `LdapFailed`: an answer that is cut short is no answer. */
export async function membersOf(
  connection: LdapConnection,
  settings: LdapSettings,
  groupDn: string,
): Promise<ReadonlyMap<string, LdapPerson>> {
  const people = new Map<string, LdapPerson>()
  const seen = new Set<string>([groupDn])
  const groups = [groupDn]
  for (let dn = groups.pop(); dn !== undefined; dn = groups.pop()) {
    const listed = await listedIn(connection, settings, dn)
    // A group that is not there is not an empty one.
    if (listed === undefined) throw new LdapFailed('incomplete', `no group ${dn}`)
    for (const value of listed) {
      const person = await memberAt(connection, settings, value)
      if (person !== undefined) people.set(person.id, person)
      else if (settings.groups.nested && !seen.has(value) && (await isGroup(connection, settings, value))) {
        groups.push(value)
      }
      seen.add(value)
      if (seen.size > MAX_LISTED) throw new LdapFailed('incomplete', `too many members in ${groupDn}`)
    }
  }
  return people
}

async function memberAt(
  connection: LdapConnection,
  settings: LdapSettings,
  value: string,
): Promise<LdapPerson | undefined> {
  return settings.groups.member === 'memberUid'
    ? memberByLogin(connection, settings, value)
    : personAt(connection, settings, value)
}

async function isGroup(connection: LdapConnection, settings: LdapSettings, dn: string): Promise<boolean> {
  if (settings.groups.member === 'memberUid') return false
  const { entries } = await connection.search({
    base: dn,
    scope: 'base',
    filter: settings.groups.filter,
    attributes: ['1.1'],
  })
  return entries.length === 1
}

/** Undefined: there is no such group. */
async function listedIn(
  connection: LdapConnection,
  { groups }: LdapSettings,
  dn: string,
): Promise<readonly string[] | undefined> {
  const all: string[] = []
  for (let attribute = groups.member as string; ;) {
    const found = await connection.search({ base: dn, scope: 'base', filter: groups.filter, attributes: [attribute] })
    if (found.hasReferrals) throw new LdapFailed('incomplete', `a referral for ${dn}`)
    const [entry] = found.entries
    if (entry === undefined) return undefined
    const part = partOf(entry, groups.member)
    all.push(...part.values)
    if (part.next === undefined) return all
    attribute = `${groups.member};range=${String(part.next)}-*`
  }
}

/** `member`, or `member;range=0-1499`, of which `*` as the end is the last. */
function partOf(
  entry: LdapEntry,
  attribute: string,
): { readonly values: readonly string[]; readonly next: number | undefined } {
  const prefix = `${attribute.toLowerCase()};range=`
  const [ranged, ...more] = [...entry.values.keys()].filter(
    (name) => name.startsWith(prefix) && !name.endsWith('-*', prefix.length),
  )
  if (ranged === undefined || more.length > 0) return { values: textsOf(entry, attribute), next: undefined }
  const last = /^\d+-(?:(\d+)|\*)$/.exec(ranged.slice(prefix.length))
  if (last === null) throw new LdapFailed('incomplete', 'a range that is none')
  const next = last[1] === undefined ? undefined : Number(last[1]) + 1
  return { values: textsOf(entry, ranged), next }
}
