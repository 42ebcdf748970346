// OpenSSL reads, prints and verifies what we write, and we read the requests, certificates and CRLs that it makes; its
// newer version inside Node does so for ML-DSA too.
import { X509Certificate, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseCertificate, verifySignature } from '../../src/x509/certificate.ts'
import { parseCertificationRequest, verifyProofOfPossession } from '../../src/x509/certification-request.ts'
import { formatName } from '../../src/x509/distinguished-name.ts'
import { basicConstraints } from '../../src/x509/extensions/basic-constraints.ts'
import { crlNumber } from '../../src/x509/extensions/crl-number.ts'
import { deltaCrlIndicator } from '../../src/x509/extensions/delta-crl-indicator.ts'
import { freshestCrl } from '../../src/x509/extensions/freshest-crl.ts'
import { issuingDistributionPoint } from '../../src/x509/extensions/issuing-distribution-point.ts'
import { keyUsage } from '../../src/x509/extensions/key-usage.ts'
import { ocspNoCheck } from '../../src/x509/extensions/ocsp-no-check.ts'
import { subjectKeyIdentifier } from '../../src/x509/extensions/subject-key-identifier.ts'
import { encodePem, parsePem } from '../../src/x509/pem.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'
import { encodeRevokedEntry } from '../../src/x509/tbs-crl.ts'
import {
  CLASSICAL_ALGORITHMS,
  EVERY_ALGORITHM,
  NOW,
  extensionRequest,
  keyOf,
  makeAuthority,
  makeCertificate,
  makeCrl,
  makeCsr,
  serial,
  type TestKey,
} from './fixtures.ts'
import { attempt, hasProgram, makeWorkplace, run } from './oracle.ts'

const leafKey = keyOf('ec-p256')
const atNow = ['-attime', String(NOW.getTime() / 1000 + 60)]

/** An authority without name constraints. */
function plainAuthority(key: TestKey): string {
  const extensions = [
    basicConstraints({ authority: true, pathLength: undefined }, 'critical'),
    keyUsage(['keyCertSign', 'cRLSign'], 'critical'),
    subjectKeyIdentifier(parsePublicKey(key.spki).keyIdentifier),
  ]
  return encodePem('CERTIFICATE', makeAuthority(key, { extensions }))
}

describe.each(EVERY_ALGORITHM)("Node's OpenSSL, %s", (algorithm) => {
  it('reads and verifies a certificate', () => {
    const key = keyOf(algorithm)
    const certificate = new X509Certificate(makeCertificate(key, key))
    expect(certificate.subject).toBe('CN=FRAUD__alice')
    expect(certificate.serialNumber.toLowerCase()).toBe(serial(1))
    expect(certificate.validToDate.toISOString()).toBe('2026-03-02T12:00:00.000Z')
    const publicKey = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' })
    expect(certificate.verify(publicKey)).toBe(true)
    expect(certificate.publicKey.equals(publicKey)).toBe(true)
  })
})

