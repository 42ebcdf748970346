// The guards in the frameworks they are for, over real connections: the same requests get the same answers everywhere, each request is
// judged anew, and a handler knows who calls.
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { createSecureServer, connect as connectHttp2, constants } from 'node:http2'
import { createServer as createHttpServer } from 'node:http'
import { Agent, createServer as createHttpsServer, request } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseIssuerId } from '../../../src/domain/issuer-id.ts'
import {
  guardExpress,
  guardFastify,
  guardHono,
  guardRequests,
  guardStreams,
  identityOf,
  type PeerGuard,
  type PeerIdentity,
  type PeerQuestion,
} from '../../../src/verifier/index.ts'
import { peerTlsOptions } from '../../../src/verifier/peer/tls-options.ts'
import type { PeerJudge } from '../../../src/verifier/peer/verifier.ts'
import { LEAF_TIME } from '../authorities.ts'
import { judgeOf, leafOf, makeWorld, NOW, pairOf, toldOf, type World } from './clinic.ts'

interface Answer {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: string
  readonly json: Record<string, unknown>
}

type Pair = Awaited<ReturnType<typeof pairOf>>

let world: World
let judge: PeerJudge
let now: Date
let tls: Pair & ReturnType<typeof peerTlsOptions>
let alice: Pair
const refusals: string[] = []

const GUARD = {
  verifier: {
    verifyPeer: (socket: object | null | undefined, question: PeerQuestion) => judge.verifyPeer(socket, question),
  },
  actingUser: { header: 'Signet-Act-As' },
  revocation: 'required',
  now: () => now,
  onRefused: ({ code, fault }: { code: string; fault: string }) => refusals.push(`${code} ${fault}`),
} as const satisfies PeerGuard

beforeAll(async () => {
  world = await makeWorld()
  alice = await pairOf(await leafOf(world, 'project-user'))
  tls = { ...(await pairOf(await leafOf(world, 'service'))), ...peerTlsOptions([world.root.der]) }
})
beforeEach(async () => {
  judge = await judgeOf(world)
  now = NOW
  refusals.length = 0
})

const tell = (identity: PeerIdentity): string => `${identity.kind} ${identity.actingName}`

type Listening = Server & { closeAllConnections?: () => void }
type Start = () => Promise<Listening>

function listening(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

const STARTS: Readonly<Record<string, Start>> = {
  'node:https': () =>
    listening(
      createHttpsServer(
        tls,
        guardRequests(GUARD, (_, response, identity) => response.end(tell(identity))),
      ),
    ),
  'Express 5': () => {
    const app = express()
    app.use(guardExpress(GUARD))
    app.get('/', (incoming, response) => {
      const { identity } = response.locals
      if (identity !== identityOf(incoming)) throw new Error('two identities')
      response.send(tell(identityOf(incoming)))
    })
    return listening(createHttpsServer(tls, app))
  },
  'Fastify 5': async () => {
    const app = fastify({ https: { ...tls, ca: [...tls.ca] } })
    app.addHook('onRequest', guardFastify(GUARD))
    app.get('/', (incoming) => tell(identityOf(incoming)))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
  Hono: () => {
    const app = new Hono<{ Variables: { identity: PeerIdentity } }>()
    app.use(guardHono(GUARD))
    app.get('/', (c) => {
      if (c.get('identity') !== identityOf(c)) throw new Error('two identities')
      return c.text(tell(c.get('identity')))
    })
    return new Promise((resolve) => {
      const server = serve(
        { fetch: app.fetch, port: 0, hostname: '127.0.0.1', createServer: createHttpsServer, serverOptions: tls },
        () => resolve(server),
      )
    })
  },
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

interface Asked {
  readonly pair?: Pair | undefined
  readonly agent?: Agent
  readonly headers?: Record<string, string | string[]>
}

const ALICE = { 'signet-act-as': 'fraud__alice' }

function ask(
  server: Server,
  { pair, agent, headers = ALICE }: Asked,
): Promise<Answer & { readonly socket: TLSSocket }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: portOf(server), rejectUnauthorized: false, headers, agent: agent ?? false, ...pair },
      (response) => {
        const { socket } = response
        if (!(socket instanceof TLSSocket)) throw new Error('no TLS')
        let body = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
        response.on('end', () => resolve({ ...answerOf(response.statusCode, response.headers, body), socket }))
      },
    )
    asked.on('error', reject).end()
  })
}

function answerOf(status: number | undefined, headers: Record<string, unknown>, body: string): Answer {
  const isProblem = String(headers['content-type']).startsWith('application/problem+json')
  return { status: status ?? 0, headers, body, json: isProblem ? (JSON.parse(body) as Record<string, unknown>) : {} }
}

