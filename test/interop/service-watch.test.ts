// A real nginx whose key and certificate `signet service watch` keeps fresh: rotated under load without a failed connection,
// and the old certificate refused when the overlap is over. Before that, what the command refuses and how it goes on.
import { X509Certificate } from 'node:crypto'
import { execFileSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { copyPolicyFolder, setField } from '../ca/policy/policy-folder-copy.ts'
import { codeOf, type Outcome, signet } from '../cli/command-line.ts'
import { expectStatus, freePorts } from '../support/test-service.ts'
import { describeWith, end, ran, start } from './program.ts'
import { World } from './world.ts'

const NAME = 'web.internal'
const PROGRAM = join(import.meta.dirname, '..', '..', 'scripts', 'signet')
const OVERLAP_SECONDS = 5
const PATIENCE = { timeout: 40_000, interval: 50 }

describeWith(['nginx', 'openssl'], 'signet service watch with nginx', () => {
  let world: World
  let port: number
  let nginx: ChildProcess | undefined
  let watcher: ChildProcess | undefined

  beforeAll(async () => {
    const policyFolder = copyPolicyFolder()
    setField(policyFolder, 'credentials.json', 'overlapSeconds/value', OVERLAP_SECONDS)
    world = await World.start({ flags: { policyFolder } })
    const added = await world.service.put(`/v1/services/${NAME}`, { systemUser: 'www-data' }, world.service.admin)
    expectStatus(added, 200)
    ;[port = 0] = await freePorts(1)
  })
  afterAll(async () => {
    if (watcher !== undefined) await end(watcher)
    if (nginx !== undefined) await end(nginx, 'SIGQUIT')
    await world.close()
  })

  const words = (...more: readonly string[]): string[] => ['service', 'watch', NAME, '--out', world.at('tls'), ...more]
  const connection = () => ({ SIGNET_URL: world.service.url, SIGNET_CA: world.trust })
  const once = (...more: readonly string[]): Promise<Outcome> =>
    signet(words('--once', ...more), { environment: connection() })
  const serialInUse = (): string =>
    new X509Certificate(readFileSync(world.at('tls/cert.pem'))).serialNumber.toLowerCase()
  const writeToken = async (): Promise<string> => {
    const made = await world.service.post(`/v1/services/${NAME}/enrolment`, undefined, world.service.admin)
    return world.write('token', String(expectStatus(made, 201).json['token']))
  }
  const rotate = async (): Promise<void> => {
    expectStatus(await world.service.post(`/v1/services/${NAME}/rotate`, undefined, world.service.admin), 200)
  }
  /** Key and certificate as their readers find them. */
  const belongTogether = (): void => {
    const keyOf = (line: string[]): string => execFileSync('openssl', line).toString()
    expect(keyOf(['pkey', '-in', world.at('tls/key.pem'), '-pubout'])).toBe(
      keyOf(['x509', '-in', world.at('tls/cert.pem'), '-noout', '-pubkey']),
    )
  }

  it('says what it needs when it has neither certificate nor token, and when the token is not good', async () => {
    expect(codeOf(await once())).toBe('enrolment_needed')
    const answer = await once('--enrolment-token-file', world.write('bad', 'enrol_nothing'))
    expect([answer.status, codeOf(answer)]).toEqual([1, 'enrolment_token_invalid'])
    expect(existsSync(world.at('tls/current'))).toBe(false)
  })

  it('gets the first certificate with the token, runs the hook until it succeeds, and leaves what is fresh', async () => {
    const token = await writeToken()
    const failed = await once('--enrolment-token-file', token, '--exec', 'exit 3', '--metrics-file', world.at('m.prom'))
    expect([failed.status, codeOf(failed)]).toEqual([1, 'hook_failed'])
    expect(readFileSync(world.at('m.prom'), 'utf8')).toContain(`signet_watch_hook_due{service="${NAME}"} 1`)
    const serial = serialInUse()
    belongTogether()
    expect(statSync(world.at('tls/key.pem')).mode & 0o777).toBe(0o600)
    const again = await once('--exec', `echo "$SIGNET_SERVICE $SIGNET_CERT" > ${world.at('hook')}`)
    expect([again.status, again.stderr]).toEqual([0, ''])
    expect(readFileSync(world.at('hook'), 'utf8')).toBe(`${NAME} ${world.at('tls/cert.pem')}\n`)
    const last = await once('--exec', 'exit 3')
    expect([last.status, serialInUse()]).toEqual([0, serial])
  })

  it.each([
    ['--mode', '0644'],
    ['--metrics-listen', '9101'],
    ['--owner', 'nobody-of-this-name'],
    ['--poll', '5'],
  ])('takes no %s %s', async (option, value) => {
    expect((await once(option, value)).status).toBe(2)
  })

  it('rekeys when a rotation was asked for, with --same-key too, and the mode that was asked for', async () => {
    const before = serialInUse()
    await rotate()
    expect((await once('--same-key', '--mode', '0640')).status).toBe(0)
    expect(serialInUse()).not.toBe(before)
    belongTogether()
    expect(statSync(world.at('tls/key.pem')).mode & 0o777).toBe(0o640)
  })

  it('makes another key when the one that lies there is in use already', async () => {
    world.write('tls/.next.key', readFileSync(world.at('tls/key.pem'), 'utf8'))
    const before = serialInUse()
    await rotate()
    expect(codeOf(await once())).toBe('key_not_new')
    expect((await once()).status).toBe(0)
    expect(serialInUse()).not.toBe(before)
    belongTogether()
  })

  it('goes on, ever more slowly, when a new certificate is due at once and the figures cannot be written', async () => {
    await rotate()
    const all = words('--lifetime', '2m', '--metrics-file', world.at('none/m.prom'))
    watcher = start(PROGRAM, all, { environment: connection() })
    let said = ''
    watcher.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await vi.waitFor(() => {
      expect(said).toContain('refused (code renewal_due_at_once)')
      expect(said).toContain('the figures cannot be written: file_unwritable')
    }, PATIENCE)
    expect(watcher.exitCode).toBeNull()
    await end(watcher)
    expect(said.split('is in place').length).toBeLessThan(5)
    expect((await once()).status).toBe(0)
  })

  async function startNginx(): Promise<ChildProcess> {
    mkdirSync(world.at('temp'))
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (each) => `${each}_temp_path ${world.at('temp')};`,
    )
    const file = world.write(
      'nginx.conf',
      `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 1; pid ${world.at('nginx.pid')};
      events { worker_connections 256; }
      http {
        access_log off; ${temp.join(' ')}
        server {
          listen 127.0.0.1:${String(port)} ssl;
          ssl_certificate ${world.at('tls/cert.pem')}; ssl_certificate_key ${world.at('tls/key.pem')};
          ssl_client_certificate ${world.trust}; ssl_verify_client on; ssl_verify_depth 2;
          location / { return 200 "fine"; }
        }
      }`,
    )
    const line = ['-p', world.folder, '-e', world.at('nginx.log'), '-c', file]
    await ran('nginx', ['-t', ...line])
    const child = start('nginx', line)
    await vi.waitFor(() => visit(), PATIENCE)
    return child
  }

  /** A connection of its own, by mutual TLS. Gives the serial number that the server shows. */
  function visit(): Promise<string> {
    const { certificate: cert, key } = world.alice
    return new Promise((seen, failed) => {
      const options = { host: '127.0.0.1', port, servername: NAME, ca: world.service.ca, cert, key, agent: false }
      const asked = request(options, (response) => {
        const { socket } = response
        const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
        const serial = shown?.serialNumber.toLowerCase() ?? ''
        response.resume()
        response.once('end', () =>
          response.statusCode === 200 ? seen(serial) : failed(new Error(String(response.statusCode))),
        )
      })
      asked.once('error', failed)
      asked.end()
    })
  }

  it('AA5: nginx is rotated under load without a failed connection; then the old certificate is refused', async () => {
    nginx = await startNginx()
    const old = {
      certificate: readFileSync(world.at('tls/cert.pem'), 'utf8'),
      key: readFileSync(world.at('tls/key.pem'), 'utf8'),
    }
    const reload = `kill -HUP "$(cat ${world.at('nginx.pid')})"`
    watcher = start(PROGRAM, words('--poll', '1s', '--exec', reload), { environment: connection() })
    const seen = new Set<string>()
    const failures: unknown[] = []
    let isOver = false
    const client = async (): Promise<void> => {
      while (!isOver)
        await visit().then(
          (serial) => seen.add(serial),
          (error: unknown) => failures.push(error),
        )
    }
    const clients = [client(), client(), client()]
    await vi.waitFor(() => expect(seen.size).toBe(1), PATIENCE)
    await rotate()
    await vi.waitFor(() => expect(seen.size).toBe(2), PATIENCE)
    await rotate()
    await vi.waitFor(() => expect(seen.size).toBe(3), PATIENCE)
    isOver = true
    await Promise.all(clients)
    expect(failures).toEqual([])
    expect(seen.has(serialInUse())).toBe(true)
    await vi.waitFor(async () => {
      expect((await world.service.get('/v1/me', old)).code).toBe('client_certificate_refused')
    }, PATIENCE)
  })

  it('lesson 9: goes on while the service is down, says how stale it is, and ends cleanly', async () => {
    let said = ''
    watcher?.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    watcher?.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await world.service.stop()
    await vi.waitFor(
      () => expect(said).toMatch(/last contact \d+ s ago, 2 failures in a row; refused \(code c/),
      PATIENCE,
    )
    await world.service.restart()
    const before = serialInUse()
    await rotate()
    await vi.waitFor(() => expect(serialInUse()).not.toBe(before), PATIENCE)
    const ended = new Promise((resolve) => watcher?.once('exit', resolve))
    watcher?.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(said).toContain(`stopped. ${NAME}: certificate until `)
  })
})
