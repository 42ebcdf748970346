// pkijs and OpenSSL read the OCSP messages that we write, and we read theirs.
import { readFileSync } from 'node:fs'
import { Certificate, OCSPRequest, OCSPResponse, BasicOCSPResponse, setEngine, CryptoEngine } from 'pkijs'
import { OctetString } from 'asn1js'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { addSeconds } from '../../src/domain/clock.ts'
import { encodeName } from '../../src/x509/distinguished-name.ts'
import { extendedKeyUsage } from '../../src/x509/extensions/extended-key-usage.ts'
import { ocspNoCheck } from '../../src/x509/extensions/ocsp-no-check.ts'
import { ocspNonce } from '../../src/x509/extensions/ocsp-nonce.ts'
import { isOfIssuer } from '../../src/x509/ocsp-cert-id.ts'
import { encodeOcspRequest, parseOcspRequest } from '../../src/x509/ocsp-request.ts'
import { parseOcspResponse } from '../../src/x509/ocsp-response.ts'
import { OID } from '../../src/x509/oid.ts'
import { encodePem } from '../../src/x509/pem.ts'
import { parsePublicKey } from '../../src/x509/public-key.ts'
import {
  CLASSICAL_ALGORITHMS,
  commonName,
  generateKey,
  keyOf,
  leafExtensions,
  makeAuthority,
  makeCertificate,
  NOW,
  serial,
} from './fixtures.ts'
import { certId, certIdIssuer, isSignedBy, makeResponse, single } from './ocsp-fixtures.ts'
import { attempt, hasProgram, makeWorkplace, run } from './oracle.ts'

const issuer = keyOf('ec-p256')
const leaf = generateKey('ec-p256')

function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

describe('pkijs', () => {
  beforeAll(() => setEngine('node', new CryptoEngine({ name: 'node', crypto })))

  it('reads our requests', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1 << 20), { minLength: 1, maxLength: 8 }),
        fc.option(fc.uint8Array({ minLength: 1, maxLength: 128 }), { nil: undefined }),
        fc.constantFrom('sha1', 'sha256', 'sha384'),
        (numbers, nonce, hashName) => {
          const ids = numbers.map((number) => certId(issuer, number, hashName))
          const read = OCSPRequest.fromBER(plain(encodeOcspRequest(ids, nonce)))
          expect(
            read.tbsRequest.requestList.map(({ reqCert }) =>
              Buffer.from(reqCert.serialNumber.valueBlock.valueHexView).toString('hex'),
            ),
          ).toEqual(numbers.map((number) => serial(number)))
          const value = read.tbsRequest.requestExtensions?.[0]?.parsedValue as unknown
          if (nonce !== undefined)
            expect(value instanceof OctetString && Buffer.from(value.valueBlock.valueHexView)).toEqual(
              Buffer.from(nonce),
            )
        },
      ),
      { numRuns: 50 },
    )
  })

  it('asks what we read', async () => {
    const request = new OCSPRequest()
    const authority = Certificate.fromBER(plain(makeAuthority(issuer)))
    const certificate = Certificate.fromBER(plain(makeCertificate(issuer, leaf, { serial: serial(9) })))
    await request.createForCertificate(certificate, { hashAlgorithm: 'SHA-256', issuerCertificate: authority })
    const [id] = parseOcspRequest(new Uint8Array(request.toSchema(true).toBER())).certIds
    if (id === undefined) throw new Error('no CertID')
    expect(id.serialHex).toBe(serial(9))
    expect(isOfIssuer(id, certIdIssuer(issuer))).toBe(true)
  })

  it('reads our answers', async () => {
    const der = makeResponse(
      issuer,
      [
        single(certId(issuer, 1)),
        single(certId(issuer, 2), { status: { kind: 'revoked', at: NOW, reason: 'keyCompromise' } }),
        single(certId(issuer, 3), { status: { kind: 'unknown' } }),
      ],
      { extensions: [ocspNonce(new Uint8Array(32))] },
      [makeAuthority(issuer)],
    )
    const bytes = OCSPResponse.fromBER(plain(der)).responseBytes?.response.valueBlock.valueHexView
    const basic = BasicOCSPResponse.fromBER(plain(bytes ?? new Uint8Array()))
    const tags = basic.tbsResponseData.responses.map(
      ({ certStatus }) => (certStatus as { idBlock: { tagNumber: number } }).idBlock.tagNumber,
    )
    expect(tags).toEqual([0, 1, 2])
    expect(basic.tbsResponseData.producedAt).toEqual(NOW)
    expect(await basic.verify({ trustedCerts: [Certificate.fromBER(plain(makeAuthority(issuer)))] })).toBe(true)
  })
})

