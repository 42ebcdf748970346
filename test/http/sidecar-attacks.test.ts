// What clients and model servers say that nobody should: raw bytes to the sidecar's real listener, and raw bytes back from behind it.
// Nothing of it ends the process, reaches the model server in another reading, or stays open for ever.
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RawUpstream } from '../support/raw-upstream.ts'
import { runSidecar, type TestSidecar } from '../support/running-sidecar.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'
import { SettableClock } from './settable-clock.ts'

let service: TestService
let upstream: RawUpstream
let owner: Certified
let alice: Certified
let sidecar: TestSidecar

const DEPLOYMENT = { project: 'vision', host: 'model.internal', service: 'localhost.internal' }

beforeAll(async () => {
  const clock = new SettableClock()
  service = await TestService.start({ clock })
  upstream = await RawUpstream.start()
  owner = await service.addProject('vision', 'olga')
  alice = await service.addMember('vision', 'alice', owner)
  const identity = await service.addService('localhost.internal', { dnsNames: ['model.internal'] })
  await service.addDeployment('resnet', DEPLOYMENT)
  const body = { service: 'localhost.internal', deployments: ['resnet'] }
  expectStatus(await service.put('/v1/sidecars/front', body, owner), 200)
  const setting = { service, name: 'front', deployment: 'resnet', identity, upstream: upstream.url, clock }
  sidecar = await runSidecar(setting)
  await sidecar.until(() => sidecar.policy.position !== undefined)
})

afterAll(async () => {
  await sidecar.stop(0)
  await upstream.stop()
  await service.close()
})

beforeEach(() => {
  upstream.forget()
  upstream.always(GOOD)
})

const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const HEAD = 'Host: model.internal\r\nSignet-Act-As: vision__alice\r\n'
const get = (more = '', target = '/v1/x', version = '1.1') => `GET ${target} HTTP/${version}\r\n${HEAD}${more}\r\n`
const CLOSE = 'Connection: close\r\n'

function open(identity: Certified = alice): Promise<TLSSocket> {
  return new Promise((opened, failed) => {
    const shown = { cert: identity.certificate, key: identity.key }
    const target = { host: '127.0.0.1', port: sidecar.port, servername: 'model.internal', ca: service.ca, ...shown }
    const socket = connect(target, () => opened(socket))
    socket.on('error', failed)
  })
}

/** All that comes back until the connection ends, or until it fulfils `enough`. */
async function told(text: string, enough: RegExp = /^\b$/, identity: Certified = alice): Promise<string> {
  const socket = await open(identity)
  const answer = new Promise<string>((done) => {
    let got = ''
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString('latin1')
      if (enough.test(got)) done(got)
    })
    socket.on('error', () => done(got))
    socket.on('close', () => done(got))
  })
  socket.write(Buffer.from(text, 'latin1'))
  const got = await answer
  socket.destroy()
  return got
}

const statusOf = (text: string): number => Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0)

/** Until it is so: what a process notices when a connection ends has no event of ours. */
async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((look) => setTimeout(look, 5))
}

