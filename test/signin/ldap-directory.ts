// The people and groups of the tests' directory.
import { SUFFIX } from '../support/slapd.ts'
import type { LdapSettings } from '../../src/signin/ldap-settings.ts'
import { SERVICE, type Slapd } from '../support/slapd.ts'

export const PEOPLE = `ou=people,${SUFFIX}`
export const GROUPS = `ou=groups,${SUFFIX}`
export const WINDOWS = `ou=windows,${SUFFIX}`

export function person(name: string, password = `${name}-secret`): string {
  return `dn: uid=${name},${PEOPLE}\nobjectClass: inetOrgPerson\nuid: ${name}\ncn: ${name}\nsn: ${name}\nuserPassword: ${password}\n\n`
}

export function group(name: string, ...members: string[]): string {
  const listed = (members.length === 0 ? [`cn=nobody,${SUFFIX}`] : members).map((dn) => `member: ${dn}\n`).join('')
  return `dn: cn=${name},${GROUPS}\nobjectClass: groupOfNames\ncn: ${name}\n${listed}\n`
}

export const at = (name: string): string => `uid=${name},${PEOPLE}`

export function unit(dn: string): string {
  const [, name = ''] = /^ou=([^,]+)/.exec(dn) ?? []
  return `dn: ${dn}\nobjectClass: organizationalUnit\nou: ${name}\n\n`
}

/** As Active Directory has them: objectGUID in bytes, and the account's state in flags. */
export function windowsUser(name: string, guid: string, userAccountControl: number): string {
  const id = Buffer.from(guid, 'hex').toString('base64')
  return `dn: cn=${name},${WINDOWS}\nobjectClass: user\ncn: ${name}\nsn: ${name}\nsAMAccountName: ${name}\nobjectGUID:: ${id}\nuserAccountControl: ${String(userAccountControl)}\nuserPassword: ${name}-secret\n\n`
}

/** What an operator would write for it. */
export function settingsFor(slapd: Slapd, security: 'ldaps' | 'starttls' | 'plain' = 'ldaps'): LdapSettings {
  return {
    server: slapd.server(security),
    bindDn: SERVICE.dn,
    bindPassword: SERVICE.password,
    users: { base: PEOPLE, filter: '(objectClass=inetOrgPerson)', login: 'uid', id: 'entryUUID' },
    groups: { base: GROUPS, filter: '(objectClass=groupOfNames)', member: 'member', name: 'cn', nested: true },
  }
}
