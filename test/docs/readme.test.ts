// The tour of README.md, run as it stands: the shell blocks in their order, against a service of its own. Only the ports and
// the folder are others, since the demonstration's may be in use.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts } from '../support/test-service.ts'

const HOME = join(import.meta.dirname, '..', '..')
const SIGNET = join(HOME, 'scripts', 'signet')
const README = readFileSync(join(HOME, 'README.md'), 'utf8')
const TOUR_FOLDER = '/tmp/signet-tour'

/** From its heading to the next one of the same level. */
function sectionOf(text: string, heading: string): string {
  const [, section = ''] = text.split(`\n## ${heading}\n`)
  return section.split('\n## ')[0] ?? ''
}

function blocksOf(section: string, language: string): string[] {
  return [...section.matchAll(/^```(?<language>[a-z]*)\n(?<code>.*?)^```$/gms)].flatMap(({ groups }) =>
    groups?.['language'] === language ? [groups['code'] ?? ''] : [],
  )
}

const TOUR = sectionOf(README, 'A tour')
const BLOCKS = blocksOf(TOUR, 'sh')

describe('the tour of the README', () => {
  let folder: string
  let service: ChildProcess
  let ports: readonly number[]
  let environment: NodeJS.ProcessEnv

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'signet-readme-'))
    ports = await freePorts(4)
    const [https, http, operations, browser] = ports
    const passphrase = join(folder, 'passphrase')
    writeFileSync(passphrase, 'for this test only\n', { mode: 0o600 })
    // Neither settings nor a client's identity come from whoever runs the tests.
    environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SIGNET_')))
    environment['SIGNET_LISTENERS_BROWSER'] = `127.0.0.1:${String(browser)}`
    environment['SIGNET_LISTENERS_GRPC'] = 'off'
    const installation = [
      ...['--demo', '--data', folder, '--master-key-file', join(folder, 'master.key')],
      ...['--trust-domain', 'demo.internal', '--organization', 'Signet demo'],
      ...['--listen', `127.0.0.1:${String(https)}`, '--listen-http', `127.0.0.1:${String(http)}`],
      ...['--listen-operations', `127.0.0.1:${String(operations)}`],
    ]
    const root = ['--root', join(folder, 'root'), '--root-passphrase-file', passphrase]
    const init = spawnSync(SIGNET, ['init', ...installation, ...root], { encoding: 'utf8', env: environment })
    expect(init.stderr).toBe('')
    service = spawn(SIGNET, ['serve', ...installation], { stdio: ['ignore', 'pipe', 'inherit'], env: environment })
    await new Promise<void>((ready, failed) => {
      service.stdout?.on('data', (chunk: Buffer) => (chunk.toString().startsWith('ready') ? ready() : undefined))
      service.once('exit', (code) => failed(new Error(`the service ended with ${String(code)}`)))
    })
  })

  afterAll(async () => {
    const ended = new Promise((exit) => service.once('exit', exit))
    service.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })

  test('the demonstration is started in the folder that the tour looks into', () => {
    expect(blocksOf(TOUR, 'console')).toEqual([`$ ./scripts/start ${TOUR_FOLDER}\n`])
    expect(BLOCKS[0]).toContain(`demo=${TOUR_FOLDER} `)
    expect(BLOCKS.length).toBeGreaterThan(8)
  })

  test('its blocks run in order, and answer as it says', () => {
    const [https, http] = ports
    const script = BLOCKS.join('\n')
      .replaceAll(TOUR_FOLDER, folder)
      .replaceAll('localhost:8443', `localhost:${String(https)}`)
      .replaceAll('localhost:8080', `localhost:${String(http)}`)
    const run = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: HOME,
      encoding: 'utf8',
      env: { ...environment, TMPDIR: folder },
      timeout: 50_000,
    })
    expect(run.stderr + run.stdout, run.stderr).toContain('certificate revoked')
    expect(run.status, run.stderr).toBe(0)
    const told = [
      'ca.pem: written',
      '"name":"speech"',
      'subject=CN = speech__dana',
      'URI:spiffe://demo.internal/project/speech/user/dana',
      'dana.pem: OK',
      '"decision":"allow","reason":"ALLOWED"',
      '"decision":"deny","reason":"CERT_CN_MISMATCH"',
      '"kty":"EC"',
      'good',
      'revoked',
      '"decision":"deny","reason":"CERT_REVOKED"',
      'refused, as it must be',
    ]
    const places = told.map((text, i) => run.stdout.indexOf(text, i === 0 ? 0 : run.stdout.indexOf(told[i - 1] ?? '')))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
  })
})
