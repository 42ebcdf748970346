// The package as others get it: packed by npm, installed into an empty project without a network, its types held against a strict
// compiler, and the example of README.md run as it stands on the oldest and the newest Node, against a service of its own.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { arch, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentFor, type ClientIdentity, send } from '../support/https-client.ts'
import { type Certified, expectStatus, freePorts, TestService } from '../support/test-service.ts'

const HOME = join(import.meta.dirname, '..', '..')
const MODULES = join(HOME, 'node_modules')
const OLDEST = join(MODULES, `oldest-node-linux-${arch()}`, 'bin', 'node')

let folder: string
let project: string
let service: TestService
let alice: Certified
let owner: Certified
let server: Certified

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signet-package-'))
  project = join(folder, 'project')
  installInto(project, pack(join(folder, 'checkout')))
  service = await TestService.start()
  owner = await service.addProject('vision', 'olivia')
  alice = await service.addMember('vision', 'alice', owner)
  server = await service.addService('triton.internal')
  writeFileSync(join(project, 'ca.pem'), service.ca)
  writeFileSync(join(project, 'server.pem'), server.certificate)
  writeFileSync(join(project, 'server.key'), server.key)
})
afterAll(async () => {
  await service.close()
  rmSync(folder, { recursive: true, force: true })
})

/** In a copy of the sources, since npm packs what lies in the folder. The tarball's path. */
function pack(checkout: string): string {
  mkdirSync(join(checkout, 'docs'), { recursive: true })
  for (const name of [
    'package.json',
    'tsconfig.json',
    'tsconfig.verifier.json',
    'README.md',
    'LICENSE',
    'docs/verifier.md',
    'src',
    'scripts',
  ]) {
    cpSync(join(HOME, name), join(checkout, name), { recursive: true })
  }
  symlinkSync(MODULES, join(checkout, 'node_modules'))
  const before = readFileSync(join(checkout, 'package.json'), 'utf8')
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: checkout, stdio: 'pipe' })
  expect(readFileSync(join(checkout, 'package.json'), 'utf8')).toBe(before)
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  return join(folder, tarball ?? '')
}

function installInto(empty: string, tarball: string): void {
  mkdirSync(empty)
  writeFileSync(join(empty, 'package.json'), JSON.stringify({ name: 'model-server', private: true, type: 'module' }))
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: empty, stdio: 'pipe' })
}

/** The JavaScript of README.md, with this service and these files in place of the reader's. */
function example(port: number): string {
  const [, code = ''] = /```js\n(.*?)```/s.exec(readFileSync(join(HOME, 'README.md'), 'utf8')) ?? []
  const inPlace: readonly (readonly [string, string])[] = [
    ['https://signet.internal:8443', service.url],
    ['example.internal', service.configuration.trustDomain],
    ['9443', String(port)],
  ]
  return inPlace.reduce((text, [what, by]) => {
    expect(text).toContain(what)
    return text.replace(what, by)
  }, code)
}

test('it has no dependencies, and brings declarations and its guide', () => {
  expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['signet'])
  const installed = join(project, 'node_modules', 'signet')
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>
  expect(Object.keys(manifest).toSorted()).toEqual(
    ['description', 'engines', 'exports', 'files', 'license', 'name', 'type', 'version'].toSorted(),
  )
  const files = ['dist/verifier/index.js', 'dist/verifier/index.d.ts', 'docs/verifier.md', 'LICENSE', 'README.md']
  expect(files.filter((file) => !existsSync(join(installed, file)))).toEqual([])
})

