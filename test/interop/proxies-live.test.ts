// Real proxies with the configurations of docs/deploy, between callers and a model server.
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { EMITTED_IDENTITY_HEADERS, FOREIGN_IDENTITY_HEADERS } from '../../src/proxies/identity-headers.ts'
import { agentFor, type Answer, type ClientIdentity } from '../support/https-client.ts'
import { type ModelCall, valuesOf } from '../support/model-server.ts'
import type { Certified } from '../support/test-service.ts'
import { makeSelfSigned } from './forged.ts'
import { describeWith } from './program.ts'
import { closeProxyWorld, PROXY_KINDS, ProxyChain, type ProxyName, startProxyWorld } from './proxy-chain.ts'
import type { World } from './world.ts'

const AS_ALICE = { 'signet-act-as': 'vision__alice' }
const CHAT = { model: 'echo-1', messages: [{ role: 'user', content: 'hello' }] }

let world: World
let bob: Certified

beforeAll(async () => {
  world = await startProxyWorld()
  bob = await world.member('bob')
})
afterAll(() => closeProxyWorld(world))

describe.each(Object.keys(PROXY_KINDS) as ProxyName[])('%s', (name) => {
  describeWith([name], 'in front of a model server', () => {
    const deployment = `chat-${name}`
    let chain: ProxyChain

    beforeAll(async () => {
      chain = await ProxyChain.start(world, name, [`other.${name}.internal`])
      await chain.expose(deployment, { host: chain.host, unprotectedPaths: ['/healthz'] })
      await chain.register([deployment])
    })
    afterAll(() => chain.stop())
    beforeEach(() => chain.model.forgetCalls())

    const get = (
      path: string,
      identity?: ClientIdentity,
      headers: Record<string, string> = AS_ALICE,
    ): Promise<Answer> => chain.send({ method: 'GET', path, headers }, identity)

    /** The one call that reached the model server. */
    function theCall(): ModelCall {
      const [call, ...more] = chain.model.calls
      if (call === undefined || more.length > 0) throw new Error(`${String(chain.model.calls.length)} calls`)
      return call
    }

    function refused({ status, headers }: Answer): unknown {
      expect(chain.model.calls).toEqual([])
      return { status, reason: headers['x-authz-reason'] }
    }

    it('lets the good caller through, and tells the model who it is', async () => {
      const path = '/v1/chat/completions'
      const answer = await chain.send({ method: 'POST', path, headers: AS_ALICE, body: CHAT }, world.alice)
      expect(answer.status).toBe(200)
      expect(answer.text).toContain('You said: hello')
      const call = theCall()
      expect(call.body).toBe(JSON.stringify(CHAT))
      expect(valuesOf(call, 'signet-subject')).toEqual(['vision__alice'])
      expect(valuesOf(call, 'signet-acting-user')).toEqual(['vision__alice'])
      expect(valuesOf(call, 'signet-project')).toEqual(['vision'])
      expect(valuesOf(call, 'signet-deployment')).toEqual([deployment])
    })

    it('hands on an identity that the model server can verify by itself', async () => {
      await get('/echo', world.alice)
      const [token = ''] = valuesOf(theCall(), 'signet-identity')
      const { json } = await world.service.get('/.well-known/jwks.json')
      const keys = createLocalJWKSet(json as unknown as JSONWebKeySet)
      const expected = { audience: deployment, issuer: world.service.url, typ: 'identity+jwt' }
      const { payload } = await jwtVerify(token, keys, expected)
      expect(payload.sub).toBe('vision__alice')
    })

    it('refuses who acts as somebody else', async () => {
      expect(refused(await get('/echo', bob))).toEqual({ status: 403, reason: 'CERT_CN_MISMATCH' })
    })

    it('refuses who shows nothing, and says what would do', async () => {
      const answer = await get('/echo')
      expect(refused(answer)).toEqual({ status: 401, reason: 'CREDENTIAL_MISSING' })
      expect(answer.headers['www-authenticate']).toContain('Mutual realm=')
    })

    it('refuses a revoked certificate from the very next request on, on a connection that is open', async () => {
      const user = `left-${name}`
      const leaver = await world.member(user)
      const agent = agentFor({ ca: world.service.ca, identity: leaver })
      const asked = { method: 'GET', path: '/echo', headers: { 'signet-act-as': `vision__${user}` } }
      expect((await chain.send(asked, leaver, agent)).status).toBe(200)
      const connections = openConnections(agent)
      chain.model.forgetCalls()
      await world.revoke(leaver)
      expect(refused(await chain.send(asked, leaver, agent))).toEqual({ status: 401, reason: 'CERT_REVOKED' })
      expect(openConnections(agent)).toEqual(connections)
      agent.destroy()
    })

    it('lets nothing through that a client says of itself', async () => {
      const told = await namesTold()
      const names = [...EMITTED_IDENTITY_HEADERS, ...FOREIGN_IDENTITY_HEADERS]
      const spellings = names.flatMap((header) => [header, header.replaceAll('-', '_')])
      const lies = Object.fromEntries(spellings.map((header) => [header, 'vision__bob']))
      expect((await get('/echo', world.alice, { ...lies, ...AS_ALICE })).status).toBe(200)
      expect(theCall().headers.filter(([, value]) => value === 'vision__bob')).toEqual([])
      expect(identityNames(theCall())).toEqual(told)
    })

    /** Names of what the model server is told of alice when she says nothing of herself. */
    async function namesTold(): Promise<string[]> {
      await get('/echo', world.alice)
      const names = identityNames(theCall())
      chain.model.forgetCalls()
      return names
    }

    it("keeps the caller's credentials from the model server", async () => {
      await get('/echo', world.alice)
      const { headers } = theCall()
      expect(headers.filter(([header]) => /cert|authorization|act-as|x-ssl/i.test(header))).toEqual([])
    })

    it('hands on the path as it came, and the status of the model server', async () => {
      expect((await get('/nothing/here?a=%20b', world.alice)).status).toBe(404)
      expect(theCall().target).toBe('/nothing/here?a=%20b')
    })

    it('lets everybody to a path without protection, as nobody', async () => {
      expect((await get('/healthz', undefined, { 'signet-subject': 'vision__bob' })).status).toBe(200)
      expect(identityNames(theCall())).toEqual([])
    })

    it('refuses what only looks like that path', async () => {
      expect(refused(await get('/healthz/', undefined))).toEqual({ status: 401, reason: 'CREDENTIAL_MISSING' })
    })

    it('does not ask about a deployment for which the proxy is not registered', async () => {
      const host = `other.${name}.internal`
      await chain.expose(`other-${name}`, { host })
      const answer = await chain.send({ method: 'GET', path: '/echo', headers: { ...AS_ALICE, host } }, world.alice)
      expect(refused(answer)).toEqual({ status: 403, reason: 'PEP_UNTRUSTED' })
    })

    it('hands on the events of a stream one by one', async () => {
      chain.model.hold()
      const response = await openStream(chain, world.alice)
      const events = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>
      const first = await events.next()
      expect(String(first.value)).toContain('"content":"You "')
      chain.model.release()
      const rest: string[] = []
      for (let next = await events.next(); next.done !== true; next = await events.next()) rest.push(String(next.value))
      expect(rest.join('')).toContain('data: [DONE]')
    })

    it('hands on a WebSocket', async () => {
      expect(await echoed(chain, world.alice, 'hello')).toBe('hello')
      expect(valuesOf(theCall(), 'signet-subject')).toEqual(['vision__alice'])
    })

    it('refuses a WebSocket of who acts as somebody else', async () => {
      await expect(echoed(chain, bob, 'hello')).rejects.toThrow('403')
      expect(chain.model.calls).toEqual([])
    })

    it('lets no certificate of another CA through', async () => {
      const self = await makeSelfSigned('vision__alice')
      const status = await get('/echo', self).then(
        (answer) => answer.status,
        () => 'no handshake',
      )
      expect(['no handshake', 400]).toContain(status)
      expect(chain.model.calls).toEqual([])
    })

    it('lets nobody through while Signet does not answer', async () => {
      await world.service.stop()
      const answer = await get('/echo', world.alice)
      await world.service.restart()
      expect(answer.status).toBe(PROXY_KINDS[name].undecided)
      expect(chain.model.calls).toEqual([])
    })
  })
})

