// X-Client-Cert as docs/deploy/Caddyfile writes it: Caddy's `{http.request.tls.client.certificate_der_base64}`, empty without a
// certificate.
import { CADDY_CERT } from './certificate-headers.ts'
import { ABSENT, base64Leaf, type ForwardedCertificate } from './forwarded-leaf.ts'
import type { ToldHeaders } from './told-headers.ts'

export function readCaddyCertificate(headers: ToldHeaders): ForwardedCertificate {
  const value = headers.get(CADDY_CERT) ?? ''
  return value === '' ? ABSENT : base64Leaf(value)
}
