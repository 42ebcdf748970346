// Rows of KServe with Open Data Hub's annotation: what `signet model deployment import` makes of its resources, by the program's
// own client against the running service.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, type Outcome, signet } from '../cli/command-line.ts'
import { known } from '../support/https-client.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'

let service: TestService
let owner: Certified
let environment: Readonly<Record<string, string>>
let count = 0

const KSERVE_PATHS = ['/healthz', '/debug/pprof/', '/metrics', '/wait-for-drain']

beforeAll(async () => {
  service = await TestService.start({ flags: { 'access.authModes': 'mtls,jwt,api-key,none' } })
  owner = await service.addProject('vision', 'alice')
  await service.addService('model-1.internal', { projects: ['vision'] })
  const files = { 'ca.pem': service.ca, 'alice.pem': owner.certificate, 'alice.key': owner.key }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(service.folder, name), text, { mode: 0o600 })
  environment = {
    SIGNET_URL: service.url,
    SIGNET_CA: join(service.folder, 'ca.pem'),
    SIGNET_CERT: join(service.folder, 'alice.pem'),
    SIGNET_KEY: join(service.folder, 'alice.key'),
  }
})
afterAll(() => service.close())

function imported(text: string, ...more: readonly string[]): Promise<Outcome> {
  const file = join(service.folder, 'kserve.yaml')
  writeFileSync(file, text)
  const words = ['model', 'deployment', 'import', '--kserve', file, '--project', 'vision']
  return signet([...words, '--service', 'model-1.internal', ...more], { environment })
}

const stored = async (name: string): Promise<Record<string, unknown>> =>
  expectStatus(await service.get(`/v1/deployments/${name}`, owner), 200).json

const yaml = (
  kind: string,
  name: string,
  annotation: string | undefined,
  status = `url: https://${name}.example.com`,
) => `
apiVersion: serving.kserve.io/v1beta1
kind: ${kind}
metadata:
  name: ${name}
  namespace: ns
${annotation === undefined ? '' : `  annotations:\n    security.opendatahub.io/enable-auth: ${JSON.stringify(annotation)}\n`}
status:
  ${status}
`

describe('A1: the annotation, which the two kinds read in opposite ways', () => {
  test.each<[kind: string, annotation: string | undefined, upstream: 'open' | 'protected']>([
    ['InferenceService', undefined, 'open'],
    ['InferenceService', 'true', 'protected'],
    ['InferenceService', 'True', 'protected'],
    ['InferenceService', 'TRUE', 'protected'],
    ['InferenceService', ' true', 'open'],
    ['InferenceService', 'false', 'open'],
    ['InferenceService', 'yes', 'open'],
    ['LLMInferenceService', undefined, 'protected'],
    ['LLMInferenceService', 'true', 'protected'],
    ['LLMInferenceService', 'false', 'open'],
    ['LLMInferenceService', ' FALSE ', 'open'],
    ['LLMInferenceService', 'no', 'protected'],
    ['LLMInferenceService', '', 'protected'],
  ])('A1: %s with %j is %s with --kserve-compat, and protected without', async (kind, annotation, upstream) => {
    const name = `isvc${String((count += 1))}`
    const text = yaml(kind, name, annotation)
    const ours = await imported(text)
    expect(ours.status, ours.stderr).toBe(0)
    expect(await stored(name)).toMatchObject({ authModes: ['mtls', 'jwt'], unprotectedPaths: [], status: 'active' })
    expect(ours.stdout).toMatch(upstream === 'open' ? /protected, although KServe leaves it open/ : /protected, as/)
    const compatible = await imported(text, '--kserve-compat')
    expect(compatible.status, compatible.stderr).toBe(0)
    expect((await stored(name))['authModes']).toEqual(upstream === 'open' ? ['none'] : ['mtls', 'jwt'])
    expect(compatible.stdout).toMatch(upstream === 'open' ? /OPEN to everybody/ : /protected, as/)
  })

  test('A1: what KServe leaves open stays shut where the platform does not permit it', async () => {
    const strict = await TestService.start()
    try {
      const by = await strict.addProject('vision', 'alice')
      await strict.addService('model-1.internal', { projects: ['vision'] })
      const body = { project: 'vision', host: 'a.example.com', service: 'model-1.internal', authModes: ['none'] }
      expect(known(await strict.put('/v1/deployments/a', body, by))).toEqual({
        status: 400,
        code: 'auth_mode_not_activated',
      })
      expect(known(await strict.get('/v1/deployments/a', by)).code).toBe('deployment_unknown')
    } finally {
      await strict.close()
    }
  })
})

