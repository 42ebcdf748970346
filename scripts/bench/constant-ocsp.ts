// What OCSP is held against: Signet's own TLS listener with handlers that do nothing (`/empty`), give one and the same answer with the
// headers and the length of a kept one (`/constant`), or sign as many octets as an answer has, and give that (`/signed`).
import { generateKeyPairSync } from 'node:crypto'
import { Hono } from 'hono'
import { KeySigner } from '../../src/ca/keystore/key-signer.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { currentServerCertificate } from '../../src/enrollment/server-certificate.ts'
import { listenHttps } from '../../src/http/listener.ts'
import { actContext, openInstallation, serverMeans } from '../../src/main/installation.ts'
import { readConfiguration } from '../../src/ops/configuration.ts'
import { encodePem } from '../../src/x509/pem.ts'

/** Of a ResponseData with one certificate and a nonce. */
const SIGNED_BYTES = 200

const [configFile, headersJson = '{}', bodyBase64 = ''] = process.argv.slice(2)
if (configFile === undefined) throw new Error('usage: constant-ocsp.ts CONFIGURATION [HEADERS] [BODY]')
const headers = JSON.parse(headersJson) as Record<string, string>
const body = new Uint8Array(Buffer.from(bodyBase64, 'base64'))
const configuration = readConfiguration({ flags: {}, environment: {}, configFile, workingFolder: process.cwd() })
const opened = await openInstallation(configuration, undefined, systemClock)
if (opened.facts === undefined) throw new Error('not initialised')
const { chain, privateKey } = await currentServerCertificate(actContext(opened), serverMeans(opened, opened.facts))
const clientAuthorities = opened.book.all().map(({ issuer }) => encodePem('CERTIFICATE', issuer.certificate.der))
await opened.storage.close()

const signer = new KeySigner('ocsp', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
const signed = Buffer.alloc(SIGNED_BYTES, 0x30)
const app = new Hono()
app.get('/empty', (c) => c.body(null, 200, { 'content-length': '0' }))
app.get('/constant', (c) => c.body(body, 200, headers))
app.get('/signed', async (c) => {
  const signature = await signer.sign(signed)
  return c.body(null, 200, { 'content-length': '0', etag: String(signature.length) })
})
// Beside the service: on a port of its own.
const { port } = await listenHttps({ ...configuration.listeners.https, port: 0 }, app, configuration.limits, {
  material: { certificateChain: chain, privateKey, clientAuthorities },
  clientCertificate: 'asked',
  sessionSeconds: configuration.tls.sessionSeconds,
})
console.log(port)
