// What `scripts/start` runs: a demonstration installation in ./data, the service, and a tour of its main job through the
// `signet` command, as a user would go: enrol, issue, fetch the CRL, get a token, ask for decisions as the right user and a
// wrong one. It exits 1 when one of them does not answer as it should; else it keeps serving until Ctrl-C.
import { spawn, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const home = join(import.meta.dirname, '..')
const signet = join(home, 'scripts', 'signet')
const data = process.argv[2] ?? join(home, 'data')
const tour = join(data, 'tour')
const at = (name: string): string => join(tour, name)

const passphraseFile = join(data, 'root-passphrase')
const installation = [
  ...['--demo', '--data', data, '--master-key-file', join(data, 'master.key')],
  ...['--trust-domain', 'demo.internal', '--organization', 'Signet demo'],
]

interface Identity {
  readonly certificate: string
  readonly key: string
}

const ADMIN: Identity = { certificate: join(data, 'admin', 'admin.pem'), key: join(data, 'admin', 'admin.key') }
const identityAt = (name: string): Identity => ({ certificate: at(`${name}.pem`), key: at(`${name}.key`) })

class StepFailed extends Error {}

/** Runs one `signet` command; throws `StepFailed` unless it ends with the status that is expected. */
function run(args: readonly string[], options: { as?: Identity; expect?: 0 | 1; input?: string } = {}): string {
  const { as, expect = 0, input = '' } = options
  const environment = {
    ...process.env,
    SIGNET_URL: 'https://localhost:8443',
    SIGNET_CA: join(data, 'admin', 'ca.pem'),
    ...(as === undefined ? {} : { SIGNET_CERT: as.certificate, SIGNET_KEY: as.key }),
  }
  const { status, stdout, stderr } = spawnSync(signet, args, { encoding: 'utf8', env: environment, input })
  if (status === expect) return expect === 0 ? stdout : stderr
  throw new StepFailed(`signet ${args.slice(0, 3).join(' ')} ended with ${String(status)}:\n${stderr}`)
}

/** The same, for what a run before may have done already. */
function ensure(args: readonly string[], as: Identity): void {
  try {
    run(args, { as })
  } catch (error) {
    if (!(error instanceof StepFailed) || !/code (?:name_taken|member_exists)/.test(error.message)) throw error
  }
}

function makeInstallation(): void {
  if (existsSync(join(data, 'signet.db')) && existsSync(ADMIN.certificate)) return
  mkdirSync(data, { recursive: true, mode: 0o700 })
  if (!existsSync(passphraseFile)) writeFileSync(passphraseFile, 'demonstration only\n', { mode: 0o600 })
  console.log('Making a demonstration CA in', data)
  console.log(run(['init', ...installation, '--root', join(data, 'root'), '--root-passphrase-file', passphraseFile]))
}

function startService(): Promise<ReturnType<typeof spawn>> {
  const child = spawn(signet, ['serve', ...installation], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  return new Promise((ready, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().startsWith('ready')) ready(child)
    })
    child.once('exit', (code) => failed(new StepFailed(`the service ended with ${String(code)}:\n${log}`)))
  })
}

interface Row {
  readonly step: string
  readonly outcome: string
}

function showMainJob(): Row[] {
  mkdirSync(tour, { recursive: true, mode: 0o700 })
  for (const user of ['alice', 'bob']) ensure(['user', 'add', user], ADMIN)
  ensure(['project', 'add', 'vision', '--owner', 'alice'], ADMIN)
  const rows: Row[] = []
  rows.push({ step: 'a project-user certificate for alice, from a fresh CSR', outcome: obtainMember('alice', ADMIN) })
  ensure(['project', 'members', 'vision', '--add', 'bob'], identityAt('alice'))
  rows.push({ step: 'one for bob, enrolled by the owner alice', outcome: obtainMember('bob', identityAt('alice')) })
  rows.push({ step: 'a service certificate for model.internal', outcome: obtainService('model.internal') })
  run(
    [
      'model',
      'deployment',
      'put',
      'resnet',
      '--project',
      'vision',
      '--host',
      'resnet.internal',
      '--service',
      'model.internal',
    ],
    { as: identityAt('alice') },
  )
  rows.push({ step: 'the CRL of users-1, fetched and verified', outcome: fetchCrl() })
  rows.push({ step: "a JWT for alice, verified against the service's keys", outcome: fetchToken() })
  rows.push({ step: 'may alice call resnet as vision__alice?', outcome: ask('alice', 'vision__alice', 0) })
  rows.push({ step: 'may bob call resnet as vision__alice?', outcome: ask('bob', 'vision__alice', 1) })
  return rows
}