describe('A5: every host of the status is guarded alike', () => {
  const STATUS = `url: https://iris-ns.example.com
  address: { url: "http://iris.ns.svc.cluster.local" }
  components:
    predictor:
      url: https://iris-predictor-ns.example.com
      grpcUrl: iris-predictor-ns-grpc.example.com:443
      restUrl: https://iris-predictor-rest.example.com/
      address: { url: "http://iris-predictor.ns.svc.cluster.local:8080" }
      traffic:
        - { revisionName: r1, url: "https://canary-iris-predictor-ns.example.com", tag: canary }
        - { revisionName: r2, percent: 100 }`
  const HOSTS = [
    'iris-ns.example.com',
    'iris.ns.svc.cluster.local',
    'iris.ns.svc',
    'iris.ns',
    'iris-predictor-ns.example.com',
    'iris-predictor-rest.example.com',
    'iris-predictor-ns-grpc.example.com',
    'iris-predictor.ns.svc.cluster.local',
    'iris-predictor.ns.svc',
    'iris-predictor.ns',
    'canary-iris-predictor-ns.example.com',
  ]

  test('A5: URL, address, component, traffic tag, and the short forms of cluster names', async () => {
    const outcome = await imported(yaml('InferenceService', 'iris', 'true', STATUS))
    expect(outcome.status, outcome.stderr).toBe(0)
    const { host, moreHosts } = await stored('iris')
    expect([host, ...(moreHosts as string[])]).toEqual(HOSTS)
  })

  test.each(HOSTS)('A5: nobody else gets %s', async (host) => {
    const body = { project: 'vision', host, service: 'model-1.internal' }
    expect(known(await service.put('/v1/deployments/thief', body, owner))).toEqual({ status: 409, code: 'host_taken' })
  })

  test('A5: an LLMInferenceService behind a shared gateway has its path alone', async () => {
    const llm = (name: string) =>
      yaml('LLMInferenceService', name, undefined, `url: https://gateway.example.com/ns/${name}`)
    for (const name of ['llama', 'llama2']) expect((await imported(llm(name))).status).toBe(0)
    expect(await stored('llama')).toMatchObject({ host: 'gateway.example.com', paths: ['/ns/llama'] })
    expect(await stored('llama2')).toMatchObject({ host: 'gateway.example.com', paths: ['/ns/llama2'] })
  })

  test.each([
    ['no status', 'kind: InferenceService\nmetadata: { name: early }'],
    ['another kind', yaml('Deployment', 'web', undefined)],
    ['no YAML', 'kind: [InferenceService'],
    ['an alias', 'kind: &k InferenceService\nmetadata: { name: *k }\nstatus: { url: https://x.example.com }'],
    ['nothing', ''],
    [
      'a path on one host alone',
      yaml(
        'LLMInferenceService',
        'odd',
        undefined,
        'url: https://g.example.com/ns/odd\n  address: { url: http://odd.ns.svc }',
      ),
    ],
  ])('A5: a file with %s is refused, and nothing is put', async (_, text) => {
    const before = (await service.get('/v1/deployments?limit=1000', owner)).text
    expect(codeOf(await imported(text))).toBe('kserve_unreadable')
    expect((await service.get('/v1/deployments?limit=1000', owner)).text).toBe(before)
  })
})

describe('A6: unprotected paths are exact, and none by default', () => {
  const put = (more: object) =>
    service.put(
      '/v1/deployments/probes',
      { project: 'vision', host: 'probes.internal', service: 'model-1.internal', ...more },
      owner,
    )

  test('A6: the preset adds the four, and nothing near them', async () => {
    expectStatus(await put({}), 200)
    expect((await stored('probes'))['unprotectedPaths']).toEqual([])
    expectStatus(await put({ unprotectedPaths: ['/readyz', '/metrics'], unprotectedPreset: 'kserve' }), 200)
    const paths = (await stored('probes'))['unprotectedPaths'] as string[]
    expect(new Set(paths)).toEqual(new Set(['/readyz', ...KSERVE_PATHS]))
    expect(paths).toHaveLength(5)
  })

  test('A6: an import has them with --kserve-compat alone', async () => {
    expect((await imported(yaml('InferenceService', 'probed', 'true'), '--kserve-compat')).status).toBe(0)
    expect((await stored('probed'))['unprotectedPaths']).toEqual(KSERVE_PATHS)
  })

  test('A6: a preset that is none', async () => {
    expect(known(await put({ unprotectedPreset: 'istio' }))).toEqual({ status: 400, code: 'body_rejected' })
  })
})
