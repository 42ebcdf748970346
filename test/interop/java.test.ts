// Java 17 as a relying party (PKIX with revocation on), and keytool with the PKCS#12 that `init` hands over.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { crlUris } from '../../src/x509/extensions/crl-distribution-points.ts'
import { parsePem } from '../../src/x509/pem.ts'
import type { Certified } from '../support/test-service.ts'
import { ODD_MEMBERS, ODD_SERVICES } from './odd-names.ts'
import { describeWith, run } from './program.ts'
import { compileValidatePath, type JavaCase, type JavaGiven, validateByJava } from './validate-by-java.ts'
import { splitPem, World } from './world.ts'

const IN_TWO_DAYS = 2 * 86_400

describeWith(['java', 'javac', 'keytool'], 'Java', () => {
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
    await compileValidatePath(world)
  })
  afterAll(() => world.close())

  const judge = (cases: readonly JavaCase[], given: Partial<JavaGiven> = {}): Promise<string[]> =>
    validateByJava(world, cases, { trust: world.trust, crls, ...given })

  it('takes the good users, and neither the revoked one nor another name', async () => {
    const server = await world.service.addService('web.internal')
    const cases: readonly JavaCase[] = [
      [world.alice.certificate, 'vision__alice'],
      [bob.certificate, 'vision__bob'],
      [bob.certificate, 'vision__alice'],
      [mallory.certificate, 'vision__mallory'],
      [server.certificate, 'web.internal'],
    ]
    expect(await judge(cases)).toEqual(['good', 'good', 'name vision__bob', 'REVOKED', 'good'])
  })

  it('takes nobody with an expired CRL, without CRLs, or under another root', async () => {
    const server = await world.service.addService('lasting.internal')
    const lasting: JavaCase = [server.certificate, 'lasting.internal']
    expect(await judge([lasting], { inSeconds: IN_TWO_DAYS })).toEqual(['UNDETERMINED_REVOCATION_STATUS'])
    const rootCrlAlone = await world.fetchFile('/pki/crl/root-1.pem', 'root-crl.pem')
    expect(await judge([lasting], { crls: rootCrlAlone })).toEqual(['UNDETERMINED_REVOCATION_STATUS'])
    const [, issuer = ''] = splitPem(server.certificate)
    expect(await judge([lasting], { trust: world.write('not-its-root.pem', issuer) })).toEqual(['NO_TRUST_ANCHOR'])
  })

  it('is content with the CRL of the partition that a certificate names, and with no other', async () => {
    const partitionOf = (certificate: string): string => {
      const { crlDistributionPoints } = parseCertificate(parsePem(splitPem(certificate)[0] ?? '', 'CERTIFICATE')).tbs
      return /users-1\/\d+/.exec(crlUris(crlDistributionPoints ?? []).join())?.[0] ?? ''
    }
    const withRoot = async (...partitions: readonly string[]): Promise<string> => {
      const paths = ['root-1', ...partitions].map((name) => `/pki/crl/${name}.pem`)
      const got = await Promise.all(paths.map((path) => world.service.send({ method: 'GET', path })))
      return world.write('partitions.pem', got.map(({ text }) => text).join(''))
    }
    const alice: JavaCase = [world.alice.certificate, 'vision__alice']
    const own = partitionOf(world.alice.certificate)
    const other = own === 'users-1/1' ? 'users-1/2' : 'users-1/1'
    expect(await judge([alice], { crls: await withRoot(own) })).toEqual(['good'])
    expect(await judge([alice], { crls: await withRoot(other) })).toEqual(['UNDETERMINED_REVOCATION_STATUS'])
    const gone: JavaCase = [mallory.certificate, 'vision__mallory']
    expect(await judge([gone], { crls: await withRoot(partitionOf(mallory.certificate)) })).toEqual(['REVOKED'])
  })

  it('takes the longest and oddest names, but fails on an administrator', async () => {
    const cases: JavaCase[] = []
    for (const { project, user } of ODD_MEMBERS) {
      cases.push([(await world.service.addProject(project, user)).certificate, `${project}__${user}`])
    }
    for (const { name, systemUser } of ODD_SERVICES) {
      cases.push([(await world.service.addService(name, { systemUser })).certificate, name])
    }
    // Java 17 holds a common name that could be a host name (an administrator's; two underscores never could) against the
    // excluded empty DNS name of the users CA, and reads past its end (`DNSName.constrains`). It lets nobody in by that.
    const admin: JavaCase = [world.service.admin.certificate, 'root-admin']
    const judged = [...cases.map(() => 'good'), 'StringIndexOutOfBoundsException']
    expect(await judge([...cases, admin])).toEqual(judged)
  })

  it('keytool reads the PKCS#12 of the first administrator, with its passphrase alone', async () => {
    const { pkcs12 = '', passphrase = '' } = world.service.init.files
    const list = (file: string) =>
      run('keytool', ['-list', '-v', '-storetype', 'PKCS12', '-keystore', pkcs12, '-storepass:file', file])
    const shown = await list(passphrase)
    expect(shown.status, shown.stdout).toBe(0)
    expect(shown.stdout).toContain('Your keystore contains 1 entry')
    expect(shown.stdout).toContain('Entry type: PrivateKeyEntry')
    expect(shown.stdout).toContain('Certificate chain length: 2')
    expect(shown.stdout).toMatch(/Alias name: root-admin\n/)
    const refused = await list(world.write('wrong', 'not the passphrase\n'))
    expect(refused.status).not.toBe(0)
    expect(refused.stdout).toContain('keystore password was incorrect')
  })
})
