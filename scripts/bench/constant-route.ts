// A server with one route: `/v1/authorize` with its real schemas, on Signet's own TLS listener, that always allows.
import { systemClock } from '../../src/domain/clock.ts'
import { currentServerCertificate } from '../../src/enrollment/server-certificate.ts'
import { listenHttps } from '../../src/http/listener.ts'
import { bodyRoute, newApi, NONE } from '../../src/http/route.ts'
import { AuthorizeBody, DecisionBody } from '../../src/http/decision-schemas.ts'
import { actContext, openInstallation, serverMeans } from '../../src/main/installation.ts'
import { readConfiguration } from '../../src/ops/configuration.ts'
import { encodePem } from '../../src/x509/pem.ts'

const configFile = process.argv[2]
if (configFile === undefined) throw new Error('usage: constant-route.ts CONFIGURATION')
const configuration = readConfiguration({ flags: {}, environment: {}, configFile, workingFolder: process.cwd() })
const opened = await openInstallation(configuration, undefined, systemClock)
if (opened.facts === undefined) throw new Error('not initialised')
const { chain, privateKey } = await currentServerCertificate(actContext(opened), serverMeans(opened, opened.facts))
const clientAuthorities = opened.book.all().map(({ issuer }) => encodePem('CERTIFICATE', issuer.certificate.der))
await opened.storage.close()
const api = newApi()
api.openapi(
  bodyRoute({
    method: 'post',
    path: '/v1/authorize',
    params: NONE,
    summary: 'Always allowed',
    body: AuthorizeBody,
    status: 200,
    answer: DecisionBody,
  }),
  (c) => {
    c.req.valid('json')
    return c.json({ decision: 'allow' as const, reason: 'ALLOWED', policyRevision: 1 }, 200)
  },
)
await listenHttps(configuration.listeners.https, api.fetch, configuration.limits, {
  material: {
    certificateChain: chain,
    privateKey,
    clientAuthorities,
  },
  clientCertificate: 'asked',
  sessionSeconds: configuration.tls.sessionSeconds,
})
console.log('ready')
