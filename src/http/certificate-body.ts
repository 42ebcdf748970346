// Certificates as answers: issued ones and rows of the inventory.
import { hash } from 'node:crypto'
import type { CertificateRecord } from '../ca/inventory.ts'
import { validityAt } from '../domain/validity.ts'
import type { CertificateAnswer } from '../enrollment/issue-certificate.ts'
import type { DeliveredKey } from '../enrollment/made-key.ts'
import { encodePem } from '../x509/pem.ts'
import type { ApiParts } from './parts.ts'

export function issuedBody(parts: ApiParts, issued: CertificateAnswer) {
  return {
    serial: issued.serial,
    issuer: issued.issuer,
    profile: issued.profile,
    commonName: issued.commonName,
    notBefore: issued.validity.notBefore.toISOString(),
    notAfter: issued.validity.notAfter.toISOString(),
    certificate: encodePem('CERTIFICATE', issued.der),
    chain: parts.authorities.chainText(issued.issuer),
  }
}

/** A key store in JSON. */
export function keyStoreBody({ format, alias, keyStore, trustStore, passphrase }: DeliveredKey) {
  const encoding = format === 'pem' ? 'utf8' : 'base64'
  return {
    format,
    alias,
    contents: Buffer.from(keyStore).toString(encoding),
    trustStore: Buffer.from(trustStore).toString(encoding),
    ...(passphrase === undefined ? {} : { passphrase }),
  }
}

export function recordBody(record: CertificateRecord, at: Date) {
  const isExpired = validityAt(record.validity, at) === 'expired'
  return {
    serial: record.serial,
    issuer: record.issuer,
    profile: record.profile,
    identity: record.identity,
    commonName: record.commonName,
    ...(record.project === undefined ? {} : { project: record.project }),
    notBefore: record.validity.notBefore.toISOString(),
    notAfter: record.validity.notAfter.toISOString(),
    status: isExpired ? ('expired' as const) : record.status,
    ...(record.revokedAt === undefined ? {} : { revokedAt: record.revokedAt.toISOString() }),
    ...(record.reason === undefined ? {} : { reason: record.reason }),
    ...(record.replacedBy === undefined ? {} : { replacedBy: record.replacedBy }),
    ...(record.revokeAt === undefined ? {} : { revokeAt: record.revokeAt.toISOString() }),
    requester: record.requester,
    obtainedWith: record.obtainedWith,
    issuedAt: record.issuedAt.toISOString(),
    ...(record.renewUntil === undefined ? {} : { renewUntil: record.renewUntil.toISOString() }),
    fingerprint: hash('sha256', record.der, 'hex'),
    certificate: encodePem('CERTIFICATE', record.der),
  }
}
