// `signet job run` as the program, around real commands: what they find, how they end, and what is left when they have.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'

const SIGNET = new URL('../../src/cli/signet.ts', import.meta.url).pathname
let service: TestService
let launcher: Certified
let folder: string

beforeAll(async () => {
  service = await TestService.start()
  await service.addProject('vision', 'alice')
  launcher = await service.addService('hub.internal', { roles: ['launcher'], projects: ['vision'] })
  folder = mkdtempSync(join(tmpdir(), 'job-run-'))
  writeFileSync(join(folder, 'ca.pem'), service.ca)
  writeFileSync(join(folder, 'hub.pem'), launcher.certificate)
  writeFileSync(join(folder, 'hub.key'), launcher.key)
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await service.close()
})

interface Running {
  readonly firstLine: Promise<string>
  readonly ended: Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>
  kill(signal: NodeJS.Signals): void
}

const run = (script: string, ...options: readonly string[]): Running => runWords(['sh', '-c', script], ...options)

function runWords(command: readonly string[], ...options: readonly string[]): Running {
  const identity = { SIGNET_CA: 'ca.pem', SIGNET_CERT: 'hub.pem', SIGNET_KEY: 'hub.key', SIGNET_URL: service.url }
  const words = ['job', 'run', '--project', 'vision', '--user', 'alice', ...options, '--', ...command]
  const env = { PATH: process.env['PATH'], XDG_RUNTIME_DIR: folder, ...identity }
  const child = spawn(process.execPath, [SIGNET, ...words], { cwd: folder, env })
  const [out, error]: [string[], string[]] = [[], []]
  const first = Promise.withResolvers<string>()
  child.stdout.on('data', (chunk: Buffer) => {
    out.push(chunk.toString())
    if (out.join('').includes('\n')) first.resolve(out.join('').split('\n')[0] ?? '')
  })
  child.stderr.on('data', (chunk: Buffer) => void error.push(chunk.toString()))
  const ended = new Promise<Awaited<Running['ended']>>((resolve) => {
    child.on('close', (status) => resolve({ status, stdout: out.join(''), stderr: error.join('') }))
  })
  return { firstLine: first.promise, ended, kill: (signal) => void child.kill(signal) }
}

const stateOf = async (id: string): Promise<unknown> => {
  const { jobs } = (await service.get('/v1/jobs?limit=1000', launcher)).json as { jobs: Record<string, unknown>[] }
  return jobs.find((job) => job['id'] === id)?.['status']
}

test('a command has its identity while it runs, and nothing is left of it', async () => {
  const script =
    'stat -c %a "$(dirname "$SIGNET_KEY")" "$SIGNET_KEY"; cat "$SIGNET_CERT" "$SIGNET_TOKEN_FILE" >/dev/null && echo "$SIGNET_JOB $SIGNET_KEY"; exit 7'
  const { status, stdout, stderr } = await run(script).ended
  expect(status, stderr).toBe(7)
  const [folderMode, keyMode, last = ''] = stdout.split('\n')
  expect([folderMode, keyMode]).toEqual(['700', '600'])
  const [id = '', key = ''] = last.split(' ')
  expect(await stateOf(id)).toBe('finished')
  expect(existsSync(key)).toBe(false)
})

test.each([
  ['SIGTERM', 'trap "exit 9" TERM', 9],
  ['SIGINT', 'trap "exit 2" INT', 2],
  ['SIGQUIT', 'trap "exit 3" QUIT', 3],
  ['SIGUSR1', 'trap "exit 11" USR1', 11],
  ['SIGUSR2', 'trap "exit 12" USR2', 12],
  ['SIGHUP', ':', 129],
] as const)('%s reaches the command', async (signal, trap, status) => {
  const running = run(`${trap}; echo $SIGNET_JOB; while :; do sleep 0.05; done`)
  const id = await running.firstLine
  running.kill(signal)
  expect((await running.ended).status).toBe(status)
  expect(await stateOf(id)).toBe('finished')
})

test('a job that is ended at the service ends its command', async () => {
  const running = run('echo $SIGNET_JOB; exec sleep 600', '--lease', '10s')
  const id = await running.firstLine
  expectStatus(await service.post(`/v1/jobs/${id}/finish`, undefined, launcher), 200)
  const { status, stderr } = await running.ended
  expect(status).toBe(143)
  expect(stderr).toContain('client_certificate_refused')
}, 20_000)

test.each([
  ['that is not there', './nothing-there', 127],
  ['that may not be run', './ca.pem', 126],
] as const)('a command %s ends as in a shell, and leaves nothing', async (_, command, expected) => {
  const { status, stderr } = await runWords([command]).ended
  expect([status, stderr]).toEqual([expected, expect.stringContaining('cannot be run')])
  const id = /signet job (?<id>j[0-9a-f]{20}):/.exec(stderr)?.groups?.['id'] ?? ''
  expect(await stateOf(id)).toBe('finished')
})

test('a job that is refused runs nothing', async () => {
  const { status, stderr } = await run('true', '--kind', 'notebook', '--lifetime', '1h').ended
  expect([status, /code job_without_end/.test(stderr)]).toEqual([1, true])
})