describe('its types', () => {
  const STRICT = {
    strict: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023'],
  }

  const SERVER = `
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { createSecureServer, type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'
import { guardRequests, guardStreams, identityOf, openVerifier, type PeerGuard, type PeerVerdict } from 'signet/verifier'

const verifier = await openVerifier({
  roots: { sha256: 'ab' },
  from: { url: new URL('https://signet.internal:8443') },
  trustDomain: 'example.internal',
  accept: { projects: 'any', services: ['batch.internal'], administrators: 'refuse' },
})
const guard: PeerGuard = { verifier, actingUser: { header: 'signet-act-as' }, revocation: 'required' }
const tls = { cert: '', key: '', ...verifier.tlsOptions() }
const server = createServer(tls, guardRequests(guard, (request: IncomingMessage, response: ServerResponse, identity) => {
  response.end(identity === identityOf(request) ? request.url : '')
}))
server.on('secureConnection', (socket) => {
  const verdict: PeerVerdict = verifier.verifyPeer(socket, { actingUser: 'vision__alice', at: new Date(), revocation: 'required' })
  if (verdict.kind === 'refused') console.log(verdict.code, verdict.status)
  else if (verdict.identity.kind === 'job') console.log(verdict.identity.job)
})
const http2 = createSecureServer(tls)
http2.on('request', guardRequests(guard, (request, response: Http2ServerResponse) => response.end(identityOf(request).commonName)))
http2.on('stream', guardStreams({ ...guard, actingUser: (stream: ServerHttp2Stream) => String(stream.id) }, (stream: ServerHttp2Stream, headers) => stream.end(String(headers[':path']))))
// @ts-expect-error without a word about revocation there is no answer
verifier.verifyPeer(undefined, { actingUser: 'vision__alice', at: new Date() })
// @ts-expect-error nor without a name
verifier.verifyPeer(undefined, { at: new Date(), revocation: 'required' })
// @ts-expect-error nor without a word about who is let in
await openVerifier({ roots: { file: 'ca.pem' }, from: { files: [] }, trustDomain: 'example.internal' })
`

  const ALONE = `
import { type PeerIdentity, type Verifier } from 'signet/verifier'

export function whose(verifier: Verifier, socket: object): PeerIdentity | undefined {
  const verdict = verifier.verifyPeer(socket, { actingUser: { kind: 'credential-itself' }, at: new Date(), revocation: 'if-known' })
  return verdict.kind === 'verified' ? verdict.identity : undefined
}
`

  function compile(name: string, source: string, types: readonly string[]): string {
    const at = join(project, name)
    mkdirSync(at)
    writeFileSync(join(at, 'server.ts'), source)
    writeFileSync(join(at, 'package.json'), '{ "type": "module" }')
    writeFileSync(
      join(at, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...STRICT, types }, files: ['server.ts'] }),
    )
    if (types.length > 0) {
      mkdirSync(join(at, 'node_modules', '@types'), { recursive: true })
      symlinkSync(join(MODULES, '@types', 'node'), join(at, 'node_modules', '@types', 'node'))
    }
    const { TSC = join(MODULES, '.bin', 'tsc') } = process.env
    try {
      return execFileSync(TSC, ['-p', at], { encoding: 'utf8' })
    } catch (error) {
      return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
    }
  }

  test('hold in a strict project that checks libraries too, and demand what is needed', () => {
    expect(compile('with-node', SERVER, ['node'])).toBe('')
  })

  test('need no types of Node', () => {
    expect(compile('alone', ALONE, [])).toBe('')
  })
})

describe.each([
  ['the oldest Node', OLDEST, 'v20.'],
  ['the newest Node', join(MODULES, '.bin', 'node'), 'v26.'],
])('on %s', (_, node, version) => {
  let running: ChildProcess
  let url: string

  beforeAll(async () => {
    expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toContain(version)
    const [port = 0] = await freePorts(1)
    url = `https://localhost:${String(port)}`
    writeFileSync(join(project, 'server.js'), example(port))
    running = spawn(node, ['server.js'], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise<void>((ready, failed) => {
      running.stdout?.once('data', () => ready())
      running.once('exit', (code) => failed(new Error(`the example ended with ${String(code)}`)))
    })
  })
  afterAll(() => void running.kill('SIGKILL'))

  const callAs = (who: ClientIdentity | undefined, name: string) => {
    const agent = agentFor({ ca: service.ca, ...(who === undefined ? {} : { identity: who }) }, false)
    agent.options.servername = 'triton.internal'
    return send({ url, ca: service.ca, agent }, { method: 'GET', path: '/', headers: { 'signet-act-as': name } })
  }

  test('the example lets in whom it should', async () => {
    const answer = await callAs(alice, 'vision__alice')
    expect([answer.status, answer.text]).toEqual([200, expect.stringMatching(/^hello vision__alice, until 2/)])
    expect(await callAs(alice, 'vision__bob')).toMatchObject({ status: 403, code: 'CERT_CN_MISMATCH' })
    expect(await callAs(undefined, 'vision__alice')).toMatchObject({ status: 401, code: 'CREDENTIAL_MISSING' })
    expect(await callAs(server, 'svc')).toMatchObject({ status: 403, code: 'NOT_MEMBER' })
    expect(await callAs(service.admin, 'root-admin')).toMatchObject({ status: 403, code: 'ADMIN_NO_DATA' })
  })

  test('and refuses who is revoked, soon', async () => {
    const name = `mallory-${version.slice(1, 3)}`
    const mallory = await service.addMember('vision', name, owner)
    expect(await callAs(mallory, `vision__${name}`)).toMatchObject({ status: 200 })
    const revoke = `/v1/certificates/${mallory.serial}/revoke`
    expectStatus(await service.post(revoke, { reason: 'keyCompromise' }, service.admin), 200)
    const code = async () => (await callAs(mallory, `vision__${name}`)).code
    await expect.poll(code, { timeout: 20_000 }).toBe('CERT_REVOKED')
    expect(await callAs(alice, 'vision__alice')).toMatchObject({ status: 200 })
  })
})
