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

/** For a sign-in. Undefined: nobody, or nobody in particular. Throws `LdapFailed`. */
export async function personByLogin(
  connection: LdapConnection,
  settings: LdapSettings,
  login: string,
): Promise<LdapPerson | undefined> {
  const person = theOnly(await people(connection, settings, withLogin(settings, login)), settings)
  // The server matches without regard to case, width and spaces. More than case is a mistake or an attempt.
  return person !== 'unclear' && foldAscii(person?.login ?? '') === foldAscii(login) ? person : undefined
}

/** For a sync: nobody means that nobody is there. Throws `LdapFailed` where that is not certain. */
export async function memberByLogin(
  connection: LdapConnection,
  settings: LdapSettings,
  login: string,
): Promise<LdapPerson | undefined> {
  return certain(await people(connection, settings, withLogin(settings, login)), settings)
}

/** Throws `LdapFailed` where it is not certain that nobody is there. */
export async function personById(
  connection: LdapConnection,
  settings: LdapSettings,
  id: string,
): Promise<LdapPerson | undefined> {
  const condition = `(${settings.users.id}=${escapedId(settings.users.id, id)})`
  return certain(await people(connection, settings, condition), settings)
}

/** Undefined: nothing is there, or no person. Throws `LdapFailed` where that is not certain. */
export async function personAt(
  connection: LdapConnection,
  settings: LdapSettings,
  dn: string,
): Promise<LdapPerson | undefined> {
  const attributes = attributesOf(settings)
  return certain(
    await connection.search({ base: dn, scope: 'base', filter: settings.users.filter, attributes }),
    settings,
  )
}

function withLogin({ users }: LdapSettings, login: string): string {
  return `(${users.login}=${escaped(login)})`
}

function certain(found: LdapFound, settings: LdapSettings): LdapPerson | undefined {
  // What may be in the part that the server points to is not gone.
  if (found.hasReferrals) throw new LdapFailed('incomplete', 'a referral')
  const person = theOnly(found, settings)
  if (person === 'unclear') throw new LdapFailed('incomplete', 'people who cannot be told apart')
  return person
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

/** `unclear`: two of them, or one without exactly one login. */
function theOnly({ entries: [entry, ...more] }: LdapFound, settings: LdapSettings): LdapPerson | undefined | 'unclear' {
  if (entry === undefined) return undefined
  const [login, ...others] = textsOf(entry, settings.users.login)
  if (more.length > 0 || login === undefined || others.length > 0) return 'unclear'
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
