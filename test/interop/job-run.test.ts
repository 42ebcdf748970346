// `signet job run` as the program, around real commands: what they find, how they end, and what is left when they have.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
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
  /** That standard error says this. */
  readonly says: (text: string) => Promise<void>
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
  const says = (text: string): Promise<void> =>
    vi.waitFor(() => expect(error.join('')).toContain(text), { timeout: 20_000, interval: 20 })
  return { firstLine: first.promise, says, ended, kill: (signal) => void child.kill(signal) }
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

describe('while the service is away', () => {
  const AWAY = 'the service cannot be asked (code connection_refused)'
  const foldersLeft = (): string[] => readdirSync(folder).filter((name) => name.startsWith('signet-job-'))

  test('a job begins when it answers again', async () => {
    await service.stop()
    const running = run('echo $SIGNET_JOB; exit 3')
    await running.says(`signet job: ${AWAY}`)
    await service.restart()
    const { status, stdout, stderr } = await running.ended
    expect([status, stderr]).toEqual([3, expect.stringContaining('the service answers again')])
    expect(await stateOf(stdout.trim())).toBe('finished')
  }, 30_000)

  test('a command that has ended is finished when it answers again, and its status told', async () => {
    const running = run('echo $SIGNET_JOB; while [ ! -e go ]; do sleep 0.05; done; exit 5')
    const id = await running.firstLine
    await service.stop()
    writeFileSync(join(folder, 'go'), '')
    await running.says(`signet job ${id}: ${AWAY}`)
    await service.restart()
    expect((await running.ended).status).toBe(5)
    expect(await stateOf(id)).toBe('finished')
  }, 30_000)

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    '%s ends the wait for its beginning, and nothing is left',
    async (signal, expected) => {
      await service.stop()
      try {
        const running = run('echo began')
        await running.says(AWAY)
        expect(foldersLeft()).toHaveLength(1)
        running.kill(signal)
        const { status, stdout } = await running.ended
        expect([status, stdout, foldersLeft()]).toEqual([expected, '', []])
      } finally {
        await service.restart()
      }
    },
    30_000,
  )

  test('SIGTERM ends the wait for its end', async () => {
    const running = run('echo $SIGNET_JOB; while [ ! -e stop ]; do sleep 0.05; done')
    const id = await running.firstLine
    await service.stop()
    try {
      writeFileSync(join(folder, 'stop'), '')
      await running.says(AWAY)
      running.kill('SIGTERM')
      expect([(await running.ended).status, foldersLeft()]).toEqual([143, []])
    } finally {
      await service.restart()
    }
    // Its lease ends it.
    expect(await stateOf(id)).toBe('active')
  }, 30_000)

  test('SIGTERM ends a question that nobody answers', async () => {
    const silent = createServer()
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
    const asked = new Promise<Socket>((connected) => silent.once('connection', connected))
    const { port } = silent.address() as AddressInfo
    const running = run('echo began', '--url', `https://127.0.0.1:${String(port)}`)
    const socket = await asked
    running.kill('SIGTERM')
    const { status, stdout } = await running.ended
    expect([status, stdout, foldersLeft()]).toEqual([143, '', []])
    socket.destroy()
    silent.close()
  }, 20_000)
})
