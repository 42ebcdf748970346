// Java reads what we write: CertificateFactory for certificates and CRLs, keytool for what operators look at; and we
// read the requests that keytool makes.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseCertificationRequest, verifyProofOfPossession } from '../../src/x509/certification-request.ts'
import { formatName } from '../../src/x509/distinguished-name.ts'
import { encodePem } from '../../src/x509/pem.ts'
import { encodeRevokedEntry } from '../../src/x509/tbs-crl.ts'
import { CLASSICAL_ALGORITHMS, NOW, keyOf, makeAuthority, makeCertificate, makeCrl, serial } from './fixtures.ts'
import { hasProgram, makeWorkplace, run } from './oracle.ts'

const leafKey = keyOf('ec-p256')

describe.skipIf(!hasProgram('java', '-version'))('Java', () => {
  const { file, folder } = makeWorkplace()

  it('reads and verifies certificates and CRLs of every algorithm that it knows', () => {
    const entries = [1, 3].map((n) =>
      encodeRevokedEntry({ serial: serial(n), revocationDate: NOW, reason: 'keyCompromise' }),
    )
    const paths = CLASSICAL_ALGORITHMS.flatMap((algorithm) => {
      const key = keyOf(algorithm)
      return [
        file(`${algorithm}-ca.der`, makeAuthority(key)),
        file(`${algorithm}-leaf.der`, makeCertificate(key, leafKey)),
        file(`${algorithm}.crl`, makeCrl(key, { entries })),
      ]
    })
    const output = run('java', join(import.meta.dirname, 'ReadX509.java'), ...paths)
    const expected = [
      'subject=CN=FRAUD__alice',
      'issuer=CN=Test Issuer 1',
      `serial=${serial(1).slice(1)}`,
      'notAfter=2026-03-02T12:00:00Z',
      'authorityNotAfter=2050-01-01T00:00:00Z',
      'pathLength=0',
      'keyUsage=true false',
      'extendedKeyUsage=[1.3.6.1.5.5.7.3.2, 1.3.6.1.5.5.7.3.1]',
      'names=[spiffe://signet.internal/project/FRAUD/user/alice, alice.internal, 127.0.0.1, 2001:db8:0:0:0:0:0:1]',
      'critical=[2.5.29.15, 2.5.29.19]',
      `publicKey=${Buffer.from(leafKey.spki).toString('hex')}`,
      'crlIssuer=CN=Test Issuer 1',
      'nextUpdate=2026-03-02T12:00:00Z',
      'revoked=2',
      'reason=KEY_COMPROMISE',
      'notRevoked=null',
    ]
    expect(output.trimEnd().split('\n')).toEqual(CLASSICAL_ALGORITHMS.flatMap(() => expected))
  })

  it('shows a certificate and a CRL with keytool', () => {
    const certificate = file('leaf.pem', encodePem('CERTIFICATE', makeCertificate(leafKey, leafKey)))
    const shown = run('keytool', '-printcert', '-file', certificate)
    for (const text of [
      'CN=FRAUD__alice',
      'DigitalSignature',
      'clientAuth',
      'http://pki.internal/crl/users-1.crl',
      'spiffe:',
    ]) {
      expect(shown).toContain(text)
    }
    const entries = [encodeRevokedEntry({ serial: serial(1), revocationDate: NOW })]
    const crl = file('shown.crl', makeCrl(leafKey, { entries }))
    expect(run('keytool', '-printcrl', '-file', crl)).toContain('CN=Test Issuer 1')
  })

  it.each([
    ['EC', '256', 'ec-p256'],
    ['RSA', '2048', 'rsa-2048'],
    ['Ed25519', undefined, 'ed25519'],
  ])('makes requests with keytool that we accept: %s %s', (algorithm, size, expected) => {
    const store = ['-keystore', join(folder, `${expected}.p12`), '-storepass', 'changeit', '-alias', 'k']
    const key = ['-keyalg', algorithm, ...(size === undefined ? [] : ['-keysize', size])]
    run('keytool', '-genkeypair', ...store, ...key, '-dname', 'CN=FRAUD__alice, O=Example')
    const path = join(folder, `${expected}.csr`)
    run('keytool', '-certreq', ...store, '-file', path, '-ext', 'san=dns:a.internal')
    const request = parseCertificationRequest(readFileSync(path, 'utf8'))
    verifyProofOfPossession(request)
    expect(request.publicKey.algorithm).toBe(expected)
    expect(formatName(request.subject)).toBe('CN=FRAUD__alice,O=Example')
    expect(request.requestedExtensions.map(({ oid }) => oid)).toContain('2.5.29.17')
  })
})
