// A server of ext_authz on Signet's own gRPC listener that always allows, with headers of the size that an allowance has.
import { systemClock } from '../../src/domain/clock.ts'
import { currentServerCertificate } from '../../src/enrollment/server-certificate.ts'
import { listenGrpc } from '../../src/grpc/listener.ts'
import type { CheckResponse } from '../../src/grpc/protocol.ts'
import { secureContext } from '../../src/http/tls-context.ts'
import { actContext, openInstallation, serverMeans } from '../../src/main/installation.ts'
import { readConfiguration } from '../../src/ops/configuration.ts'
import { headersToRemove } from '../../src/proxies/passed-headers.ts'
import { encodePem } from '../../src/x509/pem.ts'

const configFile = process.argv[2]
if (configFile === undefined) throw new Error('usage: constant-check.ts CONFIGURATION')
const configuration = readConfiguration({ flags: {}, environment: {}, configFile, workingFolder: process.cwd() })
const opened = await openInstallation(configuration, undefined, systemClock)
if (opened.facts === undefined) throw new Error('not initialised')
const { chain, privateKey } = await currentServerCertificate(actContext(opened), serverMeans(opened, opened.facts))
const clientAuthorities = opened.book.all().map(({ issuer }) => encodePem('CERTIFICATE', issuer.certificate.der))
await opened.storage.close()

const names = ['signet-subject', 'signet-subject-kind', 'signet-acting-user', 'signet-deployment', 'signet-project']
const set = [...names, 'signet-policy-revision'].map((key) => [key, 'bench__olivia'] as const)
const headers = [...set, ['signet-identity', 'x'.repeat(600)] as const].map(([key, value]) => ({
  header: { key, value },
  append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' as const,
}))
const ALLOWED: CheckResponse = {
  status: { code: 0, message: 'ALLOWED' },
  ok_response: { headers, headers_to_remove: headersToRemove([], []) },
  dynamic_metadata: { fields: [{ key: 'reason', value: { string_value: 'ALLOWED' } }] },
}

const { grpc } = configuration.listeners
if (grpc.kind === 'off') throw new Error('listeners.grpc is off')
const material = { certificateChain: chain, privateKey, clientAuthorities }
await listenGrpc(
  grpc,
  {
    check: () => (_, respond) => respond(null, ALLOWED),
    health: (_, respond) => respond(null, { status: 'SERVING' }),
  },
  configuration.limits,
  {
    context: secureContext(material, configuration.tls.sessionSeconds),
    // Whoever shows anything: the bench's proxy is the only client.
    refusalOf: () => undefined,
    turnedAway: () => undefined,
  },
)
console.log('ready')