describe.skipIf(!hasProgram('openssl', 'version'))('OpenSSL', () => {
  const place = makeWorkplace()
  const ca = place.file('ca.pem', encodePem('CERTIFICATE', makeAuthority(issuer)))
  const when = String(NOW.getTime() / 1000 + 10)

  it('asks what we read, and reads what we ask', () => {
    const certificate = place.file('leaf.pem', encodePem('CERTIFICATE', makeCertificate(issuer, leaf)))
    const made = `${place.folder}/request.der`
    run(
      'openssl',
      'ocsp',
      '-issuer',
      ca,
      '-sha256',
      '-cert',
      certificate,
      '-issuer',
      ca,
      '-sha1',
      '-serial',
      `0x${serial(5)}`,
      '-reqout',
      made,
    )
    const { certIds, nonce } = parseOcspRequest(readFileSync(made))
    expect(certIds.map(({ hash, serialHex }) => [hash, serialHex])).toEqual([
      ['sha256', serial(1)],
      ['sha1', serial(5)],
    ])
    expect(certIds.every((id) => isOfIssuer(id, certIdIssuer(issuer)))).toBe(true)
    expect(nonce).toBeDefined()
    const ours = place.file('ours.der', encodeOcspRequest([certId(issuer, 1)], new Uint8Array(32).fill(0xab)))
    const text = run('openssl', 'ocsp', '-reqin', ours, '-req_text')
    expect(text).toContain(`Serial Number: ${serial(1).toUpperCase()}`)
    expect(text).toContain('AB'.repeat(32))
  })

  it.each(CLASSICAL_ALGORITHMS)('believes a delegated responder with a key of %s', (algorithm) => {
    const key = algorithm === 'ec-p256' ? generateKey(algorithm) : keyOf(algorithm)
    const responder = makeCertificate(issuer, key, {
      subject: encodeName(commonName('Responder')),
      serial: serial(99),
      extensions: [
        ...leafExtensions(issuer, key).filter(
          ({ oid }) => oid !== OID.extendedKeyUsage && oid !== OID.subjectAlternativeName,
        ),
        extendedKeyUsage([OID.ocspSigning], 'non-critical'),
        ocspNoCheck(),
      ],
    })
    const ask = (responses: Parameters<typeof makeResponse>[1], signer = key) => {
      const file = place.file('response.der', makeResponse(signer, responses, {}, [responder]))
      return attempt(
        'openssl',
        'ocsp',
        '-respin',
        file,
        '-CAfile',
        ca,
        '-issuer',
        ca,
        '-serial',
        `0x${serial(1)}`,
        '-attime',
        when,
        '-no_nonce',
        '-validity_period',
        '999999999',
      )
    }
    const id = certId(issuer, 1)
    expect(ask([single(id)]).output).toMatch(/: good[^]*Response verify OK/)
    const revoked = { kind: 'revoked', at: addSeconds(NOW, -60), reason: 'certificateHold' } as const
    expect(ask([single(id, { status: revoked })]).output).toMatch(
      /: revoked[^]*certificateHold[^]*11:59:00[^]*verify OK/,
    )
    expect(ask([single(id, { status: { kind: 'unknown' } })]).output).toMatch(/: unknown[^]*verify OK/)
    expect(ask([single(certId(issuer, 2))]).output).toContain('No Status found')
    expect(ask([single(id)], generateKey('ec-p256')).output).toContain('Response Verify Failure')
  })

  it('answers what we read', () => {
    const keyFile = place.file('ca.key', issuer.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const index = place.file(
      'index.txt',
      `R\t500101000000Z\t260228120000Z,keyCompromise\t${serial(1).toUpperCase()}\tunknown\t/CN=x\n`,
    )
    const request = place.file('ask.der', encodeOcspRequest([certId(issuer, 1), certId(issuer, 2)], undefined))
    const out = `${place.folder}/answer.der`
    run(
      'openssl',
      'ocsp',
      '-index',
      index,
      '-CA',
      ca,
      '-rsigner',
      ca,
      '-rkey',
      keyFile,
      '-reqin',
      request,
      '-respout',
      out,
      '-ndays',
      '1',
    )
    const response = parseOcspResponse(readFileSync(out))
    if (response.kind === 'error') throw new Error(response.status)
    expect(response.responses.map(({ status }) => status)).toEqual([
      { kind: 'revoked', at: new Date('2026-02-28T12:00:00Z'), reason: 'keyCompromise' },
      { kind: 'unknown' },
    ])
    expect(isSignedBy(response, parsePublicKey(issuer.spki))).toBe(true)
    expect(response.responder.kind).toBe('name')
  })
})
