// A TLS session, and connections that resume it.
import type { TLSSocket } from 'node:tls'
import { expect } from 'vitest'
import type { ClientIdentity } from '../support/https-client.ts'
import { connectTo, type RawServer } from './raw-request.ts'

export const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

export interface TlsSession {
  readonly socket: TLSSocket
  readonly resume: () => Promise<TLSSocket>
}

export async function openSession(
  server: RawServer,
  version: (typeof TLS_VERSIONS)[number],
  identity: ClientIdentity,
  more: { readonly servername?: string } = {},
): Promise<TlsSession> {
  const options = { ...more, minVersion: version, maxVersion: version }
  const tickets: Buffer[] = []
  const socket = await connectTo(server, identity, options)
  const ticket = new Promise<void>((came) =>
    socket.on('session', (session: Buffer) => {
      tickets.push(session)
      came()
    }),
  )
  expect(socket.getProtocol()).toBe(version)
  const session = socket.getSession()
  if (version === 'TLSv1.3') await ticket
  return {
    socket,
    resume: async () => {
      const given = tickets.at(-1) ?? session
      const resumed = await connectTo(server, identity, {
        ...options,
        ...(given === undefined ? {} : { session: given }),
      })
      expect(resumed.isSessionReused()).toBe(true)
      return resumed
    },
  }
}
