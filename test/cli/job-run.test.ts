// `signet job run` when an answer is lost: what stands between it and the real service hands requests on, and loses answers.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Certified, TestService } from '../support/test-service.ts'
import { type Outcome, signet } from './command-line.ts'
import { type FakeAnswer, problem, type Received, startService } from './fake-service.ts'
import { TemporaryFolder } from './temporary-folder.ts'
import { makeHierarchy, makeServer, type Party } from './test-ca.ts'

let service: TestService
let launcher: Certified
let between: readonly [server: Party, issuer: Party]
let folder: TemporaryFolder
let environment: Record<string, string>

beforeAll(async () => {
  // Before the service, which gives the library of both another provider.
  const { root, users } = await makeHierarchy()
  between = [await makeServer(users), users]
  service = await TestService.start()
  await service.addProject('vision', 'alice')
  launcher = await service.addService('hub.internal', { roles: ['launcher'], projects: ['vision'] })
  folder = new TemporaryFolder()
  environment = {
    XDG_RUNTIME_DIR: folder.path,
    SIGNET_CA: folder.write('ca.pem', root.pem),
    SIGNET_CERT: folder.write('hub.pem', launcher.certificate),
    SIGNET_KEY: folder.write('hub.key', launcher.key),
  }
})
afterAll(async () => {
  folder[Symbol.dispose]()
  await service.close()
})

/** As the launcher: what the job asks by itself is answered with `refusal`. */
async function handOn({ url, body, idempotencyKey = '' }: Received, refusal: FakeAnswer): Promise<FakeAnswer> {
  if (url.endsWith('/token')) return refusal
  const { status, text } = await service.post(url, body, launcher, { 'idempotency-key': idempotencyKey })
  return { status, type: status < 300 ? 'application/json' : 'application/problem+json', body: text }
}

interface Asked {
  readonly outcome: Outcome
  readonly received: readonly Received[]
}

/** `lose`: how many answers to the first question are lost. */
async function run(lose: number): Promise<Asked> {
  let lost = 0
  const refusal = problem(409, 'token_audience_refused', 'No.')
  await using proxy = await startService(between[0], [between[1]], async (asked) => {
    const answer = await handOn(asked, refusal)
    if (asked.url !== '/v1/jobs' || lost >= lose) return answer
    lost += 1
    return 'lost'
  })
  const words = ['job', 'run', '--project', 'vision', '--user', 'alice', '--audience', 'resnet', '--', 'false']
  const outcome = await signet(words, { environment: { ...environment, SIGNET_URL: proxy.url } })
  return { outcome, received: proxy.received }
}

test('an answer that was lost is given again, and of its job nothing is left', async () => {
  const { outcome, received } = await run(2)
  expect(outcome.status).toBe(1)
  expect(outcome.stderr).toContain('signet job: the service cannot be asked (code connection_lost)')
  expect(outcome.stderr).toContain('refused: No. (code token_audience_refused)')
  const starts = received.filter(({ url }) => url === '/v1/jobs')
  expect(starts).toHaveLength(3)
  expect(new Set(starts.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1)
  // One with a token would not be given again.
  for (const { body } of starts) expect(body).not.toHaveProperty('token')
  const { jobs } = (await service.get('/v1/jobs', launcher)).json as { jobs: Record<string, unknown>[] }
  expect(jobs).toMatchObject([{ status: 'finished' }])
})