describe('a client', () => {
  test.each<[string, number, string]>([
    ['two hosts', 400, get(`Host: other.internal\r\n${CLOSE}`)],
    ['no host', 400, `GET / HTTP/1.1\r\nSignet-Act-As: vision__alice\r\n${CLOSE}\r\n`],
    ['two lengths', 400, `POST / HTTP/1.1\r\n${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n${CLOSE}\r\nab`],
    [
      'a length and chunks',
      400,
      `POST / HTTP/1.1\r\n${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['chunks under another name', 400, `POST / HTTP/1.1\r\n${HEAD}Transfer_Encoding: chunked\r\n${CLOSE}\r\n`],
    [
      'a coding that we do not undo',
      501,
      `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: gzip, chunked\r\n${CLOSE}\r\n0\r\n\r\n`,
    ],
    ['chunks twice', 400, `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked, chunked\r\n${CLOSE}\r\n0\r\n\r\n`],
    ['Connection: signet-subject', 400, get('Connection: close, signet-subject\r\n')],
    ['Connection: signet-act-as', 400, get('Connection: close, signet-act-as\r\n')],
    ['absolute form', 400, get(CLOSE, 'http://elsewhere.internal/v1/x')],
    ['a target that is a host', 400, get(CLOSE, '*')],
    ['a bare line feed in a value', 400, get(`X-A: 1\nSignet-Subject: root\r\n${CLOSE}`)],
    ['a folded line', 400, get(`X-A: 1\r\n Signet-Subject: root\r\n${CLOSE}`)],
    ['a space before the colon', 400, get(`Signet-Subject : root\r\n${CLOSE}`)],
    ['300 headers', 400, get(`${'X-A: 1\r\n'.repeat(300)}${CLOSE}`)],
    ['an expectation that is none', 417, get(`Expect: signet\r\n${CLOSE}`)],
  ])('with %s is refused', async (_, status, text) => {
    expect(statusOf(await told(text))).toBe(status)
    expect(upstream.received).toEqual([])
  })

  test('cannot have the model server read another path, method or origin from a header', async () => {
    const names = [
      'X-Original-URL',
      'X-Rewrite-URL',
      'X-Forwarded-Prefix',
      'X-Forwarded-Port',
      'X-HTTP-Method-Override',
    ]
    expect(statusOf(await told(get(`${names.map((name) => `${name}: /admin\r\n`).join('')}${CLOSE}`)))).toBe(200)
    expect(upstream.received[0]).not.toContain('admin')
  })

  test('of HTTP/1.0 gets an answer without chunks', async () => {
    upstream.always(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n',
    )
    const got = await told(get('', '/v1/x', '1.0'))
    expect([statusOf(got), got.endsWith('\r\n\r\nok')]).toEqual([200, true])
  })

  test('is not asked for its body before it may send one', async () => {
    const body = 'Content-Length: 3\r\nExpect: 100-continue\r\n'
    const text = `POST /v1/x HTTP/1.1\r\nHost: model.internal\r\nSignet-Act-As: vision__olga\r\n${body}\r\n`
    expect(statusOf(await told(text))).toBe(403)
    expect(await told(`POST /v1/x HTTP/1.1\r\n${HEAD}${body}\r\n`, /100 Continue/)).toContain('100 Continue')
  })

  test.each([
    ['h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n'],
    ['TLS', 'Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n'],
    ['one of two', 'Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n'],
  ])('cannot tunnel through an upgrade to %s', async (_, upgrade) => {
    upstream.always('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
    const got = await told(get(upgrade), /ok$/)
    expect(statusOf(got)).toBe(200)
    expect(upstream.received[0]).not.toMatch(/upgrade|http2-settings/i)
  })

  test('is not tunnelled to what the model server makes of a WebSocket', async () => {
    upstream.always('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
    const got = await told(get('Connection: Upgrade\r\nUpgrade: websocket\r\n'))
    expect(statusOf(got)).toBe(502)
  })

  test('cannot put a second request into the body of an upgrade', async () => {
    upstream.answer = (socket, text) => {
      if (/\r\n\r\n$/.test(text)) socket.write('HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n')
    }
    const smuggled = 'GET /admin HTTP/1.1\r\nSignet-Subject: root\r\n\r\n'
    const length = `Content-Length: ${String(smuggled.length)}\r\n`
    const upgrade = `GET /ws HTTP/1.1\r\n${HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\n`
    await told(`${upgrade}${length}\r\n${smuggled}`, /\r\n\r\n/)
    await told(get(CLOSE), /\r\n\r\n/)
    // One body, behind the length that it was told with, and then the next call.
    const text = upstream.received.join('')
    const rest = text.slice(text.indexOf('\r\n\r\n') + 4)
    expect(text).toContain(`ontent-Length: ${String(smuggled.length)}\r\n`)
    expect(rest.startsWith(smuggled)).toBe(true)
    expect(rest.slice(smuggled.length)).toMatch(/^GET \/v1\/x /)
  })

  test('gets pipelined answers in their order, and leaves nothing open behind it', async () => {
    upstream.answer = (socket, text) => {
      const [, target = ''] = /^GET (\S+)/.exec(text) ?? []
      if (text.endsWith('\r\n\r\n'))
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(target.length)}\r\n\r\n${target}`)
    }
    const both = await told(get('', '/first') + get(CLOSE, '/second'))
    expect(both.match(/\r\n\r\n\/(?:first|second)/g)).toEqual(['\r\n\r\n/first', '\r\n\r\n/second'])
    upstream.forget()
    upstream.answer = () => undefined
    const socket = await open()
    socket.write(get('', '/first') + get('', '/second'))
    await eventually(() => upstream.received.length === 2)
    socket.destroy()
    await eventually(() => sidecar.server.openCalls === 0 && upstream.openConnections === 0)
  })

  test('that has gone while it is decided leaves nothing open behind it', async () => {
    upstream.answer = () => undefined
    const sockets = await Promise.all(Array.from({ length: 20 }, () => open()))
    for (const socket of sockets) socket.end(get())
    await eventually(() => upstream.received.length > 0)
    for (const socket of sockets) socket.destroy()
    await eventually(() => sidecar.server.openCalls === 0 && upstream.openConnections === 0)
  })

  test('with more headers than are read reaches nobody', async () => {
    // The answer may be lost: what was not read resets the connection.
    expect([0, 431]).toContain(statusOf(await told(get(`X-A: ${'a'.repeat(70_000)}\r\n${CLOSE}`))))
    expect(upstream.received).toEqual([])
  })
})