function obtainMember(user: string, enroller: Identity): string {
  const mine = identityAt(user)
  const names = ['--project', 'vision', '--user', user]
  const fresh = { certificate: at(`${user}.next.pem`), key: at(`${user}.next.key`) }
  for (const file of Object.values(fresh)) rmSync(file, { force: true })
  const files = ['--out', fresh.certificate, '--key-out', fresh.key]
  if (isCurrent(mine)) run(['cert', 'issue', ...names, ...files], { as: mine })
  else {
    const token = run(['user', 'enrol', ...names], { as: enroller }).trim()
    const tokenFile = at(`${user}.token`)
    writeFileSync(tokenFile, token, { mode: 0o600 })
    run(['cert', 'issue', ...names, ...files, '--token-file', tokenFile])
    rmSync(tokenFile)
  }
  replace(fresh, mine)
  return told(mine)
}

function obtainService(name: string): string {
  ensure(['service', 'add', name, '--system-user', 'kserve', '--project', 'vision'], ADMIN)
  const mine = identityAt(name)
  for (const file of [mine.certificate, mine.key]) rmSync(file, { force: true })
  run(['cert', 'issue', '--service', name, '--out', mine.certificate, '--key-out', mine.key], { as: ADMIN })
  return told(mine)
}

function fetchCrl(): string {
  const told = JSON.parse(run(['crl', 'get', '--issuer', 'users-1', '--out', at('users-1.crl'), '--json'])) as {
    readonly crls: readonly { readonly number: string; readonly nextUpdate: string }[]
  }
  return told.crls.map(({ number, nextUpdate }) => `number ${number}, next update ${nextUpdate}`).join()
}

function fetchToken(): string {
  const issued = JSON.parse(run(['token', 'issue', '--audience', 'resnet', '--json'], { as: identityAt('alice') })) as {
    readonly access_token: string
  }
  const input = issued.access_token
  const verified = JSON.parse(run(['token', 'verify', '-', '--audience', 'resnet', '--json'], { input })) as {
    readonly claims: { readonly sub: string; readonly exp: number }
  }
  return `sub ${verified.claims.sub}, until ${new Date(verified.claims.exp * 1000).toISOString()}`
}

/** The model server asks, with its own certificate, about the one that its caller showed. */
function ask(caller: string, actingUser: string, expect: 0 | 1): string {
  const answer = run(
    ['authorize', '--as', actingUser, '--deployment', 'resnet', '--certificate', identityAt(caller).certificate],
    { as: identityAt('model.internal'), expect },
  )
  return answer.trim().split('\n')[0] ?? ''
}

function isCurrent({ certificate, key }: Identity): boolean {
  if (!existsSync(certificate) || !existsSync(key)) return false
  return Date.parse(new X509Certificate(readFileSync(certificate)).validTo) > Date.now() + 60_000
}

function replace(fresh: Identity, mine: Identity): void {
  renameSync(fresh.key, mine.key)
  renameSync(fresh.certificate, mine.certificate)
}

function told({ certificate }: Identity): string {
  const { subject, validTo } = new X509Certificate(readFileSync(certificate))
  return `${subject.replaceAll('\n', ', ')}, until ${validTo}`
}

function print(rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ step }) => step.length))
  for (const { step, outcome } of rows) console.log(`  ${step.padEnd(width)}  ${outcome}`)
}

makeInstallation()
const service = await startService()
const stop = (): void => {
  service.kill('SIGTERM')
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
service.once('exit', (code) => {
  process.exitCode ??= code ?? 0
})
try {
  print(showMainJob())
  console.log(`\nServing on https://localhost:8443 and http://localhost:8080 (operations: http://127.0.0.1:9090).`)
  console.log(`Trust bundle and administrator: ${join(data, 'admin')}. Stop with Ctrl-C.`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
  stop()
}
