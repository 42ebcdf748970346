// Rows A2 to A4: service accounts of a cluster at a deployment of KServe's, by the cluster's own RBAC. Over the gRPC listener of the
// running service; the API server is a stand-in (test/support/kubernetes-stand-in.ts).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EnvoyClient, headerOf, told } from '../support/envoy-client.ts'
import { type Binding, CLUSTER_ISSUER, KubernetesStandIn } from '../support/kubernetes-stand-in.ts'
import { expectStatus, TestService } from '../support/test-service.ts'

const folder = mkdtempSync(join(tmpdir(), 'signet-kserve-'))
let cluster: KubernetesStandIn
let service: TestService
let envoy: EnvoyClient
let count = 0

beforeAll(async () => {
  cluster = await KubernetesStandIn.start()
  const [caFile, bearerFile] = [join(folder, 'ca.pem'), join(folder, 'bearer')]
  writeFileSync(caFile, cluster.issuer.ca)
  writeFileSync(bearerFile, `${cluster.bearer}\n`)
  const common = {
    kind: 'kubernetes',
    audience: 'signet',
    jwksUrl: `${cluster.url}/openid/v1/jwks`,
    caFile,
    bearerFile,
  }
  const trustedIssuers = JSON.stringify({
    prod: { ...common, issuer: CLUSTER_ISSUER, reviewUrl: cluster.url, tokenReview: true },
    // A cluster of which nobody is asked anything.
    lab: {
      ...common,
      issuer: 'https://lab.example',
      serviceAccounts: [{ namespace: 'x', name: 'x', project: 'vision', user: 'alice' }],
    },
  })
  service = await TestService.start({ grpc: 'on', flags: { trustedIssuers } })
  const alice = await service.addProject('vision', 'alice')
  const gateway = await service.addService('gateway.internal')
  await service.addService('model-1.internal', { projects: ['vision'] })
  const proxy = { service: 'gateway.internal', certificateHeader: 'envoy-grpc', deployments: 'all' }
  expectStatus(await service.put('/v1/proxies/gateway', proxy, service.admin), 200)
  for (const [name, group] of [
    ['classic', 'kubernetes:prod:inferenceservices:models/resnet'],
    ['llm', 'kubernetes:prod:llminferenceservices:models/llama'],
    ['elsewhere', 'kubernetes:lab:inferenceservices:models/resnet'],
  ]) {
    const body = {
      project: 'vision',
      service: 'model-1.internal',
      host: `${name ?? ''}.models.svc.cluster.local`,
      authModes: ['oidc'],
      actingUser: 'credential-itself',
      externalGroups: [group],
    }
    expectStatus(await service.put(`/v1/deployments/${name ?? ''}`, body, alice), 200)
  }
  envoy = new EnvoyClient(service.grpcTarget, { ca: service.ca, identity: gateway })
})
afterAll(async () => {
  envoy.close()
  await service.close()
  await cluster.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  cluster.bindings = []
  cluster.asked.length = 0
})

/** An account that nobody has asked about yet: answers are kept for a while. */
const fresh = (): string => `caller-${String((count += 1))}`
const subjectOf = (name: string): string => `system:serviceaccount:apps:${name}`
const token = (name: string, change: object = {}): string => cluster.token('apps', name, new Date(), change)
const resnet = (to: string): Binding => ({ to, resource: 'inferenceservices', namespace: 'models', name: 'resnet' })
const llama = (to: string): Binding => ({ to, resource: 'llminferenceservices', namespace: 'models', name: 'llama' })

async function ask(deployment: string, bearer?: string) {
  const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
  const host = `${deployment}.models.svc.cluster.local`
  return envoy.check({ host, path: '/v1/models/resnet:predict', headers })
}
const answer = async (deployment: string, bearer?: string) => {
  const { status, reason } = told(await ask(deployment, bearer))
  return { status, reason }
}
const ALLOWED = { status: 200, reason: 'ALLOWED' }
const NOT_GRANTED = { status: 403, reason: 'GROUP_NOT_GRANTED' }
const reviews = () => cluster.asked.filter(({ kind }) => kind === 'SubjectAccessReview').map(({ spec }) => spec)

