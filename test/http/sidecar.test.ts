// The sidecar over its real listener, in front of a real model server, beside a real service: it decides by itself, follows what
// changes, cuts what goes on when its right ends, and goes on while Signet is away for as long as its policy allows.
import { X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { agentFor, type ClientIdentity, send } from '../support/https-client.ts'
import { ModelServer, valuesOf } from '../support/model-server.ts'
import { runSidecar, type TestSidecar } from '../support/running-sidecar.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'
import { askOn } from './raw-request.ts'
import { SettableClock } from './settable-clock.ts'
import { openSession, TLS_VERSIONS } from './tls-session.ts'

const clock = new SettableClock()
const sidecarClock = new (class extends SettableClock {
  // The monotonic clock goes along: age runs on it.
  #passed = 0
  override pass(seconds: number): void {
    this.#passed += seconds * 1000
    super.pass(seconds)
  }
  override monotonicMilliseconds(): number {
    return super.monotonicMilliseconds() + this.#passed
  }
})()
let service: TestService
let model: ModelServer
let owner: Certified
let alice: Certified
let bob: Certified
let dora: Certified
let identity: ClientIdentity
let sidecar: TestSidecar

beforeAll(async () => {
  service = await TestService.start({ clock })
  model = await ModelServer.start()
  owner = await service.addProject('vision', 'olga')
  alice = await service.addMember('vision', 'alice', owner)
  bob = await service.addMember('vision', 'bob', owner)
  dora = await service.addMember('vision', 'dora', owner)
  identity = await service.addService('localhost.internal', { dnsNames: ['model.internal'] })
  await service.addDeployment('resnet', { project: 'vision', host: 'model.internal', service: 'localhost.internal' })
  const body = { service: 'localhost.internal', deployments: ['resnet'] }
  expectStatus(await service.put('/v1/sidecars/front', body, owner), 200)
  sidecar = await runSidecar({
    service,
    name: 'front',
    deployment: 'resnet',
    identity,
    upstream: model.url,
    clock: sidecarClock,
  })
  await sidecar.until(() => sidecar.policy.position !== undefined)
})

afterAll(async () => {
  await sidecar.stop(0)
  await model.stop()
  await service.close()
})

interface Called {
  readonly as?: Certified | undefined
  readonly name?: string
  readonly method?: string
  readonly path?: string
  readonly body?: unknown
  readonly headers?: Record<string, string | string[]>
}

const optionsOf = ({ as, name = '', headers = {} }: Called) => ({
  // Names of services are in the zone of the platform, not this machine's.
  agent: agentFor({ ca: service.ca, ...(as === undefined ? {} : { identity: as }) }, false),
  headers: { host: 'model.internal', ...(name === '' ? {} : { 'signet-act-as': name }), ...headers },
  servername: 'model.internal',
})

const call = (called: Called) => {
  const { agent, headers } = optionsOf(called)
  Object.assign(agent.options, { servername: 'model.internal' })
  const { method = 'GET', path = '/echo', body } = called
  return send({ url: sidecar.url, ca: service.ca, agent }, { method, path, body, headers })
}

/** A stream that has begun: its first event is there. */
const stream = (as: Certified, name: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const asked = request(new URL('/v1/chat/completions', sidecar.url), {
      method: 'POST',
      ...optionsOf({ as, name, headers: { 'content-type': 'application/json' } }),
    })
    asked.on('error', reject)
    asked.on('response', (answer) => answer.once('readable', () => resolve(answer)))
    asked.end(
      JSON.stringify({ model: 'resnet', stream: true, messages: [{ role: 'user', content: 'hello you there' }] }),
    )
  })

const ended = (answer: IncomingMessage): Promise<'whole' | 'cut'> =>
  new Promise((resolve) => {
    answer.on('end', () => resolve('whole'))
    answer.on('error', () => resolve('cut'))
    answer.on('aborted', () => resolve('cut'))
    answer.resume()
  })

