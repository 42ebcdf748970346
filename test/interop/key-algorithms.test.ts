// Every algorithm that `init` offers, as a whole hierarchy: certificates, CRLs, TLS in both directions and the decision. The
// classical ones are held against OpenSSL and curl of Debian 12; ML-DSA against Node's own OpenSSL, which knows it.
import { X509Certificate } from 'node:crypto'
import { Agent } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificationRequest } from '../../src/cli/certification-request.ts'
import { makeKeyPair, privateKeyPem } from '../../src/cli/key-pair.ts'
import type { KeyAlgorithmName } from '../../src/domain/key-algorithm.ts'
import { codeOf, signet } from '../cli/command-line.ts'
import { type Answer, type ClientIdentity, send } from '../support/https-client.ts'
import { type Certified, expectStatus, TestService } from '../support/test-service.ts'
import { describeWith, run } from './program.ts'
import { splitPem } from './world.ts'
import { World } from './world.ts'

type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

interface Cast {
  readonly world: World
  readonly alice: Certified
  readonly model: Certified
}

/** A hierarchy, its people and their keys, all of one algorithm. */
async function castOf(algorithm: KeyAlgorithmName): Promise<Cast> {
  const service = await TestService.start({ algorithm })
  await service.addUser('alice')
  expectStatus(await service.post('/v1/projects', { name: 'vision', owner: 'alice' }, service.admin), 201)
  const enrolmentToken = await service.enrolmentToken('vision', 'alice', service.admin)
  const alice = await certify(service, '/v1/projects/vision/members/alice', 'vision__alice', algorithm, {
    enrolmentToken,
  })
  const settings = { systemUser: 'kserve', projects: ['vision'] }
  expectStatus(await service.put('/v1/services/model.internal', settings, service.admin), 200)
  const model = await certify(service, '/v1/services/model.internal', 'model.internal', algorithm, {}, service.admin)
  const deployment = { project: 'vision', host: 'resnet.internal', service: 'model.internal' }
  expectStatus(await service.put('/v1/deployments/resnet', deployment, alice), 200)
  return { world: World.around(service), alice, model }
}

async function certify(
  service: TestService,
  path: string,
  commonName: string,
  algorithm: KeyAlgorithmName,
  body: Record<string, unknown>,
  by?: ClientIdentity,
): Promise<Certified> {
  const keys = await makeKeyPair(algorithm)
  const csr = await makeCertificationRequest(keys, commonName)
  const { json } = expectStatus(await service.post(`${path}/certificates`, { csr, ...body }, by), 201)
  const certificate = String(json['certificate']) + String(json['chain'])
  return { certificate, key: privateKeyPem(keys), serial: String(json['serial']), answer: json }
}

async function whoAmI(
  { world: { service } }: Cast,
  { certificate, key }: ClientIdentity,
  version: TlsVersion,
): Promise<Answer> {
  const agent = new Agent({ ca: service.ca, cert: certificate, key, minVersion: version, maxVersion: version })
  try {
    return await send({ url: service.url, ca: service.ca, agent }, { method: 'GET', path: '/v1/me' })
  } finally {
    agent.destroy()
  }
}

async function decide({ world: { service }, alice, model }: Cast, actingUser: string) {
  const [certificate] = splitPem(alice.certificate)
  const question = { credential: { certificate }, actingUser, deployment: 'resnet' }
  return expectStatus(await service.post('/v1/authorize', question, model), 200).json
}

async function openSslVerifies({ world }: Cast, certificate: string): Promise<string> {
  const crls = ['-crl_check_all', '-CRLfile', await world.fetchCrls()]
  const words = ['verify', '-x509_strict', ...crls, '-CAfile', world.trust, '-untrusted', await world.fetchIssuers()]
  const { stdout, stderr } = await run('openssl', words, { input: splitPem(certificate)[0] ?? '' })
  return stdout + stderr
}

async function signetVerifies({ world }: Cast, certificate: string): Promise<string | undefined> {
  const file = world.write('to-verify.pem', certificate)
  const outcome = await signet(['cert', 'verify', file, '--url', world.service.url, '--ca', world.trust])
  return outcome.status === 0 ? 'good' : codeOf(outcome)
}

/** What holds for every algorithm: called first by each suite, revokes `alice` last. */
function holdsForEach(cast: () => Cast): void {
  it('decides: the right user may, another name may not, the revoked one no longer', async () => {
    expect(await decide(cast(), 'vision__alice')).toMatchObject({ decision: 'allow', reason: 'ALLOWED' })
    expect(await decide(cast(), 'vision__bob')).toMatchObject({ decision: 'deny', reason: 'CERT_CN_MISMATCH' })
    await cast().world.revoke(cast().alice)
    expect(await decide(cast(), 'vision__alice')).toMatchObject({ decision: 'deny', reason: 'CERT_REVOKED' })
    expect((await whoAmI(cast(), cast().alice, 'TLSv1.3')).code).toBe('client_certificate_refused')
    expect(await signetVerifies(cast(), cast().alice.certificate)).toBe('certificate_not_good')
    expect(await signetVerifies(cast(), cast().model.certificate)).toBe('good')
  })
}