describe.each(Object.keys(STARTS))('%s', (name) => {
  let server: Listening

  beforeAll(async () => {
    server = (await STARTS[name]?.()) ?? (await Promise.reject(new Error(name)))
  })
  afterAll(() => {
    server.closeAllConnections?.()
    server.close()
  })

  test('lets in whom it knows, and says who it is', async () => {
    expect(await ask(server, { pair: alice })).toMatchObject({ status: 200, body: 'member fraud__alice' })
  })

  test.each([
    ['no certificate', { pair: undefined }, 401, 'CREDENTIAL_MISSING', 'no-client-certificate'],
    ['another name', { headers: { 'signet-act-as': 'fraud__bob' } }, 403, 'CERT_CN_MISMATCH', 'acting-user'],
    ['no name', { headers: {} }, 403, 'CERT_CN_MISMATCH', 'acting-user'],
    [
      'two names',
      { headers: { 'signet-act-as': ['fraud__alice', 'fraud__bob'] } },
      400,
      'REQUEST_AMBIGUOUS',
      'acting-user-twice',
    ],
    [
      'one name twice',
      { headers: { 'signet-act-as': ['fraud__alice', 'fraud__alice'] } },
      400,
      'REQUEST_AMBIGUOUS',
      'acting-user-twice',
    ],
    [
      'two names in one',
      { headers: { 'signet-act-as': 'fraud__alice, fraud__bob' } },
      403,
      'CERT_CN_MISMATCH',
      'acting-user',
    ],
    [
      'an underscore for a dash',
      { headers: { signet_act_as: 'fraud__alice' } },
      403,
      'CERT_CN_MISMATCH',
      'acting-user',
    ],
  ] as const)('refuses %s', async (_, asked, status, code, fault) => {
    const answer = await ask(server, { pair: alice, ...asked } as Asked)
    expect(answer).toMatchObject({ status, json: { type: `urn:signet:reason:${code}`, status, code } })
    expect(answer.headers).toMatchObject({ 'x-authz-reason': code, 'cache-control': 'no-store' })
    expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Mutual realm="signet"' : undefined)
    // What exactly is for the log of the server.
    expect(answer.body).not.toContain(fault)
    expect(refusals).toEqual([`${code} ${fault}`])
  })

  test('judges each request of a connection: revoked and expired in between', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false, ...alice })
    const first = await ask(server, { agent })
    expect(first.status).toBe(200)
    judge.tell(parseIssuerId('users-1'), toldOf('revoked', 7))
    const second = await ask(server, { agent })
    expect(second).toMatchObject({ status: 401, json: { code: 'CERT_REVOKED' } })
    judge = await judgeOf(world)
    now = new Date(LEAF_TIME.notAfter.getTime() + 1000)
    expect(await ask(server, { agent })).toMatchObject({ status: 401, json: { code: 'CERT_EXPIRED' } })
    expect(second.socket).toBe(first.socket)
    agent.destroy()
  })

  test('refuses with 503 where revocation is unknown', async () => {
    judge = await judgeOf(world, { crls: [] })
    const answer = await ask(server, { pair: alice })
    expect(answer).toMatchObject({ status: 503, json: { code: 'REVOCATION_STALE' }, headers: { 'retry-after': '1' } })
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a resumed session of %s is judged as any other', async (version) => {
    const agent = new Agent({
      keepAlive: false,
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
      ...alice,
    })
    expect(await ask(server, { agent })).toMatchObject({ status: 200 })
    const resumed = await ask(server, { agent })
    expect([resumed.status, resumed.socket.isSessionReused()]).toEqual([200, true])
    now = new Date(LEAF_TIME.notAfter.getTime() + 1000)
    const expired = await ask(server, { agent })
    expect([expired.json['code'], expired.socket.isSessionReused()]).toEqual(['CERT_EXPIRED', true])
    now = NOW
    judge.tell(parseIssuerId('users-1'), toldOf('revoked', 7))
    const revoked = await ask(server, { agent })
    expect([revoked.json['code'], revoked.socket.isSessionReused()]).toEqual(['CERT_REVOKED', true])
    agent.destroy()
  })
})

