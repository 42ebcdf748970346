// The commands against a real service, from a fingerprint on a new host to a revoked certificate.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestService } from '../support/test-service.ts'
import { codeOf, type Outcome, signet } from './command-line.ts'
import { TemporaryFolder } from './temporary-folder.ts'

let service: TestService
let folder: TemporaryFolder

beforeAll(async () => {
  service = await TestService.start()
  folder = new TemporaryFolder()
  const trust = ['trust', 'get', '--sha256', service.init.rootSha256, '--out', folder.at('ca.pem')]
  await done([...trust, '--url', service.url])
  await done(['user', 'add', 'alice'], 'admin')
  await done(['user', 'add', 'bob'], 'admin')
  await done(['project', 'add', 'vision', '--owner', 'alice'], 'admin')
  await enrolMember('alice', 'admin')
  await done(['project', 'members', 'vision', '--add', 'bob'], 'alice')
  await enrolMember('bob', 'alice')
  await done(['service', 'add', 'model-1.internal', '--system-user', 'kserve', '--project', 'vision'], 'admin')
  await done(
    ['service', 'add', 'sched.internal', '--system-user', 'slurm', '--launcher', '--project', 'vision'],
    'admin',
  )
  const token = (await done(['service', 'enrol', 'model-1.internal'], 'admin')).stdout
  await done(
    ['cert', 'issue', '--service', 'model-1.internal', '--token-file', '-', ...into('model-1')],
    undefined,
    token,
  )
  await done(['cert', 'issue', '--service', 'sched.internal', ...into('sched')], 'admin')
  await done(deployment(), 'alice')
})
afterAll(async () => {
  folder[Symbol.dispose]()
  await service.close()
})

function deployment(): string[] {
  const words = ['model', 'deployment', 'put', 'resnet', '--project', 'vision', '--host', 'resnet.models.internal']
  return [...words, '--service', 'model-1.internal']
}

/** Runs a command as the holder of `as`.pem; the administrator's comes from `init`. */
function run(words: readonly string[], as?: string, stdin = ''): Promise<Outcome> {
  const files = as === 'admin' ? service.init.files : { certificate: folder.at(`${String(as)}.pem`), key: keyOf(as) }
  const client = as === undefined ? {} : { SIGNET_CERT: files.certificate, SIGNET_KEY: files.key }
  return signet(words, { environment: { SIGNET_URL: service.url, SIGNET_CA: folder.at('ca.pem'), ...client }, stdin })
}

function keyOf(name: string | undefined): string {
  return folder.at(`${String(name)}.key`)
}

async function done(words: readonly string[], as?: string, stdin?: string): Promise<Outcome> {
  const outcome = await run(words, as, stdin)
  expect(outcome.status, `${words.join(' ')}: ${outcome.stderr}`).toBe(0)
  return outcome
}

async function addMember(user: string): Promise<void> {
  await done(['user', 'add', user], 'admin')
  await done(['project', 'members', 'vision', '--add', user], 'alice')
}

async function enrolMember(user: string, by: string, name = user): Promise<void> {
  const { stdout } = await done(['user', 'enrol', '--project', 'vision', '--user', user], by)
  const words = ['cert', 'issue', '--project', 'vision', '--user', user, '--token-file', '-', ...into(name)]
  await done(words, undefined, stdout)
}

function into(name: string): string[] {
  return ['--out', folder.at(`${name}.pem`)]
}

async function serialOf(name: string): Promise<string> {
  const { stdout } = await done(['cert', 'show', folder.at(`${name}.pem`), '--json'])
  const { certificates } = JSON.parse(stdout) as { certificates: { serial: string }[] }
  return certificates[0]?.serial ?? ''
}

