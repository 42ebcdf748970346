// Headers in which proxies put what they saw of a client certificate. A certificate is public: such a header proves nothing unless
// a registered proxy wrote it, in the one form that it is registered for. All of them are removed before the model server.
import type { CertificateDialect } from '../domain/access-policy.ts'
import { foldedName } from './identity-headers.ts'

export const XFCC = 'x-forwarded-client-cert'
export const CLIENT_CERT = 'client-cert'
export const SSL_CLIENT_CERT = 'x-ssl-client-cert'
export const SSL_CLIENT_VERIFY = 'x-ssl-client-verify'
export const TRAEFIK_CERT = 'x-forwarded-tls-client-cert'
export const CADDY_CERT = 'x-client-cert'

/** What may stand in a call beside each dialect: the headers that it reads, and companions that say nothing to us. */
const OWN: Readonly<Record<CertificateDialect, readonly string[]>> = {
  none: [],
  xfcc: [XFCC],
  'client-cert': [CLIENT_CERT, 'client-cert-chain'],
  nginx: [SSL_CLIENT_CERT, SSL_CLIENT_VERIFY],
  traefik: [TRAEFIK_CERT, 'x-forwarded-tls-client-cert-info'],
  caddy: [CADDY_CERT],
  haproxy: [SSL_CLIENT_CERT, SSL_CLIENT_VERIFY],
  'envoy-grpc': [],
}

/** Of proxies for which there is no dialect. */
const UNREAD = [
  'x-client-certificate',
  'ssl-client-cert',
  'ssl-client-verify',
  'x-ssl-cert',
  'x-amzn-mtls-clientcert',
  'x-amzn-mtls-clientcert-leaf',
  'x-arr-clientcert',
  'cf-client-cert-der-base64',
] as const

export const CERTIFICATE_HEADERS: readonly string[] = [...new Set([...Object.values(OWN).flat(), ...UNREAD])]

const KNOWN: ReadonlySet<string> = new Set(CERTIFICATE_HEADERS)

/** `x-ssl-client-s-dn`, `x-ssl-client-cn` …: text made of a certificate, from which nothing is ever read. */
const SSL_FAMILY = 'x-ssl-client-'

/** `name` in any spelling. */
export function isCertificateHeader(name: string): boolean {
  const folded = foldedName(name)
  return KNOWN.has(folded) || folded.startsWith(SSL_FAMILY)
}

/** Whether a certificate header (lower case, dashes) may stand in a call of a proxy with this dialect. */
export function belongsTo(dialect: CertificateDialect, name: string): boolean {
  if (OWN[dialect].includes(name)) return true
  return OWN[dialect].includes(SSL_CLIENT_CERT) && name.startsWith(SSL_FAMILY)
}
