// Sign-in with name and password at an LDAP server or Active Directory: search as the service, then bind as the one person
// that was found. A name that nobody has goes the same way as a wrong password, with a bind that cannot succeed, and both
// answers wait until the same time has passed.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { LdapFailed } from './ldap-failed.ts'
import { LdapConnection } from './ldap-connection.ts'
import { groupsOf } from './ldap-groups.ts'
import { type LdapPerson, personByLogin } from './ldap-people.ts'
import type { LdapSettings } from './ldap-settings.ts'

export interface LdapIdentity {
  /** The immutable id (rule 22): what a user is linked to. */
  readonly subject: string
  /** The login, as the directory writes it. */
  readonly name: string
  /** `unavailable`: not all of them could be told. */
  readonly groups: readonly string[] | 'unavailable'
}

/** Under the time of a server that hashes slowly a refusal still shows it; above it nothing is to be seen. */
const REFUSAL_MILLISECONDS = 400
const MAX_LOGIN_BYTES = 256
const MAX_PASSWORD_BYTES = 1024

/** Throws `LdapFailed`: an error of the server is never a sign-in. */
export async function signInWithPassword(
  settings: LdapSettings,
  typed: { readonly login: string; readonly password: string },
): Promise<LdapIdentity | 'refused'> {
  const earliest = delay(REFUSAL_MILLISECONDS)
  if (!isLogin(typed.login) || !isPassword(typed.password)) {
    await earliest
    return 'refused'
  }
  return withService(settings, async (connection) => {
    const person = await personByLogin(connection, settings, typed.login)
    const known = person?.status === 'active' ? person : undefined
    if (!(await isTheirPassword(settings, known, typed.password)) || known === undefined) {
      await earliest
      return 'refused'
    }
    return identityOf(connection, settings, known)
  })
}

/** Someone whom another provider has authenticated: their entry and groups here. Throws `LdapFailed`. */
export async function lookUp(settings: LdapSettings, login: string): Promise<LdapIdentity | 'refused'> {
  return withService(settings, async (connection) => {
    const person = await personByLogin(connection, settings, login)
    return person?.status === 'active' ? identityOf(connection, settings, person) : 'refused'
  })
}

/** Groups that cannot be told completely are not told at all. */
async function identityOf(
  connection: LdapConnection,
  settings: LdapSettings,
  person: LdapPerson,
): Promise<LdapIdentity> {
  const groups = await groupsOf(connection, settings, person).catch((error: unknown) => {
    if (error instanceof LdapFailed && error.failure === 'incomplete') return 'unavailable' as const
    throw error
  })
  return { subject: person.id, name: person.login, groups }
}

/** A connection that is bound as the service. Throws `LdapFailed`. */
export async function withService<Result>(
  settings: LdapSettings,
  act: (connection: LdapConnection) => Promise<Result>,
): Promise<Result> {
  const connection = await LdapConnection.open(settings.server)
  try {
    if ((await connection.bind(settings.bindDn, settings.bindPassword)) === 'refused') {
      throw new LdapFailed('misconfigured', 'the bind of the service is refused')
    }
    return await act(connection)
  } finally {
    await connection.close()
  }
}

async function isTheirPassword(
  settings: LdapSettings,
  person: LdapPerson | undefined,
  password: string,
): Promise<boolean> {
  const connection = await LdapConnection.open(settings.server)
  try {
    const dn = person?.dn ?? `cn=${randomUUID()},${settings.users.base}`
    return (await connection.bind(dn, password)) === 'good'
  } finally {
    await connection.close()
  }
}

/**
 * An empty password is an unauthenticated bind, which many servers answer with success (RFC 4513 §5.1.2). One that begins
 * with NUL is empty to a server that reads to the first NUL.
 */
function isPassword(password: string): boolean {
  return password !== '' && !password.includes('\0') && isText(password, MAX_PASSWORD_BYTES)
}

function isLogin(login: string): boolean {
  return login !== '' && !login.includes('\0') && isText(login, MAX_LOGIN_BYTES)
}

function isText(text: string, maxBytes: number): boolean {
  return text.isWellFormed() && Buffer.byteLength(text) <= maxBytes
}
