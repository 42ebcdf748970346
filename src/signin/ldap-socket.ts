// A connection to an LDAP server that nobody else can read before a word is said on it: LDAPS (RFC 4513 §3.1.3), StartTLS
// (RFC 4511 §4.14), or loopback. StartTLS is spoken here and not by the client library, which opens a new connection in
// clear when the server closes the encrypted one, and then sends the password on it; and which keeps what came in clear
// before the handshake for the messages after it.
import { BerReader } from 'ldapts'
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { LdapFailed } from './ldap-failed.ts'
import type { LdapServer } from './ldap-settings.ts'

const START_TLS_OID = Buffer.from('1.3.6.1.4.1.1466.20037', 'ascii')
/** LDAPMessage 1, an ExtendedRequest with that name (RFC 4511 §4.12). */
const START_TLS = Buffer.from([0x30, 29, 0x02, 1, 1, 0x77, 24, 0x80, 22, ...START_TLS_OID])
/** Of the answer: a result and a few words. */
const MAX_ANSWER_BYTES = 4096

/** Connected, encrypted, the server's name verified. Throws `LdapFailed`. */
export async function openLdapSocket(server: LdapServer): Promise<Socket> {
  const socket = connectPlain({ host: server.host, port: server.port })
  const limit = setTimeout(() => socket.destroy(new Error('no connection in time')), server.timeoutSeconds * 1000)
  try {
    await event(socket, 'connect')
    if (server.security === 'plain') return socket
    if (server.security === 'starttls') await askForTls(socket)
    const encrypted = encrypt(socket, server)
    await event(encrypted, 'secureConnect')
    return encrypted
  } catch (error) {
    socket.destroy()
    throw unreachable(server, error)
  } finally {
    clearTimeout(limit)
  }
}

export function unreachable({ host, port }: LdapServer, cause: unknown): LdapFailed {
  return new LdapFailed('unreachable', `${host}:${String(port)}: ${wordsOf(cause)}`, { cause })
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'no reason given'
}

function encrypt(socket: Socket, { host, ca }: LdapServer): TLSSocket {
  return connectTls({
    socket,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.2',
    // Said here so that no environment variable says otherwise.
    rejectUnauthorized: true,
  })
}

/** Whatever follows the answer was not said under TLS: it ends the connection. */
async function askForTls(socket: Socket): Promise<void> {
  socket.write(START_TLS)
  let answer: Buffer = Buffer.alloc(0)
  while (!isWhole(answer)) {
    if (answer.length > MAX_ANSWER_BYTES) throw new Error('the answer to StartTLS has no end')
    answer = Buffer.concat([answer, await nextBytes(socket)])
  }
  const reader = new BerReader(answer)
  reader.readSequence()
  if (reader.readInt() !== 1 || reader.readSequence() !== 0x78) throw new Error('no answer to StartTLS')
  const result = reader.readEnumeration()
  if (result !== 0) throw new Error(`StartTLS: result ${String(result)}`)
}

function isWhole(answer: Buffer): boolean {
  const reader = new BerReader(answer)
  if (reader.readSequence() === null) return false
  if (reader.remain > reader.length) throw new Error('bytes in clear after the answer to StartTLS')
  return reader.remain === reader.length
}

async function nextBytes(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const closed = (): void => settle(() => reject(new Error('closed')))
    const failed = (error: Error): void => settle(() => reject(error))
    const received = (bytes: Buffer): void => {
      // Nothing is read past it until TLS does.
      socket.pause()
      settle(() => resolve(bytes))
    }
    const settle = (then: () => void): void => {
      socket.off('data', received).off('error', failed).off('close', closed)
      then()
    }
    socket.on('data', received).on('error', failed).on('close', closed)
    socket.resume()
  })
}

async function event(socket: Socket, name: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = (): void => settle(() => reject(new Error('closed')))
    const failed = (error: Error): void => settle(() => reject(error))
    const happened = (): void => settle(resolve)
    const settle = (then: () => void): void => {
      socket.off(name, happened).off('error', failed).off('close', closed)
      then()
    }
    socket.once(name, happened).once('error', failed).once('close', closed)
  })
}
