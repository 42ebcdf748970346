// The sockets: what a TLS listener refuses also after its certificate was replaced, and what a client that takes nothing can hold.
import 'reflect-metadata'
import { X509CertificateGenerator } from '@peculiar/x509'
import { webcrypto } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Listener, listenHttp, listenHttps, type TlsMaterial } from '../../src/http/listener.ts'
import { pemOf } from '../support/csr.ts'

const PLACE = { host: '127.0.0.1', port: 0 }
const LIMITS = { headerBytes: 16_384, connections: 100, requestSeconds: 5, idleSeconds: 5 }
const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

let [first, second]: TlsMaterial[] = []
let listener: Listener | undefined

beforeAll(async () => {
  first = await selfSigned()
  second = await selfSigned()
})
afterEach(async () => {
  listener?.destroy()
  await listener?.close()
  listener = undefined
})

async function selfSigned(): Promise<TlsMaterial> {
  const keys = (await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify'])) as CryptoKeyPair
  const made = await X509CertificateGenerator.createSelfSigned(
    { name: 'CN=localhost', keys, signingAlgorithm: EC },
    webcrypto as Crypto,
  )
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    certificateChain: made.toString('pem'),
    privateKey: pemOf('PRIVATE KEY', new Uint8Array(pkcs8)),
    clientAuthorities: [],
  }
}

async function listen(): Promise<Listener> {
  if (first === undefined) throw new Error('no certificate was made')
  const tls = { material: first, clientCertificate: 'asked', sessionSeconds: 3600 } as const
  listener = await listenHttps(PLACE, () => new Response('here'), LIMITS, tls)
  return listener
}

/** Resolves on the handshake, rejects with the error that ended it. */
function shake({ port }: Listener, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((connected, failed) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => connected(socket))
    socket.once('error', failed)
  })
}

const shownBy = async (from: Listener): Promise<string | undefined> => {
  const socket = await shake(from, {})
  const shown = socket.getPeerX509Certificate()?.toString()
  socket.destroy()
  return shown
}

describe.each(['as it was opened', 'after a replacement'])('a TLS listener %s', (when) => {
  async function opened(): Promise<Listener> {
    const made = await listen()
    if (second !== undefined && when === 'after a replacement') made.replaceMaterial(second)
    return made
  }

  test('refuses a renegotiation', async () => {
    const socket = await shake(await opened(), { maxVersion: 'TLSv1.2' })
    const outcome = await new Promise((ended) => {
      socket.on('error', (error) => ended(error))
      socket.renegotiate({}, (error) => ended(error))
    })
    expect(outcome).toMatchObject({ code: 'ERR_SSL_NO_RENEGOTIATION' })
    socket.destroy()
  })

  test('refuses TLS 1.1', async () => {
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
    await expect(shake(await opened(), old)).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
  })
})

describe('replaceMaterial', () => {
  test('shows the new certificate to new connections', async () => {
    const made = await listen()
    const before = await shownBy(made)
    if (second !== undefined) made.replaceMaterial(second)
    const after = await shownBy(made)
    expect(after).toBeDefined()
    expect(after).not.toBe(before)
  })

  test.each([
    ['the same material again keeps the sessions', () => first, true],
    ['another certificate ends them', () => second, false],
  ])('%s', async (_, replacement, resumes) => {
    const made = await listen()
    const socket = await shake(made, { maxVersion: 'TLSv1.2' })
    const session = socket.getSession()
    socket.destroy()
    const next = replacement()
    if (next !== undefined) made.replaceMaterial({ ...next })
    const again = await shake(made, { maxVersion: 'TLSv1.2', ...(session === undefined ? {} : { session }) })
    expect(again.isSessionReused()).toBe(resumes)
    again.destroy()
  })
})

test('a client that does not read its answer is let go', async () => {
  // More than the kernel holds for both ends.
  const large = new Uint8Array(64 * 1024 * 1024)
  const ended = Promise.withResolvers<undefined>()
  const answer: Parameters<typeof listenHttp>[1] = (_, env) => {
    if ('incoming' in env) env.incoming.socket.once('close', () => ended.resolve(undefined))
    return new Response(large)
  }
  listener = await listenHttp(PLACE, answer, { ...LIMITS, idleSeconds: 0.2 })
  const socket = connectTcp(listener.port, '127.0.0.1').pause()
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  // Nothing is read: only the listener can end this.
  await ended.promise
  socket.destroy()
})
