// Certification requests in bulk: a fresh P-256 key in each, an empty subject, as a client that renews sends them.
import { generateKeyPairSync, sign } from 'node:crypto'
import { bitString, implicitConstructed, oid, sequence, smallInteger } from '../../src/x509/der-writer.ts'
import { OID } from '../../src/x509/oid.ts'
import { encodePem } from '../../src/x509/pem.ts'

export interface MadeRequest {
  readonly pem: string
  readonly der: Uint8Array
  /** CertificationRequestInfo, which the signature covers. */
  readonly info: Uint8Array
  readonly spki: Buffer
  readonly signature: Buffer
  /** PKCS#8, PEM. */
  readonly key: string
}

export function makeRequest(): MadeRequest {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const info = sequence(smallInteger(0), sequence(), spki, implicitConstructed(0))
  const signature = sign('sha256', info, privateKey)
  const der = sequence(info, sequence(oid(OID.ecdsaWithSha256)), bitString(signature))
  const key: string = privateKey.export({ type: 'pkcs8', format: 'pem' })
  return { pem: encodePem('CERTIFICATE REQUEST', der), der, info, spki, signature, key }
}
