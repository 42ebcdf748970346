// From a person who signs in at the identity provider to a job of theirs whose runner is killed: what the job leaves behind is
// refused by a real server afterwards, and by Signet; what the person has is not.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { copyPolicyFolder, setField } from '../ca/policy/policy-folder-copy.ts'
import { BAD_CERTIFICATE, NginxServer } from '../interop/nginx-server.ts'
import { describeWith } from '../interop/program.ts'
import { type IdentityFiles, World } from '../interop/world.ts'
import { makeCsr } from '../support/csr.ts'
import { type Answer, known, send } from '../support/https-client.ts'
import { Browser, OidcServer } from '../support/oidc-provider.ts'
import { type Certified, certified, expectStatus, freePorts, TestService } from '../support/test-service.ts'

const SIGNET = join(import.meta.dirname, '..', '..', 'scripts', 'signet')
const WEB = 'web.internal'
const PATIENCE = { timeout: 40_000, interval: 100 }

describeWith(['nginx', 'curl'], 'from the identity provider to a job that is killed', () => {
  const settings = mkdtempSync(join(tmpdir(), 'signet-journey-'))
  let provider: OidcServer
  let service: TestService
  let world: World
  let browser: Browser
  let nginx: NginxServer | undefined
  let runner: ChildProcess | undefined
  let alice: IdentityFiles
  let job: Certified

  beforeAll(async () => {
    provider = await OidcServer.make()
    provider.person('alice', { groups: ['research'] })
    const [port = 0] = await freePorts(1)
    const redirect = `https://localhost:${String(port)}/v1/login/corp/callback`
    const secret = randomBytes(24).toString('hex')
    await provider.listen([{ client_id: 'signet', client_secret: secret, redirect_uris: [redirect] }])
    service = await TestService.start({
      browser: 'on',
      flags: {
        policyFolder: impatientPolicy(),
        'listeners.browser': `127.0.0.1:${String(port)}`,
        'signIn.providers': JSON.stringify({ corp: entryOf(secret) }),
      },
    })
    world = World.around(service)
    browser = new Browser(service.ca, provider.ca)
  })
  afterAll(async () => {
    killRunner()
    await nginx?.stop()
    await world.close()
    await provider.close()
    rmSync(settings, { recursive: true, force: true })
  })

  /** A lease of two seconds, where the policy wants ten at least: the test has to wait for it. */
  function impatientPolicy(): string {
    const folder = copyPolicyFolder()
    for (const name of ['minLeaseSeconds', 'graceSeconds']) setField(folder, 'credentials.json', `job/${name}/value`, 2)
    return folder
  }

  function entryOf(secret: string): object {
    const file = (name: string, text: string): string => {
      writeFileSync(join(settings, name), text, { mode: 0o600 })
      return join(settings, name)
    }
    return {
      ...{
        kind: 'oidc',
        issuer: provider.issuer,
        clientId: 'signet',
        scopes: ['profile', 'groups'],
        createUsers: true,
      },
      ...{ caFile: file('provider.pem', provider.ca), clientSecretFile: file('secret', secret) },
    }
  }

  const at = (path: string): URL => new URL(path, service.browserUrl)

  /** As a page of our own writes. */
  function write(path: string, body: object): Promise<Answer> {
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const page = browser.cookies.get('__Host-signet-page') ?? ''
    const headers = { cookie, origin: service.browserUrl, 'signet-page-token': page }
    return send({ url: service.browserUrl, ca: service.ca }, { method: 'POST', path, body, headers })
  }

  /** `signet job run` and its command, in a process group of their own. Resolves when the command has begun. */
  async function runJob(launcher: Certified): Promise<void> {
    world.writeIdentity('hub', launcher)
    const identity = { SIGNET_CERT: 'hub.pem', SIGNET_KEY: 'hub.key', SIGNET_CA: 'ca.pem', SIGNET_URL: service.url }
    const words = ['job', 'run', '--project', 'vision', '--user', 'alice', '--lease', '2s']
    const script = 'cp "$SIGNET_CERT" job.pem; cp "$SIGNET_KEY" job.key; echo began; exec sleep 600'
    const child = spawn(SIGNET, [...words, '--', 'sh', '-c', script], {
      cwd: world.folder,
      detached: true,
      env: { PATH: process.env['PATH'], XDG_RUNTIME_DIR: world.folder, ...identity },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    runner = child
    await new Promise<void>((began, failed) => {
      child.stdout.once('data', () => began())
      child.once('exit', (status) => failed(new Error(`the runner ended with ${String(status)}`)))
    })
  }

  /** Runner and command, with no time for a last word. */
  function killRunner(): void {
    if (runner?.pid !== undefined && runner.exitCode === null && runner.signalCode === null) {
      process.kill(-runner.pid, 'SIGKILL')
    }
    runner = undefined
  }

  it('signs in at the provider, and is known with the groups that it names', async () => {
    const begun = expectStatus(await browser.visit(at('/v1/login/corp')), 302)
    const back = await browser.signInAt(provider.issuer, new URL(String(begun.headers.location)), 'alice')
    expectStatus(await browser.visit(back), 303)
    const me = expectStatus(await browser.visit(at('/v1/me')), 200).json
    expect(me).toMatchObject({ principal: 'alice', by: ['session'], groups: ['research'] })
  })

  it('gets a certificate for a project by the session, which a real server takes', async () => {
    expectStatus(await service.post('/v1/projects', { name: 'vision', owner: 'alice' }, service.admin), 201)
    const csr = await makeCsr()
    const issued = certified(await write('/v1/projects/vision/members/alice/certificates', { csr: csr.pem }), csr)
    alice = world.writeIdentity('alice', issued)
    world.writeIdentity('server', await service.addService(WEB, { systemUser: 'www-data' }))
    await world.fetchCrls()
    nginx = await NginxServer.start(world, WEB, alice)
    expect(await nginx.visit('/alice', alice)).toEqual({ http: 200, body: 'vision__alice' })
  })

  it('has a job run by a launcher, whose certificate the server takes for that user', async () => {
    const launcher = await service.addService('hub.internal', { roles: ['launcher'], projects: ['vision'] })
    await runJob(launcher)
    const [certificate, key] = ['job.pem', 'job.key'].map((name) => readFileSync(world.at(name), 'utf8'))
    job = { certificate: certificate ?? '', key: key ?? '', serial: '', answer: {} }
    expect(await nginx?.visit('/alice', world.writeIdentity('job', job))).toEqual({ http: 200, body: 'vision__alice' })
    expect((await service.get('/v1/me', job)).json).toMatchObject({ principal: 'vision__alice' })
  })

  it('leaves nothing that holds when the runner is killed', async () => {
    killRunner()
    await vi.waitFor(async () => {
      expect(known(await service.get('/v1/me', job))).toEqual({ status: 401, code: 'client_certificate_refused' })
    }, PATIENCE)
    const serial = Buffer.from(new X509Certificate(job.certificate).serialNumber, 'hex')
    await vi.waitFor(async () => {
      expect((await world.fetchBytes('/pki/crl/users-1.crl')).includes(serial)).toBe(true)
    }, PATIENCE)
    const files = world.writeIdentity('job', job)
    const crls = (await world.fetchBytes('/pki/crl/bundle.pem')).toString()
    await nginx?.reloadWith(crls, async () => {
      expect((await nginx?.visit('/alice', files))?.http).toBe(BAD_CERTIFICATE)
    })
    expect(await nginx?.visit('/alice', alice)).toEqual({ http: 200, body: 'vision__alice' })
    expect((await browser.visit(at('/v1/me'))).status).toBe(200)
  })
})
