// Attacks on what everybody may ask about revocations: places of the feed that are never given back, and old answers that caches are told
// to keep.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Clock } from '../../src/domain/clock.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { startService } from '../../src/main.ts'
import { EventStream } from '../support/event-stream.ts'
import { get, issuerIn, requestFor, saidBy } from '../support/ocsp-client.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'
import { connectTo } from './raw-request.ts'

/** Everything happens within one second of the wall clock. */
class FrozenClock implements Clock {
  readonly #now = systemClock.now()

  now(): Date {
    return this.#now
  }

  monotonicMilliseconds(): number {
    return systemClock.monotonicMilliseconds()
  }
}

let service: TestService
let owner: Certified
const clock = new FrozenClock()

beforeAll(async () => {
  service = await TestService.start({ clock })
  owner = await service.addProject('vision', 'owner')
})
afterAll(async () => service.close())

const STREAM = { accept: 'text/event-stream' }
const WAIT = { timeout: 5000, interval: 20 }

async function canFollow(): Promise<number> {
  const stream = await EventStream.open(service, '/v1/revocations')
  stream.close()
  return stream.status
}

test('rule 28: HEAD takes no place of the feed', async () => {
  for (let n = 0; n < 25; n += 1) {
    await service.send({ method: 'HEAD', path: '/v1/revocations', headers: STREAM })
  }
  await expect.poll(canFollow, WAIT).toBe(200)
})

test('rule 28: who is gone before the answer gives the place back', async () => {
  for (let n = 0; n < 25; n += 1) {
    const socket = await connectTo(service)
    socket.write('GET /v1/revocations HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n', () =>
      socket.destroy(),
    )
  }
  await expect.poll(canFollow, WAIT).toBe(200)
})

test('a revocation that another process answers within the same second is no 304', async () => {
  const issuer = issuerIn(owner.certificate)
  const victim = await service.addMember('vision', 'victim', owner)
  const asked = requestFor(issuer, victim.serial)
  const good = await get(service.httpUrl, asked)
  expect(saidBy(good, issuer)).toBe('good')
  const body = { reason: 'keyCompromise' }
  expectStatus(await service.post(`/v1/certificates/${victim.serial}/revoke`, body, service.admin), 200)
  // It has never been asked, and knows of no date that was given before.
  const { listeners } = service.configuration
  const anywhere = { ...listeners.http, port: 0 }
  const other = await startService(
    {
      ...service.configuration,
      listeners: { ...listeners, https: anywhere, http: anywhere, operations: { kind: 'off' } },
    },
    clock,
  )
  try {
    const there = `http://127.0.0.1:${String(other.ports.http)}`
    const since = { 'if-modified-since': String(good.headers['last-modified']) }
    const revoked = await get(there, asked, since)
    expect(revoked.status).toBe(200)
    expect(saidBy(revoked, issuer)).toBe('revoked keyCompromise')
  } finally {
    await other.stop()
  }
})
