// The general X.509 library reads what we write, and we read what it writes.
import * as x509 from '@peculiar/x509'
import { beforeAll, describe, expect, it } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import { parseCertificate, verifySignature } from '../../src/x509/certificate.ts'
import { parseCertificationRequest, verifyProofOfPossession } from '../../src/x509/certification-request.ts'
import { parseCrl, verifyCrlSignature } from '../../src/x509/crl.ts'
import { formatName } from '../../src/x509/distinguished-name.ts'
import { crlUris } from '../../src/x509/extensions/crl-distribution-points.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'
import { encodeRevokedEntry } from '../../src/x509/tbs-crl.ts'
import { NOW, keyOf, makeAuthority, makeCertificate, makeCrl, serial } from './fixtures.ts'

const key = keyOf('ec-p256')
const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

beforeAll(() => x509.cryptoProvider.set(crypto))

function generatePair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
}

async function spkiOf(pair: CryptoKeyPair): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey))
}

describe('@peculiar/x509 reads', () => {
  it('a certificate', async () => {
    const certificate = new x509.X509Certificate(Buffer.from(makeCertificate(key, key)))
    expect(certificate.subject).toBe('CN=FRAUD__alice')
    expect(certificate.serialNumber).toBe(serial(1))
    expect(certificate.notBefore).toEqual(NOW)
    expect(certificate.getExtension(x509.KeyUsagesExtension)?.usages).toBe(x509.KeyUsageFlags.digitalSignature)
    const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON()
    expect(names?.map(({ value }) => value)).toEqual([
      'spiffe://signet.internal/project/FRAUD/user/alice',
      'alice.internal',
      '127.0.0.1',
      '2001:db8::1',
    ])
    const publicKey = new x509.PublicKey(Buffer.from(key.spki))
    expect(await certificate.verify({ publicKey, signatureOnly: true })).toBe(true)
  })

  it('an authority', () => {
    const certificate = new x509.X509Certificate(Buffer.from(makeAuthority(key)))
    expect(certificate.getExtension(x509.BasicConstraintsExtension)).toMatchObject({ ca: true, pathLength: 0 })
    expect(certificate.notAfter).toEqual(new Date('2050-01-01T00:00:00Z'))
  })

  it('a CRL', async () => {
    const entries = [
      encodeRevokedEntry({ serial: serial(1), revocationDate: NOW, reason: 'keyCompromise' }),
      encodeRevokedEntry({ serial: serial(2), revocationDate: NOW }),
    ]
    const crl = new x509.X509Crl(Buffer.from(makeCrl(key, { entries })))
    expect(crl.issuer).toBe('CN=Test Issuer 1')
    expect(crl.entries.map(({ serialNumber, reason }) => [serialNumber, reason])).toEqual([
      [serial(1), x509.X509CrlReason.keyCompromise],
      [serial(2), undefined],
    ])
    expect(await crl.verify({ publicKey: new x509.PublicKey(Buffer.from(key.spki)) })).toBe(true)
  })
})

describe('@peculiar/x509 writes what we read:', () => {
  it('a request', async () => {
    const pair = await generatePair()
    const extensions = [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'a.internal' }])]
    const options = { name: 'CN=FRAUD__alice', keys: pair, signingAlgorithm, extensions }
    const made = await x509.Pkcs10CertificateRequestGenerator.create(options)
    const request = parseCertificationRequest(new Uint8Array(made.rawData))
    verifyProofOfPossession(request)
    expect(request.publicKey.spki).toEqual(await spkiOf(pair))
    expect(request.requestedExtensions.map(({ oid }) => oid)).toEqual(['2.5.29.17'])
  })

  it('a certificate', async () => {
    const pair = await generatePair()
    const made = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'C=CH, O=Example, CN=Root',
      keys: pair,
      signingAlgorithm,
      serialNumber: '01abcd',
      notBefore: NOW,
      notAfter: addSeconds(NOW, 3600),
      extensions: [
        new x509.BasicConstraintsExtension(true, 2, true),
        new x509.CRLDistributionPointsExtension(['http://a/crl']),
        await x509.AuthorityKeyIdentifierExtension.create(pair.publicKey),
      ],
    })
    const certificate = parseCertificate(new Uint8Array(made.rawData))
    expect(verifySignature(certificate, certificate.tbs.publicKey)).toBe(true)
    expect(formatName(certificate.tbs.subject)).toBe('CN=Root,O=Example,C=CH')
    expect(certificate.tbs.serialHex).toBe('01abcd')
    expect(certificate.tbs.basicConstraints).toEqual({ authority: true, pathLength: 2 })
    expect(crlUris(certificate.tbs.crlDistributionPoints ?? [])).toEqual(['http://a/crl'])
    expect(certificate.tbs.authorityKeyIdentifier?.keyIdentifier?.length).toBe(20)
  })

  it('a CRL', async () => {
    const pair = await generatePair()
    const made = await x509.X509CrlGenerator.create({
      issuer: 'CN=Root',
      thisUpdate: NOW,
      nextUpdate: addSeconds(NOW, 3600),
      entries: [{ serialNumber: '01ab', revocationDate: NOW, reason: x509.X509CrlReason.superseded }],
      signingAlgorithm,
      signingKey: pair.privateKey,
    })
    const crl = parseCrl(new Uint8Array(made.rawData))
    expect(verifyCrlSignature(crl, parsePublicKey(await spkiOf(pair)))).toBe(true)
    expect([...crl.entries]).toEqual([['01ab', { date: NOW, reason: 'superseded' }]])
  })
})
