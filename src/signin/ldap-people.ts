// People of a directory: found by what they typed, by their place or by their immutable id, and whether the directory still
// lets them in.
import type { LdapConnection, LdapEntry, LdapFound } from './ldap-connection.ts'
import type { LdapSettings } from './ldap-settings.ts'
import { bytesOf, escaped, escapedId, immutableIdOf, textsOf } from './ldap-text.ts'
import { LdapFailed } from './ldap-failed.ts'

export interface LdapPerson {
  readonly dn: string
  readonly id: string
  /** As the directory writes it. */
  readonly login: string
  readonly status: 'active' | 'disabled'
}

/** Undefined: nobody, or more than one. Throws `LdapFailed`. */
export async function personByLogin(
  connection: LdapConnection,
  settings: LdapSettings,
  login: string,
): Promise<LdapPerson | undefined> {
  const found = await people(connection, settings, `(${settings.users.login}=${escaped(login)})`)
  const person = theOnly(found, settings)
  // The server matches without regard to case, width and spaces. More than case is a mistake or an attempt.
  return person !== undefined && foldAscii(person.login) === foldAscii(login) ? person : undefined
}

/** Throws `LdapFailed`. */
export async function personById(
  connection: LdapConnection,
  settings: LdapSettings,
  id: string,
): Promise<LdapPerson | undefined> {
  const found = await people(connection, settings, `(${settings.users.id}=${escapedId(settings.users.id, id)})`)
  // What may be in the part that the server points to is not gone.
  if (found.hasReferrals) throw new LdapFailed('incomplete', 'a referral')
  return theOnly(found, settings)
}

/** Undefined: nothing is there, or no person. Throws `LdapFailed`. */
export async function personAt(
  connection: LdapConnection,
  settings: LdapSettings,
  dn: string,
): Promise<LdapPerson | undefined> {
  const attributes = attributesOf(settings)
  const found = await connection.search({ base: dn, scope: 'base', filter: settings.users.filter, attributes })
  if (found.hasReferrals) throw new LdapFailed('incomplete', 'a referral')
  return theOnly(found, settings)
}

async function people(connection: LdapConnection, settings: LdapSettings, condition: string): Promise<LdapFound> {
  return connection.search({
    base: settings.users.base,
    scope: 'sub',
    filter: `(&${settings.users.filter}${condition})`,
    attributes: attributesOf(settings),
  })
}

function attributesOf({ users }: LdapSettings): readonly string[] {
  return [users.login, users.id, 'userAccountControl', 'pwdAccountLockedTime', 'nsAccountLock']
}

function theOnly({ entries: [entry, ...more] }: LdapFound, settings: LdapSettings): LdapPerson | undefined {
  if (entry === undefined || more.length > 0) return undefined
  const [login, ...others] = textsOf(entry, settings.users.login)
  if (login === undefined || others.length > 0) return undefined
  const id = immutableIdOf(entry, settings.users.id)
  return { dn: entry.dn, id, login, status: isDisabled(entry) ? 'disabled' : 'active' }
}

/** ACCOUNTDISABLE of Active Directory ([MS-ADTS] §2.2.16). */
const ACCOUNT_DISABLED = 0x2
/** Locked until an administrator says otherwise (draft-behera-ldap-password-policy §5.3.3). Another time is a pause after wrong passwords. */
const LOCKED_FOR_GOOD = '000001010000Z'

function isDisabled(entry: LdapEntry): boolean {
  const first = (attribute: string): string => Buffer.from(bytesOf(entry, attribute)[0] ?? []).toString('latin1')
  return (
    (Number(first('userAccountControl')) & ACCOUNT_DISABLED) !== 0 ||
    first('pwdAccountLockedTime') === LOCKED_FOR_GOOD ||
    first('nsAccountLock').toLowerCase() === 'true'
  )
}

function foldAscii(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}
