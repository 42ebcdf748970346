// Signet's own certificate: kept while it is right, renewed with a third of its life left, and shown without a restart.
import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import { parseSerialNumber } from '../../src/domain/serial-number.ts'
import type { ActContext } from '../../src/enrollment/act-context.ts'
import { revokeCertificate } from '../../src/enrollment/revoke-certificate.ts'
import {
  currentServerCertificate,
  type ServerCertificate,
  type ServerCertificateMeans,
} from '../../src/enrollment/server-certificate.ts'
import { listenHttps } from '../../src/http/listener.ts'
import type { TlsMaterial } from '../../src/http/tls-context.ts'
import {
  actContext,
  NOBODY,
  type OpenInstallation,
  openInstallation,
  serverMeans,
} from '../../src/main/installation.ts'
import { TestService } from '../support/test-service.ts'
import { StillClock } from './still-clock.ts'

const clock = new StillClock()
let service: TestService
let opened: OpenInstallation
let context: ActContext
let means: ServerCertificateMeans

beforeAll(async () => {
  service = await TestService.start({ clock })
  await service.stop()
  opened = await openInstallation(service.configuration, NOBODY, clock)
  if (opened.facts === undefined) throw new Error('not initialised')
  context = actContext(opened)
  means = serverMeans(opened, opened.facts)
})
afterAll(async () => {
  await opened.storage.close()
  await service.close()
})

const current = (): Promise<ServerCertificate> => currentServerCertificate(context, means)
const serialOf = ({ chain }: Pick<ServerCertificate, 'chain'>): string => new X509Certificate(chain).serialNumber

describe('the server certificate', () => {
  test('is the one that is there, until a third of its life is left', async () => {
    const first = await current()
    const { notBefore, notAfter } = first.validity
    expect(first.renewAt).toEqual(addSeconds(notAfter, -(notAfter.getTime() - notBefore.getTime()) / 3000))
    clock.set(addSeconds(first.renewAt, -1))
    expect(serialOf(await current())).toBe(serialOf(first))
    clock.set(first.renewAt)
    const second = await current()
    expect(serialOf(second)).not.toBe(serialOf(first))
    expect(serialOf(await current())).toBe(serialOf(second))
    const renewed = Math.floor(first.renewAt.getTime() / 1000) * 1000
    expect(second.validity.notAfter.getTime()).toBe(renewed + 30 * 86_400_000 - 1000)
  })

  test('is recorded before it is shown, by the system, with an audit event', async () => {
    const serial = serialOf(await current()).toLowerCase()
    const now = clock.now()
    const page = await opened.storage.read((view) =>
      view.listCertificates({ identity: 'signet-server' }, now, { limit: 10 }),
    )
    expect(page.items).toContainEqual(
      expect.objectContaining({ serial, profile: 'signet-server', requester: 'system', obtainedWith: 'installation' }),
    )
    const { items } = await opened.storage.read((view) => view.listAudit({ limit: 10 }))
    expect(items).toContainEqual(expect.objectContaining({ act: 'certificate.issue', object: `certificate:${serial}` }))
  })

  test('is made anew when its names are others', async () => {
    const before = await current()
    const ipAddresses = [...means.names.ipAddresses, '127.0.0.2']
    const changed = await currentServerCertificate(context, { ...means, names: { ...means.names, ipAddresses } })
    expect(serialOf(changed)).not.toBe(serialOf(before))
    expect(new X509Certificate(changed.chain).subjectAltName).toContain('IP Address:127.0.0.2')
    expect(serialOf(await current())).not.toBe(serialOf(changed))
  })

  test.each(['keyCompromise', 'certificateHold'] as const)('is made anew when it was revoked: %s', async (reason) => {
    const before = await current()
    await revokeCertificate(context, {
      caller: { kind: 'offline' },
      serial: parseSerialNumber(serialOf(before).toLowerCase()),
      reason,
      origin: { requestId: 'r' },
    })
    clock.pass(1)
    const after = await current()
    expect(serialOf(after)).not.toBe(serialOf(before))
    expect(serialOf(await current())).toBe(serialOf(after))
  })

  test('after a long downtime it is made anew at once', async () => {
    const before = await current()
    clock.set(addSeconds(before.validity.notAfter, 86_400))
    const after = await current()
    expect(after.validity.notAfter.getTime()).toBeGreaterThan(clock.now().getTime())
  })

  test('replaces the one before without a restart: new connections get it, those that are open go on', async () => {
    const material = ({ chain, privateKey }: ServerCertificate): TlsMaterial => ({
      certificateChain: chain,
      privateKey,
      clientAuthorities: [],
    })
    const first = await current()
    const listener = await listenHttps(
      { host: '127.0.0.1', port: 0 },
      { fetch: () => new Response('yes') },
      { headerBytes: 8192, connections: 10, requestSeconds: 10, idleSeconds: 10 },
      { material: material(first), clientCertificate: 'asked', sessionSeconds: 60 },
    )
    const open = () =>
      new Promise<ReturnType<typeof connect>>((connected) => {
        const socket = connect({ port: listener.port, rejectUnauthorized: false }, () => connected(socket))
      })
    const before = await open()
    clock.set(first.renewAt)
    const second = await current()
    listener.replaceMaterial(material(second))
    const after = await open()
    expect(before.getPeerX509Certificate()?.serialNumber).toBe(serialOf(first))
    expect(after.getPeerX509Certificate()?.serialNumber).toBe(serialOf(second))
    const answered = new Promise((answer) => before.once('data', (data: Buffer) => answer(data.toString('latin1'))))
    before.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    expect(await answered).toContain('200 OK')
    before.destroy()
    after.destroy()
    await listener.close()
  })
})