describeWith(['openssl', 'curl'], 'a classical hierarchy', () => {
  const algorithms: readonly KeyAlgorithmName[] = ['ec-p384', 'rsa-3072', 'rsa-4096', 'ed25519']
  describe.each(algorithms)('of %s', (algorithm) => {
    let cast: Cast

    beforeAll(async () => {
      cast = await castOf(algorithm)
    })
    afterAll(() => cast.world.close())

    it('has this algorithm in every key', () => {
      const certificates = [cast.alice, cast.model, cast.world.service.admin].flatMap((one) =>
        splitPem(one.certificate),
      )
      const kinds = [...certificates, cast.world.service.ca].map((pem) => {
        const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(pem).publicKey
        const { namedCurve, modulusLength } = asymmetricKeyDetails ?? {}
        return `${String(asymmetricKeyType)} ${namedCurve ?? modulusLength ?? ''}`.trim()
      })
      expect(new Set(kinds).size).toBe(1)
      expect(kinds[0]).toBe(
        { 'ec-p384': 'ec secp384r1', 'rsa-3072': 'rsa 3072', 'rsa-4096': 'rsa 4096' }[algorithm as string] ?? algorithm,
      )
    })

    it('is good for OpenSSL', async () => {
      for (const { certificate } of [cast.alice, cast.model, cast.world.service.admin]) {
        expect(await openSslVerifies(cast, certificate)).toBe('stdin: OK\n')
      }
    })

    it.each(['1.2', '1.3'])('speaks TLS %s with curl', async (version) => {
      const { chain, key } = cast.world.writeIdentity('alice', cast.alice)
      const tls = ['--tlsv1.2', '--tls-max', version, '--cacert', cast.world.trust, '--cert', chain, '--key', key]
      const { stdout, stderr } = await run('curl', ['-sS', '--noproxy', '*', ...tls, `${cast.world.service.url}/v1/me`])
      expect(stdout, stderr).toContain('"principal":"vision__alice"')
    })

    holdsForEach(() => cast)

    it('has the revoked one refused by OpenSSL: error 23', async () => {
      expect(await openSslVerifies(cast, cast.alice.certificate)).toContain('error 23 at 0 depth')
    })
  })
})

describe('a hierarchy of ml-dsa-65', () => {
  let cast: Cast

  beforeAll(async () => {
    cast = await castOf('ml-dsa-65')
  })
  afterAll(() => cast.world.close())

  it('is good for Node, from leaf to root', () => {
    const [leaf, issuer] = splitPem(cast.alice.certificate).map((pem) => new X509Certificate(pem))
    const root = new X509Certificate(cast.world.service.ca)
    expect(leaf?.publicKey.asymmetricKeyType).toBe('ml-dsa-65')
    expect(leaf?.verify((issuer ?? root).publicKey)).toBe(true)
    expect(issuer?.verify(root.publicKey)).toBe(true)
    expect(root.verify(root.publicKey)).toBe(true)
    expect(leaf?.verify(root.publicKey)).toBe(false)
  })

  it('speaks TLS 1.3, and no TLS 1.2', async () => {
    expect((await whoAmI(cast, cast.alice, 'TLSv1.3')).json).toMatchObject({ principal: 'vision__alice' })
    await expect(whoAmI(cast, cast.alice, 'TLSv1.2')).rejects.toThrow(/handshake failure|no shared cipher|alert/i)
  })

  it('certifies no classical key, and a classical one no ML-DSA key', async () => {
    const { service } = cast.world
    const classical = await makeCertificationRequest(await makeKeyPair('ec-p256'), 'vision__alice')
    const refused = await service.post('/v1/projects/vision/members/alice/certificates', { csr: classical }, cast.alice)
    expect(refused).toMatchObject({ status: 400, code: 'key_algorithm_not_allowed' })
  })

  holdsForEach(() => cast)
})

describeWith(['openssl'], 'ML-DSA and OpenSSL of Debian 12', () => {
  it('do not go together, as `init` says', async () => {
    const { stdout } = await run('openssl', ['version'])
    const cast = await castOf('ml-dsa-44')
    try {
      const said = await openSslVerifies(cast, cast.alice.certificate)
      if (/^OpenSSL 3\.[0-4]\./.test(stdout)) expect(said).not.toContain('OK')
      else expect(said).toBe('stdin: OK\n')
    } finally {
      await cast.world.close()
    }
  })
})