/** A CRL follows a revocation within a second. */
async function eventually(act: () => Promise<Outcome>, status: number): Promise<Outcome> {
  for (let tries = 0; ; tries++) {
    const outcome = await act()
    if (outcome.status === status || tries === 40) return outcome
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe('certificates', () => {
  it('are good for this command and for OpenSSL', async () => {
    await done(['cert', 'verify', folder.at('alice.pem'), '--purpose', 'client'])
    await done(['crl', 'get', '--bundle', '--out', folder.at('crls.pem')])
    const trust = ['-CAfile', folder.at('ca.pem'), '-untrusted', folder.at('alice.pem')]
    const crls = ['-crl_check_all', '-CRLfile', folder.at('crls.pem')]
    expect(
      execFileSync('openssl', ['verify', ...trust, ...crls, folder.at('alice.pem')], { encoding: 'utf8' }),
    ).toContain('OK')
  })

  it.each(['ec-p384', 'rsa-3072', 'ed25519'])('of a new key (%s) come by the certificate before', async (algorithm) => {
    const words = ['cert', 'issue', '--project', 'vision', '--user', 'alice', '--algorithm', algorithm]
    const { stdout } = await done([...words, '--lifetime', '1h', ...into(`alice-${algorithm}`), '--json'], 'alice')
    expect(JSON.parse(stdout)).toMatchObject({ profile: 'project-user', commonName: 'vision__alice' })
  })

  it('come for a request that OpenSSL made', async () => {
    const request = ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/']
    execFileSync('openssl', [...request, '-keyout', folder.at('o.key'), '-out', folder.at('o.csr')], {
      stdio: 'ignore',
    })
    const words = ['cert', 'issue', '--project', 'vision', '--user', 'alice', '--csr', folder.at('o.csr')]
    await done([...words, ...into('o')], 'alice')
    expect(readFileSync(folder.at('o.pem'), 'utf8').match(/BEGIN/g)).toHaveLength(2)
  })

  it('are listed: all for an administrator, its own for a member', async () => {
    const all = JSON.parse((await done(['cert', 'list', '--json'], 'admin')).stdout) as { certificates: unknown[] }
    const own = JSON.parse((await done(['cert', 'list', '--json'], 'bob')).stdout) as { certificates: unknown[] }
    expect(all.certificates.length).toBeGreaterThan(own.certificates.length)
    expect(own.certificates).toMatchObject([{ commonName: 'vision__bob' }])
    const soon = await done(['cert', 'list', '--expires-within', '1s'], 'admin')
    expect(soon.stdout).toBe('no certificates\n')
  })

  it('are held, released and revoked, and the next CRL says so', async () => {
    await addMember('nina')
    await enrolMember('nina', 'alice', 'doomed')
    const serial = await serialOf('doomed')
    const verify = () => run(['cert', 'verify', folder.at('doomed.pem')])
    const revoke = (reason: string) => done(['cert', 'revoke', serial, '--reason', reason], 'admin')
    await revoke('certificateHold')
    expect((await eventually(verify, 1)).stdout).toContain('certificateHold')
    await revoke('removeFromCRL')
    expect((await eventually(verify, 0)).status).toBe(0)
    await revoke('keyCompromise')
    expect((await eventually(verify, 1)).stderr).toContain('faults: revoked')
    expect((await done(['cert', 'show', serial], 'admin')).stdout).toContain('keyCompromise')
    expect(codeOf(await run(['cert', 'list'], 'doomed'))).toBe('client_certificate_refused')
  })

  it('come once for an enrolment token, and only for whom it is', async () => {
    await addMember('omar')
    const token = (await done(['user', 'enrol', '--project', 'vision', '--user', 'omar'], 'alice')).stdout
    const issue = (user: string, name: string) =>
      run(
        ['cert', 'issue', '--project', 'vision', '--user', user, '--token-file', '-', ...into(name)],
        undefined,
        token,
      )
    expect(codeOf(await issue('alice', 'stolen'))).toBe('enrolment_token_invalid')
    expect((await issue('omar', 'first')).status).toBe(0)
    expect(codeOf(await issue('omar', 'second'))).toBe('enrolment_token_invalid')
  })
})

describe('jobs', () => {
  it('start, are listed and finish; their certificates end with them', async () => {
    const words = ['job', 'start', '--project', 'vision', '--user', 'alice', '--lifetime', '10m']
    const started = await done([...words, ...into('job'), '--json'], 'sched')
    const { id } = JSON.parse(started.stdout) as { id: string }
    expect((await done(['job', 'list', '--state', 'active'], 'sched')).stdout).toContain(id)
    await done(['job', 'finish', id], 'sched')
    expect((await done(['job', 'list', '--state', 'finished'], 'sched')).stdout).toContain(id)
    const verified = await eventually(() => run(['cert', 'verify', folder.at('job.pem')]), 1)
    expect(verified.stdout).toContain('cessationOfOperation')
  })

  it('are started by launchers alone', async () => {
    const words = ['job', 'start', '--project', 'vision', '--user', 'alice', ...into('nojob')]
    expect(codeOf(await run(words, 'model-1'))).toBe('not_permitted')
  })
})

describe('tokens', () => {
  it.each(['ES256', 'EdDSA'])(
    'signed with %s are verified for their audience alone, and revoked',
    async (algorithm) => {
      const { stdout: token } = await done(
        ['token', 'issue', '--audience', 'resnet', '--algorithm', algorithm],
        'alice',
      )
      const verified = await done(['token', 'verify', '-', '--audience', 'resnet', '--json'], undefined, token)
      expect(JSON.parse(verified.stdout)).toMatchObject({ claims: { project: 'vision', user: 'alice' } })
      expect(codeOf(await run(['token', 'verify', '-', '--audience', 'other'], undefined, token))).toBe(
        'token_claim_refused',
      )
      await done(['token', 'revoke', '-'], 'alice', token)
    },
  )

  it('are bound to the certificate when asked', async () => {
    const { stdout: token } = await done(['token', 'issue', '--audience', 'resnet', '--bind'], 'alice')
    const verified = await done(['token', 'verify', '-', '--audience', 'resnet', '--json'], undefined, token)
    expect(JSON.parse(verified.stdout)).toHaveProperty('claims.cnf')
  })
})

describe('decisions', () => {
  const ask = (user: string, as: string, ...more: readonly string[]) =>
    run(['authorize', '--as', user, '--deployment', 'resnet', ...more], as)

  it('allow who acts as itself, and deny another name', async () => {
    expect((await ask('vision__alice', 'alice')).stdout).toContain('ALLOWED')
    expect(codeOf(await ask('vision__bob', 'alice'))).toBe('CERT_CN_MISMATCH')
  })

  it('are given to the service that serves the deployment, about its callers', async () => {
    const caller = ['--certificate', folder.at('alice.pem')]
    expect((await ask('vision__alice', 'model-1', ...caller)).status).toBe(0)
    expect(codeOf(await ask('vision__bob', 'model-1', ...caller))).toBe('CERT_CN_MISMATCH')
    expect(codeOf(await ask('vision__alice', 'sched', ...caller))).toBe('asker_untrusted')
  })
})

describe('the directory', () => {
  it('lists what there is', async () => {
    expect((await done(['project', 'list'], 'admin')).stdout).toContain('vision')
    expect((await done(['service', 'list'], 'admin')).stdout).toContain('launcher')
    expect((await done(['project', 'members', 'vision'], 'alice')).stdout).toContain('vision__bob')
    expect((await done(['model', 'deployment', 'list'], 'alice')).stdout).toContain('resnet.models.internal')
    expect((await done(['audit', '--limit', '5'], 'admin')).stdout).toContain('REQUEST')
  })

  it('keeps a service that is there, unless it is told otherwise', async () => {
    const words = ['service', 'add', 'other.internal', '--system-user', 'one']
    await done(words, 'admin')
    expect(codeOf(await run(words, 'admin'))).toBe('name_taken')
    await done([...words, '--replace'], 'admin')
  })

  it('blocks a user with all they hold, and lets them in again', async () => {
    await addMember('carol')
    await enrolMember('carol', 'alice')
    await done(['user', 'block', 'carol'], 'admin')
    expect(codeOf(await run(['cert', 'list'], 'carol'))).toBe('client_certificate_refused')
    await done(['user', 'unblock', 'carol'], 'admin')
  })

  it('removes a member with all they hold there', async () => {
    await addMember('dave')
    await enrolMember('dave', 'alice')
    await done(['project', 'members', 'vision', '--remove', 'dave'], 'alice')
    expect(codeOf(await run(['cert', 'list'], 'dave'))).toBe('client_certificate_refused')
  })

  it('tells an administrator nothing of members', async () => {
    expect(codeOf(await run(['project', 'members', 'vision'], 'admin'))).toBe('not_permitted')
  })
})

it('trust is refused with another fingerprint, over the real connection', async () => {
  const words = ['trust', 'get', '--url', service.url, '--sha256', 'ab'.repeat(32), '--out', folder.at('other.pem')]
  expect(codeOf(await run(words))).toBe('fingerprint_mismatch')
})

it('the command from a checkout does the same, and is quick to say no', () => {
  const program = join(import.meta.dirname, '..', '..', 'scripts', 'signet')
  const empty = folder.at('empty.pem')
  writeFileSync(empty, '')
  const options = { encoding: 'utf8', env: { PATH: process.env['PATH'] }, stdio: 'pipe' } as const
  expect(execFileSync(program, ['--version'], options)).toBe('0.1.0\n')
  expect(() => execFileSync(program, ['cert', 'list', '--ca', empty], options)).toThrow(/trust_unreadable/)
})

it('output that nobody reads to its end is no failure', () => {
  const program = join(import.meta.dirname, '..', '..', 'scripts', 'signet')
  const many = folder.write('many.pem', readFileSync(folder.at('alice.pem'), 'utf8').repeat(300))
  const line = `"${program}" cert show "${many}" | head -n 1; echo "\${PIPESTATUS[0]}"`
  expect(execFileSync('bash', ['-c', `${line} 2>&1`], { encoding: 'utf8' })).toMatch(
    /^subject: +CN=vision__alice\n0\n$/,
  )
})
