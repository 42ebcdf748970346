// The sockets: what a TLS listener refuses also after its certificate was replaced, what a client that takes nothing can hold,
// what is refused before an application sees it, and how long a graceful stop takes.
import 'reflect-metadata'
import { X509CertificateGenerator } from '@peculiar/x509'
import { webcrypto } from 'node:crypto'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Listener, type ListenerLimits, listenHttp, listenHttps } from '../../src/http/listener.ts'
import type { TlsMaterial } from '../../src/http/tls-context.ts'
import { pemOf } from '../support/csr.ts'

type Fetch = Parameters<typeof listenHttp>[1]['fetch']

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
  listener = await listenHttps(PLACE, { fetch: () => new Response('here') }, LIMITS, tls)
  return listener
}

/** Resolves on the handshake, rejects with the error that ended it. */
function shake({ port }: Pick<Listener, 'port'>, options: ConnectionOptions): Promise<TLSSocket> {
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
  const answer: Fetch = (_, env) => {
    if ('incoming' in env) env.incoming.socket.once('close', () => ended.resolve(undefined))
    return new Response(large)
  }
  listener = await listenHttp(PLACE, { fetch: answer }, { ...LIMITS, idleSeconds: 0.2 })
  const socket = connectTcp(listener.port, '127.0.0.1').pause()
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  // Nothing is read: only the listener can end this.
  await ended.promise
  socket.destroy()
})

describe.each(['plain', 'TLS'] as const)('what is refused before the application, over %s', (kind) => {
  let served: string[]
  let answerNow: () => void

  async function opened(limits: Partial<ListenerLimits> = {}): Promise<Listener> {
    served = []
    const answered = new Promise<void>((resolve) => {
      answerNow = resolve
    })
    const fetch: Fetch = async (request) => {
      const { pathname } = new URL(request.url)
      served.push(pathname)
      if (pathname === '/slow') await answered
      if (pathname === '/body') await request.text().catch(() => '')
      return new Response('here')
    }
    const all = { ...LIMITS, ...limits }
    if (first === undefined) throw new Error('no certificate was made')
    const tls = { material: first, clientCertificate: 'asked', sessionSeconds: 3600 } as const
    listener = kind === 'TLS' ? await listenHttps(PLACE, { fetch }, all, tls) : await listenHttp(PLACE, { fetch }, all)
    return listener
  }

  async function connected(to: Listener): Promise<Socket> {
    return kind === 'TLS' ? shake(to, {}) : connectTcp(to.port, '127.0.0.1')
  }

  /** All that comes until the listener ends the connection. */
  function readToEnd(socket: Socket): Promise<string> {
    return new Promise((ended) => {
      let text = ''
      socket.setEncoding('utf8')
      socket.on('data', (chunk: string) => (text += chunk))
      socket.on('error', () => undefined)
      socket.on('close', () => ended(text))
    })
  }

  async function ask(text: string, limits?: Partial<ListenerLimits>): Promise<string> {
    const socket = await connected(await opened(limits))
    const all = readToEnd(socket)
    socket.write(text)
    return all
  }

  const HOST = 'host: localhost\r\n'

  test.each<[what: string, text: string, status: number, code: string]>([
    ['a line that is no HTTP', 'HELLO\r\n\r\n', 400, 'request_unreadable'],
    ['another protocol', 'GET / SPDY/3\r\n\r\n', 400, 'request_unreadable'],
    ['a space before a colon', `GET / HTTP/1.1\r\n${HOST}a : b\r\n\r\n`, 400, 'request_unreadable'],
    ['a Host that is none', 'GET / HTTP/1.1\r\nhost: a b\r\n\r\n', 400, 'request_unreadable'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, 'request_ambiguous'],
    ['no Host beside a whole URL', 'GET http://localhost/ HTTP/1.1\r\n\r\n', 400, 'request_ambiguous'],
    ['an expectation', `GET / HTTP/1.1\r\n${HOST}expect: the-unexpected\r\n\r\n`, 417, 'expectation_unknown'],
    [
      'headers over the limit, and far more than them',
      `GET / HTTP/1.1\r\n${HOST}a: ${'x'.repeat(400_000)}`,
      431,
      'headers_too_large',
    ],
  ])('%s', async (_, text, status, code) => {
    const answer = await ask(text)
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(head.toLowerCase()).toContain('connection: close')
    expect(head.toLowerCase()).toContain('content-type: application/problem+json')
    expect(JSON.parse(body)).toMatchObject({ status, code, type: `urn:signet:problem:${code}` })
    expect(head).toContain(`x-request-id: ${(JSON.parse(body) as { requestId: string }).requestId}`)
    expect(served).toEqual([])
  })

  test.each([
    ['headers', `GET / HTTP/1.1\r\n${HOST}`],
    ['a body', `POST /body HTTP/1.1\r\n${HOST}content-length: 3\r\n\r\na`],
  ])('%s that never end', async (_, text) => {
    const answer = await ask(text, { requestSeconds: 0.1 })
    expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*"code":"request_too_slow"/)
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
  })

  test('what comes after an answer is answered after it', async () => {
    const socket = await connected(await opened())
    const all = readToEnd(socket)
    socket.once('data', () => socket.write('HELLO\r\n\r\n'))
    socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*hereHTTP\/1\.1 400 [^]*request_unreadable/)
  })

  test('what comes behind a request is not taken for its answer', async () => {
    expect(await ask(`GET /slow HTTP/1.1\r\n${HOST}\r\nHELLO\r\n\r\n`)).toBe('')
    expect(served).toEqual(['/slow'])
    answerNow()
  })

  test('100-continue is no unknown expectation', async () => {
    const text = `POST /body HTTP/1.1\r\n${HOST}expect: 100-continue\r\nconnection: close\r\ncontent-length: 1\r\n\r\na`
    expect(await ask(text)).toMatch(/^HTTP\/1\.1 100 [^]*HTTP\/1\.1 200 /)
  })
})

