// GnuTLS of Debian 12 as a relying party. It holds names and purposes against the chain as OpenSSL does, with two differences
// that its users must know (docs/consumers.md): an expired CRL does not stop certtool, and a program that loads CRLs as
// gnutls-cli does takes those of CAs alone that it trusts by themselves.
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SettableClock } from '../http/settable-clock.ts'
import type { Certified } from '../support/test-service.ts'
import { forgeBelowCopy } from './forged.ts'
import { ODD_MEMBERS, ODD_SERVICES } from './odd-names.ts'
import { describeWith, type Ran, run } from './program.ts'
import { World } from './world.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

interface Servers {
  readonly world: World
  readonly good: Certified
  readonly revoked: Certified
}

/** A good server and a revoked one of a service whose clock is so far behind: their certificates outlive its CRLs. */
async function withServers(behindSeconds: number, look: (servers: Servers) => Promise<void>): Promise<void> {
  const clock = new SettableClock()
  clock.pass(-behindSeconds)
  const world = await World.start({ clock })
  try {
    const good = await world.service.addService('good.internal')
    const revoked = await world.service.addService('revoked.internal')
    await world.revoke(revoked, 'keyCompromise', 'services-1')
    await world.fetchCrls()
    await look({ world, good, revoked })
  } finally {
    await world.close()
  }
}

const TWO_DAYS = 2 * 86_400
const CRL_REFUSED = 'Error in the CRL verification'

describeWith(['certtool'], 'certtool --verify', () => {
  let world: World
  let bob: Certified
  let mallory: Certified
  let crls: string

  beforeAll(async () => {
    world = await World.start()
    bob = await world.member('bob')
    mallory = await world.member('mallory')
    await world.revoke(mallory)
    crls = await world.fetchCrls()
  })
  afterAll(() => world.close())

  function verify(
    certificate: string,
    purpose: string,
    more: readonly string[] = [],
    trust = world.trust,
  ): Promise<Ran> {
    const words = ['--verify', '--load-ca-certificate', trust, '--load-crl', crls, '--verify-purpose', purpose]
    return run('certtool', [...words, ...more], { input: certificate })
  }

  async function expectGood(certificate: string, purpose = CLIENT_AUTH, more: readonly string[] = []): Promise<void> {
    const outcome = await verify(certificate, purpose, more)
    expect(outcome.stdout, outcome.stderr).toContain('Chain verification output: Verified. The certificate is trusted.')
    expect(outcome.status).toBe(0)
  }

  it('takes the good users, the administrator and a server by its name', async () => {
    await expectGood(world.alice.certificate)
    await expectGood(bob.certificate)
    await expectGood(world.service.admin.certificate)
    const server = await world.service.addService('web.internal')
    await expectGood(server.certificate, SERVER_AUTH, ['--verify-hostname', 'web.internal'])
    const elsewhere = await verify(server.certificate, SERVER_AUTH, ['--verify-hostname', 'other.internal'])
    expect(elsewhere.status).not.toBe(0)
    expect(elsewhere.stdout).toContain('name in the certificate does not match')
  })

  it('refuses the revoked user', async () => {
    const outcome = await verify(mallory.certificate, CLIENT_AUTH)
    expect(outcome.status).not.toBe(0)
    expect(outcome.stdout).toContain('The certificate chain is revoked')
  })

  it('refuses a user as a server, and the chain under another root', async () => {
    const asServer = await verify(world.alice.certificate, SERVER_AUTH)
    expect(asServer.status).not.toBe(0)
    expect(asServer.stdout).toContain('purpose')
    const issuer = (await world.fetchBytes('/pki/ca/users-1.pem')).toString()
    const { root } = await forgeBelowCopy({ root: world.service.ca, issuer, dnsNames: [], below: 'nothing' })
    const elsewhere = await verify(world.alice.certificate, CLIENT_AUTH, [], world.write('same-name.pem', root))
    expect(elsewhere.status).not.toBe(0)
    expect(elsewhere.stdout).toContain('NOT trusted')
  })

  it.each(ODD_MEMBERS)('takes the longest and oddest names: $what', async ({ project, user }) => {
    await expectGood((await world.service.addProject(project, user)).certificate)
  })

  it.each(ODD_SERVICES)('takes the longest and oddest names: $what', async ({ name, systemUser }) => {
    const { certificate } = await world.service.addService(name, { systemUser })
    await expectGood(certificate, SERVER_AUTH, ['--verify-hostname', name])
  })
})

describeWith(['certtool'], 'certtool --verify with an expired CRL', () => {
  it('goes on: the good server is taken, the revoked one refused', () =>
    withServers(TWO_DAYS, async ({ world, good, revoked }) => {
      const words = ['--verify', '--load-ca-certificate', world.trust, '--load-crl', world.at('crls.pem')]
      const taken = await run('certtool', words, { input: good.certificate })
      expect([taken.status, taken.stdout]).toEqual([0, expect.stringContaining('Checked against CRL')])
      const refused = await run('certtool', words, { input: revoked.certificate })
      expect([refused.status, refused.stdout]).toEqual([1, expect.stringContaining('The certificate chain is revoked')])
    }))
})

describeWith(['gnutls-cli'], 'gnutls-cli --x509crlfile', () => {
  /** What it says to a server that shows this certificate. */
  async function visit(world: World, name: string, { certificate: cert, key }: Certified, trust: string): Promise<Ran> {
    const server = createServer({ cert, key }, (socket) => socket.end())
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { port } = server.address() as AddressInfo
    const files = ['--x509cafile', trust, '--x509crlfile', world.at('crls.pem')]
    const words = [...files, '--port', String(port), '--verify-hostname', name, '127.0.0.1']
    try {
      return await run('gnutls-cli', words)
    } finally {
      server.close()
    }
  }

  async function withIssuers(world: World): Promise<string> {
    const issuers = await Promise.all(['users-1', 'services-1'].map((id) => world.fetchBytes(`/pki/ca/${id}.pem`)))
    return world.write('all.pem', [world.service.ca, ...issuers].join(''))
  }

  it('takes CRLs of the CAs that it is given, and refuses the revoked server', () =>
    withServers(0, async ({ world, good, revoked }) => {
      const trust = await withIssuers(world)
      const taken = await visit(world, 'good.internal', good, trust)
      expect([taken.status, taken.stdout], taken.stderr).toEqual([0, expect.stringContaining('Processed 3 CRL(s)')])
      const refused = await visit(world, 'revoked.internal', revoked, trust)
      expect([refused.status, refused.stdout]).toEqual([1, expect.stringContaining('The certificate chain is revoked')])
      const underRootAlone = await visit(world, 'good.internal', good, world.trust)
      expect([underRootAlone.status, underRootAlone.stderr]).toEqual([1, expect.stringContaining(CRL_REFUSED)])
    }))

  it('refuses to begin with an expired one', () =>
    withServers(TWO_DAYS, async ({ world, good }) => {
      const outcome = await visit(world, 'good.internal', good, await withIssuers(world))
      expect([outcome.status, outcome.stderr]).toEqual([1, expect.stringContaining(CRL_REFUSED)])
    }))
})
