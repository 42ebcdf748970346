// The entries of LDAP and Kerberos providers in `signet.yaml`: their rules and defaults. Files are named here and read later.
import { z } from 'zod'
import { isLoopback } from './endpoint.ts'
import { duration, matching, parsedBy, path, text } from './setting-rules.ts'

const dn = matching(/^[^\0]*=[^\0]*$/, 'a distinguished name').max(1024, 'a distinguished name')
const filter = matching(/^\([^\0]+\)$/, 'an LDAP filter in parentheses')
const attribute = matching(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'the name of an attribute')
const yesOrNo = z.boolean({ error: 'true or false' })
const oneOf = <const Word extends string>(...words: readonly [Word, ...Word[]]) =>
  z.enum(words, { error: `one of ${words.join(', ')}` })

export interface LdapUrl {
  readonly scheme: 'ldap' | 'ldaps'
  readonly host: string
  readonly port: number
}

/** RFC 4516 without what comes after the port. */
function parseLdapUrl(input: string): LdapUrl | undefined {
  const url = URL.parse(input)
  const scheme = url?.protocol === 'ldaps:' ? 'ldaps' : url?.protocol === 'ldap:' ? 'ldap' : undefined
  if (url === null || scheme === undefined || url.hostname === '') return undefined
  if (url.username !== '' || url.password !== '' || !['', '/'].includes(url.pathname + url.search + url.hash))
    return undefined
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return { scheme, host, port: url.port === '' ? (scheme === 'ldaps' ? 636 : 389) : Number(url.port) }
}

const PLAIN = 'plain is for a server on loopback, by ldap://'

/** Members of projects, by the groups of this directory. */
const syncEntry = z.strictObject({
  every: duration(60, 86_400).prefault('15m'),
  /** What becomes of linked users whom the directory no longer lets in. */
  vanished: oneOf('leave', 'block').default('leave'),
  groups: z
    .array(
      z.strictObject({
        group: dn,
        project: text('the name of a project'),
        role: oneOf('owner', 'scientist'),
      }),
      { error: 'a list of group, project and role' },
    )
    .min(1, 'names a group at least')
    .max(1000, 'names at most 1000 groups'),
})

export const ldapEntry = z.strictObject({
  kind: z.literal('ldap'),
  url: parsedBy('ldaps://host:port or ldap://host:port', parseLdapUrl),
  /** No TLS. Without it `ldap://` is StartTLS. */
  plain: yesOrNo.default(false),
  caFile: path.optional(),
  bindDn: dn,
  bindPasswordFile: path,
  timeout: duration(1, 60).prefault('5s'),
  users: z.strictObject({
    base: dn,
    filter: filter.default('(objectClass=person)'),
    login: attribute.default('uid'),
    id: oneOf('entryUUID', 'objectGUID').default('entryUUID'),
  }),
  groups: z.strictObject({
    base: dn,
    filter: filter.default('(objectClass=groupOfNames)'),
    member: oneOf('member', 'uniqueMember', 'memberUid').default('member'),
    name: attribute.default('cn'),
    nested: yesOrNo.default(false),
  }),
  sync: syncEntry.optional(),
})

export const kerberosEntry = z.strictObject({
  kind: z.literal('kerberos'),
  service: matching(/^HTTP@[a-z0-9.-]{1,253}$/, 'HTTP@host'),
  keytabFile: path,
  realm: matching(/^[A-Za-z0-9.-]{1,253}$/, 'the name of a realm'),
  /** The LDAP provider that knows the people: their id and groups. */
  groupsFrom: text('the name of an LDAP provider'),
})

export type LdapEntrySettings = z.output<typeof ldapEntry>
export type KerberosEntrySettings = z.output<typeof kerberosEntry>

/** What no single field can know. */
export function ldapFaults({ plain, url, sync }: LdapEntrySettings): readonly string[] {
  const pairs = (sync?.groups ?? []).map(({ group, project }) => JSON.stringify([group.toLowerCase(), project]))
  const twice = pairs.flatMap((pair, index) =>
    pairs.indexOf(pair) < index ? [`sync.groups.${index}: group and project stand there already`] : [],
  )
  return [...(plain && (url.scheme !== 'ldap' || !isLoopback(url.host)) ? [PLAIN] : []), ...twice]
}
