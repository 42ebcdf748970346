// `signet sidecar` as a process: started as an operator does, it decides in front of a model server, keeps the newest number that it
// has seen, refuses to go below it, and ends when it is told to.
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentFor, type Answer, type ClientIdentity, send } from '../support/https-client.ts'
import { ModelServer } from '../support/model-server.ts'
import { type Certified, expectStatus, freePorts, TestService } from '../support/test-service.ts'
import { end, run, start } from './program.ts'

const PROGRAM = join(import.meta.dirname, '..', '..', 'scripts', 'signet')

let service: TestService
let model: ModelServer
let alice: Certified
let folder: string
let words: readonly string[]
let port = 0
let operations = 0

beforeAll(async () => {
  service = await TestService.start()
  model = await ModelServer.start()
  const owner = await service.addProject('vision', 'olga')
  alice = await service.addMember('vision', 'alice', owner)
  const identity = await service.addService('model-1.internal')
  await service.addDeployment('resnet', { project: 'vision', host: 'model-1.internal', service: 'model-1.internal' })
  const body = { service: 'model-1.internal', deployments: ['resnet'] }
  expectStatus(await service.put('/v1/sidecars/front', body, owner), 200)
  folder = join(service.folder, 'sidecar')
  mkdirSync(folder)
  writeFileSync(join(folder, 'ca.pem'), service.ca)
  place(identity)
  const [listen, inside] = await freePorts(2)
  port = listen ?? 0
  operations = inside ?? 0
  words = [
    ...['sidecar', 'front', '--upstream', model.url, '--deployment', 'resnet', '--url', service.url],
    ...['--listen', `127.0.0.1:${String(port)}`, '--operations', `127.0.0.1:${String(operations)}`],
    ...['--ca', 'ca.pem', '--cert', 'cert.pem', '--key', 'key.pem', '--state', 'state'],
  ]
})

afterAll(async () => {
  await model.stop()
  await service.close()
})

function place({ certificate, key }: ClientIdentity): void {
  writeFileSync(join(folder, 'cert.pem'), certificate)
  writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 })
}

/** Resolves when it takes calls. */
async function running(): Promise<ChildProcess> {
  const child = start(PROGRAM, words, { folder })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await new Promise<void>((ready, failed) => {
    child.stdout?.on('data', () => ready())
    child.once('exit', (code) => failed(new Error(`ended with ${String(code)}: ${said}`)))
  })
  return child
}

function call(): Promise<Answer> {
  const agent = agentFor({ ca: service.ca, identity: alice }, false)
  Object.assign(agent.options, { servername: 'model-1.internal' })
  const headers = { host: 'model-1.internal', 'signet-act-as': 'vision__alice' }
  const target = { url: `https://localhost:${String(port)}`, ca: service.ca, agent }
  return send(target, { method: 'GET', path: '/echo', headers })
}

/** Asked until the policy has come: each answer before is SNAPSHOT_STALE. */
async function firstDecided(): Promise<Answer> {
  for (;;) {
    const answer = await call()
    if (answer.code !== 'SNAPSHOT_STALE') return answer
  }
}

const mark = () =>
  JSON.parse(readFileSync(join(folder, 'state', 'newest.json'), 'utf8')) as { epoch: string; seq: number }

describe('the process', () => {
  test('decides, keeps what it has seen, says how it is, and ends', async () => {
    const child = await running()
    expectStatus(await firstDecided(), 200)
    expect(mark().seq).toBeGreaterThan(0)
    expect(statSync(join(folder, 'state', 'newest.json')).mode & 0o777).toBe(0o600)
    const metrics = await (await fetch(`http://127.0.0.1:${String(operations)}/metrics`)).text()
    expect(metrics).toContain('signet_sidecar_decisions_total{reason="ALLOWED"} 1')
    expect((await fetch(`http://127.0.0.1:${String(operations)}/readyz`)).status).toBe(200)
    await end(child)
    expect(child.exitCode).toBe(0)
  })

  test('rule 40: takes nothing that is older than what it had before', async () => {
    const before = mark()
    writeFileSync(join(folder, 'state', 'newest.json'), JSON.stringify({ ...before, seq: before.seq + 1_000_000 }))
    const child = start(PROGRAM, words, { folder })
    const refused = new Promise<string>((said) => {
      child.stderr?.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('snapshot_rolled_back')) said('refused')
      })
    })
    expect(await refused).toBe('refused')
    expect((await call()).code).toBe('SNAPSHOT_STALE')
    await end(child)
    rmSync(join(folder, 'state'), { recursive: true })
  })

  test.each([
    [
      'a state that cannot be read',
      1,
      'file_unreadable',
      () => {
        mkdirSync(join(folder, 'state'), { recursive: true })
        writeFileSync(join(folder, 'state', 'newest.json'), 'no JSON')
        return words
      },
    ],
    ['no trust bundle', 1, 'file_unreadable', () => words.map((word) => (word === 'ca.pem' ? 'absent.pem' : word))],
    [
      'operations for everyone',
      2,
      '',
      () => words.map((word) => word.replace(`127.0.0.1:${String(operations)}`, '0.0.0.0:9092')),
    ],
    [
      'an upstream that is no origin',
      2,
      '',
      () => words.map((word) => (word === model.url ? `${model.url}/v1` : word)),
    ],
    ['an upstream with a password', 2, '', () => words.map((word) => word.replace('http://127', 'http://:secret@127'))],
    ['no deployment', 2, '', () => words.filter((word) => word !== '--deployment' && word !== 'resnet')],
  ] as const)('does not start with %s', async (_, status, code, wordsOf) => {
    const ended = await run(PROGRAM, wordsOf(), { folder })
    expect([ended.status, ended.stderr.includes(code)]).toEqual([status, true])
  })
})