describe('a call', () => {
  test('reaches the model server with who it is, and nothing that the client says of that', async () => {
    model.forgetCalls()
    const sent = { 'signet-subject': 'admin', 'x-forwarded-user': 'root', 'x-own': 'stays' }
    expectStatus(await call({ as: alice, name: 'vision__alice', headers: sent }), 200)
    const [got] = model.calls
    if (got === undefined) throw new Error('no call came')
    expect(valuesOf(got, 'signet-subject')).toEqual(['vision__alice'])
    expect(valuesOf(got, 'signet-deployment')).toEqual(['resnet'])
    expect(valuesOf(got, 'x-forwarded-user')).toEqual([])
    expect(valuesOf(got, 'signet-act-as')).toEqual([])
    expect(valuesOf(got, 'x-own')).toEqual(['stays'])
  })

  test.each<[string, number, string, () => Called]>([
    ['without a certificate', 401, 'CREDENTIAL_MISSING', () => ({ name: 'vision__alice' })],
    ['as somebody else', 403, 'CERT_CN_MISMATCH', () => ({ as: alice, name: 'vision__bob' })],
    ['as nobody', 403, 'CERT_CN_MISMATCH', () => ({ as: alice })],
    [
      'for another host',
      404,
      'ROUTE_UNKNOWN',
      () => ({ as: alice, name: 'vision__alice', headers: { host: 'other.internal' } }),
    ],
    [
      'with an ambiguous name',
      400,
      'REQUEST_AMBIGUOUS',
      () => ({ as: alice, headers: { 'signet-act-as': ['vision__alice', 'vision__bob'] } }),
    ],
    [
      'to a path that is none',
      400,
      'PATH_NOT_CANONICAL',
      () => ({ as: alice, name: 'vision__alice', path: '/healthz%2f..' }),
    ],
  ])('%s is refused', async (_, status, code, called) => {
    model.forgetCalls()
    const answer = await call(called())
    expect([answer.status, answer.code, answer.headers['x-authz-reason']]).toEqual([status, code, code])
    expect(model.calls).toEqual([])
  })

  test('brings its body along, and its answer back as it comes', async () => {
    const body = { inputs: 'x'.repeat(100_000) }
    const answer = expectStatus(await call({ as: alice, name: 'vision__alice', method: 'POST', body }), 200)
    expect(answer.json['body']).toBe(JSON.stringify(body))
    model.hold()
    const streamed = await stream(alice, 'vision__alice')
    expect(streamed.headers['content-type']).toContain('text/event-stream')
    model.release()
    expect(await ended(streamed)).toBe('whole')
  })
})

describe('what changes at Signet', () => {
  test('cuts the stream of whoever was blocked, and no other', async () => {
    model.hold()
    const [ofBob, ofAlice] = [await stream(bob, 'vision__bob'), await stream(alice, 'vision__alice')]
    const outcome = ended(ofBob)
    expectStatus(await service.post('/v1/users/bob/block', undefined, service.admin), 200)
    expect(await outcome).toBe('cut')
    model.release()
    expect(await ended(ofAlice)).toBe('whole')
    const answer = await call({ as: bob, name: 'vision__bob' })
    expect([answer.status, answer.code]).toEqual([401, 'CERT_REVOKED'])
  })

  test('cuts a WebSocket when the certificate is revoked', async () => {
    const { headers } = optionsOf({ name: 'vision__dora' })
    const agent = agentFor({ ca: service.ca, identity: dora }, false)
    Object.assign(agent.options, { servername: 'model.internal' })
    const socket = new WebSocket(`${sidecar.url.replace('https', 'wss')}/ws`, { agent, headers })
    const said = new Promise<string>((resolve, reject) => {
      socket.on('error', reject)
      socket.on('message', (data: Buffer) => resolve(data.toString()))
    })
    socket.on('open', () => socket.send('hello'))
    expect(await said).toBe('hello')
    const closed = new Promise((resolve) => socket.on('close', resolve))
    expectStatus(await service.post(`/v1/certificates/${dora.serial}/revoke`, { reason: 'keyCompromise' }, dora), 200)
    await closed
    expect(sidecar.server.openCalls).toBe(0)
  })

  test.each(TLS_VERSIONS)('rule 36: is known of a session that is resumed, on %s', async (version) => {
    const name = `m${version.replace(/\D/g, '')}`
    const member = await service.addMember('vision', name, owner)
    await sidecar.until(() => sidecar.policy.snapshot.member('vision', name) !== undefined)
    const server = { url: sidecar.url, ca: service.ca }
    const { socket, resume } = await openSession(server, version, member, { servername: 'model.internal' })
    // For another name: the sidecar itself answers, and says first whether the certificate holds.
    const asked = `GET /echo HTTP/1.1\r\nhost: model.internal\r\nsignet-act-as: vision__olga\r\n\r\n`
    expect((await askOn(socket, asked)).body).toContain('CERT_CN_MISMATCH')
    expectStatus(await service.post(`/v1/users/${name}/block`, undefined, service.admin), 200)
    await sidecar.until(() => sidecar.policy.snapshot.revocation('users-1', member.serial) !== undefined)
    const resumed = await resume()
    const answer = await askOn(resumed, asked)
    expect(answer.status).toBe(401)
    expect(answer.body).toContain('CERT_REVOKED')
    for (const each of [socket, resumed]) each.destroy()
  })

  test('lets in who is new', async () => {
    const { revision } = sidecar.policy.snapshot
    const erik = await service.addMember('vision', 'erik', owner)
    await sidecar.until(
      () =>
        sidecar.policy.snapshot.revision > revision && sidecar.policy.snapshot.member('vision', 'erik') !== undefined,
    )
    expectStatus(await call({ as: erik, name: 'vision__erik' }), 200)
  })
})

