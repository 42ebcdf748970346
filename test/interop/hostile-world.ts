// The hostile requests' world behind a real proxy: three hosts, each of a deployment that takes certificates and API keys; the
// third is a gateway, where a call has to name its model.
import { X509Certificate } from 'node:crypto'
import { MODEL_HEADER } from '../../src/proxies/read-call.ts'
import type { HostileWorld } from '../../src/cli/doctor/hostile/hostile-request.ts'
import { expectStatus } from '../support/test-service.ts'
import { makeSelfSigned } from './forged.ts'
import type { ProxyChain } from './proxy-chain.ts'
import { splitPem } from './world.ts'

const KINDS = ['chat', 'other', 'gateway'] as const
type Kind = (typeof KINDS)[number]

/** Of the chain's three hosts, in their order. */
const hostOf = (chain: ProxyChain, kind: Kind): string => chain.hosts[KINDS.indexOf(kind)] ?? ''
const deploymentOf = (chain: ProxyChain, kind: Kind): string => `${kind}-${chain.name}`

/** Each host gets its deployment, served by the proxy's own service, and the proxy is registered for all three. */
export async function exposeHosts(chain: ProxyChain): Promise<void> {
  const name = deploymentOf(chain, 'chat')
  const { service } = chain.world
  const { id } = expectStatus(await service.post('/v1/models', { name }, service.admin), 201).json
  for (const kind of KINDS) {
    await chain.expose(deploymentOf(chain, kind), {
      host: hostOf(chain, kind),
      paths: ['/v1', '/echo', '/healthz', `/publishers/vision/models/${kind === 'other' ? 'other' : name}`],
      unprotectedPaths: ['/healthz'],
      ...(kind === 'gateway' ? { model: id, modelSelector: 'required' } : {}),
      authModes: ['mtls', 'api-key'],
      credentialPlaces: [{ in: 'header', name: 'x-api-key', carries: 'api-key' }],
    })
  }
  await chain.register(KINDS.map((kind) => deploymentOf(chain, kind)))
}

export async function hostileWorld(chain: ProxyChain): Promise<HostileWorld> {
  const { world } = chain
  const mallory = await world.member(`mallory-${chain.name}`)
  const foreign = await makeSelfSigned('vision__alice')
  const [, issuer] = splitPem(world.alice.certificate)
  const wanted = { name: `hostile-${chain.name}`, scopes: ['SERVING'] }
  const key = expectStatus(await world.service.post('/v1/api-keys', wanted, world.alice), 201).json['value']
  return {
    host: hostOf(chain, 'chat'),
    otherHost: hostOf(chain, 'other'),
    gatewayHost: hostOf(chain, 'gateway'),
    path: '/v1/chat/completions',
    unprotectedPath: '/healthz',
    model: deploymentOf(chain, 'chat'),
    otherModel: deploymentOf(chain, 'other'),
    modelHeader: MODEL_HEADER,
    actingUser: 'vision__alice',
    certificate: derOf(world.alice.certificate),
    otherCertificate: derOf(mallory.certificate),
    foreignCertificate: derOf(foreign.certificate),
    issuer: derOf(issuer ?? ''),
    apiKey: String(key),
  }
}

/** Of the first certificate. */
function derOf(pem: string): Uint8Array {
  return new X509Certificate(pem).raw
}