/** By the port of this end. */
function openConnections({ freeSockets }: Agent): (number | undefined)[] {
  return Object.values(freeSockets).flatMap((sockets = []) => sockets.map(({ localPort }) => localPort))
}

function identityNames({ headers }: ModelCall): string[] {
  const isOfIdentity = (name: string): boolean => /^(signet|x-(signet|auth|maas|remote|ext)|remote)/.test(name)
  return headers
    .map(([name]) => name.toLowerCase())
    .filter(isOfIdentity)
    .toSorted()
}

/** Resolves with the answer's head: the model server has sent one event by then, and holds the next. */
function openStream(chain: ProxyChain, { certificate, key }: ClientIdentity): Promise<IncomingMessage> {
  const body = JSON.stringify({ ...CHAT, stream: true })
  const headers = { host: chain.host, 'content-type': 'application/json', ...AS_ALICE }
  const identity = { ca: chain.world.service.ca, cert: certificate, key, agent: false } as const
  return new Promise((opened, failed) => {
    const place = { host: '127.0.0.1', port: chain.port, path: '/v1/chat/completions', method: 'POST' }
    request({ ...place, ...identity, headers }, opened)
      .on('error', failed)
      .end(body)
  })
}

function echoed(chain: ProxyChain, { certificate, key }: ClientIdentity, text: string): Promise<string> {
  const socket = new WebSocket(`wss://127.0.0.1:${String(chain.port)}/ws`, {
    ...{ ca: chain.world.service.ca, cert: certificate, key, servername: chain.host },
    headers: { host: chain.host, ...AS_ALICE },
  })
  return new Promise((answered, failed) => {
    socket.once('error', failed)
    socket.once('open', () => socket.send(text))
    socket.once('message', (data: Buffer) => {
      socket.terminate()
      answered(data.toString('utf8'))
    })
  })
}