test('a handshake that failed gets no HTTP', async () => {
  const { port } = await listen()
  const socket = connectTcp(port, '127.0.0.1')
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => (received += chunk))
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => void socket.once('close', resolve))
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await closed
  // At most a TLS alert.
  expect(received).not.toContain('HTTP')
})

describe.each(['plain', 'TLS'] as const)('a graceful stop, over %s', (kind) => {
  // More than the kernel holds for both ends.
  const LARGE = 16 * 1024 * 1024
  const HOST = 'host: localhost\r\n'
  let served: string[]
  let reached: PromiseWithResolvers<undefined>
  let proceed: PromiseWithResolvers<undefined>

  const answers: Record<string, () => Promise<Response> | Response> = {
    '/now': () => new Response('now'),
    '/large': () => new Response(new Uint8Array(LARGE)),
    '/late': async () => {
      await proceed.promise
      return new Response('late')
    },
    '/parts': () => {
      const start = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
        controller.enqueue(Buffer.from('first'))
        await proceed.promise
        controller.enqueue(Buffer.from('second'))
        controller.close()
      }
      return new Response(new ReadableStream({ start }))
    },
  }

  beforeEach(async () => {
    served = []
    reached = Promise.withResolvers()
    proceed = Promise.withResolvers()
    const fetch: Fetch = (request) => {
      const { pathname } = new URL(request.url)
      served.push(pathname)
      reached.resolve(undefined)
      return answers[pathname]?.() ?? new Response(null, { status: 404 })
    }
    if (first === undefined) throw new Error('no certificate was made')
    // Nothing here may end by a timeout.
    const limits = { ...LIMITS, requestSeconds: 600, idleSeconds: 600 }
    const tls = { material: first, clientCertificate: 'asked', sessionSeconds: 3600 } as const
    listener =
      kind === 'TLS' ? await listenHttps(PLACE, { fetch }, limits, tls) : await listenHttp(PLACE, { fetch }, limits)
  })

  async function connected(): Promise<{ readonly socket: Socket; readonly all: Promise<string> }> {
    const { port } = listener ?? { port: 0 }
    const socket = kind === 'TLS' ? await shake({ port }, {}) : connectTcp(port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => undefined)
    const all = new Promise<string>((ended) => {
      socket.once('close', () => ended(Buffer.concat(chunks).toString('latin1')))
    })
    return { socket, all }
  }
  const request = (path: string) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`

  test('ends a connection that waits', async () => {
    const { socket, all } = await connected()
    const answered = new Promise((resolve) => void socket.once('data', resolve))
    socket.write(request('/now'))
    await answered
    await listener?.close()
    expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*now$/)
  })

  test('ends a connection with its answer', async () => {
    const { socket, all } = await connected()
    socket.write(request('/late'))
    await reached.promise
    const closed = listener?.close()
    proceed.resolve(undefined)
    await closed
    expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*connection: close\r\n[^]*late$/i)
  })

  test('ends a connection after an answer that has begun', async () => {
    const { socket, all } = await connected()
    const begun = new Promise((resolve) => void socket.once('data', resolve))
    socket.write(request('/parts'))
    await begun
    const closed = listener?.close()
    proceed.resolve(undefined)
    await closed
    expect(await all).toMatch(/^HTTP\/1\.1 200 [^]*first[^]*second/)
  })

  test('does not cut off an answer that is not taken yet, nor one that waits behind it', async () => {
    const { socket, all } = await connected()
    socket.pause()
    socket.write(request('/large') + request('/late'))
    await vi.waitFor(() => expect(served).toEqual(['/large', '/late']))
    const closed = listener?.close()
    proceed.resolve(undefined)
    socket.resume()
    await closed
    const text = await all
    expect(text.length).toBeGreaterThan(LARGE)
    expect(text.slice(-4)).toBe('late')
  })

  test('answers nothing behind the last answer', async () => {
    const { socket, all } = await connected()
    socket.write(request('/late'))
    await reached.promise
    const closed = listener?.close()
    await new Promise<void>((written) => void socket.write(request('/now'), () => written()))
    proceed.resolve(undefined)
    await closed
    expect((await all).match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(served).toEqual(['/late'])
  })

  test('takes no new connection', async () => {
    const { port } = listener ?? { port: 0 }
    await listener?.close()
    const refused = new Promise((failed) => void connectTcp(port, '127.0.0.1').once('error', failed))
    expect(await refused).toMatchObject({ code: 'ECONNREFUSED' })
  })
})
