// Sign-in by Kerberos (RFC 4559): takes the client's token, lets the system's library verify it with the service's keytab and
// its replay cache, and gives the client's principal. One step alone: HTTP requests are not held together by a connection
// here. The library is an optional package, compiled at installation.
import { CodedError } from '../domain/coded-error.ts'
import { isCompleted, offersKerberos } from './spnego-token.ts'

export interface KerberosSettings {
  /** `HTTP@host`: whose key in the keytab. */
  readonly service: string
  readonly keytabFile: string
  /** The one realm whose principals are known, to the letter. */
  readonly realm: string
}

/** The part of the package that is used. */
interface KerberosLibrary {
  initializeServer(service: string): Promise<KerberosServer>
}

interface KerberosServer {
  readonly username: string
  readonly response: string | null
  step(challenge: string): Promise<unknown>
}

/** The configuration has a provider of this kind, and the package was not compiled. */
export class KerberosMissing extends CodedError<'kerberos_missing'> {
  constructor(cause: unknown) {
    super('kerberos_missing', { fix: 'apt-get install libkrb5-dev g++ make python3 && scripts/install' }, { cause })
  }
}

export interface Recognised {
  /** Before the `@`. */
  readonly name: string
  readonly principal: string
  /** For the client: the service knew its key. */
  readonly answer: Uint8Array
}

const MAX_TOKEN_BYTES = 48 * 1024

export class KerberosAcceptor {
  readonly #library: KerberosLibrary
  readonly #settings: KerberosSettings

  private constructor(library: KerberosLibrary, settings: KerberosSettings) {
    this.#library = library
    this.#settings = settings
  }

  /** Throws `KerberosMissing`. The keytab is that of the whole process: the library knows no other way. */
  static async load(settings: KerberosSettings): Promise<KerberosAcceptor> {
    process.env['KRB5_KTNAME'] = `FILE:${settings.keytabFile}`
    const module: unknown = await import('kerberos').catch((error: unknown) => {
      throw new KerberosMissing(error)
    })
    return new KerberosAcceptor(libraryOf(module), settings)
  }

  /** Undefined: no ticket for this service that is good now and was not shown before, or of another realm. */
  async accept(token: Uint8Array): Promise<Recognised | undefined> {
    if (token.length > MAX_TOKEN_BYTES || !offersKerberos(token)) return undefined
    const server = await this.#library.initializeServer(this.#settings.service)
    try {
      await server.step(Buffer.from(token).toString('base64'))
    } catch {
      // Expired, replayed, of another key, of nobody: the reasons are the library's words, and nothing for a client.
      return undefined
    }
    const answer = Buffer.from(server.response ?? '', 'base64')
    const name = nameIn(server.username, this.#settings.realm)
    return isCompleted(answer) && name !== undefined ? { name, principal: server.username, answer } : undefined
  }
}

/** A person's principal of that realm: one component, nothing escaped. `alice/admin` is somebody else. */
function nameIn(principal: string, realm: string): string | undefined {
  const [name, of, ...more] = principal.split('@')
  if (name === undefined || of !== realm || more.length > 0) return undefined
  return /^[A-Za-z0-9._-]{1,64}$/.test(name) ? name : undefined
}

function libraryOf(module: unknown): KerberosLibrary {
  const given = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  if (isLibrary(given)) return given
  throw new KerberosMissing(undefined)
}

function isLibrary(given: unknown): given is KerberosLibrary {
  return typeof given === 'object' && given !== null && 'initializeServer' in given
}
