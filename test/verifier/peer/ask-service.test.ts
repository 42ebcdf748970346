// Whoever answers in the service's name with a certificate that is known to be revoked is not listened to, also on a connection from before.
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ServiceLine } from '../../../src/verifier/peer/ask-service.ts'
import { encodePem } from '../../../src/x509/pem.ts'
import { makeCa, makeLeaf, policies, purposes } from '../authorities.ts'
import { oidOf, pairOf, partsOf, makeWorld } from './clinic.ts'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const NEVER = new AbortController().signal
const HOUR = 3_600_000

let server: Server
let root: Uint8Array
let leaf: Uint8Array
let revoked: boolean
let line: ServiceLine
let connections = 0

beforeAll(async () => {
  // By the real clock, which TLS asks.
  const time = { notBefore: new Date(Date.now() - HOUR), notAfter: new Date(Date.now() + HOUR) }
  const ca = await makeCa({ name: 'CN=Signet root CA 1', time })
  const more = [purposes(SERVER_AUTH), policies(oidOf('issuing-ca'))]
  const services = await makeCa({ name: 'CN=Signet services CA 1', parent: ca, time, more })
  leaf = await makeLeaf({
    ...partsOf(await makeWorld(), 'service'),
    issuer: services,
    signedBy: services,
    authorityKey: services.keys.publicKey,
    names: [{ type: 'ip', value: '127.0.0.1' }],
    time,
  })
  root = ca.der
  const { cert, key } = await pairOf(leaf)
  const chain = `${cert}${encodePem('CERTIFICATE', services.der)}`
  server = createServer({ cert: chain, key }, ({ url }, response) => {
    if (url === '/drops') return void setInterval(() => response.write('x'), 10).unref()
    return void response.end('said')
  })
  server.on('secureConnection', () => (connections += 1))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
})
beforeEach(() => {
  revoked = false
  connections = 0
  const isRevoked = (der: Uint8Array) => revoked && Buffer.compare(der, leaf) === 0
  line = new ServiceLine(url(), [root], 5, isRevoked)
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

function url(): URL {
  const { port } = server.address() as AddressInfo
  return new URL(`https://127.0.0.1:${String(port)}`)
}

test('an answer that comes byte by byte and never ends is given up', async () => {
  // Each silence is far shorter than this.
  const patient = new ServiceLine(url(), [root], 0.1)
  await expect(patient.get('/drops', 1_000_000, NEVER)).rejects.toMatchObject({ code: 'evidence_unreadable' })
  patient.close()
})

test('a certificate that is known to be revoked says nothing, on a new connection and on one from before', async () => {
  expect(Buffer.from(await line.get('/', 10, NEVER)).toString()).toBe('said')
  expect(connections).toBe(1)
  revoked = true
  await expect(line.get('/', 10, NEVER)).rejects.toMatchObject({ code: 'evidence_unreadable' })
  await expect(line.get('/', 10, NEVER)).rejects.toThrow('revoked')
  revoked = false
  expect(Buffer.from(await line.get('/', 10, NEVER)).toString()).toBe('said')
  line.close()
})