describe('A2: a deployment that wants tokens of the cluster', () => {
  test('A2: without a token 401, with a challenge, and nobody is asked', async () => {
    const refused = await ask('classic')
    expect(told(refused)).toMatchObject({ status: 401, reason: 'CREDENTIAL_MISSING' })
    expect(headerOf(refused.denied_response?.headers ?? [], 'www-authenticate')).toBe('Bearer realm="classic"')
    expect(cluster.asked).toEqual([])
  })

  test('A2: with a good token and no right 403, with the right 200, as whoever it is', async () => {
    const [poor, rich] = [fresh(), fresh()]
    cluster.bindings = [resnet(subjectOf(rich))]
    expect(await answer('classic', token(poor))).toEqual(NOT_GRANTED)
    const let_in = await ask('classic', token(rich))
    expect(told(let_in)).toEqual({ grpc: 'OK', status: 200, reason: 'ALLOWED', subject: `prod|${subjectOf(rich)}` })
    // What the model gets of the call is what it would get unprotected, but for who it is.
    expect(let_in.ok_response?.headers_to_remove).not.toContain('authorization')
  })

  test('A2: a token that the cluster has taken back is none', async () => {
    const name = fresh()
    cluster.bindings = [resnet(subjectOf(name))]
    cluster.gone.add(`gone-${name}`)
    expect(await answer('classic', token(name, { jti: `gone-${name}` }))).toEqual({
      status: 401,
      reason: 'TOKEN_REVOKED',
    })
    expect(reviews()).toEqual([])
  })

  test('A2: while the API server cannot be asked, 503, and never an allowance', async () => {
    const name = fresh()
    cluster.bindings = [resnet(subjectOf(name))]
    cluster.state = 'down'
    expect(await answer('classic', token(name))).toEqual({ status: 503, reason: 'PDP_UNAVAILABLE' })
    cluster.state = 'up'
    expect(await answer('classic', token(name))).toEqual(ALLOWED)
  })

  test('A2: a token of another cluster is not asked about here, and another cluster’s right is none', async () => {
    const name = fresh()
    cluster.bindings = [resnet(subjectOf(name))]
    expect(await answer('elsewhere', token(name))).toEqual(NOT_GRANTED)
    expect(await answer('classic', token(name, { iss: 'https://lab.example' }))).toEqual(NOT_GRANTED)
    expect(cluster.asked).toEqual([])
  })

  test('A2: the same question is asked once in a while', async () => {
    const name = fresh()
    cluster.bindings = [resnet(subjectOf(name))]
    const bearer = token(name)
    const answers = await Promise.all(Array.from({ length: 20 }, () => answer('classic', bearer)))
    expect(answers).toEqual(Array.from({ length: 20 }, () => ALLOWED))
    expect(cluster.asked.map(({ kind }) => kind)).toEqual(['TokenReview', 'SubjectAccessReview'])
  })
})

describe('A3: what the API server is asked', () => {
  test('A3: of an InferenceService by the user alone, so that a binding of a group does nothing', async () => {
    const name = fresh()
    cluster.bindings = [resnet('system:serviceaccounts:apps')]
    expect(await answer('classic', token(name))).toEqual(NOT_GRANTED)
    expect(reviews()).toEqual([
      {
        resourceAttributes: {
          verb: 'get',
          group: 'serving.kserve.io',
          resource: 'inferenceservices',
          namespace: 'models',
          name: 'resnet',
        },
        user: subjectOf(name),
      },
    ])
  })

  test('A3: of an LLMInferenceService by user and groups, so that one of a group does', async () => {
    const [name, other] = [fresh(), fresh()]
    cluster.bindings = [llama('system:serviceaccounts:apps')]
    expect(await answer('llm', token(name))).toEqual(ALLOWED)
    expect(reviews()).toEqual([
      {
        resourceAttributes: {
          verb: 'get',
          group: 'serving.kserve.io',
          resource: 'llminferenceservices',
          namespace: 'models',
          name: 'llama',
        },
        user: subjectOf(name),
        groups: ['system:serviceaccounts', 'system:serviceaccounts:apps', 'system:authenticated'],
      },
    ])
    cluster.bindings = [resnet(subjectOf(other))]
    expect(await answer('llm', token(other))).toEqual(NOT_GRANTED)
  })
})

describe('A4: for whom a token is', () => {
  test.each<readonly [string, object]>([
    ['the API server', { aud: ['https://kubernetes.default.svc'] }],
    ['the cluster’s issuer', { aud: [CLUSTER_ISSUER] }],
    ['Signet and the API server', { aud: ['signet', 'https://kubernetes.default.svc'] }],
    ['nobody', { aud: undefined }],
  ])('A4: one for %s is refused, and the API server never gets it', async (_, change) => {
    const name = fresh()
    cluster.bindings = [resnet(subjectOf(name))]
    expect(await answer('classic', token(name, change))).toEqual({ status: 401, reason: 'TOKEN_AUDIENCE' })
    expect(cluster.asked).toEqual([])
  })
})
