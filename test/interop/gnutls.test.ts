// GnuTLS as a relying party. It holds names and purposes against the chain as OpenSSL does, with one difference that its
// users must know: an expired CRL does not stop it (docs/consumers.md).
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Certified } from '../support/test-service.ts'
import { forgeBelowCopy } from './forged.ts'
import { ODD_MEMBERS, ODD_SERVICES } from './odd-names.ts'
import { describeWith, type Ran, run } from './program.ts'
import { World } from './world.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

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
