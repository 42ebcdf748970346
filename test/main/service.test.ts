// The process as a whole: start, stop, start again, and what it says when it cannot.
import Database from 'better-sqlite3'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startService } from '../../src/main.ts'
import { parseConfiguration } from '../../src/ops/configuration.ts'
import { askOn, connectTo } from '../http/raw-request.ts'
import { SettableClock } from '../http/settable-clock.ts'
import { makeCsr } from '../support/csr.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'

const clock = new SettableClock()
let service: TestService
let owner: Certified

beforeAll(async () => {
  service = await TestService.start({ clock })
  owner = await service.addProject('vision', 'owner')
})
afterAll(() => service.close())

const readiness = async (): Promise<Record<string, unknown>> =>
  (await (await fetch(`${service.operationsUrl}/readyz`)).json()) as Record<string, unknown>

describe('a stop', () => {
  test('finishes a request that was accepted, and takes no new connection', async () => {
    const body = JSON.stringify({ csr: (await makeCsr()).pem })
    const socket = await connectTo(service, owner)
    const head =
      'POST /v1/projects/vision/members/owner/certificates HTTP/1.1\r\nhost: localhost\r\n' +
      `content-type: application/json\r\ncontent-length: ${String(body.length)}\r\n\r\n`
    // A first request shows that the connection is served; of the second, half is sent before the stop begins.
    expect((await askOn(socket, 'GET /v1/me HTTP/1.1\r\nhost: localhost\r\n\r\n')).status).toBe(200)
    await new Promise<void>((sent) => socket.write(head + body.slice(0, 10), () => sent()))
    await service.get('/healthz')
    const stopping = service.stop()
    await refused()
    const answer = await askOn(socket, body.slice(10))
    expect(answer.status).toBe(201)
    await stopping
    await service.restart()
    const { serial } = JSON.parse(answer.body) as { serial: string }
    expect((await service.get(`/v1/certificates/${serial}`, owner)).status).toBe(200)
  })

  /** Resolves when the service accepts no connection any more. */
  async function refused(): Promise<void> {
    for (;;) {
      try {
        ;(await connectTo(service)).destroy()
      } catch {
        return
      }
    }
  }
})

describe('a second start on the same data', () => {
  test('knows what was there: certificates, revocations, tokens, its own certificate', async () => {
    const { json } = expectStatus(await service.post('/v1/tokens', { audience: service.url }, owner), 201)
    const member = await service.addMember('vision', 'mallory', owner)
    const path = `/v1/certificates/${member.serial}/revoke`
    expectStatus(await service.post(path, { reason: 'keyCompromise' }, owner), 200)
    const socket = await connectTo(service)
    const before = socket.getPeerX509Certificate()?.serialNumber
    socket.destroy()

    await service.stop()
    await service.restart()

    const again = await connectTo(service)
    expect(again.getPeerX509Certificate()?.serialNumber).toBe(before)
    again.destroy()
    expect((await service.get('/v1/me', owner)).status).toBe(200)
    expect((await service.get('/v1/me', member)).json['facts']).toEqual({ reason: 'CERT_REVOKED' })
    const authorization = `Bearer ${String(json['access_token'])}`
    const bearer = await service.send({ method: 'GET', path: '/v1/me', headers: { authorization } })
    expect(bearer.json['principal']).toBe('vision__owner')
  })
})

describe('readiness', () => {
  test('is ready, and says so in few words to strangers', async () => {
    expect(await readiness()).toMatchObject({ ready: true, missing: [] })
    const answer = await service.get('/readyz')
    expect({ status: answer.status, json: answer.json }).toEqual({ status: 200, json: { ready: true } })
  })

  test('the operations listener has metrics, and no route of the API', async () => {
    const metrics = await (await fetch(`${service.operationsUrl}/metrics`)).text()
    expect(metrics).toMatch(/^signet_/m)
    expect((await fetch(`${service.operationsUrl}/v1/status`)).status).toBe(404)
  })
})

