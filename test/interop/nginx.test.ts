// nginx as a server of the platform: client certificates with `ssl_crl`, and a location for one common name. The CRL file is
// the published bundle; a revocation reaches nginx with the next file and a reload.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Certified } from '../support/test-service.ts'
import { BAD_CERTIFICATE, NginxServer, type Visit } from './nginx-server.ts'
import { describeWith, ran, run } from './program.ts'
import { type IdentityFiles, World } from './world.ts'

const NAME = 'web.internal'

describeWith(['nginx', 'curl', 'openssl'], 'nginx', () => {
  let world: World
  let nginx: NginxServer
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
    nginx = await NginxServer.start(world, NAME, alice)
  })
  afterAll(async () => {
    await nginx.stop()
    await world.close()
  })

  const visit = (path: string, identity?: IdentityFiles): Promise<Visit> => nginx.visit(path, identity)

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
    await nginx.reloadWith(fresh.toString(), async () => {
      expect((await visit('/anyone', files)).http).toBe(BAD_CERTIFICATE)
    })
    expect((await visit('/alice', alice)).http).toBe(200)
  })

  it('keeps everyone out when the CRL of a CA in the chain is missing', async () => {
    const whole = (await world.fetchBytes('/pki/crl/bundle.pem')).toString()
    const usersAlone = (await world.fetchBytes('/pki/crl/users-1.pem')).toString()
    await nginx.reloadWith(usersAlone, async () => {
      expect((await visit('/alice', alice)).http).toBe(BAD_CERTIFICATE)
    })
    await nginx.reloadWith(whole, async () => {
      expect((await visit('/alice', alice)).http).toBe(200)
    })
  })

  it('shows a certificate that its clients verify by name', async () => {
    const { status } = await run('curl', [
      ...['-sS', '--noproxy', '*', '--cacert', world.trust, '--cert', alice.chain, '--key', alice.key],
      ...[
        '--resolve',
        `other.internal:${String(nginx.port)}:127.0.0.1`,
        `https://other.internal:${String(nginx.port)}/anyone`,
      ],
    ])
    expect(status).toBe(60)
  })
})
