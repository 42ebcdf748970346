// One connection to an LDAP server (RFC 4511): binds and searches, each with a time limit. It is never opened again behind
// the caller's back, follows no referral, and asks for no page: a server that cuts an answer short says so, and that is an
// error. Values are bytes: the library's own texts lose a byte order mark, and with it the difference between two names.
import { Client, InvalidCredentialsError, NoSuchObjectError, PasswordPolicyControl, ResultCodeError } from 'ldapts'
import type { Socket } from 'node:net'
import { LdapFailed } from './ldap-failed.ts'
import type { LdapServer } from './ldap-settings.ts'
import { openLdapSocket, unreachable } from './ldap-socket.ts'

export interface LdapEntry {
  readonly dn: string
  /** By attribute in lower case, options included: `member;range=0-1499`. */
  readonly values: ReadonlyMap<string, readonly Uint8Array[]>
}

export interface LdapSearch {
  readonly base: string
  readonly scope: 'base' | 'sub'
  /** RFC 4515; what comes from outside is escaped by `escaped`. */
  readonly filter: string
  readonly attributes: readonly string[]
}

export interface LdapFound {
  readonly entries: readonly LdapEntry[]
  /** The server points elsewhere for more. */
  readonly hasReferrals: boolean
}

/** The library asks this list of each attribute whether its values are bytes. All are. */
const EVERY_ATTRIBUTE: string[] = Object.assign([], { includes: () => true })

export class LdapConnection {
  readonly #client: Client
  readonly #server: LdapServer

  private constructor(server: LdapServer, socket: Socket) {
    this.#server = server
    this.#client = new Client({
      url: 'ldap://socket.invalid',
      timeout: server.timeoutSeconds * 1000,
      createConnection: onlyOnce(socket),
    })
  }

  /** Throws `LdapFailed`. */
  static async open(server: LdapServer): Promise<LdapConnection> {
    return new LdapConnection(server, await openLdapSocket(server))
  }

  /**
   * Simple bind (RFC 4513 §5.1). The server gives no reason for a refusal that a caller should hear. A password of no bytes
   * is an unauthenticated bind, which succeeds (§5.1.2): it never gets here. Throws `LdapFailed`.
   */
  async bind(dn: string, password: string): Promise<'good' | 'refused'> {
    if (password === '' || !dn.includes('=')) return 'refused'
    const policy = new PasswordPolicyControl()
    try {
      await this.#client.bind(dn, password, policy)
      // Success, but for nothing other than a new password: after a reset, or when it has expired.
      return policy.value?.error === undefined ? 'good' : 'refused'
    } catch (error) {
      if (error instanceof InvalidCredentialsError) return 'refused'
      throw unreachable(this.#server, error)
    }
  }

  /** Everything that is found. A base that is not there holds nothing. Throws `LdapFailed`. */
  async search({ base, scope, filter, attributes }: LdapSearch): Promise<LdapFound> {
    try {
      const found = await this.#client.search(base, {
        scope,
        filter,
        derefAliases: 'never',
        attributes: [...attributes],
        explicitBufferAttributes: EVERY_ATTRIBUTE,
        timeLimit: this.#server.timeoutSeconds,
      })
      return { entries: found.searchEntries.map(entryOf), hasReferrals: found.searchReferences.length > 0 }
    } catch (error) {
      if (error instanceof NoSuchObjectError) return { entries: [], hasReferrals: false }
      if (error instanceof LdapFailed) throw error
      if (error instanceof ResultCodeError) throw incomplete(base, error)
      throw unreachable(this.#server, error)
    }
  }

  async close(): Promise<void> {
    await this.#client.unbind()
  }
}

/** A search that the server began and did not finish, or refused. */
function incomplete(base: string, cause: ResultCodeError): LdapFailed {
  return new LdapFailed('incomplete', `result ${String(cause.code)} for ${base}`, { cause })
}

function onlyOnce(socket: Socket): () => Socket {
  let left: Socket | undefined = socket
  return () => {
    const given = left
    left = undefined
    if (given === undefined || given.destroyed) throw new Error('the connection is over')
    return given
  }
}

/** Names go over the wire in UTF-8; one that does not could be taken for another. */
function entryOf(found: Readonly<Record<string, unknown>> & { readonly dn: string }): LdapEntry {
  if (found.dn.includes('\uFFFD')) throw new LdapFailed('incomplete', 'a name is no UTF-8')
  const values = new Map<string, readonly Uint8Array[]>()
  for (const [name, value] of Object.entries(found)) {
    if (name === 'dn') continue
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    values.set(
      name.toLowerCase(),
      list.filter((each) => each instanceof Uint8Array),
    )
  }
  return { dn: found.dn, values }
}
