// curl against the service itself: who am I by client certificate, and a CRL kept fresh with conditional requests.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Certified } from '../support/test-service.ts'
import { describeWith, ran, run } from './program.ts'
import { type IdentityFiles, World } from './world.ts'

describeWith(['curl', 'openssl'], 'curl', () => {
  let world: World
  let alice: IdentityFiles
  let mallory: Certified

  beforeAll(async () => {
    world = await World.start()
    alice = world.writeIdentity('alice', world.alice)
    mallory = await world.member('mallory')
    await world.revoke(mallory)
  })
  afterAll(() => world.close())

  interface Said {
    /** curl's own. */
    readonly exit: number | undefined
    readonly http: number
    readonly body: string
  }

  async function curl(...words: readonly string[]): Promise<Said> {
    const outcome = await run('curl', [
      '-sS',
      '--noproxy',
      '*',
      '-w',
      '\n%{http_code}',
      '--cacert',
      world.trust,
      ...words,
    ])
    const [, body = '', http = '0'] = /^([^]*)\n([0-9]+)$/.exec(outcome.stdout) ?? []
    return { exit: outcome.status, http: Number(http), body }
  }

  function whoAmI({ chain, key }: Pick<IdentityFiles, 'chain' | 'key'>, ...more: readonly string[]): Promise<Said> {
    return curl('--cert', chain, '--key', key, ...more, `${world.service.url}/v1/me`)
  }

  describe('with a client certificate', () => {
    it.each([
      ['TLS 1.2', ['--tlsv1.2', '--tls-max', '1.2']],
      ['TLS 1.3', ['--tlsv1.3']],
    ])('lets the good user in over %s', async (_, version) => {
      const said = await whoAmI(alice, ...version)
      expect(said).toMatchObject({ exit: 0, http: 200 })
      expect(JSON.parse(said.body)).toMatchObject({
        principal: 'vision__alice',
        by: ['certificate'],
        serial: world.alice.serial,
      })
    })

    it('lets a user in who shows the leaf alone', async () => {
      expect((await whoAmI({ chain: alice.leaf, key: alice.key })).http).toBe(200)
    })

    it('lets the administrator in by PKCS#12', async () => {
      const { pkcs12 = '', passphrase = '' } = world.service.init.files
      const words = ['--cert-type', 'P12', '--cert', `${pkcs12}:${readFileSync(passphrase, 'utf8').trim()}`]
      const said = await curl(...words, `${world.service.url}/v1/me`)
      expect(JSON.parse(said.body)).toMatchObject({ principal: 'root-admin' })
    })

    it('keeps the revoked user out, and says why', async () => {
      const said = await whoAmI(world.writeIdentity('mallory', mallory))
      expect(said.http).toBe(401)
      expect(JSON.parse(said.body)).toMatchObject({
        code: 'client_certificate_refused',
        facts: { reason: 'CERT_REVOKED' },
      })
    })

    it('keeps out whoever has the right name from another CA', async () => {
      const words = ['req', '-x509', '-subj', '/CN=vision__alice', '-nodes', '-newkey', 'ec', '-pkeyopt']
      const files = ['-keyout', world.at('self.key'), '-out', world.at('self.pem')]
      await ran('openssl', [...words, 'ec_paramgen_curve:P-256', ...files])
      const said = await whoAmI({ chain: world.at('self.pem'), key: world.at('self.key') })
      expect(said.http).toBe(401)
      expect(JSON.parse(said.body)).toMatchObject({ facts: { reason: 'CERT_UNTRUSTED' } })
    })

    it('keeps out a certificate without its key, and nobody is somebody', async () => {
      const stolen = await whoAmI({ chain: world.writeIdentity('mallory', mallory).chain, key: alice.key })
      expect(stolen).toMatchObject({ exit: 58, http: 0 })
      const nobody = await curl(`${world.service.url}/v1/me`)
      expect(nobody.http).toBe(401)
      expect(JSON.parse(nobody.body)).toMatchObject({ code: 'authorization_missing' })
    })

    it('does not speak to a server that another root vouches for', async () => {
      const { status } = await run('curl', [
        '-sS',
        '--noproxy',
        '*',
        '--cacert',
        alice.leaf,
        `${world.service.url}/v1/me`,
      ])
      expect(status).toBe(60)
    })
  })

  describe.each(['https', 'http'] as const)('fetches CRLs over %s', (scheme) => {
    const url = (path: string) => `${scheme === 'https' ? world.service.url : world.service.httpUrl}${path}`

    it.each(['/pki/crl/users-1.crl', '/pki/crl/users-1.pem', '/pki/crl/bundle.pem'])(
      '%s once, and not again while it is the same',
      async (path) => {
        const [tag, file] = [world.at('etag'), world.at('fetched')]
        const first = await curl('--etag-save', tag, '-o', file, '-D', world.at('headers'), url(path))
        expect(first.http).toBe(200)
        expect(readFileSync(tag, 'utf8')).toMatch(/^"[^"]+"\n$/)
        const headers = readFileSync(world.at('headers'), 'utf8').toLowerCase()
        for (const name of ['last-modified', 'expires', 'cache-control: public, max-age=10, must-revalidate']) {
          expect(headers).toContain(`\n${name}`)
        }
        expect((await curl('--etag-compare', tag, url(path))).http).toBe(304)
        expect((await curl('-H', 'If-None-Match: "another", W/"older"', '-o', file, url(path))).http).toBe(200)
        expect((await curl('-z', file, '-R', url(path))).http).toBe(304)
        expect(await curl('-I', '-o', world.at('head'), url(path))).toMatchObject({ http: 200, body: '' })
      },
    )
  })

  it('fetches a CRL anew after a revocation', async () => {
    const path = `${world.service.httpUrl}/pki/crl/users-1.crl`
    const tag = world.at('etag-before')
    await curl('--etag-save', tag, '-o', world.at('before'), path)
    await world.revoke(await world.member('late'))
    expect((await curl('--etag-compare', tag, '-o', world.at('after'), path)).http).toBe(200)
    expect(readFileSync(world.at('after')).equals(readFileSync(world.at('before')))).toBe(false)
  })
})
