// OCSP messages for the tests, made anew each run.
import { hash } from 'node:crypto'
import { addSeconds } from '../../src/domain/clock.ts'
import { serialBytes } from '../../src/domain/serial-number.ts'
import { encodeName } from '../../src/x509/distinguished-name.ts'
import { encodeCertId, type CertIdHash, type CertIdIssuer } from '../../src/x509/ocsp-cert-id.ts'
import { assembleOcspResponse, type BasicOcspResponse } from '../../src/x509/ocsp-response.ts'
import {
  encodeResponseData,
  type ResponseDataFields,
  type SingleResponseFields,
} from '../../src/x509/ocsp-response-data.ts'
import { parsePublicKey, type PublicKey } from '../../src/x509/public-key.ts'
import { verifyBytes } from '../../src/x509/signature.ts'
import { commonName, NOW, serial, type TestKey } from './fixtures.ts'

/** The issuer that `makeAuthority` makes. */
export function certIdIssuer(key: TestKey): CertIdIssuer {
  return { name: encodeName(commonName('Test Issuer 1')), keyBytes: parsePublicKey(key.spki).keyBytes }
}

export function certId(key: TestKey, last: number, hashName: CertIdHash = 'sha1'): Uint8Array {
  return encodeCertId(hashName, certIdIssuer(key), serialBytes(serial(last)))
}

export function single(certIdDer: Uint8Array, fields: Partial<SingleResponseFields> = {}): SingleResponseFields {
  return {
    certId: certIdDer,
    status: { kind: 'good' },
    thisUpdate: NOW,
    nextUpdate: addSeconds(NOW, 3600),
    ...fields,
  }
}

export function makeResponse(
  responder: TestKey,
  responses: readonly SingleResponseFields[],
  fields: Partial<ResponseDataFields> = {},
  certificates: readonly Uint8Array[] = [],
): Uint8Array {
  const data = encodeResponseData({
    responderKeyHash: hash('sha1', parsePublicKey(responder.spki).keyBytes, 'buffer'),
    producedAt: NOW,
    responses,
    extensions: [],
    ...fields,
  })
  return assembleOcspResponse(data, responder.algorithm, responder.sign(data), certificates)
}

/** Whether it verifies under that key. */
export function isSignedBy({ tbs, signatureAlgorithm, signature }: BasicOcspResponse, key: PublicKey): boolean {
  return verifyBytes(tbs.encoded, signatureAlgorithm, signature, key)
}
