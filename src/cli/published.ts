// What the service publishes about its CAs: their certificates and CRLs, by the id of the key generation. The bytes carry
// their own signatures; callers verify them.
import { type IssuerId, parseIssuerId } from '../domain/issuer-id.ts'
import { type Certificate, MAX_CERTIFICATE_BYTES, parseCertificate } from '../x509/certificate.ts'
import { type Crl, MAX_CRL_BYTES, parseCrl } from '../x509/crl.ts'
import type { ServiceClient } from './client.ts'
import { isCoded, refusedBecause } from './refused.ts'
import { ServiceRefused } from './service-refused.ts'

/** Throws `Refused`, `ServiceRefused`. */
export async function fetchAuthority(client: ServiceClient, issuer: IssuerId): Promise<Certificate> {
  const der = await client.getBytes(`/pki/ca/${issuer}.cer`, MAX_CERTIFICATE_BYTES)
  return readable(() => parseCertificate(der))
}

/** Throws `Refused`, `ServiceRefused`. */
export async function fetchCrl(client: ServiceClient, issuer: IssuerId): Promise<Crl> {
  const der = await client.getBytes(`/pki/crl/${issuer}.crl`, MAX_CRL_BYTES)
  return readable(() => parseCrl(der, MAX_CRL_BYTES))
}

/** What was fetched, or undefined when the service has no such thing. */
export async function orAbsent<T>(fetched: Promise<T>): Promise<T | undefined> {
  try {
    return await fetched
  } catch (error) {
    if (error instanceof ServiceRefused && error.status === 404) return undefined
    throw error
  }
}

/**
 * The issuer that a URL in a certificate names. The URL itself is never followed: a certificate that is not verified yet
 * could send us anywhere.
 */
export function issuerIdIn(urls: readonly string[]): IssuerId | undefined {
  const ids = urls.flatMap((url) => {
    const id = /^https?:\/\/[^/]+\/pki\/(?:ca|crl)\/([a-z0-9-]+)(?:\/[0-9]+)?\.(?:cer|crl)$/.exec(url)?.[1]
    return id === undefined ? [] : [id]
  })
  const [id] = ids
  return id === undefined ? undefined : knownShape(id)
}

function knownShape(id: string): IssuerId | undefined {
  try {
    return parseIssuerId(id)
  } catch (error) {
    if (isCoded(error)) return undefined
    throw error
  }
}

function readable<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw refusedBecause(cause, 'answer_unreadable')
  }
}
