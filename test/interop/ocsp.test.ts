// OpenSSL, GnuTLS, Java and curl ask a running service by OCSP, and take what it says: good, revoked, unknown; nothing that
// another CA's responder would have signed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Certified } from '../support/test-service.ts'
import { describeWith, ran, run } from './program.ts'
import { splitPem, World } from './world.ts'

const NEVER_ISSUED = `01${'ab'.repeat(16)}`

describeWith(['openssl', 'ocsptool', 'java', 'javac', 'curl'], 'by OCSP', () => {
  let world: World
  let mallory: Certified
  let url: string
  let issuer: string
  let files: Readonly<Record<'alice' | 'mallory', string>>

  beforeAll(async () => {
    world = await World.start()
    mallory = await world.member('mallory')
    await world.revoke(mallory, 'certificateHold')
    url = `${world.service.httpUrl}/pki/ocsp`
    const [, users = ''] = splitPem(world.alice.certificate)
    issuer = world.write('users.pem', users)
    const leaf = (name: string, { certificate }: Certified) => world.writeIdentity(name, { certificate, key: '' }).leaf
    files = { alice: leaf('alice', world.alice), mallory: leaf('mallory', mallory) }
  })
  afterAll(() => world.close())

  const openssl = async (...words: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await run('openssl', ['ocsp', '-issuer', issuer, '-CAfile', world.trust, ...words])
    return stdout + stderr
  }

  it.each([[['-no_nonce']], [['-nonce']]])('OpenSSL by POST, %s', async (nonce) => {
    const ask = (...words: readonly string[]) => openssl('-url', url, ...nonce, ...words)
    const both = await ask('-cert', files.alice, '-sha256', '-cert', files.mallory)
    expect(both).toContain('Response verify OK')
    expect(both).toMatch(/alice\.leaf\.pem: good[^]*mallory\.leaf\.pem: revoked[^]*Reason: certificateHold/)
    expect(both).not.toContain('WARNING')
    const never = await ask('-serial', `0x${NEVER_ISSUED}`)
    expect(never).toContain('Response verify OK')
    expect(never).toContain(': unknown')
  })

  it('OpenSSL takes no answer under another root, and none for another certificate', async () => {
    const answer = world.at('answer.der')
    await openssl('-url', url, '-no_nonce', '-cert', files.alice, '-respout', answer)
    const alone = await run('openssl', [
      'ocsp',
      '-respin',
      answer,
      '-issuer',
      issuer,
      '-cert',
      files.alice,
      '-CAfile',
      issuer,
    ])
    expect(alone.stdout + alone.stderr).toContain('Response Verify Failure')
    expect(await openssl('-respin', answer, '-cert', files.mallory)).toContain('No Status found')
  })

  it('OpenSSL reads what curl gets by GET', async () => {
    const request = world.at('request.der')
    await run('openssl', ['ocsp', '-issuer', issuer, '-cert', files.mallory, '-no_nonce', '-reqout', request])
    const text = encodeURIComponent(readFileSync(request).toString('base64'))
    const answer = world.at('by-get.der')
    await ran('curl', ['-sS', '-f', '-o', answer, `${url}/${text}`])
    const said = await openssl('-respin', answer, '-cert', files.mallory)
    expect(said).toMatch(
      /mallory\.leaf\.pem: revoked[^]*Response verify OK|Response verify OK[^]*mallory\.leaf\.pem: revoked/,
    )
  })

  it('an issuer that is not ours is unauthorized', async () => {
    const said = await run('openssl', ['ocsp', '-issuer', files.alice, '-cert', files.alice, '-url', url])
    expect(said.stdout + said.stderr).toContain('unauthorized')
  })

  it.each(['--no-nonce', '--nonce'])('GnuTLS, %s', async (nonce) => {
    // It builds no path: whom the responder is certified by must be trusted by itself.
    const ask = async (certificate: string, trust = issuer): Promise<string> => {
      const words = [`--ask=${url}`, '--load-issuer', issuer, '--load-cert', certificate, '--load-trust', trust]
      const { stdout, stderr } = await run('ocsptool', nonce === '--nonce' ? [...words, nonce] : words)
      return stdout + stderr
    }
    expect(await ask(files.alice)).toMatch(/Certificate Status: good[^]*Verifying OCSP Response: Success/)
    expect(await ask(files.mallory)).toMatch(/Certificate Status: revoked[^]*Verifying OCSP Response: Success/)
    expect(await ask(files.alice, world.trust)).toContain('Verifying OCSP Response: Failure')
  })

  it('Java', async () => {
    await ran('javac', ['-d', world.at('classes'), join(import.meta.dirname, 'CheckByOcsp.java')])
    const server = await world.service.addService('web.internal')
    const chains = [world.alice, mallory, server].map(({ certificate }, i) =>
      world.write(`${String(i)}.chain.pem`, certificate),
    )
    const quickly = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', world.at('classes')]
    const { stdout } = await ran('java', [...quickly, 'CheckByOcsp', world.trust, ...chains])
    expect(stdout.trimEnd().split('\n')).toEqual(['good', 'REVOKED', 'good'])
  })
})