describe.skipIf(!hasProgram('openssl', 'version'))('OpenSSL', () => {
  const { file, folder } = makeWorkplace()

  it.each(CLASSICAL_ALGORITHMS)('verifies a chain and its CRL, signed with %s', (algorithm) => {
    const key = keyOf(algorithm)
    const authority = file(`${algorithm}-ca.pem`, plainAuthority(key))
    const leaf = file(`${algorithm}-leaf.pem`, encodePem('CERTIFICATE', makeCertificate(key, leafKey)))
    const verify = ['verify', '-x509_strict', ...atNow, '-CAfile', authority]
    expect(attempt('openssl', ...verify, leaf)).toMatchObject({ ok: true })
    const crlWith = (revoked: number): string => {
      const entries = [encodeRevokedEntry({ serial: serial(revoked), revocationDate: NOW, reason: 'superseded' })]
      return file(`${algorithm}-${revoked}.crl.pem`, encodePem('X509 CRL', makeCrl(key, { entries })))
    }
    const withCrl = [...verify, '-crl_check', '-CRLfile']
    expect(attempt('openssl', ...withCrl, crlWith(2), leaf)).toMatchObject({ ok: true })
    expect(attempt('openssl', ...withCrl, crlWith(1), leaf).output).toContain('certificate revoked')
  })

  it('holds a certificate to the name constraints of its issuer', () => {
    const authority = file('constrained.pem', encodePem('CERTIFICATE', makeAuthority(leafKey)))
    const leaf = file('leaf-with-ip.pem', encodePem('CERTIFICATE', makeCertificate(leafKey, leafKey)))
    expect(attempt('openssl', 'verify', ...atNow, '-CAfile', authority, leaf).output).toContain(
      'excluded subtree violation',
    )
  })

  it('prints a certificate as it was meant', () => {
    const text = run(
      'openssl',
      'x509',
      '-noout',
      '-text',
      '-in',
      file('shown.pem', encodePem('CERTIFICATE', makeCertificate(leafKey, leafKey))),
    )
    for (const line of [
      'Subject: CN = FRAUD__alice',
      'X509v3 Basic Constraints: critical\n                CA:FALSE',
      'X509v3 Key Usage: critical\n                Digital Signature\n',
      'TLS Web Client Authentication, TLS Web Server Authentication',
      'URI:spiffe://signet.internal/project/FRAUD/user/alice, DNS:alice.internal, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1',
      'URI:http://pki.internal/crl/users-1.crl',
      'OCSP - URI:http://pki.internal/ocsp',
      'CA Issuers - URI:http://pki.internal/ca/users-1.cer',
      'Policy: 2.25.88805599207476776364421019267525894493.1.3',
    ]) {
      expect(text).toContain(line)
    }
  })

  it('prints name constraints and no-check as they were meant', () => {
    const extensions = [ocspNoCheck()]
    const plain = file('no-check.pem', encodePem('CERTIFICATE', makeCertificate(leafKey, leafKey, { extensions })))
    expect(run('openssl', 'x509', '-noout', '-text', '-in', plain)).toContain('OCSP No Check')
    const constrained = file('constraints.pem', encodePem('CERTIFICATE', makeAuthority(leafKey)))
    const text = run('openssl', 'x509', '-noout', '-text', '-in', constrained)
    expect(text).toContain('X509v3 Name Constraints: critical')
    expect(text).toContain('DNS:internal')
    expect(text).toContain('IP:0.0.0.0/0.0.0.0')
    expect(text).toContain('Not After : Jan  1 00:00:00 2050 GMT')
  })

  it('prints a delta CRL of a part as it was meant', () => {
    const scope = issuingDistributionPoint({ uris: ['http://a/crl'], certificates: 'user' })
    const entries = [
      encodeRevokedEntry({ serial: serial(1), revocationDate: NOW, reason: 'removeFromCRL' }),
      encodeRevokedEntry({ serial: serial(2), revocationDate: NOW }),
    ]
    const der = makeCrl(leafKey, { entries, extensions: [crlNumber(300), deltaCrlIndicator(200), scope] })
    const text = run('openssl', 'crl', '-inform', 'DER', '-noout', '-text', '-in', file('delta.crl', der))
    for (const line of [
      'X509v3 CRL Number: \n                300',
      'X509v3 Delta CRL Indicator: critical\n                200',
      'X509v3 Issuing Distribution Point: critical',
      'URI:http://a/crl',
      'Only User Certificates',
      'Remove From CRL',
      'Revocation Date: Mar  1 12:00:00 2026 GMT',
    ]) {
      expect(text).toContain(line)
    }
  })

  it('prints where the delta of a complete CRL is', () => {
    const der = makeCrl(leafKey, { entries: [], extensions: [crlNumber(300), freshestCrl(['http://a/delta.crl'])] })
    const text = run('openssl', 'crl', '-inform', 'DER', '-noout', '-text', '-in', file('complete.crl', der))
    expect(text).toMatch(/X509v3 Freshest CRL: \n\s*Full Name:\s*URI:http:\/\/a\/delta\.crl/)
  })

  it.each(CLASSICAL_ALGORITHMS)('verifies the requests that our tests make, %s', (algorithm) => {
    const usage = keyUsage(['digitalSignature'], 'critical')
    const csr = makeCsr(keyOf(algorithm), { attributes: [extensionRequest([usage])] })
    const path = file(`${algorithm}.csr`, encodePem('CERTIFICATE REQUEST', csr))
    expect(attempt('openssl', 'req', '-verify', '-noout', '-in', path)).toMatchObject({ ok: true })
  })

  it.each([
    ['ec-p256', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['ec-p384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-sha384']],
    ['rsa-2048', ['-newkey', 'rsa:2048']],
    ['rsa-3072', ['-newkey', 'rsa:3072', '-sha512']],
    ['rsa-2048', ['-newkey', 'rsa:2048', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32']],
    ['ed25519', ['-newkey', 'ed25519']],
  ])('makes requests that we accept: %s %j', (algorithm, options) => {
    const out = join(folder, 'made.csr')
    const subject = ['-subj', '/C=CH/O=Example/CN=FRAUD__alice', '-addext', 'subjectAltName=DNS:a.internal']
    run('openssl', 'req', '-new', ...options, '-nodes', '-keyout', join(folder, 'made.key'), '-out', out, ...subject)
    const request = parseCertificationRequest(readFileSync(out))
    verifyProofOfPossession(request)
    expect(request.publicKey.algorithm).toBe(algorithm)
    expect(formatName(request.subject)).toBe('CN=FRAUD__alice,O=Example,C=CH')
    expect(request.requestedExtensions).toHaveLength(1)
  })

  it('makes certificates that we read and verify', () => {
    const out = join(folder, 'made.pem')
    const options = ['-newkey', 'rsa:2048', '-nodes', '-days', '30', '-keyout', join(folder, 'made.key')]
    const extensions = [
      'keyUsage=critical,keyCertSign',
      'nameConstraints=critical,permitted;DNS:internal,excluded;IP:10.0.0.0/255.0.0.0',
    ]
    run(
      'openssl',
      'req',
      '-x509',
      '-subj',
      '/CN=Made',
      ...options,
      ...extensions.flatMap((e) => ['-addext', e]),
      '-out',
      out,
    )
    const certificate = parseCertificate(parsePem(readFileSync(out, 'utf8'), 'CERTIFICATE'))
    expect(verifySignature(certificate, certificate.tbs.publicKey)).toBe(true)
    expect(certificate.tbs.keyUsage).toEqual(new Set(['keyCertSign']))
    expect(certificate.tbs.basicConstraints).toEqual({ authority: true, pathLength: undefined })
    expect(certificate.tbs.nameConstraints?.permitted).toEqual([{ kind: 'dns', value: 'internal' }])
    expect(certificate.tbs.nameConstraints?.excluded).toEqual([
      { kind: 'ip', octets: Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0) },
    ])
  })
})
