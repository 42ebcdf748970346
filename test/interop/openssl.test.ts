// OpenSSL 3.0 of Debian 12 as a relying party: strict path validation with the CRLs of every CA, as published.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadPolicy } from '../../src/ca/policy/load-policy.ts'
import type { ProfileName } from '../../src/domain/profile-name.ts'
import type { Certified } from '../support/test-service.ts'
import { forgeBelowCopy } from './forged.ts'
import { ODD_MEMBERS, ODD_SERVICES } from './odd-names.ts'
import { describeWith, type Ran, ran, run } from './program.ts'
import { splitPem, World } from './world.ts'

describeWith(['openssl'], 'openssl verify', () => {
  let world: World
  let bob: Certified
  let mallory: Certified
  let issuers: string
  let crls: string

  beforeAll(async () => {
    world = await World.start()
    bob = await world.member('bob')
    mallory = await world.member('mallory')
    await world.revoke(mallory)
    issuers = await world.fetchIssuers()
    crls = await world.fetchCrls()
  })
  afterAll(() => world.close())

  interface Against {
    readonly trust?: string
    readonly issuers?: string
    readonly more?: readonly string[]
  }

  function verify(certificate: string, against: Against = {}): Promise<Ran> {
    const { trust = world.trust, issuers: untrusted = issuers, more = [] } = against
    const [leaf = ''] = splitPem(certificate)
    const crlWords = ['-crl_check_all', '-CRLfile', crls]
    return run(
      'openssl',
      [
        'verify',
        '-x509_strict',
        ...crlWords,
        '-no-CApath',
        '-no-CAstore',
        '-CAfile',
        trust,
        '-untrusted',
        untrusted,
        ...more,
      ],
      { input: leaf },
    )
  }

  async function expectGood(certificate: string, against?: Against): Promise<void> {
    const outcome = await verify(certificate, against)
    expect(outcome.stderr).toBe('')
    expect(outcome).toMatchObject({ status: 0, stdout: 'stdin: OK\n' })
  }

  async function expectError(certificate: string, error: number, against?: Against): Promise<void> {
    const outcome = await verify(certificate, against)
    expect(outcome.status).not.toBe(0)
    expect(outcome.stderr).toMatch(new RegExp(`^error ${String(error)} at `, 'm'))
  }

  it('takes the good users, the administrator and the server', async () => {
    await expectGood(world.alice.certificate, { more: ['-purpose', 'sslclient'] })
    await expectGood(bob.certificate, { more: ['-purpose', 'sslclient'] })
    await expectGood(world.service.admin.certificate, { more: ['-purpose', 'sslclient'] })
    const server = await world.service.addService('web.internal')
    await expectGood(server.certificate, { more: ['-purpose', 'sslserver', '-verify_hostname', 'web.internal'] })
    await expectError(server.certificate, 62, { more: ['-verify_hostname', 'other.internal'] })
  })

  it('refuses the revoked user: error 23', () => expectError(mallory.certificate, 23))

  it('refuses a user as a server', () => expectError(world.alice.certificate, 26, { more: ['-purpose', 'sslserver'] }))

  it('refuses everyone when the CRL has expired, or is not there', async () => {
    const inTwoDays = String(Math.floor(Date.now() / 1000) + 2 * 86_400)
    const service = await world.service.addService('lasting.internal')
    await expectGood(service.certificate)
    await expectError(service.certificate, 12, { more: ['-attime', inTwoDays] })
    const [leaf = ''] = splitPem(world.alice.certificate)
    const without = ['verify', '-crl_check_all', '-CAfile', world.trust, '-untrusted', issuers]
    expect((await run('openssl', without, { input: leaf })).stderr).toMatch(/^error 3 at /m)
  })

  it('refuses the chain under another root, and without its issuing CA', async () => {
    const subject = ['-subj', '/O=Signet/CN=Signet root CA 1', '-days', '2', '-nodes']
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', world.at('other.key')]
    await ran('openssl', ['req', '-x509', ...subject, ...key, '-out', world.at('other-root.pem')])
    await expectError(world.alice.certificate, 20, { trust: world.at('other-root.pem') })
    await expectError(world.alice.certificate, 20, { issuers: world.trust })
  })

  it.each(ODD_MEMBERS)('takes the longest and oddest names: $what', async ({ project, user }) => {
    const member = await world.service.addProject(project, user)
    const [leaf = ''] = splitPem(member.certificate)
    const shown = await ran('openssl', ['x509', '-noout', '-subject', '-nameopt', 'RFC2253'], { input: leaf })
    expect(shown.stdout).toBe(`subject=CN=${project}__${user}\n`)
    await expectGood(member.certificate, { more: ['-purpose', 'sslclient'] })
  })

  it.each(ODD_SERVICES)('takes the longest and oddest names: $what', async ({ name, systemUser }) => {
    const service = await world.service.addService(name, { systemUser })
    await expectGood(service.certificate, { more: ['-purpose', 'sslserver', '-verify_hostname', name] })
  })

  describe('tells kinds apart by their policy', () => {
    const { profiles } = loadPolicy(join(import.meta.dirname, '..', '..', 'ca'))
    const kinds: Record<'member' | 'job' | 'admin' | 'service', ProfileName> = {
      member: 'project-user',
      job: 'job',
      admin: 'admin',
      service: 'service',
    }
    let certificates: Record<keyof typeof kinds, string>

    beforeAll(async () => {
      const launcher = { systemUser: 'slurm', roles: ['launcher'], projects: ['vision'] }
      const service = await world.service.addService('sched.internal', launcher)
      const job = await world.startJob('vision', 'alice', service)
      const admin = world.service.admin.certificate
      certificates = { member: world.alice.certificate, job: job.certificate, admin, service: service.certificate }
    })

    const pairs = Object.keys(kinds).flatMap((of) => Object.keys(kinds).map((as) => [of, as] as const))
    it.each(pairs as [keyof typeof kinds, keyof typeof kinds][])('%s as %s', async (of, as) => {
      const policy = profiles.get(kinds[as])?.policyOid ?? ''
      const more = ['-explicit_policy', '-policy', policy]
      await (of === as ? expectGood(certificates[of], { more }) : expectError(certificates[of], 43, { more }))
    })
  })

  describe('holds the issuing CAs to their constraints, should a key of theirs be stolen', () => {
    // The real CA certificates, with keys of ours in the place of theirs: every name and constraint is the same.
    interface Forgery {
      readonly what: string
      readonly by: 'users-1' | 'services-1'
      readonly dnsNames?: readonly string[]
      readonly purpose: string
      readonly asCa?: true
      /** Undefined when it holds: the copy itself is sound. */
      readonly error?: number
    }
    const forgeries: readonly Forgery[] = [
      { what: 'a client by the users CA', by: 'users-1', purpose: 'sslclient' },
      { what: 'a DNS name by the users CA', by: 'users-1', dnsNames: ['db.internal'], purpose: 'sslclient', error: 48 },
      { what: 'a server by the users CA', by: 'users-1', purpose: 'sslserver', error: 26 },
      {
        what: 'a name in a zone by the services CA',
        by: 'services-1',
        dnsNames: ['db.internal'],
        purpose: 'sslserver',
      },
      {
        what: 'a name outside by the services CA',
        by: 'services-1',
        dnsNames: ['db.example.com'],
        purpose: 'sslserver',
        error: 47,
      },
      { what: 'a CA by the users CA', by: 'users-1', purpose: 'sslclient', asCa: true, error: 25 },
    ]

    it.each(forgeries)('$what', async ({ by, dnsNames = [], purpose, asCa, error }) => {
      const forged = await forgeBelowCopy({
        root: world.service.ca,
        issuer: (await world.fetchBytes(`/pki/ca/${by}.pem`)).toString(),
        dnsNames,
        below: asCa === true ? 'a-ca-of-its-own' : 'nothing',
      })
      const files = [
        '-CAfile',
        world.write('copy.pem', forged.root),
        '-untrusted',
        world.write('below.pem', forged.between),
      ]
      const outcome = await run('openssl', ['verify', '-x509_strict', '-purpose', purpose, ...files], {
        input: forged.leaf,
      })
      if (error === undefined) expect(outcome).toMatchObject({ status: 0, stderr: '' })
      else expect(outcome.stderr).toMatch(new RegExp(`^error ${String(error)} at `, 'm'))
    })
  })
})