describe('what the model server does not do', () => {
  test('is told as such', async () => {
    const nowhere = await runSidecar({
      service,
      name: 'front',
      deployment: 'resnet',
      identity,
      upstream: 'http://127.0.0.1:1',
      clock: sidecarClock,
    })
    await nowhere.until(() => nowhere.policy.position !== undefined)
    const before = sidecar
    sidecar = nowhere
    const answer = await call({ as: alice, name: 'vision__alice' })
    sidecar = before
    await nowhere.stop(0)
    expect([answer.status, answer.code]).toEqual([502, 'upstream_unreachable'])
  })
})

describe('what comes without a certificate', () => {
  test('HX28: passphrases and API keys are decided here, and stay here', async () => {
    const made = expectStatus(await service.post('/v1/api-keys', { name: 'serving', scopes: ['SERVING'] }, alice), 201)
    const passphrase = 'correct-horse-battery-staple-9'
    const wanted = {
      ...{ project: 'vision', host: 'model.internal', service: 'localhost.internal' },
      ...{ authModes: ['mtls', 'api-key', 'passphrase'], actingUser: 'credential-itself' },
      passphrases: [{ id: 'app', passphrase }],
    }
    expectStatus(await service.put('/v1/deployments/resnet', wanted, owner), 200)
    await sidecar.until(() => sidecar.policy.snapshot.deployment('resnet')?.policy.passphrases.length === 1)
    const apiKey = String(made.json['value'])
    model.forgetCalls()
    const byKey = await call({ headers: { authorization: `ApiKey ${apiKey}` } })
    const byPassphrase = await call({ headers: { authorization: `Passphrase ${passphrase}` } })
    expect([byKey.status, byPassphrase.status]).toEqual([200, 200])
    expect(model.calls.map((got) => valuesOf(got, 'authorization'))).toEqual([[], []])
    const wrong = await call({ headers: { authorization: 'Passphrase correct-horse-battery-staple-8' } })
    expect([wrong.status, wrong.code]).toEqual([401, 'PASSPHRASE_INVALID'])
    const spoilt = await call({ headers: { authorization: `ApiKey ${apiKey}x` } })
    expect([spoilt.status, spoilt.code]).toEqual([401, 'KEY_INVALID'])
  })
})

describe('a sidecar whose certificate was revoked', () => {
  test('decides nothing from then on, and cuts what goes on', async () => {
    const other = await service.addService('other.internal', { dnsNames: ['other-model.internal'] })
    const settings = { project: 'vision', host: 'other-model.internal', service: 'other.internal' }
    await service.addDeployment('other', settings)
    const body = { service: 'other.internal', deployments: ['other'] }
    expectStatus(await service.put('/v1/sidecars/other', body, owner), 200)
    const upstream = model.url
    const setting = { service, name: 'other', deployment: 'other', identity: other, upstream, clock: sidecarClock }
    const revoked = await runSidecar(setting)
    await revoked.until(() => revoked.policy.position !== undefined)
    const serial = new X509Certificate(other.certificate).serialNumber.toLowerCase()
    expectStatus(await service.post(`/v1/certificates/${serial}/revoke`, { reason: 'keyCompromise' }, other), 200)
    await revoked.until(() => revoked.policy.position === undefined)
    expect(revoked.policy.leftMilliseconds).toBe(-Infinity)
    await revoked.stop(0)
  })
})

describe('without Signet', () => {
  test('rule 30, rule 40: calls go on until the policy is too old, and then none does', async () => {
    await service.stop()
    expectStatus(await call({ as: alice, name: 'vision__alice' }), 200)
    model.hold()
    const open = await stream(alice, 'vision__alice')
    const outcome = ended(open)
    sidecarClock.pass(580)
    expectStatus(await call({ as: alice, name: 'vision__alice' }), 200)
    sidecarClock.pass(30)
    const answer = await call({ as: alice, name: 'vision__alice' })
    expect([answer.status, answer.code]).toEqual([503, 'SNAPSHOT_STALE'])
    expect(await outcome).toBe('cut')
    model.release()
    const ready = await fetch(`http://127.0.0.1:${String(sidecar.operationsPort)}/readyz`)
    expect(ready.status).toBe(503)
  })
})
