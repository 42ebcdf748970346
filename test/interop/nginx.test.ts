// nginx as a server of the platform: client certificates with `ssl_crl`, and a location for one common name. The CRL file is
// the published bundle; a revocation reaches nginx with the next file and a reload.
import type { ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Certified, freePorts } from '../support/test-service.ts'
import { describeWith, end, ran, run, start } from './program.ts'
import { type IdentityFiles, World } from './world.ts'

/** nginx's own code for a client certificate that does not hold. */
const BAD_CERTIFICATE = 400
const NAME = 'web.internal'

describeWith(['nginx', 'curl', 'openssl'], 'nginx', () => {
  let world: World
  let port: number
  let nginx: ChildProcess
  let alice: IdentityFiles
  let bob: IdentityFiles
  let mallory: Certified

  beforeAll(async () => {
    world = await World.start()
    alice = world.writeIdentity('alice', world.alice)
    bob = world.writeIdentity('bob', await world.member('bob'))
    mallory = await world.member('mallory')
    world.writeIdentity('mallory', mallory)
    world.writeIdentity('server', await world.service.addService(NAME, { systemUser: 'www-data' }))
    await world.fetchCrls()
    ;[port = 0] = await freePorts(1)
    nginx = await startNginx()
  })
  afterAll(async () => {
    await end(nginx, 'SIGQUIT')
    await world.close()
  })

  function configuration(): string {
    return `
      daemon off;
      ${process.getuid?.() === 0 ? 'user root;' : ''}
      worker_processes 1;
      pid ${world.at('nginx.pid')};
      events { worker_connections 64; }
      http {
        access_log off;
        client_body_temp_path ${world.at('temp')}; proxy_temp_path ${world.at('temp')};
        fastcgi_temp_path ${world.at('temp')}; uwsgi_temp_path ${world.at('temp')}; scgi_temp_path ${world.at('temp')};
        map $ssl_client_s_dn $cn { "~(?:^|,)CN=(?<c>[^,]+)" $c; }
        map $cn $is_alice { default 0; "vision__alice" 1; }
        server {
          listen 127.0.0.1:${String(port)} ssl;
          ssl_certificate ${world.at('server.pem')};
          ssl_certificate_key ${world.at('server.key')};
          ssl_client_certificate ${world.trust};
          ssl_crl ${world.at('crls.pem')};
          ssl_verify_client on;
          ssl_verify_depth 2;
          location = /anyone { return 200 "$cn"; }
          location = /alice {
            if ($is_alice = 0) { return 403; }
            return 200 "$cn";
          }
        }
      }`
  }

  async function startNginx(): Promise<ChildProcess> {
    mkdirSync(world.at('temp'))
    const file = world.write('nginx.conf', configuration())
    const words = ['-p', world.folder, '-e', world.at('nginx.log'), '-c', file]
    await ran('nginx', ['-t', ...words])
    const child = start('nginx', words)
    await vi.waitFor(() => visit('/anyone', alice), { timeout: 10_000, interval: 50 })
    return child
  }

  interface Visit {
    readonly http: number
    readonly body: string
  }

  async function visit(path: string, identity?: IdentityFiles): Promise<Visit> {
    const words = ['-sS', '--noproxy', '*', '--cacert', world.trust, '--resolve', `${NAME}:${String(port)}:127.0.0.1`]
    const shown = identity === undefined ? [] : ['--cert', identity.chain, '--key', identity.key]
    const { stdout } = await ran('curl', [
      ...words,
      ...shown,
      '-w',
      '\n%{http_code}',
      `https://${NAME}:${String(port)}${path}`,
    ])
    const [, body = '', http = '0'] = /^([^]*)\n([0-9]+)$/.exec(stdout) ?? []
    return { http: Number(http), body }
  }

  /** As the operator of a server does it: the new file whole, then a reload. */
  async function reloadWith(crls: string, until: () => Promise<void>): Promise<void> {
    world.write('crls.pem', crls)
    nginx.kill('SIGHUP')
    await vi.waitFor(until, { timeout: 10_000, interval: 50 })
  }

  it('lets the good user in by name, and tells the application who it is', async () => {
    expect(await visit('/alice', alice)).toEqual({ http: 200, body: 'vision__alice' })
    expect(await visit('/anyone', bob)).toEqual({ http: 200, body: 'vision__bob' })
  })

  it('keeps out who has another name, and who shows nothing', async () => {
    expect((await visit('/alice', bob)).http).toBe(403)
    expect((await visit('/anyone')).http).toBe(BAD_CERTIFICATE)
  })

  it('keeps out who has the name from another CA', async () => {
    const files = ['-keyout', world.at('self.key'), '-out', world.at('self.pem')]
    const words = ['req', '-x509', '-subj', '/CN=vision__alice', '-nodes', '-newkey', 'ec']
    await ran('openssl', [...words, '-pkeyopt', 'ec_paramgen_curve:P-256', ...files])
    const self = { leaf: world.at('self.pem'), chain: world.at('self.pem'), key: world.at('self.key') }
    expect((await visit('/alice', self)).http).toBe(BAD_CERTIFICATE)
  })

  it('lets in who is not revoked yet, and keeps them out after the next bundle and a reload', async () => {
    const files = world.writeIdentity('mallory', mallory)
    expect((await visit('/anyone', files)).http).toBe(200)
    await world.revoke(mallory)
    const fresh = await world.fetchBytes('/pki/crl/bundle.pem')
    await reloadWith(fresh.toString(), async () => {
      expect((await visit('/anyone', files)).http).toBe(BAD_CERTIFICATE)
    })
    expect((await visit('/alice', alice)).http).toBe(200)
  })

  it('keeps everyone out when the CRL of a CA in the chain is missing', async () => {
    const whole = (await world.fetchBytes('/pki/crl/bundle.pem')).toString()
    const usersAlone = (await world.fetchBytes('/pki/crl/users-1.pem')).toString()
    await reloadWith(usersAlone, async () => {
      expect((await visit('/alice', alice)).http).toBe(BAD_CERTIFICATE)
    })
    await reloadWith(whole, async () => {
      expect((await visit('/alice', alice)).http).toBe(200)
    })
  })

  it('shows a certificate that its clients verify by name', async () => {
    const { status } = await run('curl', [
      ...['-sS', '--noproxy', '*', '--cacert', world.trust, '--cert', alice.chain, '--key', alice.key],
      ...['--resolve', `other.internal:${String(port)}:127.0.0.1`, `https://other.internal:${String(port)}/anyone`],
    ])
    expect(status).toBe(60)
  })
})