describe('a revocation by another process that is missing in the change log', () => {
  /** Bounds a hang, not a speed. */
  const WAIT = { timeout: 30_000 }

  function revokeUnheard(serial: string): void {
    const { database } = service.configuration
    if (database.kind !== 'sqlite') throw new Error('the service is on SQLite')
    const other = new Database(database.path)
    const at = clock.now().getTime()
    const revoke = other.prepare(
      "update certificates set status = 'revoked', revoked_at = ?, reason = ? where serial = ?",
    )
    const count = other.prepare("update counters set value = value + 2 where name = 'change_log' returning value")
    const log = other.prepare('insert into change_log (seq, change) values (?, ?)')
    other.transaction(() => {
      revoke.run(at, 'keyCompromise', serial)
      const { value } = count.get() as { value: number }
      log.run(value, JSON.stringify({ kind: 'token-key', kid: 'another' }))
    })()
    other.close()
  }

  test('is known by the next decision that is made, and stands on the CRL', async () => {
    const member = await service.addMember('vision', 'unheard', owner)
    expect((await service.get('/v1/me', member)).status).toBe(200)
    revokeUnheard(member.serial)
    await vi.waitFor(async () => {
      expect((await service.get('/v1/me', member)).json['facts']).toEqual({ reason: 'CERT_REVOKED' })
    }, WAIT)
    await vi.waitFor(async () => {
      const crl = await (await fetch(`${service.httpUrl}/pki/crl/users-1.crl`)).arrayBuffer()
      expect(Buffer.from(crl).toString('hex')).toContain(member.serial)
    }, WAIT)
    expect(await readiness()).toMatchObject({ ready: true })
  })
})

describe('a start that cannot be', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-start-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const configured = (flags: object) =>
    parseConfiguration({
      environment: {},
      file: undefined,
      workingFolder: folder,
      flags: {
        dataFolder: join(folder, 'data'),
        publicUrl: 'https://localhost:8443',
        publicHttpUrl: 'http://localhost:8080',
        trustDomain: 'test.internal',
        'masterKey.file': join(folder, 'master.key'),
        'listeners.browser': 'off',
        'listeners.grpc': 'off',
        'listeners.operations': 'off',
        logLevel: 'fatal',
        ...flags,
      },
    })

  test('without a master key it says so', async () => {
    const { database } = service.configuration
    const flags = { database: database.kind === 'sqlite' ? `sqlite:${database.path}` : database.url }
    await expect(startService(configured(flags))).rejects.toMatchObject({ code: 'master_key_missing' })
  })

  test('without `init` it says what to do', async () => {
    const dataFolder = join(folder, 'empty')
    await expect(startService(configured({ dataFolder }))).rejects.toMatchObject({
      code: 'not_initialised',
      facts: { data: dataFolder, fix: 'signet init' },
    })
    expect(existsSync(dataFolder)).toBe(false)
  })

  test('on a port that is taken nothing is left running', async () => {
    await service.stop()
    const blocker = createServer()
    await new Promise<void>((listening) =>
      blocker.listen(Number(new URL(service.httpUrl).port), '127.0.0.1', listening),
    )
    await expect(service.restart()).rejects.toThrow()
    await new Promise((closed) => blocker.close(closed))
    await service.restart()
    expect((await service.get('/healthz')).status).toBe(200)
  })
})

// Last, since time does not come back: clients with the system's clock believe no certificate of the year after.
describe('after a long downtime', () => {
  const DAY = 86_400
  const isOfRoot = expect.objectContaining({ check: 'crl root-1', fix: 'signet ceremony crl' }) as unknown

  async function restartAfter(days: number): Promise<void> {
    await service.stop()
    clock.pass(days * DAY)
    await service.restart()
  }

  test('rule 3, rule 37: it starts, with a new certificate of its own, and warns of the root CRL 60 days ahead', async () => {
    await restartAfter(339)
    expect(await readiness()).toMatchObject({ ready: true, missing: [], warnings: [] })
    await restartAfter(2)
    expect(await readiness()).toMatchObject({ ready: true, missing: [], warnings: [isOfRoot] })
    const socket = await connectTo(service, undefined, { rejectUnauthorized: false })
    const { validFromDate, validToDate } = socket.getPeerX509Certificate() ?? {}
    socket.destroy()
    expect(validFromDate?.getTime()).toBeLessThan(clock.now().getTime())
    expect(validToDate?.getTime()).toBeGreaterThan(clock.now().getTime() + 27 * DAY * 1000)
  })

  test('without a root CRL in force it is not ready, and says what is missing and how to mend it', async () => {
    await restartAfter(60)
    expect(await readiness()).toMatchObject({ ready: false, missing: [isOfRoot] })
  })
})
