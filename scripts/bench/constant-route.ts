// A server of Hono on Signet's own TLS listener that always allows: `/v1/authorize` with its real schemas, and `/authz/nginx` with an
// answer of the same form and size.
import { systemClock } from '../../src/domain/clock.ts'
import { currentServerCertificate } from '../../src/enrollment/server-certificate.ts'
import { listenHttps } from '../../src/http/listener.ts'
import { bodyRoute, newApi, NONE } from '../../src/http/route.ts'
import { AuthorizeBody, DecisionBody } from '../../src/http/decision-schemas.ts'
import { actContext, openInstallation, serverMeans } from '../../src/main/installation.ts'
import { readConfiguration } from '../../src/ops/configuration.ts'
import { encodePem } from '../../src/x509/pem.ts'

const configFile = process.argv[2]
if (configFile === undefined) throw new Error('usage: constant-route.ts CONFIGURATION [beside]')
/** `beside`: on any free port, since the service has its own. */
const isBeside = process.argv[3] === 'beside'
const configuration = readConfiguration({ flags: {}, environment: {}, configFile, workingFolder: process.cwd() })
const opened = await openInstallation(configuration, undefined, systemClock)
if (opened.facts === undefined) throw new Error('not initialised')
const { chain, privateKey } = await currentServerCertificate(actContext(opened), serverMeans(opened, opened.facts))
const clientAuthorities = opened.book.all().map(({ issuer }) => encodePem('CERTIFICATE', issuer.certificate.der))
await opened.storage.close()
/** As long as the service's. */
const ALLOWED = {
  decision: 'allow' as const,
  reason: 'ALLOWED',
  subject: {
    kind: 'member',
    name: 'bench__olivia',
    profile: 'project-user',
    spiffeId: 'spiffe://bench.internal/project/bench/user/olivia',
  },
  resource: 'd1',
  policyRevision: 1,
  matchedRule: 'member',
  validUntil: '2026-01-01T00:00:00.000Z',
}
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
    return c.json(ALLOWED, 200, { 'cache-control': 'no-store' })
  },
)
// A signed identity has about this many characters.
const IDENTITY = 'x'.repeat(620)
api.get('/empty', (c) => c.body(null, 200, { 'content-length': '0' }))
api.get('/authz/nginx', (c) => {
  return c.body(null, 200, {
    'cache-control': 'no-store',
    'content-length': '0',
    'signet-acting-user': 'bench__olivia',
    'signet-deployment': 'd1',
    'signet-identity': IDENTITY,
    'signet-policy-revision': '1',
    'signet-project': 'bench',
    'signet-subject': 'bench__olivia',
    'signet-subject-kind': 'member',
    'x-authz-reason': 'ALLOWED',
    'x-authz-valid-until': '2026-01-01T00:00:00.000Z',
  })
})
const place = isBeside ? { host: '127.0.0.1', port: 0 } : configuration.listeners.https
const { port } = await listenHttps(place, api, configuration.limits, {
  material: {
    certificateChain: chain,
    privateKey,
    clientAuthorities,
  },
  clientCertificate: 'asked',
  sessionSeconds: configuration.tls.sessionSeconds,
})
console.log(port)