describe('a model server', () => {
  test.each<[string, number, string]>([
    ['a status that is none', 502, 'HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n'],
    ['a status of three noughts', 502, 'HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n'],
    ['control characters for a reason', 200, 'HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n'],
    ['a line feed for a reason', 502, 'HTTP/1.1 200 O\nX: K\r\nContent-Length: 0\r\n\r\n'],
    ['control characters in a header', 502, 'HTTP/1.1 200 OK\r\nX-A: \x01\r\nContent-Length: 0\r\n\r\n'],
    ['a header that ends its line', 502, 'HTTP/1.1 200 OK\r\nX-A: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n'],
    ['two lengths', 502, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
    ['a length and chunks', 502, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok'],
    ['a trailer behind a length', 200, 'HTTP/1.1 200 OK\r\nTrailer: X-T\r\nContent-Length: 2\r\n\r\nok'],
    ['a trailer behind nothing', 204, 'HTTP/1.1 204 OK\r\nTrailer: X-T\r\n\r\n'],
    ['an upgrade that nobody asked for', 502, 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
    ['no HTTP', 502, 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['70 KiB of headers', 502, `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`],
    ['another place', 307, 'HTTP/1.1 307 There\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n'],
  ])('that answers with %s', async (_, status, text) => {
    upstream.always(text)
    expect(statusOf(await told(get(CLOSE)))).toBe(status)
    upstream.forget()
    upstream.always(GOOD)
    expect(statusOf(await told(get(CLOSE)))).toBe(200)
    await eventually(() => sidecar.server.openCalls === 0)
  })

  test('that answers before it has the body leaves no connection in between', async () => {
    upstream.always('HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n')
    const chunks = `${(600_000).toString(16)}\r\n${'x'.repeat(600_000)}\r\n`.repeat(3)
    const got = await told(`POST /v1/x HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunks}`, /\r\n\r\n/)
    expect(statusOf(got)).toBe(413)
    await eventually(() => sidecar.server.openCalls === 0)
  })

  test('never sees a body that is too long to be read where the model must be named', async () => {
    const { id } = expectStatus(await service.post('/v1/models', { name: 'llama' }, service.admin), 201).json
    const required = { ...DEPLOYMENT, model: id, modelSelector: 'required' }
    expectStatus(await service.put('/v1/deployments/resnet', required, owner), 200)
    await sidecar.until(() => sidecar.policy.snapshot.deployment('resnet')?.policy.modelSelector === 'required')
    const long = JSON.stringify({ inputs: 'x'.repeat(1_200_000), model: 'llama' })
    const chunks = `${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`
    const got = await told(`POST /v1/x HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunks}`, /\r\n\r\n/)
    expect([statusOf(got), upstream.received]).toEqual([400, []])
    expectStatus(await service.put('/v1/deployments/resnet', DEPLOYMENT, owner), 200)
    await sidecar.until(() => sidecar.policy.snapshot.deployment('resnet')?.policy.modelSelector === 'optional')
  })
})