describe('HTTP/2', () => {
  const STYLES = {
    requests: () => {
      const server = createSecureServer(tls)
      server.on(
        'request',
        guardRequests(GUARD, (_, response, identity) => response.end(tell(identity))),
      )
      return listening(server)
    },
    streams: () => {
      const server = createSecureServer(tls)
      server.on(
        'stream',
        guardStreams(GUARD, (stream, _headers, identity) => {
          if (identity !== identityOf(stream)) throw new Error('two identities')
          stream.respond({ ':status': 200 })
          stream.end(tell(identity))
        }),
      )
      return listening(server)
    },
  }

  test.each(['requests', 'streams'] as const)('%s of one connection are each judged', async (style) => {
    const server = await STYLES[style]()
    const session = connectHttp2(`https://127.0.0.1:${String(portOf(server))}`, { rejectUnauthorized: false, ...alice })
    const askStream = (headers: Record<string, string | string[]>) =>
      new Promise<Answer>((resolve, reject) => {
        const stream = session.request({ [constants.HTTP2_HEADER_PATH]: '/', ...headers })
        let answered: Record<string, unknown> = {}
        let body = ''
        stream.on('response', (got) => (answered = { ...got }))
        stream.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
        stream.on('error', reject).on('end', () => resolve(answerOf(Number(answered[':status']), answered, body)))
      })
    const both = await Promise.all([askStream(ALICE), askStream({ 'signet-act-as': 'fraud__bob' })])
    expect(both).toMatchObject([
      { status: 200, body: 'member fraud__alice' },
      { status: 403, json: { code: 'CERT_CN_MISMATCH' } },
    ])
    expect(await askStream({})).toMatchObject({ status: 403, json: { code: 'CERT_CN_MISMATCH' } })
    judge.tell(parseIssuerId('users-1'), toldOf('revoked', 7))
    expect(await askStream(ALICE)).toMatchObject({ status: 401, json: { code: 'CERT_REVOKED' } })
    session.close()
    server.close()
  })

  test('a peer that leaves at once is answered nothing, and ends no server', async () => {
    const server = createSecureServer(tls)
    const left = new Promise<readonly [object]>((resolve) => {
      server.on('stream', (stream) => {
        const { socket } = stream.session ?? {}
        stream.session?.destroy()
        stream.destroy()
        stream.once('close', () => setImmediate(() => resolve([socket ?? {}])))
      })
    })
    // An error here would be one that nobody catches.
    server.on(
      'stream',
      guardStreams(GUARD, () => expect.unreachable()),
    )
    await listening(server)
    const session = connectHttp2(`https://127.0.0.1:${String(portOf(server))}`, { rejectUnauthorized: false })
    session.on('error', () => undefined)
    session.request({ ':path': '/' }).on('error', () => undefined)
    const [socket] = await left
    expect((): unknown => Reflect.get(socket, 'getPeerX509Certificate')).toThrow('disconnected')
    expect(judge.verifyPeer(socket, { actingUser: 'a', at: NOW, revocation: 'required' })).toMatchObject({
      code: 'PDP_UNAVAILABLE',
    })
    session.destroy()
    server.close()
  })

  test('a session without a certificate gets in on no stream', async () => {
    const server = await STYLES.streams()
    const session = connectHttp2(`https://127.0.0.1:${String(portOf(server))}`, { rejectUnauthorized: false })
    const status = await new Promise((resolve) => {
      session
        .request({ ':path': '/', ...ALICE })
        .on('response', (got) => resolve(got[':status']))
        .resume()
        .end()
    })
    expect(status).toBe(401)
    session.close()
    server.close()
  })
})

test('behind a proxy that ends TLS nobody is let in, whatever a header says', async () => {
  const server = await listening(createHttpServer(guardRequests(GUARD, (_, response) => response.end('in'))))
  const answer = await fetch(`http://127.0.0.1:${String(portOf(server))}/`, {
    headers: { ...ALICE, 'x-forwarded-client-cert': 'By=x;Hash=y', 'x-client-cert': encodeURIComponent(alice.cert) },
  })
  expect([answer.status, answer.headers.get('x-authz-reason')]).toEqual([401, 'CREDENTIAL_MISSING'])
  server.close()
})

test('a guard of Hono without Node’s request lets nobody in', async () => {
  const app = new Hono()
  app.use(guardHono(GUARD))
  app.get('/', (c) => c.text('in'))
  expect((await app.request('/', { headers: ALICE })).status).toBe(401)
})

test('a handler that no guard stands before knows nobody', () => {
  expect(() => identityOf({})).toThrow('no guard')
})

test('the name may come from anywhere; a function that throws lets nobody in', async () => {
  const from = (actingUser: PeerGuard['actingUser']) =>
    listening(
      createHttpsServer(
        tls,
        guardRequests({ ...GUARD, actingUser }, (_, response, identity) => response.end(tell(identity))),
      ),
    )
  const itself = await from({ kind: 'credential-itself' })
  expect(await ask(itself, { pair: alice, headers: {} })).toMatchObject({ status: 200, body: 'member fraud__alice' })
  const nobody = await from(() => undefined)
  expect(await ask(nobody, { pair: alice })).toMatchObject({ status: 403 })
  const called = await from(() => 'fraud__alice')
  expect(await ask(called, { pair: alice, headers: {} })).toMatchObject({ status: 200 })
  const throws = await from(() => {
    throw new Error('no such path')
  })
  expect(await ask(throws, { pair: alice })).toMatchObject({ status: 503, json: { code: 'PDP_UNAVAILABLE' } })
  for (const server of [itself, nobody, called, throws]) server.close()
})

test('a log that fails changes nothing', async () => {
  const onRefused = () => {
    throw new Error('no space left')
  }
  const server = await listening(
    createHttpsServer(
      tls,
      guardRequests({ ...GUARD, onRefused }, () => expect.unreachable()),
    ),
  )
  expect(await ask(server, { pair: alice, headers: {} })).toMatchObject({ status: 403 })
  server.close()
})
